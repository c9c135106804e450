"""A melody so far, read from the score alone: its phrase, its breath, its last moves. Knows no rules of harmony or rhythm.

What must last from task to task is thrown by dice whose key is a tick of the score, so every task finds the same answer again:
a phrase's length follows from the tick of its first note, a breath's from the tick of the note before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from companion.dice import fixed
from companion.rhythm import rest_ticks
from shared.chords import Chord
from shared.music import TICKS_PER_BEAT
from shared.score import Event, Frame, Note

OWN_TICKS_MAX = 3 * TICKS_PER_BEAT
"""The longest note of a player by rules. A longer one, from another player, is cut short by the next."""
# Notes of a phrase: human 10th, 50th and 90th percentile 11, 18, 30 (Weimar Jazz Database).
PHRASE_MEDIAN, PHRASE_SPREAD = 18.0, 0.37
PHRASE_MIN, PHRASE_MAX = 6, 36
RECENT_NOTES = 10
PHRASE_GRACE = 4
"""How many notes a phrase may go on beyond its length to find a chord note."""


class Line:
    """The line so far, as the score tells it."""

    def __init__(self, seed: int, events: Sequence[Event]) -> None:
        self._seed = seed
        self.notes = [event for event in events if isinstance(event, Note)]
        self.chord = _last_chord(events)
        begun = (count for count, (last, note) in enumerate(_backwards(self.notes), 1) if _parted(last, note.tick))
        self._count = next(begun, len(self.notes))
        self._target = self._length() if self.notes else 0

    def add(self, note: Note, chord: Chord | None) -> None:
        """A note is written, over `chord`."""
        opens = self.opens_at(note.tick)
        self.notes.append(note)
        self.chord = chord
        self._count = 1 if opens else self._count + 1
        if opens:
            self._target = self._length()

    def opens_at(self, tick: int) -> bool:
        """True where a note at `tick` begins a phrase."""
        return not self.notes or _parted(self.notes[-1], tick)

    @property
    def ending(self) -> bool:
        """True where the next note should be the phrase's last."""
        return self._count + 1 >= self._target

    @property
    def over(self) -> bool:
        """True where the phrase has ended."""
        return bool(self.notes) and self._closes(self._count, self.notes[-1].pitch, self.chord)

    def would_end(self, pitch: int, chord: Chord | None) -> bool:
        """True where a note of `pitch` over `chord`, written next without a rest, ends the phrase."""
        return self._closes(self._count + 1, pitch, chord)

    @property
    def cut_tick(self) -> int:
        """The first tick after what has been written."""
        if not self.notes:
            return -(2**62)
        last = self.notes[-1]
        return max(last.tick + 1, min(last.end_tick, last.tick + OWN_TICKS_MAX))

    @property
    def free_tick(self) -> int:
        """The first tick at which the line goes on: after a phrase it breathes."""
        return self.cut_tick + (rest_ticks(fixed(self._seed, "rest", self.notes[-1].tick)) if self.over else 0)

    @property
    def recent(self) -> tuple[int, ...]:
        """The pitches of the last notes."""
        return tuple(note.pitch for note in self.notes[-RECENT_NOTES:])

    def onsets(self, from_tick: int, to_tick: int) -> list[int]:
        """Onsets from `from_tick` up to, not including, `to_tick`."""
        return [note.tick for note in self.notes if from_tick <= note.tick < to_tick]

    def move_to(self, tick: int) -> int | None:
        """The move in semitones to the note at `tick`, None where there is none."""
        return next((note.pitch - last.pitch for last, note in _backwards(self.notes) if note.tick == tick), None)

    def _closes(self, count: int, pitch: int, chord: Chord | None) -> bool:
        """A phrase ends when it is long enough, on a chord note if one comes in time."""
        if count < self._target:
            return False
        return chord is None or pitch % 12 in chord.tones or count >= self._target + PHRASE_GRACE

    def _length(self) -> int:
        """How many notes the phrase wants."""
        chance = fixed(self._seed, "phrase", self.notes[-self._count].tick)
        notes = PHRASE_MEDIAN * math.exp(NormalDist().inv_cdf(max(chance, 1e-9)) * PHRASE_SPREAD)
        return max(PHRASE_MIN, min(PHRASE_MAX, round(notes)))


def _backwards(notes: Sequence[Note]) -> Iterator[tuple[Note, Note]]:
    """Every note with the one before it, newest first."""
    return zip(reversed(notes[:-1]), reversed(notes[1:]), strict=True)


def _parted(last: Note, tick: int) -> bool:
    """True where a rest of a beat or more lies between a note and an onset."""
    return tick - last.end_tick >= TICKS_PER_BEAT


def _last_chord(events: Sequence[Event]) -> Chord | None:
    """The chord of the last note."""
    newest_first = iter(reversed(events))
    if not any(isinstance(event, Note) for event in newest_first):
        return None
    return next((event.chord for event in newest_first if isinstance(event, Frame)), None)
