"""What a soloist is: something that continues a score, and may say how its notes are to be played. The planner knows no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from shared.foresight import Foresight
from shared.music import Grid
from shared.score import Conditioning, Event
from shared.swing import SwingWish


@dataclass(frozen=True, slots=True)
class Task:
    """One generation's work: continue `score` from its last event up to `until_tick`.

    `score` is what stands before the commit point, oldest first; its last `Frame` is the one in force, and carries the
    chord to be answered. `min_tick` masks onsets that would come too late to be played. `seed` and `generation` alone
    decide every random choice. `score_start` counts the epoch's events before `score[0]`: whatever context a soloist
    chooses to read must follow from the task alone, never from how quick or idle it was, or a replay would differ.
    """

    generation: int
    seed: int
    score: tuple[Event, ...]
    score_start: int
    grid: Grid
    foresight: Foresight
    conditioning: Conditioning
    min_tick: int
    until_tick: int
    temperature: float
    top_p: float
    swing: SwingWish


@dataclass(frozen=True, slots=True)
class NoteTouch:
    """How a humanizer would play the note at `tick` of `pitch`: velocity 1..127, milliseconds behind the written place, ln(played /
    written length)."""

    tick: int
    pitch: int
    velocity: float
    onset_ms: float
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Touched:
    """What a humanizer says of notes that stand in the score already, ascending. `took_ms`: how long it thought."""

    notes: tuple[NoteTouch, ...]
    took_ms: float = field(compare=False)


Product = Event | Touched
"""What a musician hands over: what is written, and now and then how it is played."""


class Soloist(Protocol):
    """A player that continues a score, event by event."""

    @property
    def name(self) -> str:
        """The name that status lines and files show."""
        ...

    def play(self, task: Task) -> Iterator[Event]:
        """Yield frames and notes in song order until the frame at or after `until_tick` is reached.

        Frames come from `task.foresight.frame_at(...)`; note onsets are at least `task.min_tick`. Closing the iterator
        cancels the work at once; the next `play` starts from its own task alone.
        """
        ...


class Musician(Protocol):
    """A soloist, alone or with a humanizer at its side: what a worker runs."""

    @property
    def name(self) -> str:
        """The name that status lines and files show."""
        ...

    def play(self, task: Task) -> Iterator[Product]:
        """Yield what a soloist yields, and between or after that how notes written so far are played."""
        ...
