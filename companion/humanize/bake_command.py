"""`companion bake-piano-roll`: what may be said on its command line. Knows no music."""

from __future__ import annotations

from pathlib import Path

import click

from shared.errors import ConfigError

FILE = click.Path(path_type=Path)


@click.command("bake-piano-roll")
@click.option("--model", default="drums_duv_v3", show_default=True, metavar="NAME", help="Whose touch: a humanizer with a table.")
@click.option("--style", default="unknown", show_default=True, metavar="STYLE", help="How it plays: funk, jazz, rock ...")
@click.option("--tempo", type=click.IntRange(20, 400), default=120, show_default=True, metavar="BPM", help="What the dialog shows first.")
@click.option("--out", type=FILE, metavar="FILE", help="Write the script there.  [default: among FL Studio's piano-roll scripts]")
@click.option("--fl-dir", type=FILE, metavar="DIR", help="FL Studio's user data folder, if it was moved.")
def bake_piano_roll(model: str, style: str, tempo: int, out: Path | None, fl_dir: Path | None) -> None:
    """Write a script that humanizes the open pattern inside FL Studio's piano roll, without any connection."""
    from companion.humanize.bake import baked, script_path
    from companion.install_fl import find_fl_dirs, piano_roll_dir
    from shared.files import written_whole
    from shared.model_folder import find_humanizer, humanizers
    from shared.touch_table import TABLE_FILE_NAME, read_table

    if out is not None and fl_dir is not None:
        raise click.UsageError("--out and --fl-dir cannot both be given; keep one of them.")
    folder = find_humanizer(model)
    if not (folder / TABLE_FILE_NAME).is_file():
        others = [name for name, place in humanizers().items() if (place / TABLE_FILE_NAME).is_file()]
        named = f"name one that has: {', '.join(others)}; or" if others else "none of those installed has one;"
        raise ConfigError(f"{model}: has no table for the piano roll; {named} make one from its music: python -m trainer duv distil --help")
    table = read_table(folder)
    source = baked(table, style, tempo)
    if out is None:
        folders = [fl_dir] if fl_dir is not None else find_fl_dirs()
        if not folders:
            raise ConfigError("FL Studio's user data folder was not found; name it with --fl-dir, or a file with --out")
        out = script_path(piano_roll_dir(folders[0]), table, style)
    if out.is_dir():
        raise ConfigError(f"{out}: is a folder; name the file to write, such as {out / 'humanize.pyscript'}")
    try:
        with written_whole(out) as draft:
            draft.write_text(source, encoding="ascii", newline="\n")
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}; name another file with --out") from None
    click.echo(f"wrote {out} ({len(source) / 1024:.0f} KB)")
    click.echo("Next, in FL Studio: open a pattern in the piano roll, then its menu > Tools > Scripting > " + out.stem)
