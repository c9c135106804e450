"""The command `evaluate`: measure a folder of solos, or humans; tell, draw and write what was found. Knows files; measures nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from shared.errors import ConfigError
from shared.files import written_whole
from shared.provenance import provenance

if TYPE_CHECKING:
    from trainer.evaluation import Evaluation
    from trainer.human import Human
    from trainer.line import Line
    from trainer.reading import Dropped

_PATH = click.Path(path_type=Path)
_SOURCE = "Weimar Jazz Database"


@click.command()
@click.option("--input", "input_folder", type=_PATH, metavar="DIR", help="Solos as MIDI files, chords as markers or a chord track.")
@click.option("--human", "is_human", is_flag=True, help="Measure humans instead: the solos of --data, or the shipped figures.")
@click.option("--data", type=_PATH, metavar="DIR", help="The Weimar tables (wjazzd_*.parquet): compute the human ranges from them.")
@click.option("--train", type=_PATH, metavar="DIR", help="A prepared folder: how much stands note for note in its training part.")
@click.option("--json", "json_file", type=_PATH, metavar="FILE", help="Write all figures there.")
@click.option("--report", type=_PATH, metavar="DIR", help="Write a page with tables and pictures there.")
@click.option("--ranges", type=_PATH, metavar="FILE", help="Write the human ranges there, as config/human_ranges.yaml holds them.")
def evaluate(
    input_folder: Path | None,
    is_human: bool,
    data: Path | None,
    train: Path | None,
    json_file: Path | None,
    report: Path | None,
    ranges: Path | None,
) -> None:
    """Measure solos against what human soloists do."""
    from trainer.evaluation_report import console_view, human_view, write_report
    from trainer.reading import printable

    if is_human == (input_folder is not None):
        raise ConfigError("say what to measure: --input DIR for a folder of MIDI files, or --human")
    console = Console()
    lines, dropped, human, shipped = _gathered(console, input_folder, data)
    if input_folder is None:
        console.print(human_view(human, shipped if data is not None else None))
    result = _evaluated(lines, human, train, is_human)
    if input_folder is not None:
        console.print(console_view(result))
        for one in dropped:
            console.print(f"left out: {one.name}: {one.reason}", markup=False)
    if ranges is not None:
        _write_ranges(human, ranges)
    if json_file is not None:
        _write_json(result, dropped, input_folder, json_file)
    if report is not None:
        write_report(result, report, "Human solos" if is_human else f"Solos in {printable(str(input_folder))}", dropped)
        console.print(f"report: {report / 'report.md'}", markup=False)


def _gathered(console: Console, input_folder: Path | None, data: Path | None) -> tuple[list[Line], list[Dropped], Human, Human]:
    """The lines to measure (none for the shipped humans), what was left out, the human figures to use, and the shipped ones."""
    from trainer.human import human_figures, shipped_human
    from trainer.midi_lines import read_midi_lines
    from trainer.weimar_lines import read_weimar_lines

    shipped = shipped_human()
    solos: list[Line] = []
    human = shipped
    if data is not None:
        solos = read_weimar_lines(data)
        human = human_figures(solos, f"{_SOURCE}, {len(solos)} solos")
    if input_folder is None:
        return solos, [], human, shipped
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading solos", total=None)
        reading = read_midi_lines(input_folder, lambda done, files: progress.update(task, completed=done, total=files))
    return list(reading.lines), list(reading.dropped), human, shipped


def _evaluated(lines: Sequence[Line], human: Human, train: Path | None, is_human: bool) -> Evaluation:
    from trainer import evaluation
    from trainer.verbatim import against_training

    memorized = None if train is None else against_training([] if is_human else lines, train)
    return evaluation.evaluate_humans(lines, human, memorized) if is_human else evaluation.evaluate(lines, human, memorized)


def _write_ranges(human: Human, path: Path) -> None:
    import msgspec
    import yaml

    head = (
        "# What human soloists do: 21 quantiles (0 %, 5 %, ... 100 %) of each measure over the solos of the Weimar Jazz Database\n"
        "# (ODbL 1.0, Jazzomat Research Project, HfM Weimar). Derived figures only, written by:\n"
        "#   python -m trainer evaluate --human --data DIR --ranges config/human_ranges.yaml\n"
    )
    body = yaml.safe_dump(msgspec.to_builtins(human), sort_keys=False, default_flow_style=None, width=140, allow_unicode=True)
    with written_whole(path) as draft:
        draft.write_text(head + body, encoding="utf-8")


def _write_json(result: Evaluation, dropped: Sequence[Dropped], input_folder: Path | None, path: Path) -> None:
    from trainer.evaluation import figures
    from trainer.generate import LIST

    found = {**provenance(), **figures(result)}
    if input_folder is not None and (input_folder / LIST).is_file():
        # Solos of ours say which command played them: that tells more than how they were measured.
        found["played_by"] = json.loads((input_folder / LIST).read_text(encoding="utf-8"))["command"]
    found["left_out"] = {one.name: one.reason for one in dropped}
    with written_whole(path) as draft:
        draft.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
