"""The pitches of a soloist by rules: one note at a time, by weights. Knows chords and the line's last notes; knows no rhythm.

What a good line does is said as likelihoods: steps before leaps (as in the Weimar Jazz Database), turning after a leap, chord
notes on the beat, notes outside the scale only where they lead a semitone into a chord note, guide tones where the chord is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from companion.dice import Dice
from shared.chords import Chord
from shared.music import PITCH_MAX

SPAN = 12
BASS_LOW, BASS_HIGH, BASS_CENTRE = 30, 55, 41
COMP_LOW, COMP_HIGH = 52, 72
# How likely a move by 0, 1, 2 ... 12 semitones is, up or down.
_MOVES = (0.038, 0.068, 0.088, 0.118, 0.082, 0.050, 0.014, 0.022, 0.016, 0.013, 0.009, 0.003, 0.008)
# A phrase may begin anywhere near; a note outside the scale goes home by step.
_MOVES_OPENING = (0.06, 0.08, 0.10, 0.10, 0.09, 0.08, 0.03, 0.06, 0.03, 0.03, 0.02, 0.01, 0.03)
_MOVES_HOME = (0.01, 0.30, 0.12, 0.030, 0.020, 0.012, 0.004, 0.006, 0.003, 0.003, 0.002, 0.001, 0.002)
# The weight of notes outside the scale, in the scale, in the chord: on the beat and off it.
STRONG = (0.42, 0.90, 1.0)
WEAK = (0.36, 0.92, 0.90)
LEADING = 3.0
KNOWN = 2.0
"""How much likelier a pitch class is that one of the last notes had: lines dwell on few notes at a time."""
RETURN = 0.6
MOTIF = (20.0, 5.0)
"""For the very move that repeats a motif, and for one a semitone off."""
LEAP = 5
# Shapes that jazz lines are full of, as moves in semitones: runs, turns, enclosures, broken chords.
_FIGURES = (
    (2, 1, 2, 2, -2), (2, 2, 1, 2), (1, 2, 2, 3), (-2, -2, -1, -2), (-2, -1, -2, -2), (-1, -2, -2, -1, -2),
    (-1, -1, -1, -2), (-2, -1, -1, -1), (1, -1, -2, -2), (2, 1, -1, -2), (-3, 1, 2, 1), (2, -3, 1, 2),
    (-2, -3, 1, 1), (-1, -2, -1, 3), (-2, -1, 3, 3), (-2, -2, -1, 3), (3, -1, -2, -2), (-2, -2, -3, -2),
    (3, 2, 2, 3), (3, 4, 3, -1, -2), (4, 3, 4, -2, -2), (3, 3, 4, -2), (4, 3, 3, -1), (-3, -4, 1, 2),
)  # fmt: skip
FIGURE = 9.0
_OUTSIDE, _SCALE, _TONE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note will stand, and what is asked of it there.

    `chord` sounds, `fresh` on its first note; `goal` is the chord that the next note will meet, None where it is the same.
    `strong` on the beat; `quick` in a run; `opening` and `last` of its phrase. `motif` is the move in semitones that would repeat a motif.
    `low`..`high` are the allowed pitches, `centre` the register of the moment.
    """

    chord: Chord
    goal: Chord | None
    fresh: bool
    strong: bool
    quick: bool
    opening: bool
    last: bool
    motif: int | None
    low: int
    high: int
    centre: float


def next_pitch(dice: Dice, place: Place, recent: tuple[int, ...]) -> int:
    """The pitch of a note after the pitches `recent` (newest last, none at the beginning)."""
    here = min(max(recent[-1], place.low), place.high) if recent else round(place.centre)
    low, high = max(place.low, here - SPAN), min(place.high, here + SPAN)
    return low + dice.pick(_weights(place, recent, here, low, high))


def bass_pitch(dice: Dice, chord: Chord, goal: Chord | None, home: bool, recent: tuple[int, ...]) -> int:
    """The next pitch of a walking line: the chord's bass where it is to be `home`, near the bass of `goal` where that comes next."""
    here = min(max(recent[-1], BASS_LOW), BASS_HIGH) if recent else BASS_CENTRE
    weights = []
    for pitch in range(BASS_LOW, BASS_HIGH + 1):
        place, size = pitch % 12, abs(pitch - here)
        if home:
            weight = 1.0 if place == chord.bass else 0.0
        elif goal is not None:
            weight = {1: 3.0, 11: 3.0, 2: 1.0, 10: 1.0, 7: 1.5}.get((place - goal.bass) % 12, 0.0)
        else:
            weight = 1.5 if place in chord.tones else 1.0 if place in chord.scale else 0.0
        away = abs(pitch - BASS_CENTRE) / 8.0
        weights.append(weight * (0.1 if size == 0 else 1.0) / ((2 + size) ** 2 * (1.0 + away**4)))
    return BASS_LOW + dice.pick(weights)


def comp_pitch(dice: Dice, chord: Chord, recent: tuple[int, ...]) -> int:
    """A guide tone near the last pitch, rather the other one than the same again."""
    here = min(max(recent[-1], COMP_LOW), COMP_HIGH) if recent else (COMP_LOW + COMP_HIGH) // 2
    guides = _palette(chord)[1]
    weights = [
        (0.15 if pitch == here else 1.0) / (1 + abs(pitch - here)) ** 2 if pitch % 12 in guides else 0.0
        for pitch in range(COMP_LOW, COMP_HIGH + 1)
    ]  # fmt: skip
    return COMP_LOW + dice.pick(weights)


def _weights(place: Place, recent: tuple[int, ...], here: int, low: int, high: int) -> list[float]:
    """The weight of every pitch in `low`..`high`."""
    move = recent[-1] - recent[-2] if len(recent) > 1 else 0
    pending = bool(recent) and _palette(place.chord)[0][here % 12] == _OUTSIDE
    steps = _step_weights(pending, place.opening, place.quick, max(-LEAP, min(LEAP, move)))
    classes, leading = _class_weights(place.chord, place.goal, place.strong, place.fresh, place.last)
    known = {pitch % 12 for pitch in recent}
    liked = [weight * KNOWN if pitch in known else weight for pitch, weight in enumerate(classes)]
    register = _register_weights(round(place.centre))
    weights = [steps[pitch - here] * liked[pitch % 12] * register[pitch] for pitch in range(low, high + 1)]
    by_step = [(step, LEADING) for step in range(-2, 3) if (here + step) % 12 in leading]
    by_step += [(step, FIGURE) for step in _figure_moves(recent)]
    if place.motif is not None:
        by_step += [(place.motif + off, MOTIF[abs(off)]) for off in (-1, 0, 1)]
    if len(recent) > 1:
        by_step.append((-move, RETURN))
    for step, factor in by_step:
        if low <= here + step <= high:
            weights[here + step - low] *= factor
    return weights


@lru_cache(maxsize=256)
def _step_weights(pending: bool, opening: bool, quick: bool, move: int) -> dict[int, float]:
    """The weight of each step after a `move` (leaps count as LEAP): a leap is answered, steps and runs go on."""
    moves = _MOVES_HOME if pending else _MOVES_OPENING if opening else _MOVES
    ahead = 0.5 if abs(move) == LEAP else 1.35 if quick else 1.1
    turns = {1: ahead, 0: 1.0, -1: 2.0 - ahead}
    return {step: moves[abs(step)] * turns[(step * move > 0) - (step * move < 0)] for step in range(-SPAN, SPAN + 1)}


@lru_cache(maxsize=128)
def _register_weights(centre: int) -> tuple[float, ...]:
    return tuple(1.0 / (1.0 + ((pitch - centre) / 7.0) ** 4) for pitch in range(PITCH_MAX + 1))


@lru_cache(maxsize=4096)
def _class_weights(chord: Chord, goal: Chord | None, strong: bool, fresh: bool, last: bool) -> tuple[tuple[float, ...], frozenset[int]]:
    """(the weight of each pitch class, those outside the scale that lead into a chord note): see `Place`."""
    kinds, guides = _palette(chord)
    goal_kinds, goal_guides = (kinds, frozenset[int]()) if goal is None else _palette(goal)
    weights, leading = [], set()
    for pitch in range(12):
        kind = kinds[pitch]
        around = [(pitch + step) % 12 for step in (-1, 1, -2, 2)]
        weight = (STRONG if strong else WEAK)[kind]
        if fresh:
            weight *= 3.0 if pitch in guides else 1.2 if kind == _TONE else 0.9
        if goal_guides.intersection(around):
            weight *= 2.0
        if last:
            weight *= (0.2, 0.5, 5.0)[kind]
        if kind == _OUTSIDE and not strong and any(goal_kinds[place] == _TONE for place in around[:2]):
            leading.add(pitch)
        weights.append(weight)
    return tuple(weights), frozenset(leading)


def _continuations() -> dict[tuple[int, ...], frozenset[int]]:
    """What comes next in a figure after its first two or more moves."""
    found: dict[tuple[int, ...], set[int]] = {}
    for figure in _FIGURES:
        for count in range(2, len(figure)):
            found.setdefault(figure[:count], set()).add(figure[count])
    return {begun: frozenset(moves) for begun, moves in found.items()}


_NEXT_IN_FIGURE = _continuations()
_BEGUN_MAX = max(map(len, _NEXT_IN_FIGURE))


def _figure_moves(recent: tuple[int, ...]) -> frozenset[int]:
    """The moves that would go on with a figure which the last notes have begun."""
    moves = [after - before for before, after in pairwise(recent)]
    begun = (tuple(moves[-count:]) for count in range(min(_BEGUN_MAX, len(moves)), 1, -1))
    return next((_NEXT_IN_FIGURE[key] for key in begun if key in _NEXT_IN_FIGURE), frozenset())


@lru_cache(maxsize=512)
def _palette(chord: Chord) -> tuple[tuple[int, ...], frozenset[int]]:
    """What each pitch class is to a chord, and its guide tones (its own notes where it has none)."""
    tones, scale = chord.tones, chord.scale
    kinds = tuple(_TONE if pitch in tones else _SCALE if pitch in scale else _OUTSIDE for pitch in range(12))
    return kinds, chord.guide_tones or tones
