"""A song: chords in their order. Knows no files, no voicings and no solos."""

from __future__ import annotations

from dataclasses import dataclass

from shared.chords import Chord
from shared.music import Meter, beats_to_ticks
from shared.score import Note


@dataclass(frozen=True, slots=True)
class Song:
    """A song's chords in their order, None for silence, each with its length in quarter notes. `unread` chords had no known symbol.

    `meter` and `tempo_bpm` are None where nothing tells them. `line` is what a lead plays over it from tick 0 on.
    """

    name: str
    chords: tuple[tuple[Chord | None, float], ...]
    unread: int = 0
    title: str = ""
    meter: Meter | None = None
    tempo_bpm: float | None = None
    line: tuple[Note, ...] = ()

    @property
    def length_ticks(self) -> int:
        """Length once through."""
        return beats_to_ticks(sum(beats for _, beats in self.chords))

    @property
    def changes(self) -> tuple[tuple[int, Chord | None], ...]:
        """(tick, chord) once through, the first at tick 0."""
        found, beat = [], 0.0
        for chord, beats in self.chords:
            found.append((beats_to_ticks(beat), chord))
            beat += beats
        return tuple(found)
