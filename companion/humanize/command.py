"""`companion humanize`: what may be said on its command line, checked before anything is written. Knows no music."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.errors import ConfigError, DataError

if TYPE_CHECKING:
    from companion.humanize.casting import Session
    from companion.humanize.midi_file import MidiFile
    from companion.humanize.song import Job
    from companion.humanize.work import PartReport

FILE = click.Path(path_type=Path)
SHARE = click.FloatRange(0, 1)
AUTO = "auto"
AFTER = "after.mid"
COMPARED = ("before.mid", AFTER, "compare.png")
SONG_TELLS = (
    "model", "style", "intensity", "velocity", "duration", "timing", "include", "exclude", "bars", "keep_accents", "like", "controls",
)  # fmt: skip
"""What a song's file says for itself."""


@click.command("humanize")
@click.argument("source", metavar="IN.mid", type=FILE)
@click.argument("out", metavar="OUT.mid", type=FILE)
@click.option("--model", default=AUTO, show_default=True, metavar="NAME", help="Whose touch; auto: by each track's name, channel, program.")
@click.option("--style", "--adapter", "style", default="unknown", metavar="STYLE", help="How it plays: jazz, funk, rock ...")
@click.option("--intensity", type=SHARE, help="From what is there (0) to what a player would do (1).  [default: each model's own]")
@click.option("--velocity", type=SHARE, help="The same, for velocity alone.")
@click.option("--duration", type=SHARE, help="The same, for lengths alone.")
@click.option("--timing", type=SHARE, help="The same, for onsets alone.")
@click.option("--include", metavar="REGEX", help="Only tracks whose names match.")
@click.option("--exclude", metavar="REGEX", help="No tracks whose names match.")
@click.option("--bars", metavar="5-12", help="Only these bars, counted from 1.")
@click.option("--keep-accents", is_flag=True, help="Keep how far each note stands out of its track.")
@click.option("--like", type=FILE, metavar="FILE", help="Play as loud, lively and late as you do in a few bars recorded to the click.")
@click.option("--sample", is_flag=True, help="Play it as once, not as the middle of many times; --seed chooses which time.")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=1, show_default=True, help="The same seed, the same bytes.")
@click.option("--controls", metavar="FILE", help="Rules before the model (strum, pedal, ghost notes, flams, swing ...): a file, or usual.")
@click.option("--song", type=FILE, metavar="FILE", help="Sections and what is done in them, instead of the options above (see README.md).")
@click.option("--compare", type=FILE, metavar="DIR", help="Write before.mid, after.mid and a picture of both there.")
@click.pass_context
def humanize_command(context: click.Context, /, **words: Any) -> None:
    """Give the notes of a MIDI file a player's velocity, length and timing; everything else in it stays byte for byte."""
    source, out, song = words["source"], words["out"], words["song"]
    said = [name for name in SONG_TELLS if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if song is not None and said:
        raise click.UsageError(f"--{said[0].replace('_', '-')} and --song cannot both be given; say it in the song's file.")
    check_out(source, out)
    if words["compare"] is not None:
        check_compare(words["compare"], source, out)
    from companion.humanize.midi_file import read_midi
    from companion.humanize.models import usual_session
    from companion.humanize.song import load_song

    session = usual_session(words["seed"], words["sample"])
    file = read_midi(source)
    jobs = load_song(song) if song is not None else _jobs(words, file, session)
    for take in dict.fromkeys(job.like.path for job in jobs if job.like is not None):
        check_take(take, out, words["compare"])
    _run(source, out, file, jobs, session, words["compare"])


def check_out(source: Path, out: Path) -> None:
    """Raise ConfigError unless a file `out` can be written that is not `source` itself. Makes nothing."""
    folder = out.absolute().parent
    if source.exists() and out.exists() and source.samefile(out):
        raise ConfigError(f"{out}: is the input itself, which is never touched; name another file")
    if out.is_dir():
        raise ConfigError(f"{out}: is a folder; name the file to write, such as {out / 'humanized.mid'}")
    if not folder.is_dir() or not os.access(out if out.exists() else folder, os.W_OK):
        raise ConfigError(f"{out}: cannot be written; name a file in a folder that exists and is yours")


def check_compare(folder: Path, source: Path, out: Path) -> None:
    """Raise ConfigError unless files can be written to `folder`, which need not exist yet, without touching `source` or what is written as
    `out`. Makes nothing.
    """
    standing = folder.absolute()
    while not standing.exists() and standing != standing.parent:
        standing = standing.parent
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        raise ConfigError(f"--compare {folder}: nothing can be written there; name a folder that is yours")
    for name in COMPARED:
        if source.exists() and (folder / name).exists() and source.samefile(folder / name):
            raise ConfigError(f"--compare {folder}: the input lies there as {name}, and is never touched; name another folder")
        if name != AFTER and (folder / name).resolve() == out.resolve():
            raise ConfigError(f"--compare {folder}: {name} there is what the input was; name another file to write than {out}")


def check_take(take: Path, out: Path, compare: Path | None) -> None:
    """Raise ConfigError where `out`, or what is written to the folder `compare`, would take the place of `take`, a player's own bars."""
    for path in (out, *([] if compare is None else [compare / name for name in COMPARED])):
        if path.exists() and take.samefile(path):
            raise ConfigError(f"{path}: holds the bars to be played like, which are never touched; name another file or folder")


def _jobs(words: dict[str, Any], file: MidiFile, session: Session) -> list[Job]:
    """What the command line asks for."""
    from companion.humanize.control_settings import load_controls
    from companion.humanize.like import read_take
    from companion.humanize.models import instrument_of_model
    from companion.humanize.parts import read_parts
    from companion.humanize.song import BarRange, Job, check_regex, duv_wish, parse_bars
    from shared.written import DRUMS

    bars = BarRange() if words["bars"] is None else parse_bars(words["bars"], "--bars")
    include, exclude = (check_regex(words[name], f"--{name}") for name in ("include", "exclude"))
    controls = {} if words["controls"] is None else load_controls(words["controls"])
    model = None if words["model"] == AUTO else words["model"]
    shares = {name: words[name] for name in ("intensity", "velocity", "duration", "timing")}
    wish = duv_wish(model, words["style"], words["keep_accents"], **shares)
    instruments = list(session.uses) if model is None else [instrument_of_model(model, session.uses)]
    like = None if words["like"] is None else read_take(words["like"])
    jobs = [Job(name, bars, include, exclude, False, controls.get(name), wish, like) for name in instruments]
    parts = read_parts(file)
    # Whoever names a model and a track, or has but one, need not have named that track after its instrument.
    if model is None or not (include is not None or len(parts) == 1):
        return jobs
    (job,) = jobs
    kinds = {part.instrument(session.regexes) for part in parts if job.allows(part)}
    pitched = [name for name in session.uses if name in kinds - {DRUMS, job.instrument} and wish.model_name == session.stand_in]
    told = [replace(job, instrument=name, controls=controls.get(name)) for name in pitched]
    # The model of all pitched instruments is told which of them it plays, where that is known.
    return told if kinds and kinds <= set(pitched) else [*told, replace(job, any_kind=True, spared=frozenset(pitched))]


def _run(source: Path, out: Path, file: MidiFile, jobs: list[Job], session: Session, compare: Path | None) -> None:
    import torch

    from companion.humanize.work import humanize
    from shared.files import written_whole

    # The net is small: where other programs want the cores too, threads that share its work wait for each other.
    torch.set_num_threads(1)
    try:
        data, reports = humanize(file, jobs, session, _tell)
    except DataError as error:
        raise DataError(f"{source}: {error}; export it again from your sequencer") from None
    if not reports:
        click.echo(f"{source} holds no notes; it is written as it is")
    elif idle := _idle(reports):
        raise ConfigError(f"{source}: no track of it can be humanized; {idle}")
    elif not any(report.jobs for report in reports):
        click.echo("no track was touched: name the tracks after their instruments, or say --model and --include")
    try:
        with written_whole(out) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror}); name another file") from None
    click.echo(f"wrote {out}")
    if compare is not None:
        from companion.humanize.compare import write_comparison

        for path in write_comparison(compare, source, out, reports):
            click.echo(f"wrote {path}")


def _idle(reports: list[PartReport]) -> str:
    """The mend where nothing could be done of what was asked; empty where something was, or nothing was asked."""
    asked = [report for report in reports if report.was_asked]
    if not asked or any(report.jobs for report in asked):
        return ""
    missing = [report.why for report in asked if report.remarks]
    if missing:
        return f"{missing[0]}: name another with --model, or train it: python -m trainer duv train --help"
    return "name the tracks after their instruments, or say --model and --include"


def _tell(report: PartReport) -> None:
    name, notes = report.name, f"{report.notes} note{'s' * (report.notes != 1)}"
    if not report.jobs:
        click.echo(f"  {name}: {notes}, left alone: {report.why}")
        return
    by = "; ".join([", ".join(report.models) or "rules alone", *report.remarks])
    counts = ((len(report.added), "added"), (report.pedals, "pedalled"))
    more = "".join(f", {count} {what}" for count, what in counts if count)
    click.echo(f"  {name}: {report.changed} of {notes} changed{more} ({by})")
