"""`python -m companion.engine_speed [MODEL [BUSY [KIND ...]]]`: what a model costs on this machine. Knows no bridge, no plan.

MODEL is a player's name, `random` where none is given. Each kind of runner, with BUSY processes beside. *Cold* is after a pause, when
the weights have left the processor's caches: so it is for a chord that comes while nothing is being written.
"""

from __future__ import annotations

import copy
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import chain, cycle
from typing import get_args

from rich.console import Console
from rich.table import Table

from companion.bench import busy
from companion.engine import CHUNK, ModelSoloist
from companion.figures import percentile
from companion.model_store import RANDOM, RunnerKind, make_runner, random_decoder, shown_name
from companion.runner import Runner
from companion.soloist import Task
from shared.chords import Chord
from shared.errors import JamBotError
from shared.foresight import ChordChange, Foresight
from shared.model_folder import find_folder, load_model
from shared.music import Grid
from shared.nets.decoder import Decoder
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


def main(name: str, load: int, kinds: tuple[RunnerKind, ...]) -> None:
    """Print milliseconds, p50 and p99, for each kind of runner and of work. Raises ConfigError for an unknown model."""
    decoder = random_decoder() if name == RANDOM else load_model(find_folder(name))
    table = Table("milliseconds, p50 / p99", *kinds, title=f"{shown_name(name)}, {load} busy processes beside")
    with busy(load):
        columns = [measure(decoder, kind) for kind in kinds]
    for work in columns[0]:
        table.add_row(work, *(f"{percentile(column[work], 0.5):.2f} / {percentile(column[work], 0.99):.2f}" for column in columns))
    Console().print(table)


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
    return Task(generation, 1, tuple(score), 0, outlook.grid, outlook, WISH, tick, tick + 1_000_000, 1.0, 0.95)


if __name__ == "__main__":
    known = {kind: kind for kind in chain(get_args(RunnerKind))}
    words = [*sys.argv[1:], *(RANDOM, "0")[len(sys.argv) - 1 :]]
    if not words[1].isdecimal() or any(word not in known for word in words[2:]):
        sys.exit(f"usage: python -m companion.engine_speed [MODEL [BUSY [KIND ...]]], kinds {', '.join(known)}")
    try:
        main(words[0], int(words[1]), tuple(known[word] for word in words[2:]) or CPU_KINDS)
    except JamBotError as error:
        sys.exit(f"error: {error}")
