"""`trainer duv distil`: the command line of a humanizer's small trees. Knows options; knows no music."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from shared.errors import DataError

if TYPE_CHECKING:
    from shared.written import Performance
    from trainer.duv.manifest import Track

PATH = click.Path(path_type=Path)
Player = Callable[["Track", int | None], "Performance"]


@click.command()
@click.option("--model", required=True, metavar="NAME", help="The humanizer that teaches.")
@click.option("--manifest", type=PATH, required=True, metavar="FILE", help="Tracks to learn from and to measure on.")
@click.option("--part", type=click.Choice(["val", "test"]), default="val", show_default=True, help="Which tracks are measured.")
@click.option("--teacher", type=click.Choice(["model", "players"]), default="model", show_default=True, help="Whom the trees imitate.")
@click.option("--out", type=PATH, metavar="FILE", help="The table.  [default: table.json beside the model]")
@click.option("--json", "json_file", type=PATH, metavar="FILE", help="Write the figures there.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
def distil(model: str, manifest: Path, part: str, teacher: str, out: Path | None, json_file: Path | None, seed: int) -> None:
    """Teach a humanizer's touch to small trees, for `companion bake-piano-roll`, and measure how much of its gain they keep."""
    from shared.files import written_whole
    from shared.model_folder import find_humanizer
    from shared.touch_table import TABLE_FILE_NAME, write_table
    from trainer.duv.distil import STEPS, Lesson, completed, distilled, drawn, perform
    from trainer.duv.distil_report import baselines, halves, kept, report_of, shown_figures, tallies_of, told
    from trainer.duv.manifest import read_manifest
    from trainer.shown import shown

    folder = find_humanizer(model)
    console = Console(soft_wrap=True, markup=False, highlight=False)
    tracks = [track for track in read_manifest(manifest) if len(track.written)]
    learned = [track for track in tracks if track.part == "train"]
    measured = [track for track in tracks if track.part == part and track.is_measured]
    straying = [track for track in tracks if track.part == "val" and track.is_measured]
    if part == "val":
        # What is measured must not have taught the spread.
        straying, measured = halves(measured)
    _check(tracks, {"train": learned, "val": straying, part: measured}, manifest)

    play = _player(folder)
    taken = drawn(learned, seed)
    with shown("the model plays", len(taken) + len(straying) + len(measured), console) as advance:
        lessons, others, model_plays = [], [], []
        for track in taken:
            lessons.append(Lesson(track.written, play(track, None) if teacher == "model" else track.performance, track.performance))
            advance(1)
        for track in straying:
            others.append(Lesson(track.written, play(track, None), completed(track.performance, play(track, seed))))
            advance(1)
        for track in measured:
            model_plays.append((play(track, None), play(track, seed)))
            advance(1)
    with shown("the trees learn", STEPS, console) as advance:
        table = distilled(lessons, others, folder.name, seed, advance)
    path = out if out is not None else folder / TABLE_FILE_NAME
    write_table(path, table)

    players = {
        **baselines(learned, measured),
        "table": [perform(table, track.written) for track in measured],
        "model": [point for point, _ in model_plays],
        "table, sampled": [perform(table, track.written, seed) for track in measured],
        "model, sampled": [sampled for _, sampled in model_plays],
    }
    tallies = tallies_of(measured, players)
    shares = kept(tallies, seed)
    figures = {name: one.figures() for name, one in tallies.items()}
    notes = sum(len(track.written) for track in measured)
    Console().print(shown_figures(figures, f"{notes} notes of {len(measured)} tracks, part {part}"))
    for baseline in shares:
        console.print(f"of the model's gain over {baseline} the table keeps: {told(shares[baseline])}")
    console.print(f"table: {path} ({path.stat().st_size / 1024:.0f} KB for all styles)")
    if json_file is not None:
        with written_whole(json_file) as draft:
            draft.write_text(json.dumps(report_of(tallies, shares, path, notes), indent=2) + "\n", encoding="utf-8")


def _check(tracks: Sequence[Track], parts: Mapping[str, Sequence[Track]], manifest: Path) -> None:
    instruments = sorted({track.written.instrument for track in tracks})
    if len(instruments) != 1:
        told = ", ".join(instruments) or "no notes"
        raise DataError(f"{manifest}: tracks of one instrument expected, found {told}; name the manifest of one instrument")
    for part, found in parts.items():
        if not found:
            raise DataError(f"{manifest}: has too few tracks of part {part}; write it anew with `python -m trainer duv enrich`")


def _player(folder: Path) -> Player:
    """The model in `folder`, with its adapter where a track's style has one."""
    from shared.humanizer import load_humanizer
    from shared.model_folder import adapters

    base = load_humanizer(folder)
    styled = {style: load_humanizer(folder, path) for style, path in adapters(folder).items()}
    return lambda track, seed: styled.get(track.written.style, base).perform(track.written, seed)
