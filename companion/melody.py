"""The pitches of a soloist by rules: one note at a time, by weights. Knows chords and the line's last notes; knows no rhythm.

What a good line does is said as likelihoods: steps before leaps (as in the Weimar Jazz Database), turning after a leap, chord
notes on the beat, notes outside the scale only where they lead a semitone into a chord note, guide tones where the chord is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from companion.dice import Dice
from shared.chords import Chord

SPAN = 12
BASS_LOW, BASS_HIGH, BASS_CENTRE = 30, 55, 41
COMP_LOW, COMP_HIGH = 52, 72
# How often human lines move by 0, 1, 2 ... 12 semitones, up or down.
_MOVES = (0.040, 0.120, 0.130, 0.095, 0.055, 0.036, 0.010, 0.014, 0.0065, 0.005, 0.003, 0.0015, 0.003)
_OUTSIDE, _SCALE, _TONE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note will stand, and what is asked of it there.

    `chord` sounds, `fresh` on its first note; `goal` is the chord that the next note will meet, None where it is the same.
    `strong` on the beat; `quick` in a run; `last` of its phrase. `motif` is the move in semitones that would repeat a motif.
    `low`..`high` are the allowed pitches, `centre` the register of the moment.
    """

    chord: Chord
    goal: Chord | None
    fresh: bool
    strong: bool
    quick: bool
    last: bool
    motif: int | None
    low: int
    high: int
    centre: float


def next_pitch(dice: Dice, place: Place, recent: tuple[int, ...]) -> int:
    """The pitch of a note after the pitches `recent` (newest last, none at the beginning)."""
    here = min(max(recent[-1], place.low), place.high) if recent else round(place.centre)
    candidates = range(max(place.low, here - SPAN), min(place.high, here + SPAN) + 1)
    return candidates[dice.pick(_weights(place, recent, here, candidates))]


def bass_pitch(dice: Dice, chord: Chord, goal: Chord | None, fresh: bool, recent: tuple[int, ...]) -> int:
    """The next pitch of a walking line: the chord's bass where it is `fresh`, near the bass of `goal` where that comes next."""
    here = min(max(recent[-1], BASS_LOW), BASS_HIGH) if recent else BASS_CENTRE
    weights = []
    for pitch in range(BASS_LOW, BASS_HIGH + 1):
        place, size = pitch % 12, abs(pitch - here)
        if fresh:
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


def _weights(place: Place, recent: tuple[int, ...], here: int, candidates: range) -> list[float]:
    kinds, guides = _palette(place.chord)
    goal_kinds, goal_guides = _palette(place.goal) if place.goal is not None else (kinds, frozenset())
    move = recent[-1] - recent[-2] if len(recent) > 1 else 0
    returning = recent[-2] if len(recent) > 1 else -1
    pending = bool(recent) and kinds[here % 12] == _OUTSIDE
    ahead = _ahead(move, place.quick)
    by_kind = (0.16, 0.62, 1.3) if place.strong else (0.22, 1.0, 1.0)
    weights = []
    for pitch in candidates:
        step = pitch - here
        size = abs(step)
        kind = kinds[pitch % 12]
        weight = _MOVES[size] * by_kind[kind]
        if step * move > 0:
            weight *= ahead
        elif step * move < 0:
            weight *= 2.0 - ahead
        if pitch == returning:
            weight *= 0.6
        if kind == _OUTSIDE and not place.strong and size <= 2 and _leads(pitch, goal_kinds):
            weight *= 3.5
        if pending:
            weight *= (5.0 if kind == _TONE else 2.0) if size == 1 else 1.0 if size == 2 else 0.3
        if place.fresh:
            weight *= 2.6 if pitch % 12 in guides else 1.3 if kind == _TONE else 0.8
        if goal_guides and _leads_to(pitch, goal_guides):
            weight *= 2.0
        if place.last:
            weight *= (0.2, 0.5, 5.0)[kind]
        if place.motif is not None:
            weight *= 15.0 if step == place.motif else 5.0 if abs(step - place.motif) == 1 else 1.0
        away = (pitch - place.centre) / 7.0
        weights.append(weight / (1.0 + away * away * away * away))
    return weights


def _ahead(move: int, quick: bool) -> float:
    """How likely the line goes on in its direction (0..2): leaps are answered, steps and runs go on."""
    if abs(move) >= 5:
        return 0.5
    return 1.45 if quick else 1.25


def _leads(pitch: int, kinds: tuple[int, ...]) -> bool:
    return kinds[(pitch + 1) % 12] == _TONE or kinds[(pitch - 1) % 12] == _TONE


def _leads_to(pitch: int, targets: frozenset[int]) -> bool:
    return any((pitch + step) % 12 in targets for step in (-2, -1, 1, 2))


@lru_cache(maxsize=512)
def _palette(chord: Chord) -> tuple[tuple[int, ...], frozenset[int]]:
    """What each pitch class is to a chord, and its guide tones (its own notes where it has none)."""
    tones, scale = chord.tones, chord.scale
    kinds = tuple(_TONE if pitch in tones else _SCALE if pitch in scale else _OUTSIDE for pitch in range(12))
    return kinds, chord.guide_tones or tones
