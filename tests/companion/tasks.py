"""Tasks for soloists, and a jam that goes on from task to task as a planner would."""

from __future__ import annotations

from collections.abc import Sequence

from companion.soloist import Soloist, Task
from shared.chords import Chord
from shared.foresight import ChordChange, Foresight
from shared.music import TICKS_PER_BEAT, Grid, Meter
from shared.score import Conditioning, Event
from shared.swing import SwingWish

D_MINOR, G7 = Chord(2, "min7", 2), Chord(7, "7", 7)


def outlook(chord: Chord | None = D_MINOR, meter: Meter | None = None, loop_ticks: int | None = None) -> Foresight:
    """One chord for ever, nothing known of the future."""
    return Foresight(Grid(meter or Meter(), loop_ticks), (ChordChange(0, chord),))


def task(
    score: Sequence[Event],
    beats: int,
    seen: Foresight | None = None,
    *,
    generation: int = 1,
    seed: int = 1,
    start: int = 0,
    min_tick: int = 0,
    wish: Conditioning | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    swing: SwingWish = "auto",
) -> Task:
    """Continue `score` (of which `start` events are not shown) for `beats` beats."""
    seen = seen or outlook()
    return Task(
        generation=generation,
        seed=seed,
        score=tuple(score),
        score_start=start,
        grid=seen.grid,
        foresight=seen,
        conditioning=wish or Conditioning(),
        min_tick=min_tick,
        until_tick=score[-1].tick + beats * TICKS_PER_BEAT,
        temperature=temperature,
        top_p=top_p,
        swing=swing,
    )


def opening(seen: Foresight | None = None, wish: Conditioning | None = None) -> list[Event]:
    """A score of one frame."""
    return [(seen or outlook()).frame_at(0, wish or Conditioning())]


def jam(soloist: Soloist, events: int, *, shown: int = 10_000, generation: int = 0) -> list[Event]:
    """A score of at least `events` events, laid four beats a task, of which the soloist is shown the last `shown`."""
    score = opening()
    while len(score) < events:
        generation += 1
        start = max(0, len(score) - shown)
        score += soloist.play(task(score[start:], 4, generation=generation, start=start))
    return score
