"""A stretch of score that a net has read, kept ready to go on from. Knows events and a reader; knows no task and no sampling."""

from __future__ import annotations

from collections.abc import Sequence

from companion.runner import Reader
from shared.errors import DataError
from shared.score import Event, Frame
from shared.tokens import Cursor, encode


class Window:
    """What `reader` has read: `events`, of which the first is a frame; `start` is its place in the epoch's score."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._cursors: list[Cursor] = []
        self.events: list[Event] = []
        self.start = 0

    @property
    def cursor(self) -> Cursor:
        """The frame in force and the last row read."""
        return self._cursors[-1]

    def match(self, start: int, events: Sequence[Event]) -> None:
        """Forget all that is not the beginning of `events`, the score from `start` on. Costs no step of the net."""
        self.start = start
        common = 0
        for mine, wanted in zip(self.events, events, strict=False):
            if mine is not wanted and mine != wanted:
                break
            common += 1
        del self.events[common:], self._cursors[common:]
        self.reader.length = common

    def read(self, events: Sequence[Event]) -> None:
        """Read `events` after what is here, in one pass. Raises DataError where they do not follow."""
        steps = encode(events, self.cursor if self.events else None)
        self.reader.read(steps)
        frame = self.cursor.frame if self.events else None
        for event, row in zip(events, steps.tolist(), strict=True):
            frame = event if isinstance(event, Frame) else frame
            assert frame is not None
            self._cursors.append(Cursor(frame, row))
        self.events += events


class Span:
    """Which part of a growing score is read, so that the choice follows from the score alone.

    A window begins at the first beat line past a multiple of `block` events, the latest that leaves it at most `room`
    long: it stands still while the score grows by a block, and what is left of the context is for what will be written.
    """

    def __init__(self, context: int) -> None:
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
