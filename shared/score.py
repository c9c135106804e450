"""The score being written: beats with their chord, and notes. The one language of planner, model and trainer.

A score is a list of events in song order. Every beat begins with a `Frame` that says where in the bar we are and which
chord stands; a chord change inside a beat adds another `Frame` at its tick. A `Note` belongs to the frame before it.
So a rest is simply frames without notes, and a chord is always aligned in time with the melody that answers it.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.chords import Chord
from shared.music import PITCH_MAX, Meter

ROLES = ("lead", "bass", "comp")
# The lowest and the highest MIDI pitch that each role plays.
PITCH_RANGES = {"lead": (40, 97), "bass": (28, 62), "comp": (43, 86)}
FEELS = ("swing", "even")
STYLES = ("unknown", "bebop", "swing", "cool", "hardbop", "postbop", "fusion", "free", "traditional", "pop")


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What the player is asked to be: role, tempo in quarter notes a minute, feel, style."""

    role: str = "lead"
    tempo_bpm: float = 120.0
    feel: str = "swing"
    style: str = "unknown"

    def __post_init__(self) -> None:
        for value, known, name in ((self.role, ROLES, "role"), (self.feel, FEELS, "feel"), (self.style, STYLES, "style")):
            if value not in known:
                raise ValueError(f"{name} {value!r}: expected one of {', '.join(known)}")


@dataclass(frozen=True, slots=True)
class Frame:
    """A beat line, or a chord change inside a beat.

    `tick` unwrapped; `beat_in_bar` quarters begun since the downbeat; `chord` None for no chord;
    `next_chord` and `next_in_beats` the coming change (quarters from this frame's beat line, 0..16), both None while unknown.
    """

    tick: int
    beat_in_bar: int
    tick_in_beat: int
    meter: Meter
    chord: Chord | None
    next_chord: Chord | None
    next_in_beats: int | None
    conditioning: Conditioning


@dataclass(frozen=True, slots=True)
class Note:
    """A written note: unwrapped onset `tick`, MIDI `pitch` 0..127, `duration_ticks` at least 1."""

    tick: int
    pitch: int
    duration_ticks: int

    def __post_init__(self) -> None:
        if not 0 <= self.pitch <= PITCH_MAX:
            raise ValueError(f"pitch {self.pitch}: expected 0..{PITCH_MAX}")
        if self.duration_ticks < 1:
            raise ValueError(f"duration_ticks {self.duration_ticks}: expected at least 1")

    @property
    def end_tick(self) -> int:
        """The tick at which the note is released."""
        return self.tick + self.duration_ticks


Event = Frame | Note
