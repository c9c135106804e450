"""`python -m companion.engine_speed`: what a model costs on this machine. Knows no bridge, no plan.

Of a player it measures what a step and a first note cost, of a humanizer what `companion.touch_speed` does.

*Cold* is after a pause, when the weights have left the processor's caches: so it is for a chord that comes while nothing is being written.
"""

from __future__ import annotations

import copy
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.table import Table

from companion.bench import busy
from companion.engine import CHUNK, ModelSoloist
from companion.figures import percentile
from companion.model_store import RANDOM, RunnerKind, make_runner, random_decoder, shown_name
from companion.runner import Runner
from companion.soloist import Task
from shared.chords import Chord
from shared.console import run
from shared.errors import ConfigError
from shared.files import written_whole
from shared.foresight import ChordChange, Foresight
from shared.model_folder import find_folder, is_humanizer, load_model
from shared.music import Grid
from shared.nets.decoder import Decoder
from shared.provenance import provenance
from shared.score import Conditioning, Event, Frame, Note
from shared.tokens import encode

PAUSE_SEC = 0.15
HOT_ROUNDS = 200
COLD_ROUNDS = 60
PROMPT_ROUNDS = 10
PROMPT_STEPS = (32, 64, 128, 256)
SCORE_EVENTS = PROMPT_STEPS[-1]
CPU_KINDS: tuple[RunnerKind, ...] = ("torch-cpu", "onnx-fp32", "onnx-q8")
WISH = Conditioning()
OUTLOOKS = tuple(Foresight(Grid(), (ChordChange(0, chord),)) for chord in (Chord(2, "min7", 2), Chord(7, "7", 7)))


def measure(decoder: Decoder, kind: RunnerKind) -> dict[str, list[float]]:
    """Milliseconds of each kind of work."""
    runner = make_runner(copy.deepcopy(decoder), kind)
    took: dict[str, list[float]] = defaultdict(list)

    def timed(work: str, do: Callable[[], object]) -> None:
        begin = time.perf_counter()
        do()
        took[work].append((time.perf_counter() - begin) * 1000.0)

    soloist = ModelSoloist(runner, kind)
    score: list[Event] = [OUTLOOKS[0].frame_at(0, WISH)]
    line = soloist.play(_task(0, score, OUTLOOKS[0]))
    score += [next(line) for _ in range(SCORE_EVENTS)]
    _steps(runner, score, timed)
    for steps in PROMPT_STEPS:
        prompt = score[:steps]
        for number in range(PROMPT_ROUNDS):
            unread = ModelSoloist(runner, kind)
            line = unread.play(_task(number, prompt, OUTLOOKS[0]))
            timed(f"first note after an unread prompt of {steps} steps", lambda line=line: _first_note(line))  # type: ignore[misc]
    frames = [index for index, event in enumerate(score) if isinstance(event, Frame) and index > SCORE_EVENTS // 2]
    for number, cut in zip(range(HOT_ROUNDS + COLD_ROUNDS), cycle(frames)):
        outlook = OUTLOOKS[number % 2]
        next(soloist.play(_task(number, score[:cut], outlook)))
        line = soloist.play(_task(number, [*score[:cut], outlook.frame_at(score[cut].tick, WISH)], outlook))
        hot = number < HOT_ROUNDS
        if not hot:
            time.sleep(PAUSE_SEC)
        timed(f"chord to first note, {'hot' if hot else 'cold'}", lambda line=line: _first_note(line))  # type: ignore[misc]
    return took


@click.command()
@click.option("--model", default=RANDOM, show_default=True, metavar="NAME", help="A player or humanizer, or random: a net of usual size.")
@click.option("--load", type=click.IntRange(0, 64), default=0, show_default=True, help="Busy processes beside.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(get_args(RunnerKind)), help="Kinds of runner; usual: those for a CPU.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the figures there.")
def speed(model: str, load: int, kinds: tuple[RunnerKind, ...], json_file: Path | None) -> None:
    """Measure what a player's step and first note cost, by kind of runner and length of prompt; or a humanizer's file and bar."""
    title = f"{shown_name(model)}, {load} busy processes beside"
    folder = None if model == RANDOM else find_folder(model)
    with busy(load):
        if folder is not None and is_humanizer(folder):
            if kinds:
                raise ConfigError("--kind is for players: a humanizer plays files with PyTorch and live bars with ONNX Runtime")
            table, told = _touch_speed(folder, title)
        else:
            table, told = _player_speed(random_decoder() if folder is None else load_model(folder), kinds or CPU_KINDS, title)
    Console().print(table)
    if json_file is not None:
        with written_whole(json_file) as draft:
            text = json.dumps({"model": shown_name(model), "load": load, **provenance(), "speed": told}, indent=2)
            draft.write_text(text + "\n", encoding="utf-8")


def _player_speed(decoder: Decoder, kinds: Sequence[RunnerKind], title: str) -> tuple[Table, dict[str, Any]]:
    took = {kind: measure(decoder, kind) for kind in kinds}
    table = Table("milliseconds, p50 / p99", *kinds, title=title)
    for work in took[kinds[0]]:
        table.add_row(work, *(f"{percentile(took[kind][work], 0.5):.2f} / {percentile(took[kind][work], 0.99):.2f}" for kind in kinds))
    told: dict[str, Any] = {
        kind: {work: {"p50": percentile(ms, 0.5), "p99": percentile(ms, 0.99)} for work, ms in works.items()}
        for kind, works in took.items()
    }
    return table, told


def _touch_speed(folder: Path, title: str) -> tuple[Table, dict[str, Any]]:
    from companion.touch_speed import measure_touch

    found = measure_touch(folder)
    table = Table("", "measured", title=title)
    for row in found.rows():
        table.add_row(*row)
    return table, found.figures()


def _steps(runner: Runner, score: list[Event], timed: Callable[[str, Callable[[], object]], None]) -> None:
    """A step after 256, hot and cold, and the three heads."""
    steps = encode(score)
    reader = runner.reader()

    def prompt() -> None:
        reader.length = 0
        for start in range(0, SCORE_EVENTS, CHUNK):
            reader.read(steps[start : start + CHUNK])

    prompt()
    for number in range(HOT_ROUNDS + COLD_ROUNDS):
        reader.length = SCORE_EVENTS
        hot = number < HOT_ROUNDS
        if not hot:
            time.sleep(PAUSE_SEC)
        timed(f"step, {'hot' if hot else 'cold'}", lambda: reader.read(steps[SCORE_EVENTS : SCORE_EVENTS + 1]))
    for _ in range(HOT_ROUNDS):
        timed("three heads, hot", lambda: (reader.onset(), reader.pitch(12), reader.duration(12, 60)))


def _first_note(line: Iterator[Event]) -> None:
    next(event for event in line if isinstance(event, Note))


def _task(generation: int, score: list[Event], outlook: Foresight) -> Task:
    """Continue `score` without end."""
    tick = score[-1].tick
    return Task(generation, 1, tuple(score), 0, outlook.grid, outlook, WISH, tick, tick + 1_000_000, 1.0, 0.95, "auto")


if __name__ == "__main__":
    run(speed, "python -m companion.engine_speed")
