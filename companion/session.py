"""Where the song is, as the bridge last told it. Pure: knows no chords and no notes; time is passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shared.messages import Transport
from shared.music import TICKS_PER_BEAT, Grid, Meter, SongClock, beats_to_ticks

TEMPO_JUMP_RATIO = 1.2
"""A tempo that changes by more than this at once calls for another line, not only for the same line faster."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a transport message changed. `pattern`: another one loops now; which one is selected while the song plays means nothing."""

    epoch: bool
    started: bool
    stopped: bool
    grid: bool
    pattern: bool
    tempo_jump: bool


class Session:
    """The song's position, tempo, metre and loop. Seconds are the bridge's monotonic clock."""

    def __init__(self) -> None:
        self.transport: Transport | None = None
        self.clock = SongClock(0.0, 0.0, 120.0)
        self.grid = Grid()

    @property
    def playing(self) -> bool:
        """True while FL's transport runs."""
        return self.transport is not None and self.transport.playing

    @property
    def epoch(self) -> int:
        """The stretch of playing we are in; 0 before any."""
        return 0 if self.transport is None else self.transport.epoch

    def apply(self, transport: Transport) -> Change:
        """Take over a transport message and tell what it changed."""
        before, grid, tempo_bpm = self.transport, self.grid, self.clock.tempo_bpm
        was_playing = self.playing
        self.transport = transport
        self.clock = SongClock(transport.at_sec, transport.beat, transport.tempo_bpm)
        loop_ticks = None if transport.loop_beats is None else max(1, beats_to_ticks(transport.loop_beats))
        self.grid = Grid(Meter(transport.numerator, transport.denominator), loop_ticks)
        epoch = before is None or before.epoch != transport.epoch
        ratio = max(transport.tempo_bpm / tempo_bpm, tempo_bpm / transport.tempo_bpm)
        return Change(
            epoch=epoch,
            started=transport.playing and (epoch or not was_playing),
            stopped=was_playing and not transport.playing,
            grid=self.grid != grid,
            pattern=before is not None and before.pattern != transport.pattern and loop_ticks is not None,
            tempo_jump=not epoch and ratio > TEMPO_JUMP_RATIO,
        )

    def tick_at(self, sec: float) -> int:
        """The unwrapped tick begun at a moment."""
        return math.floor(beats_to_ticks_exact(self.clock.beat_at(sec)))

    def next_tick_at(self, sec: float) -> int:
        """The first unwrapped tick not before a moment."""
        return math.ceil(beats_to_ticks_exact(self.clock.beat_at(sec)))


def beats_to_ticks_exact(beats: float) -> float:
    """Quarter notes as fractional ticks; within a millionth of a tick of a whole one, that whole one."""
    ticks = beats * TICKS_PER_BEAT
    return float(round(ticks)) if abs(ticks - round(ticks)) < 1e-6 else ticks
