"""Notes, metre and time units. Knows neither wall time nor sound.

Units: a *beat* is a quarter note; a *tick* is 1/24 beat (one MIDI clock), the grid on which solos are written;
a *bar* is `Meter.bar_ticks` ticks. Song time is unwrapped: in pattern mode it keeps growing while FL's own position
starts again at every pass, and `Grid` folds it back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

TICKS_PER_BEAT = 24
PITCH_MAX = 127
TEMPO_BPM_MIN = 20.0
TEMPO_BPM_MAX = 400.0


def ticks_to_beats(ticks: float) -> float:
    """Ticks (1/24 quarter note) as quarter notes."""
    return ticks / TICKS_PER_BEAT


def beats_to_ticks(beats: float) -> int:
    """Quarter notes as the nearest tick."""
    return round(beats * TICKS_PER_BEAT)


def beats_to_sec(beats: float, tempo_bpm: float) -> float:
    """Length of `beats` quarter notes in seconds at `tempo_bpm` quarter notes a minute."""
    return beats * 60.0 / tempo_bpm


def sec_to_beats(sec: float, tempo_bpm: float) -> float:
    """Length of `sec` seconds in quarter notes at `tempo_bpm` quarter notes a minute."""
    return sec * tempo_bpm / 60.0


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature such as 4/4 or 6/8.

    Raises ValueError unless numerator is 1..32 and denominator 2, 4, 8 or 16.
    """

    numerator: int = 4
    denominator: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.numerator <= 32 or self.denominator not in (2, 4, 8, 16):
            raise ValueError(f"metre {self.numerator}/{self.denominator}: expected 1..32 over 2, 4, 8 or 16")

    @property
    def bar_ticks(self) -> int:
        """Length of a bar in ticks."""
        return self.numerator * 4 * TICKS_PER_BEAT // self.denominator

    @property
    def bar_beats(self) -> float:
        """Length of a bar in quarter notes (3.0 for 6/8)."""
        return self.bar_ticks / TICKS_PER_BEAT


@dataclass(frozen=True, slots=True)
class Grid:
    """Where unwrapped ticks lie in the song: metre, and the loop's length in pattern mode (None in song mode)."""

    meter: Meter = Meter()
    loop_ticks: int | None = None

    def __post_init__(self) -> None:
        if self.loop_ticks is not None and self.loop_ticks <= 0:
            raise ValueError(f"loop_ticks {self.loop_ticks}: expected more than 0, or None")

    def song_tick(self, tick: int) -> int:
        """FL's own position for an unwrapped tick."""
        return tick if self.loop_ticks is None else tick % self.loop_ticks

    def tick_in_bar(self, tick: int) -> int:
        """Ticks since the downbeat. A loop that is no whole number of bars starts its bars anew at each pass."""
        return self.song_tick(tick) % self.meter.bar_ticks

    def bar_index(self, tick: int) -> int:
        """Bar number in the song, from 0."""
        return self.song_tick(tick) // self.meter.bar_ticks

    def beat_in_bar(self, tick: int) -> int:
        """Quarter notes begun since the downbeat: 0 on the downbeat."""
        return self.tick_in_bar(tick) // TICKS_PER_BEAT

    def tick_in_beat(self, tick: int) -> int:
        """Ticks since the last quarter of the bar, 0..23."""
        return self.tick_in_bar(tick) % TICKS_PER_BEAT

    def beat_start(self, tick: int) -> int:
        """The tick of the beat line at or before `tick`."""
        return tick - self.tick_in_beat(tick)

    def next_beat(self, tick: int) -> int:
        """The tick of the first beat line after `tick`: a quarter on, or sooner where the bar or the loop ends."""
        song, bar = self.song_tick(tick), self.meter.bar_ticks
        start = song - self.tick_in_beat(tick)
        ends = [start + TICKS_PER_BEAT, (song // bar + 1) * bar]
        if self.loop_ticks is not None:
            ends.append(self.loop_ticks)
        return tick + min(ends) - song

    def next_bar(self, tick: int) -> int:
        """The tick of the first downbeat after `tick`."""
        song, bar = self.song_tick(tick), self.meter.bar_ticks
        end = (song // bar + 1) * bar
        if self.loop_ticks is not None:
            end = min(end, self.loop_ticks)
        return tick + end - song


@dataclass(frozen=True, slots=True)
class SongClock:
    """A straight line through song time and wall time: the one place that converts between them.

    `beat` quarter notes (unwrapped) stand at `at_sec` monotonic seconds; `tempo_bpm` quarter notes pass a minute.
    Raises ValueError where a value is not finite or the tempo is outside 20..400.
    """

    at_sec: float
    beat: float
    tempo_bpm: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.at_sec) and math.isfinite(self.beat)):
            raise ValueError("clock time must be finite")
        if not TEMPO_BPM_MIN <= self.tempo_bpm <= TEMPO_BPM_MAX:
            raise ValueError(f"tempo {self.tempo_bpm}: expected {TEMPO_BPM_MIN:g}..{TEMPO_BPM_MAX:g} BPM")

    def beat_at(self, sec: float) -> float:
        """Quarter notes (unwrapped) at a monotonic time in seconds."""
        return self.beat + sec_to_beats(sec - self.at_sec, self.tempo_bpm)

    def sec_at(self, beat: float) -> float:
        """Monotonic time in seconds of an unwrapped position in quarter notes."""
        return self.at_sec + beats_to_sec(beat - self.beat, self.tempo_bpm)
