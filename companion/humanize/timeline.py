"""A song's tempos and metres: where a beat lies in its bar, and how many milliseconds it lasts. Knows beats; knows no notes, no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.music import Meter
from shared.written import Floats, Ints, pulse_beats_of

USUAL_TEMPO_BPM = 120.0
_NEAR_BEATS = 1e-6
_COARSE, _COARSE_BEATS = (4, 3), 0.04
_FINE, _FINE_BEATS = (8, 6), 0.02


@dataclass(frozen=True, slots=True)
class Bars:
    """Where N beats lie: bar number from 0, quarters since the downbeat, the bar's length and the felt beat in quarters, each (N,)."""

    index: Ints
    beat: Floats
    beats: Floats
    pulse_beats: Floats


@dataclass(frozen=True, slots=True)
class Timeline:
    """Tempo and metre from beat 0 on. A new metre begins a bar where it stands, so the bar before it may be short.

    `tempo_beats` and `tempo_bpm` (quarters a minute): where each tempo begins, ascending from 0. The same for the metres: `meter_beats`,
    `bar_beats` (a bar's length in quarters), `pulse_beats`, and `first_bar`, the number of the bar that begins there.
    """

    tempo_beats: Floats
    tempo_bpm: Floats
    meter_beats: Floats
    bar_beats: Floats
    pulse_beats: Floats
    first_bar: Ints

    @classmethod
    def of(cls, tempos: Sequence[tuple[float, float]], meters: Sequence[tuple[float, int, int]]) -> Timeline:
        """The timeline of (beat, quarters a minute) and (beat, numerator, denominator), in any order; 120 in 4/4 where nothing is said.

        Of several at one beat the last counts. Raises ValueError for a tempo or a metre that cannot be.
        """
        tempo_at = {0.0: USUAL_TEMPO_BPM} | dict(sorted(tempos, key=lambda tempo: tempo[0]))
        meter_at = {0.0: (4, 4)} | {beat: (over, under) for beat, over, under in sorted(meters, key=lambda meter: meter[0])}
        if not all(0 < bpm < float("inf") for bpm in tempo_at.values()):
            raise ValueError("a tempo of zero")
        if any(over < 1 for over, _ in meter_at.values()):
            raise ValueError("a metre of zero beats")
        beats = np.array(sorted(meter_at), dtype=np.float64)
        lengths = np.array([meter_at[beat][0] * 4.0 / meter_at[beat][1] for beat in beats])
        bars = np.ceil(np.diff(beats) / lengths[:-1] - _NEAR_BEATS)
        return cls(
            np.array(sorted(tempo_at), dtype=np.float64),
            np.array([tempo_at[beat] for beat in sorted(tempo_at)], dtype=np.float64),
            beats,
            lengths,
            np.array([_pulse_beats(*meter_at[beat]) for beat in beats]),
            np.concatenate(([0], np.cumsum(bars))).astype(np.int64),
        )

    def tempo_at(self, beat: Floats) -> Floats:
        """Quarters a minute at beats (N,)."""
        place = np.searchsorted(self.tempo_beats, beat + _NEAR_BEATS, side="right") - 1
        tempo: Floats = self.tempo_bpm[np.maximum(place, 0)]
        return tempo

    def seconds(self, beat: Floats) -> Floats:
        """Seconds from the song's beginning to beats (N,)."""
        per_beat = 60.0 / self.tempo_bpm
        at = np.concatenate(([0.0], np.cumsum(np.diff(self.tempo_beats) * per_beat[:-1])))
        place = np.maximum(np.searchsorted(self.tempo_beats, beat, side="right") - 1, 0)
        return np.asarray(at[place] + (beat - self.tempo_beats[place]) * per_beat[place])

    def beats(self, sec: Floats) -> Floats:
        """Quarters from the song's beginning to seconds (N,): the inverse of `seconds`."""
        at = self.seconds(self.tempo_beats)
        place = np.maximum(np.searchsorted(at, sec, side="right") - 1, 0)
        return np.asarray(self.tempo_beats[place] + (sec - at[place]) * self.tempo_bpm[place] / 60.0)

    def bars(self, beat: Floats) -> Bars:
        """Where beats (N,), at least 0, lie in their bars."""
        place = np.maximum(np.searchsorted(self.meter_beats, beat + _NEAR_BEATS, side="right") - 1, 0)
        since, length = beat - self.meter_beats[place], self.bar_beats[place]
        whole = np.floor(since / length + _NEAR_BEATS)
        ends = np.append(self.meter_beats, np.inf)[place + 1]
        # The last bar before another metre may be cut short.
        real = np.minimum(length, ends - self.meter_beats[place] - whole * length)
        index = (self.first_bar[place] + whole).astype(np.int64)
        return Bars(index, np.maximum(since - whole * length, 0.0), real, self.pulse_beats[place])

    def on_grid(self, beat: Floats) -> Floats:
        """The written places of beats (N,): the nearest sixteenth or triplet eighth within 0.04 quarters, else the nearest thirty-second
        or triplet sixteenth within 0.02, counted from the downbeat; what lies between stays as it is.
        """
        bar = self.bars(beat)
        start = beat - bar.beat
        fine = _nearest(bar.beat, _FINE)
        coarse = _nearest(bar.beat, _COARSE)
        place = np.where(np.abs(fine - bar.beat) <= _FINE_BEATS, fine, bar.beat)
        place = np.where(np.abs(coarse - bar.beat) <= _COARSE_BEATS, coarse, place)
        # The end of a bar that another metre cuts short is a grid place too.
        place = np.where(np.abs(bar.beats - bar.beat) <= _COARSE_BEATS, bar.beats, place)
        return np.asarray(np.maximum(start + place, 0.0))


def _nearest(beat: Floats, divisions: tuple[int, ...]) -> Floats:
    places = np.stack([np.round(beat * division) / division for division in divisions])
    closest = np.argmin(np.abs(places - beat), axis=0)
    nearest: NDArray[np.float64] = places[closest, np.arange(len(beat))]
    return nearest


def on_length_grid(beats: Floats) -> Floats:
    """Written lengths for played ones, in quarters, (N,): the nearest division as in `Timeline.on_grid`, but never nothing."""
    place = beats.copy()
    for divisions, near_beats in ((_FINE, _FINE_BEATS), (_COARSE, _COARSE_BEATS)):
        nearest = _nearest(beats, divisions)
        place = np.where((np.abs(nearest - beats) <= near_beats) & (nearest > 0), nearest, place)
    return place


def _pulse_beats(numerator: int, denominator: int) -> float:
    try:
        return pulse_beats_of(Meter(numerator, denominator))
    except ValueError:
        # A metre over 1 or 32 is rare but written: its unit is its beat.
        return 4.0 / denominator
