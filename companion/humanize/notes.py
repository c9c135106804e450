"""A track's notes as arrays, and what becomes of them. Knows beats; knows no files, no nets and no rules.

    Notes (as they stand) ──► evened by controls ──► controls ──► Notes moved, Ornaments, Pedals ──┐
                                └──► Written ──► humanizer ──► Performance ──► mixed by intensity ─┴──► Outcome
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from companion.humanize.timeline import Timeline, on_length_grid
from shared.places import SIXTEENTH, nearest_places, written_length
from shared.written import DRUMS, Floats, Ints, Performance, Written, order_of

Mask = NDArray[np.bool_]
VELOCITY_MIN, VELOCITY_MAX = 1, 127
_LENGTH_LEAST_BEATS = 1e-3
_MS_PER_MINUTE = 60_000.0


@dataclass(frozen=True, slots=True)
class Notes:
    """N notes, ascending by onset where they come from a file. Arrays (N,): quarters from the song's beginning, 0..127, 1..127."""

    onset_beat: Floats
    duration_beat: Floats
    pitch: Ints
    velocity: Floats

    def __len__(self) -> int:
        return len(self.onset_beat)

    @property
    def end_beat(self) -> Floats:
        """Where the notes end, in quarters."""
        end: Floats = self.onset_beat + self.duration_beat
        return end

    def moved(self, onset_beat: Floats, end_beat: Floats | None = None) -> Notes:
        """The same notes at new onsets; with their lengths, or with new ends that lie after the onsets."""
        if end_beat is None:
            return replace(self, onset_beat=onset_beat)
        return replace(self, onset_beat=onset_beat, duration_beat=np.maximum(end_beat - onset_beat, _LENGTH_LEAST_BEATS))

    def part(self, where: Mask | Ints) -> Notes:
        """The notes at `where`."""
        return Notes(self.onset_beat[where], self.duration_beat[where], self.pitch[where], self.velocity[where])


@dataclass(frozen=True, slots=True)
class Ornament:
    """A note added before another: the `parent`'s index, how long before it and how long in quarters, its share of the velocity."""

    parent: int
    before_beat: float
    duration_beat: float
    velocity_share: float


@dataclass(frozen=True, slots=True)
class Pedal:
    """The sustain pedal held for a `chord`, in quarters from where notes come to begin: down `down_beat` after the chord's last one, up
    `lift_beat` before the first of `after`, the next chord, and `hold_beats` after it went down at the latest. Chords are notes' indices.
    """

    chord: tuple[int, ...]
    after: tuple[int, ...]
    down_beat: float
    lift_beat: float
    hold_beats: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of N notes: shifts in quarters and new velocities, arrays (N,), and what is added."""

    onset_shift_beat: Floats
    duration_shift_beat: Floats
    velocity: Floats
    ornaments: tuple[Ornament, ...] = ()
    pedals: tuple[Pedal, ...] = ()

    @classmethod
    def nothing(cls, notes: Notes) -> Outcome:
        """The outcome that leaves `notes` as they are."""
        return cls.between(notes, notes)

    @classmethod
    def between(cls, before: Notes, after: Notes, ornaments: tuple[Ornament, ...] = (), pedals: tuple[Pedal, ...] = ()) -> Outcome:
        """The outcome that makes `after` of `before`, and adds what is given."""
        late, longer = after.onset_beat - before.onset_beat, after.duration_beat - before.duration_beat
        return cls(late, longer, after.velocity.copy(), ornaments, pedals)

    def over(self, rules: Outcome) -> Outcome:
        """This on top of what `rules` did to the same notes: shifts add up, what they added stays, the velocities are these."""
        return Outcome(
            rules.onset_shift_beat + self.onset_shift_beat,
            rules.duration_shift_beat + self.duration_shift_beat,
            self.velocity,
            rules.ornaments + self.ornaments,
            rules.pedals + self.pedals,
        )

    def within(self, whole: Outcome, places: Ints, chosen: Mask) -> Outcome:
        """`whole`, the outcome of more notes, with this one's `chosen` (N,) at their `places` (N,) among them."""
        onset, duration, velocity = (array.copy() for array in whole._arrays())
        at = places[chosen]
        onset[at], duration[at], velocity[at] = (array[chosen] for array in self._arrays())
        ornaments = [replace(own, parent=int(places[own.parent])) for own in self.ornaments if chosen[own.parent]]
        pedals = [
            replace(own, chord=tuple(places[list(own.chord)].tolist()), after=tuple(places[list(own.after)].tolist()))
            for own in self.pedals if chosen[own.chord[0]]
        ]  # fmt: skip
        return Outcome(onset, duration, velocity, whole.ornaments + tuple(ornaments), whole.pedals + tuple(pedals))

    def _arrays(self) -> tuple[Floats, Floats, Floats]:
        return self.onset_shift_beat, self.duration_shift_beat, self.velocity


@dataclass(frozen=True, slots=True)
class Intensity:
    """How much of the prediction is taken, for each quantity, 0..1."""

    velocity: float
    duration: float
    timing: float

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is taken at all."""
        return not (self.velocity or self.duration or self.timing)


@dataclass(frozen=True, slots=True)
class Score:
    """Notes as written and as they stand, in the order of the written; `order`: the index in `Notes` of each."""

    written: Written
    played: Performance
    order: Ints


def score_of(notes: Notes, timeline: Timeline, instrument: str, style: str) -> Score:
    """`notes` as a score: their nearest grid places and lengths where they lie close to them, and how they stray from these."""
    return _score(notes, timeline.on_grid(notes.onset_beat), on_length_grid(notes.duration_beat), timeline, instrument, style)


def take_of(notes: Notes, timeline: Timeline, instrument: str, style: str) -> Score:
    """A player's `notes` as a score: what they were written as, however far the player strays, found as for the takes of training."""
    if instrument == DRUMS:
        onset, step = np.round(notes.onset_beat / SIXTEENTH) * SIXTEENTH, np.full(len(notes), SIXTEENTH)
    else:
        # Beats are those of the bar, which need not begin on a whole quarter of the song.
        phase = (notes.onset_beat - timeline.bars(notes.onset_beat).beat) % 1.0
        onset, step = nearest_places(notes.onset_beat - phase)
        onset = np.maximum(onset + phase, 0.0)
    return _score(notes, onset, written_length(notes.duration_beat, step), timeline, instrument, style)


def _score(notes: Notes, onset: Floats, length: Floats, timeline: Timeline, instrument: str, style: str) -> Score:
    """`notes` that are written at `onset` (N,) and last `length` (N,) quarters."""
    order = order_of(onset, notes.pitch)
    onset, length = onset[order], np.maximum(length[order], _LENGTH_LEAST_BEATS)
    bars = timeline.bars(onset)
    tempo = timeline.tempo_at(onset)
    written = Written(onset, length, notes.pitch[order], bars.beat, bars.beats, bars.pulse_beats, tempo, instrument, style)
    played = Performance(
        notes.velocity[order],
        (notes.onset_beat[order] - onset) * _MS_PER_MINUTE / tempo,
        np.log(np.maximum(notes.duration_beat[order], _LENGTH_LEAST_BEATS) / length),
    )
    return Score(written, played, order)


def mixed(score: Score, predicted: Performance, intensity: Intensity, keep_accents: bool = False, keep_level: bool = False) -> Outcome:
    """`new = (1 - i) * old + i * predicted` for velocity, length and onset, each with its own intensity, in the order of `Notes`.

    What is not predicted (NaN) stays, and so do the lengths of drums, which mean nothing. `keep_accents`: a note's distance from the
    track's middle velocity is added to its prediction. `keep_level`: predictions are moved to be as loud on average as the notes are.
    """
    written, played = score.written, score.played
    velocity = predicted.velocity
    if keep_accents and len(written):
        velocity = velocity + played.velocity - np.median(played.velocity)
    if keep_level and len(written):
        velocity = velocity + np.nan_to_num(np.mean(played.velocity - velocity))
    velocity = np.clip(velocity, VELOCITY_MIN, VELOCITY_MAX)
    old_length, new_length = (written.duration_beat * np.exp(side.log_ratio) for side in (played, predicted))
    if written.is_drums:
        new_length = old_length
    lead_ms = predicted.onset_ms - played.onset_ms
    places = np.empty_like(score.order)
    places[score.order] = np.arange(len(score.order))
    return Outcome(
        (intensity.timing * np.nan_to_num(lead_ms) * written.tempo_bpm / _MS_PER_MINUTE)[places],
        (intensity.duration * np.nan_to_num(new_length - old_length))[places],
        (played.velocity + intensity.velocity * np.nan_to_num(velocity - played.velocity))[places],
    )


def ms_to_beats(ms: Floats | float, tempo_bpm: Floats | float) -> Floats:
    """Milliseconds as quarters at a tempo in quarters a minute."""
    return np.asarray(ms * tempo_bpm / _MS_PER_MINUTE, dtype=np.float64)
