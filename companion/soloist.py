"""What a soloist is: something that continues a score. The planner knows only this; it knows no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from shared.foresight import Foresight
from shared.music import Grid
from shared.score import Conditioning, Event


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
