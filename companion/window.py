"""A stretch of score that a net has read, kept ready to go on from. Knows events and a reader; knows no task and no sampling."""

from __future__ import annotations

from collections.abc import Sequence

from companion.runner import Reader
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
