"""Follows what is held and struck, and tells when a chord begins. Pure: time is passed in; knows neither plan nor chart.

Notes struck close together are one *gesture*: a block chord, a strum, a rolled chord. A gesture is named `settle_ms` after its
last note, so a block chord costs no latency, and named again when more notes arrive: then the fuller name replaces the first.
Releases name nothing: the chord stands until another is struck.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.chords import Chord
from shared.music import TICKS_PER_BEAT, Grid, beats_to_ticks
from shared.recognize import nats, recognize

ROLL_TIMES_MAX = 4
"""A gesture whose notes go on arriving may last this many times `roll_ms`: five fingers and a slow arm."""
TOGETHER_SEC = 0.030
"""Notes struck within this time count as one stroke, even where the first are released before the last."""
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
    """Notes that arrive together, and what is known of them so far."""

    at_sec: float
    beat: float
    tick: int
    last_sec: float
    before: Chord | None
    struck_sec: dict[int, float] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    released: frozenset[int] = frozenset()
    cause: int | None = None
    settled: bool = False
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
        self._held: frozenset[int] = frozenset()
        self._gesture: _Gesture | None = None
        self._before: Chord | None = None
        self._standing: Chord | None = None

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
        before, self._held = self._held, frozenset(held)
        gesture = self._gesture
        if struck:
            if gesture is None or not self._goes_on(gesture, at_sec):
                tick = snapped_tick(beat, grid if grid is not None else Grid(), tempo_bpm)
                gesture = self._gesture = _Gesture(at_sec, beat, tick, at_sec, self._standing)
            gesture.struck_sec.update(dict.fromkeys(struck, at_sec))
            gesture.last_sec = at_sec
            gesture.cause = cause
            gesture.settled = False
        if gesture is not None and not gesture.settled:
            gesture.released |= before - self._held - gesture.struck_sec.keys()
            gesture.held = self._held

    def next_sec(self) -> float | None:
        """When the gesture that goes on will have settled; None: nothing to be named."""
        return None if self._gesture is None or self._gesture.settled else self._gesture.last_sec + self._settle_sec

    def poll(self, now_sec: float) -> HeardChord | None:
        """The chord that has settled by now and was not told yet; None where there is nothing new."""
        gesture, due = self._gesture, self.next_sec()
        if gesture is None or due is None or now_sec < due:
            return None
        gesture.settled = True
        chord = self._name(gesture)
        if chord is None or chord == gesture.told:
            return None
        replaces = gesture.told is not None
        if not replaces and chord != self._standing:
            self._before = self._standing
        gesture.told = self._standing = chord
        return HeardChord(chord, gesture.beat, gesture.tick, gesture.at_sec, gesture.cause, replaces)

    def _goes_on(self, gesture: _Gesture, at_sec: float) -> bool:
        return at_sec - gesture.last_sec <= self._roll_sec and at_sec - gesture.at_sec <= ROLL_TIMES_MAX * self._roll_sec

    def _name(self, gesture: _Gesture) -> Chord | None:
        stroke = {pitch for pitch, sec in gesture.struck_sec.items() if gesture.last_sec - sec <= TOGETHER_SEC}
        struck = {pitch for pitch in gesture.struck_sec if pitch in gesture.held or pitch in stroke}
        sounding = gesture.held | struck
        classes = {pitch % 12 for pitch in sounding}
        standing = gesture.before
        if len(classes) < 2 or (len(classes) == 2 and not self._dyad_counts(sounding, stroke, standing)):
            return None
        best = recognize(sounding, standing)
        if best is None or standing is None:
            return best
        if len({pitch % 12 for pitch in struck}) == 1 and not self._voice_moved(struck, sounding, standing, best):
            return None
        if best != standing and best.bass == standing.bass and nats(sounding, standing) <= nats(sounding, best) + KEEP_NATS:
            return standing
        return best

    def _dyad_counts(self, sounding: set[int] | frozenset[int], stroke: set[int], standing: Chord | None) -> bool:
        """Two notes make a chord where a left hand strikes both at once, and the chord that stands does not hold them already."""
        if min(sounding) >= DYAD_BELOW or len({pitch % 12 for pitch in stroke}) < 2:
            return False
        return standing is None or not {pitch % 12 for pitch in sounding} <= standing.tones

    def _voice_moved(self, struck: set[int], sounding: set[int] | frozenset[int], standing: Chord, best: Chord) -> bool:
        """One note alone changes the chord only where it takes the place of a guide tone: else it is a melody or a walking bass."""
        classes = {pitch % 12 for pitch in sounding}
        replaced = not standing.guide_tones <= classes and any(pitch % 12 in best.guide_tones for pitch in struck)
        inside = min(sounding) < min(struck) and max(struck) < max(sounding)
        return replaced and len(classes) >= 3 and (inside or best.root != standing.root)
