"""What may follow a step of a score: the one mask of everything that is sampled. Knows the rules of tokens; knows no net, no chance."""

from __future__ import annotations

from dataclasses import dataclass

from shared.foresight import Foresight
from shared.score import PITCH_RANGES, Note
from shared.tokens import DURATION_TICKS, NEXT, Cursor, onset_floor, pitch_floor


@dataclass(frozen=True, slots=True)
class Opening:
    """The room for the next event after `cursor`: notes from class `onset_floor` on, before the coming frame at `frame_tick`."""

    cursor: Cursor
    frame_tick: int
    onset_floor: int

    @property
    def beat_tick(self) -> int:
        """The tick of the beat line from which onset classes count."""
        frame = self.cursor.frame
        return frame.tick - frame.tick_in_beat

    @property
    def is_closed(self) -> bool:
        """No note fits any more: what follows is the frame at `frame_tick`."""
        return self.is_frame(self.onset_floor)

    def is_frame(self, onset: int) -> bool:
        """Whether onset class `onset` means going on to the frame at `frame_tick`: `NEXT`, or a place at or past that frame."""
        return onset == NEXT or self.beat_tick + onset >= self.frame_tick

    def pitches(self, onset: int) -> tuple[int, int]:
        """The lowest and the highest pitch at onset class `onset`: the role's range, and notes struck at once ascend."""
        lowest, highest = PITCH_RANGES[self.cursor.frame.conditioning.role]
        return max(lowest, pitch_floor(self.cursor.row, onset)), highest

    def note(self, onset: int, pitch: int, duration: int) -> Note:
        """The note of three decisions: onset class, pitch, duration class."""
        return Note(self.beat_tick + onset, pitch, DURATION_TICKS[duration])


def opening(cursor: Cursor, foresight: Foresight, min_tick: int) -> Opening:
    """What may follow `cursor` where `foresight` tells the frames and no note may begin before `min_tick`."""
    frame = cursor.frame
    floor = max(onset_floor(cursor.row), min_tick - (frame.tick - frame.tick_in_beat))
    if pitch_floor(cursor.row, floor) > PITCH_RANGES[frame.conditioning.role][1]:
        # The highest pitch of the role is struck already: nothing can join it at this tick.
        floor += 1
    return Opening(cursor, foresight.next_frame_tick(frame.tick), floor)
