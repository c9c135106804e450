"""A solo as the measures see it: its notes in quarter notes, the chord at each, metre and tempo. Knows no file and no measure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.chords import Chord
from shared.errors import DataError
from shared.music import TICKS_PER_BEAT, Meter, beats_to_sec
from shared.score import Event, Frame, Note

Beats = NDArray[np.float64]
Change = tuple[float, Chord | None]
EARLY_BEATS = 1 / 16
"""An onset this little before a beat or a chord belongs to it: players and sequencers are not exact."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One player's notes, one at a time, ascending; beat 0 is a downbeat. All arrays have shape (notes,).

    `onset_beat` is where notes are written, `played_beat` where they fell in a recording (None where nobody played).
    `chords` holds the chord that stands at each note, `phrases` an annotator's phrase numbers where there are any.
    `changes` (beat, chord) and `end_beat` serve pictures.
    """

    name: str
    tempo_bpm: float
    meter: Meter
    onset_beat: Beats
    duration_beat: Beats
    pitch: NDArray[np.int64]
    chords: tuple[Chord | None, ...]
    changes: tuple[Change, ...] = ()
    end_beat: float = 0.0
    played_beat: Beats | None = None
    phrases: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.onset_beat), len(self.duration_beat), len(self.pitch), len(self.chords)}
        if len(lengths) > 1:
            raise ValueError(f"{self.name}: onsets, durations, pitches and chords of different lengths {sorted(lengths)}")
        if np.any(np.diff(self.onset_beat) < 0):
            raise ValueError(f"{self.name}: onsets must ascend")

    def __len__(self) -> int:
        return len(self.onset_beat)

    @property
    def span_beats(self) -> float:
        """Quarter notes from the first onset to the last release, 0 without notes."""
        return float(self.onset_beat[-1] + self.duration_beat[-1] - self.onset_beat[0]) if len(self) else 0.0

    @property
    def sounding_beats(self) -> Beats:
        """How long each note sounds until it ends or the next begins, in quarter notes."""
        if not len(self):
            return self.duration_beat
        return np.asarray(np.minimum(self.duration_beat, np.append(np.diff(self.onset_beat), np.inf)))

    @property
    def gaps_sec(self) -> Beats:
        """Silence before each note but the first, in seconds; shape (notes - 1,)."""
        gaps = np.diff(self.onset_beat) - self.sounding_beats[:-1]
        return np.asarray(gaps * beats_to_sec(1.0, self.tempo_bpm))

    @property
    def bars(self) -> NDArray[np.int64]:
        """The number of each note's bar, from 0."""
        return np.floor((self.onset_beat + 1e-6) / self.meter.bar_beats).astype(np.int64)


def line_of(
    name: str,
    tempo_bpm: float,
    meter: Meter,
    notes: Sequence[tuple[float, float, int]],
    changes: Sequence[Change],
    end_beat: float | None = None,
) -> Line:
    """The line of `notes` (onset and duration in quarter notes, pitch) over `changes`; of notes struck together the highest stays."""
    top: dict[float, tuple[float, float, int]] = {}
    for note in sorted(notes, key=lambda note: (note[0], note[2])):
        top[note[0]] = note
    kept = list(top.values())
    beats = [beat for beat, _ in changes]
    places = [bisect_right(beats, onset + EARLY_BEATS) - 1 for onset, _, _ in kept]
    return Line(
        name=name,
        tempo_bpm=tempo_bpm,
        meter=meter,
        onset_beat=np.array([onset for onset, _, _ in kept], dtype=np.float64),
        duration_beat=np.array([duration for _, duration, _ in kept], dtype=np.float64),
        pitch=np.array([pitch for _, _, pitch in kept], dtype=np.int64),
        chords=tuple(changes[place][1] if place >= 0 else None for place in places),
        changes=tuple(changes),
        end_beat=max([onset + duration for onset, duration, _ in kept], default=0.0) if end_beat is None else end_beat,
    )


def line_of_score(name: str, events: Sequence[Event]) -> Line:
    """The line of a score, from its first frame's bar on. Raises DataError for a score that begins with a note or holds nothing."""
    if not events or not isinstance(events[0], Frame):
        raise DataError(f"{name}: a score begins with a frame")
    first = events[0]
    start_tick = first.tick - first.tick_in_beat - first.beat_in_bar * TICKS_PER_BEAT
    notes: list[tuple[float, float, int]] = []
    changes: list[Change] = []
    last = first
    for event in events:
        beat = (event.tick - start_tick) / TICKS_PER_BEAT
        if isinstance(event, Note):
            notes.append((beat, event.duration_ticks / TICKS_PER_BEAT, event.pitch))
        else:
            last = event
            if not changes or changes[-1][1] != event.chord:
                changes.append((beat, event.chord))
    end_beat = (last.tick - last.tick_in_beat - start_tick) / TICKS_PER_BEAT + 1.0
    return line_of(name, first.conditioning.tempo_bpm, first.meter, notes, changes, end_beat)
