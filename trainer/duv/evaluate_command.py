"""The command `duv evaluate`: a humanizer beside the ladder of baselines. Knows files and options; measures nothing itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from shared.errors import ConfigError, DataError
from shared.files import written_whole
from shared.provenance import provenance
from trainer.duv.measured_set import DATASETS, EVERY_PART, PARTS

if TYPE_CHECKING:
    from shared.humanizer import Humanizer
    from trainer.duv.evaluate import AdapterResult, Evaluation, Humanizers
    from trainer.duv.ladder import Ladder, Rung
    from trainer.duv.manifest import Track
    from trainer.duv.measured_set import MeasuredSet

_PATH = click.Path(path_type=Path)
_NO_ADAPTER = "none"
WIDTH = 140


@click.command()
@click.option("--dataset", type=click.Choice(DATASETS), required=True, help="The drum benchmark, or an instrument's tracks of manifests.")
@click.option(
    "--data", type=_PATH, required=True, metavar="PATH", help="The Groove MIDI Dataset's folder; else a manifest, or a folder of them."
)
@click.option("--model", metavar="NAME", help="A humanizer, by name or folder; without it the baselines alone.")
@click.option("--adapter", metavar="STYLE", help="For all takes this one, or none.  [default: the adapter of each take's style]")
@click.option("--train", type=_PATH, metavar="PATH", help="Fit the baselines to this; without it they come with the model, or from --data.")
@click.option("--part", type=click.Choice([EVERY_PART, *PARTS]), help="What to measure.  [default: groove_midi all, else test]")
@click.option("--json", "json_file", type=_PATH, metavar="FILE", help="Write all figures there.")
@click.option("--report", type=_PATH, metavar="DIR", help="Write a page with a table and pictures there.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Chooses samples and bootstrap sets.")
def evaluate(
    dataset: str, data: Path, model: str | None, adapter: str | None, train: Path | None, part: str | None, json_file: Path | None,
    report: Path | None, seed: int,
) -> None:  # fmt: skip
    """Measure a humanizer beside everything that it should be better than."""
    from trainer.duv.evaluate_report import Told, console_view, figures, write_report
    from trainer.duv.measured_set import instrument_of, left_out_line, read_set, sources_of, usual_part

    # Piped or logged, a table may be as wide as it needs: cells that are cut say nothing.
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    instrument = instrument_of(dataset)
    found = read_set(data, instrument)
    part = part or usual_part(dataset)
    tracks, left_out = found.of_part(part), found.left_out(part)
    if not tracks:
        raise DataError(f"{data}: no track of {instrument} is marked {part}; name another --part, or other data")
    humanizer, adapted = _humanizers(model, adapter)
    ladder = _ladder(console, model, train, found, data, instrument, seed)
    result = _measured(console, tracks, ladder, humanizer, adapted, adapter, seed)
    remarks = [f"Measured on {sources_of(tracks)}. Baselines learned from {ladder.learned_from}."]
    learned = sum(track.part == "train" for track in tracks)
    if learned:
        remarks.append(f"{learned} of {len(tracks)} takes are marked train: learned from, and so better hit than what is new.")
    if left_out:
        remarks.append(left_out_line(left_out))
    told = Told(dataset, model, seed, tuple(remarks), {one.name: one.reason for one in left_out}, provenance())
    console.print(console_view(result, told), markup=False)
    if json_file is not None:
        with written_whole(json_file) as draft:
            draft.write_text(json.dumps(figures(result, told), indent=2) + "\n", encoding="utf-8")
    if report is not None:
        write_report(result, told, report)
        console.print(f"report: {report / 'report.md'}", markup=False, soft_wrap=True)


def _humanizers(model: str | None, adapter: str | None) -> tuple[Humanizer | None, Humanizers]:
    """The humanizer, and those with the adapters that are asked for."""
    if model is None:
        if adapter is not None:
            raise ConfigError("--adapter lies over a humanizer; name it with --model")
        return None, {}
    from shared.humanizer import load_humanizer
    from shared.model_folder import adapters, find_humanizer

    humanizer, folder = load_humanizer(model), find_humanizer(model)
    if adapter == _NO_ADAPTER:
        return humanizer, {}
    if adapter is not None:
        return humanizer, {adapter: load_humanizer(model, adapter)}
    return humanizer, {style: load_humanizer(folder, file) for style, file in adapters(folder).items()}


def _ladder(console: Console, model: str | None, train: Path | None, found: MeasuredSet, data: Path, instrument: str, seed: int) -> Ladder:
    """The baselines: fitted to --train, or those beside the model, or fitted to what is marked train in the data itself, or, where there
    is no such thing, those of another humanizer that is installed."""
    from shared.model_folder import find_humanizer, humanizers
    from trainer.duv.ladder_command import fitted_ladder

    if train is None:
        beside = None if model is None else _shipped(find_humanizer(model), instrument)
        others = () if found.of_part("train") else humanizers().values()
        shipped = beside or next(filter(None, (_shipped(folder, instrument) for folder in others)), None)
        if shipped is not None:
            return shipped
    return fitted_ladder(console, train or data, instrument, seed)


def _shipped(folder: Path, instrument: str) -> Ladder | None:
    from trainer.duv.ladder_file import LADDER_FILE_NAME, load_ladder

    path = folder / LADDER_FILE_NAME
    ladder = load_ladder(path) if path.is_file() else None
    return ladder if ladder is not None and ladder.instrument == instrument else None


def _measured(
    console: Console, tracks: Sequence[Track], ladder: Ladder, humanizer: Humanizer | None, adapted: Humanizers, adapter: str | None,
    seed: int,
) -> Evaluation:  # fmt: skip
    from trainer.duv.evaluate import MODEL, adapted_rung, compare_adapters, evaluate, humanizer_rung, steps_of
    from trainer.duv.ladder import untaught
    from trainer.shown import shown

    rungs: list[Rung] = [*untaught(), *ladder.rungs()]
    if humanizer is not None:
        rungs.append(humanizer_rung(humanizer))
        if adapted:
            rungs.append(adapted_rung(humanizer, adapted, adapter))
    with shown("measuring", steps_of(rungs) + len(adapted), console) as advance:
        result = evaluate(tracks, rungs, seed, advance)
        base = result.result(MODEL, "point")
        compared: tuple[AdapterResult, ...] = ()
        if base is not None and adapted:
            compared = compare_adapters(tracks, base.played, adapted, advance)
    return replace(result, adapters=compared)
