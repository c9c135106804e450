"""What is known of the chords to come, frozen at one moment so that a soloist may read it from another thread."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from shared.chords import Chord
from shared.music import TICKS_PER_BEAT, Grid
from shared.score import Conditioning, Frame

NEXT_CHORD_BEATS_MAX = 16


@dataclass(frozen=True, slots=True)
class ChordChange:
    """From `tick` (unwrapped) on, `chord` stands; None is no chord."""

    tick: int
    chord: Chord | None


@dataclass(frozen=True, slots=True)
class Foresight:
    """The chord in force and the changes known to come.

    `changes` ascend by tick and hold at least one; the first holds for every tick before the second. After the last one its
    chord is taken to go on, and frames say that the next chord is unknown.
    """

    grid: Grid
    changes: tuple[ChordChange, ...]

    def __post_init__(self) -> None:
        ticks = [change.tick for change in self.changes]
        if not ticks or any(after <= before for before, after in pairwise(ticks)):
            raise ValueError(f"changes at ticks {ticks}: expected at least one, ascending")

    def chord_at(self, tick: int) -> Chord | None:
        """The chord that stands at `tick` as far as is known."""
        return self.changes[max(0, self._index_at(tick))].chord

    def next_change(self, tick: int) -> ChordChange | None:
        """The first known change after `tick` to another chord, None where there is none."""
        chord = self.chord_at(tick)
        for change in self.changes[self._index_at(tick) + 1 :]:
            if change.chord != chord:
                return change
        return None

    def next_frame_tick(self, tick: int) -> int:
        """The tick of the next frame after `tick`: a beat line, or a known chord change inside the beat."""
        beat_line = self.grid.next_beat(tick)
        change = self.next_change(tick)
        return beat_line if change is None else min(beat_line, change.tick)

    def frame_at(self, tick: int, conditioning: Conditioning) -> Frame:
        """The frame that begins at `tick`."""
        change = self.next_change(tick)
        next_chord, next_in_beats = None, None
        if change is not None and change.chord is not None:
            ahead = (change.tick - self.grid.beat_start(tick)) // TICKS_PER_BEAT
            if ahead <= NEXT_CHORD_BEATS_MAX:
                next_chord, next_in_beats = change.chord, ahead
        return Frame(
            tick=tick,
            beat_in_bar=self.grid.beat_in_bar(tick),
            tick_in_beat=self.grid.tick_in_beat(tick),
            meter=self.grid.meter,
            chord=self.chord_at(tick),
            next_chord=next_chord,
            next_in_beats=next_in_beats,
            conditioning=conditioning,
        )

    def _index_at(self, tick: int) -> int:
        return bisect_right([change.tick for change in self.changes], tick) - 1
