"""A track as written and as played, note by note: what the humanizer reads and what it answers. Knows metre; knows no files, no nets.

Both sides keep their notes in one order, ascending by onset, then by pitch, so that place i is the same note in both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from shared.music import Meter

INSTRUMENTS = ("drums", "bass", "guitar", "keys", "strings", "lead")
"""What may be humanized; `lead` stands for solo winds and voices."""
PLAYING_STYLES = (
    "unknown", "jazz", "funk", "rock", "latin", "hiphop", "soul", "pop", "afro", "country", "gospel", "reggae", "neworleans", "dance",
    "blues", "punk", "classical", "middleeastern", "highlife",
)  # fmt: skip
"""Ways of playing, the unknown one first."""
UNKNOWN_STYLE = PLAYING_STYLES[0]
DRUMS = INSTRUMENTS[0]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_COMPOUND = 3
_EIGHTH = 8


@dataclass(frozen=True, slots=True)
class Written:
    """N notes of one track as written, ascending by onset, then by pitch. Arrays of shape (N,).

    `onset_beat`: quarters from the track's start, on the grid. `duration_beat`: quarters, above 0. `pitch`: 0..127, for drums the notes of
    a kit, which `shared.drum_kit` maps to voices. `bar_beat`: quarters since the downbeat. `bar_beats`: the bar's length in quarters.
    `pulse_beats`: the felt beat in quarters, see `pulse_beats_of`. `tempo_bpm`: quarters a minute, NaN where unknown.
    Raises ValueError where an array has another length, an impossible value or the wrong order, or a name is not in the lists above.
    """

    onset_beat: Floats
    duration_beat: Floats
    pitch: Ints
    bar_beat: Floats
    bar_beats: Floats
    pulse_beats: Floats
    tempo_bpm: Floats
    instrument: str
    style: str = UNKNOWN_STYLE

    def __post_init__(self) -> None:
        _check_lengths(self)
        for name in ("onset_beat", "duration_beat", "bar_beat", "bar_beats", "pulse_beats"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{name}: expected finite numbers")
        for name in ("duration_beat", "bar_beats", "pulse_beats"):
            if not (getattr(self, name) > 0).all():
                raise ValueError(f"{name}: expected values above 0")
        if not (np.isnan(self.tempo_bpm) | ((self.tempo_bpm > 0) & np.isfinite(self.tempo_bpm))).all():
            raise ValueError("tempo_bpm: expected values above 0, or NaN")
        if not ((self.pitch >= 0) & (self.pitch <= 127)).all():
            raise ValueError("pitch: expected 0..127")
        gap = np.diff(self.onset_beat)
        if ((gap < 0) | ((gap == 0) & (np.diff(self.pitch) < 0))).any():
            raise ValueError("notes must ascend by onset, then by pitch")
        if self.instrument not in INSTRUMENTS:
            raise ValueError(f"instrument {self.instrument!r}: expected one of {', '.join(INSTRUMENTS)}")
        if self.style not in PLAYING_STYLES:
            raise ValueError(f"style {self.style!r}: expected one of {', '.join(PLAYING_STYLES)}")

    def __len__(self) -> int:
        return len(self.onset_beat)

    @property
    def is_drums(self) -> bool:
        """Whether the pitches name drums."""
        return self.instrument == DRUMS

    def part(self, where: slice | Ints | NDArray[np.bool_]) -> Written:
        """The notes at `where`, their onsets as they are."""
        return Written(
            self.onset_beat[where], self.duration_beat[where], self.pitch[where], self.bar_beat[where], self.bar_beats[where],
            self.pulse_beats[where], self.tempo_bpm[where], self.instrument, self.style,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Performance:
    """How N notes are played, arrays of shape (N,), NaN where not known.

    `velocity`: 1..127, with a fraction where a net says it. `onset_ms`: behind (+) or ahead (-) of the written place.
    `log_ratio`: ln(played length / written length). Raises ValueError where the lengths differ.
    """

    velocity: Floats
    onset_ms: Floats
    log_ratio: Floats

    def __post_init__(self) -> None:
        _check_lengths(self)

    def __len__(self) -> int:
        return len(self.velocity)

    def part(self, where: slice | Ints | NDArray[np.bool_]) -> Performance:
        """How the notes at `where` are played."""
        return Performance(self.velocity[where], self.onset_ms[where], self.log_ratio[where])


def order_of(onset_beat: Floats, pitch: Ints) -> Ints:
    """The order in which `Written` wants notes: indices that sort by onset, then by pitch."""
    return np.lexsort((pitch, onset_beat)).astype(np.int64)


def pulse_beats_of(meter: Meter) -> float:
    """The felt beat of a metre in quarters: its denominator's note, or three of them where eighths go by threes (6/8, 9/8, 12/8)."""
    unit = 4.0 / meter.denominator
    return _COMPOUND * unit if meter.denominator >= _EIGHTH and meter.numerator % _COMPOUND == 0 else unit


def _arrays(notes: Written | Performance) -> dict[str, Floats | Ints]:
    return {item.name: getattr(notes, item.name) for item in fields(notes) if item.name not in ("instrument", "style")}


def _check_lengths(notes: Written | Performance) -> None:
    shapes = {name: array.shape for name, array in _arrays(notes).items()}
    if len(set(shapes.values())) != 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(f"arrays of one length expected, got {', '.join(f'{name} {shape}' for name, shape in shapes.items())}")
