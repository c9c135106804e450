"""Follows what is held and struck, and tells when a chord begins. Pure: time is passed in; knows neither plan nor chart.

Notes struck close together are one *gesture*: a block chord, a strum, a rolled chord. A gesture is named `settle_ms` after its
last note, so a block chord costs no latency, and named again when more notes arrive: then the fuller name replaces the first.
Releases name nothing: the chord stands until another is struck.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from shared.belief import Belief
from shared.chords import Chord
from shared.music import TICKS_PER_BEAT, Grid, beats_to_ticks
from shared.recognize import nats

ROLL_TIMES_MAX = 4
"""A gesture whose notes go on arriving may last this many times `roll_ms`: five fingers and a slow arm."""
TOGETHER_SEC = 0.030
"""Notes struck within this time count as one stroke, even where the first are released before the last."""
OVERLAP_SEC = 0.120
"""Fingers of the chord before may be lifted so late after the next one; what they held was not meant any more."""
KEEP_NATS = 0.7
"""A standing chord that explains the notes as well as the best name but for this is kept."""
DYAD_BELOW = 60
"""Two notes alone make a chord only below middle C: above it they are a melody in thirds."""
LINE_MS = 60.0
LINE_TICKS = 3
LINE_TICKS_MAX = 5
_PLACES = (0, 6, 8, 12, 16, 18, 24)


@dataclass(frozen=True, slots=True)
class HeardChord:
    """A chord that was struck.

    `tick` is `onset_beat` (unwrapped quarter notes) on the grid, `at_sec` when its first note was struck. `replaces`: the same
    gesture was told before under a name that no longer holds. A chord struck again is told again; whether that is news is
    for the listener to judge. `cause` is that of the last note that made the name.
    """

    chord: Chord
    onset_beat: float
    tick: int
    at_sec: float
    cause: int | None
    replaces: bool


@dataclass(slots=True)
class _Gesture:
    """Notes that arrive together, and what is known of them so far.

    `notes` are those that belong to it, by the time they were struck; `others` are held since before it.
    """

    at_sec: float
    beat: float
    tick: int
    last_sec: float
    due_sec: float | None = None
    cause: int | None = None
    notes: dict[int, float] = field(default_factory=dict)
    others: frozenset[int] = frozenset()
    told: Chord | None = None


def snapped_tick(beat: float, grid: Grid, tempo_bpm: float) -> int:
    """The tick where a chord struck at `beat` belongs.

    Within 60 ms of a beat line, or 3 ticks where that is more, it is the beat line's; else the nearest sixteenth or eighth
    triplet of its beat.
    """
    exact = beat * TICKS_PER_BEAT
    tick = beats_to_ticks(beat)
    start = grid.beat_start(tick)
    end = grid.next_beat(tick)
    near = min(LINE_TICKS_MAX, max(LINE_TICKS, LINE_MS / 1000.0 * tempo_bpm / 60.0 * TICKS_PER_BEAT))
    for line in (start, end):
        if abs(exact - line) <= near:
            return line
    return start + min((place for place in _PLACES if start + place <= end), key=lambda place: abs(start + place - exact))


class ChordTracker:
    """Names gestures. `hear` every change of the held notes, in order of time; `poll` when `next_sec` has come."""

    def __init__(self, settle_ms: float = 2.0, roll_ms: float = 80.0) -> None:
        self._settle_sec = settle_ms / 1000.0
        self._roll_sec = roll_ms / 1000.0
        self._gesture: _Gesture | None = None
        self._standing: Chord | None = None
        self._standing_notes: frozenset[int] = frozenset()
        self._belief = Belief()
        self._before: tuple[Chord | None, frozenset[int], Belief] = (None, frozenset(), self._belief)

    @property
    def standing(self) -> Chord | None:
        """The chord that was struck last, None before any."""
        return self._standing

    def hear(
        self,
        at_sec: float,
        beat: float,
        struck: tuple[int, ...],
        held: tuple[int, ...],
        cause: int | None = None,
        grid: Grid | None = None,
        tempo_bpm: float = 120.0,
    ) -> None:
        """The notes `held` from `at_sec` (seconds) and `beat` (unwrapped quarter notes) on; `struck` are those just begun.

        `grid` and `tempo_bpm` tell where the beat lines are; without them, at whole quarter notes and 120 BPM.
        """
        down = frozenset(held)
        gesture = self._gesture
        if struck:
            if gesture is None or not self._goes_on(gesture, at_sec, down):
                tick = snapped_tick(beat, grid if grid is not None else Grid(), tempo_bpm)
                gesture = self._gesture = _Gesture(at_sec, beat, tick, at_sec)
                self._before = (self._standing, self._standing_notes, self._belief)
            kept = {pitch: sec for pitch, sec in gesture.notes.items() if pitch in down or at_sec - sec <= TOGETHER_SEC}
            gesture.notes = kept | dict.fromkeys(struck, at_sec)
            gesture.others = down - gesture.notes.keys()
            gesture.last_sec, gesture.due_sec, gesture.cause = at_sec, at_sec + self._settle_sec, cause
        elif gesture is not None and at_sec - gesture.last_sec <= OVERLAP_SEC and gesture.others - down:
            gesture.others &= down
            gesture.due_sec = max(at_sec, gesture.last_sec + self._settle_sec)

    def next_sec(self) -> float | None:
        """When the gesture that goes on will have settled; None: nothing to be named."""
        return None if self._gesture is None else self._gesture.due_sec

    def poll(self, now_sec: float) -> HeardChord | None:
        """The chord that has settled by now and was not told yet; None where there is nothing new."""
        gesture = self._gesture
        if gesture is None or gesture.due_sec is None or now_sec < gesture.due_sec:
            return None
        gesture.due_sec = None
        sounding = self._sounding(gesture)
        chord, belief = self._name(gesture, sounding)
        if chord is None:
            return None
        # Also under the same name: what the next chord is heard after is the whole gesture, not its first notes.
        self._standing_notes, self._belief = sounding, belief
        told, gesture.told, self._standing = gesture.told, chord, chord
        if chord == told:
            return None
        return HeardChord(chord, gesture.beat, gesture.tick, gesture.at_sec, gesture.cause, told is not None)

    def _goes_on(self, gesture: _Gesture, at_sec: float, down: frozenset[int]) -> bool:
        since = at_sec - gesture.last_sec
        hand_stays = since <= TOGETHER_SEC or not down.isdisjoint(gesture.notes)
        return hand_stays and since <= self._roll_sec and at_sec - gesture.at_sec <= ROLL_TIMES_MAX * self._roll_sec

    def _sounding(self, gesture: _Gesture) -> frozenset[int]:
        """The notes that count. A whole chord struck while another's keys are still down stands for itself."""
        whole = len(_classes(gesture.notes)) >= 3 and len(_classes(gesture.others)) >= 3
        return frozenset(gesture.notes) if whole else gesture.others | gesture.notes.keys()

    def _name(self, gesture: _Gesture, sounding: frozenset[int]) -> tuple[Chord | None, Belief]:
        """The gesture's chord, None where it is none, and what is believed after it. A gesture counts once, by its last name."""
        before, before_notes, belief = self._before
        classes, struck = _classes(sounding), _classes(gesture.notes)
        if len(classes) < 2:
            return None, belief
        if before is not None and classes == _classes(before_notes) and min(sounding) % 12 == min(before_notes) % 12 and len(struck) > 1:
            return before, belief
        if len(classes) == 2 and (min(sounding) >= DYAD_BELOW or len(struck) < 2 or (before is not None and classes <= before.tones)):
            return None, belief
        best, after = belief.hear(sounding)
        if best is None or before is None:
            return best, after
        stays = not before_notes.isdisjoint(gesture.others)
        if len(struck) == 1 and (len(classes) < 3 or (stays and not _voice_moved(gesture.notes, sounding, before, best))):
            return None, belief
        if best != before and best.bass == before.bass and nats(sounding, before) <= nats(sounding, best) + KEEP_NATS:
            return before, belief
        return best, after


def _classes(pitches: Collection[int]) -> frozenset[int]:
    return frozenset(pitch % 12 for pitch in pitches)


def _voice_moved(struck: Collection[int], sounding: Collection[int], before: Chord, best: Chord) -> bool:
    """One note alone changes the chord only where it takes the place of a guide tone: else it is a melody or a walking bass."""
    replaced = not before.guide_tones <= _classes(sounding) and not best.guide_tones.isdisjoint(_classes(struck))
    inside = min(sounding) < min(struck) and max(struck) < max(sounding)
    return replaced and (inside or best.root != before.root)
