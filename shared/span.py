"""Which part of a long score a net reads. Knows events; knows no net and no tokens."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import DataError
from shared.score import Event, Frame


class Span:
    """Which part of a growing score is read, so that the choice follows from the score alone.

    A window begins at the first beat line past a multiple of `block` events, the latest that leaves it at most `room`
    long: it stands still while the score grows by a block, and what is left of the context is for what will be written.
    """

    def __init__(self, context: int) -> None:
        self.context = context
        self.block = context // 4
        self.room = context - context // 8

    def start(self, total: int) -> int:
        """The multiple of `block` from which a score of `total` events is read."""
        return max(0, -(-(total - self.room) // self.block) * self.block)

    def beat_line(self, events: Sequence[Event], first: int) -> int:
        """The first beat line in `events` from index `first` on. Raises DataError where there is none."""
        for index in range(max(0, first), len(events)):
            event = events[index]
            if isinstance(event, Frame) and (event.tick_in_beat == 0 or first <= 0):
                return index
        raise DataError("a score without a frame at a beat line cannot be continued")
