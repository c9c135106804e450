"""`python -m companion.engine_speed [MODEL]`: what the engine's parts cost on this machine, one thread. Knows no bridge, no plan."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import torch

from companion.engine import CHUNK
from companion.figures import percentile
from companion.foresight import ChordChange, Foresight
from companion.model_store import RANDOM, open_soloist
from companion.soloist import Task
from shared.chords import Chord
from shared.errors import JamBotError
from shared.music import Grid
from shared.score import Conditioning, Event, Frame, Note

ROUNDS = 60
SCORE_EVENTS = 256
NOTES_AFTER = 8
WISH = Conditioning()
OUTLOOKS = tuple(Foresight(Grid(), (ChordChange(0, chord),)) for chord in (Chord(2, "min7", 2), Chord(7, "7", 7)))


def main(name: str = RANDOM) -> None:
    """Print milliseconds, p50 and p99, for each kind of work."""
    soloist = open_soloist(name, "cpu")
    took: dict[str, list[float]] = defaultdict(list)

    def timed(kind: str | None, events: Iterator[Event]) -> Event:
        begin = time.perf_counter()
        event = next(events)
        took[kind or ("note" if isinstance(event, Note) else "frame")].append((time.perf_counter() - begin) * 1000.0)
        return event

    score: list[Event] = [OUTLOOKS[0].frame_at(0, WISH)]
    line = soloist.play(task(0, score, OUTLOOKS[0]))
    score += [next(line) for _ in range(SCORE_EVENTS)]
    frames = [index for index, event in enumerate(score) if isinstance(event, Frame) and index > SCORE_EVENTS // 2]
    for number in range(1, ROUNDS):
        cut, outlook = frames[number % len(frames)], OUTLOOKS[number % 2]
        next(soloist.play(task(number, score[:cut], outlook)))
        line = soloist.play(task(number, [*score[:cut], outlook.frame_at(score[cut].tick, WISH)], outlook))
        timed("chord to first event", line)
        for _ in range(NOTES_AFTER):
            timed(None, line)
        for length in (64, SCORE_EVENTS) if number % 4 == 0 else ():
            first = outlook.frame_at(0, replace(WISH, style="cool" if number % 8 else "pop"))
            timed(f"prompt of {length} steps", soloist.play(task(number, [first, *score[1:length]], outlook)))
    print(f"{soloist.name}, torch {torch.__version__} on {torch.get_num_threads()} thread, {CHUNK} steps a pass at most")
    for kind, times in sorted(took.items()):
        print(f"{kind:22} {percentile(times, 0.5):6.2f} ms p50 {percentile(times, 0.99):6.2f} ms p99")


def task(generation: int, score: list[Event], outlook: Foresight) -> Task:
    """Continue `score` without end."""
    tick = score[-1].tick
    return Task(generation, 1, tuple(score), 0, outlook.grid, outlook, WISH, tick, tick + 1_000_000, 1.0, 0.95)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2])
    except JamBotError as error:
        sys.exit(str(error))
