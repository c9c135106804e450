"""What is written around each note: gaps, chords, rests, strokes nearby. Knows ticks and voices; knows neither metre nor playing.

A *tick* here is 1/960 quarter; a *chord* is all that begins on one tick; a *voice* is a drum of the kit, or a pitch. Notes are ascending by
tick. Shapes: N notes. Gaps are in quarters, infinite where there is no such note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.written import Floats, Ints

TICKS = 960
PATCH_STEPS = 8
PATCH_ROWS = 9
PATCH_WIDTH = 2 * PATCH_STEPS + 1
_STEP_TICKS = TICKS // 4
_NEIGHBOURS_MAX = 160  # notes on either side that a patch looks at: a bound for tracks that strike all at once


def ticks_of(beats: Floats) -> Ints:
    """Quarters as the nearest ticks."""
    return np.rint(beats * TICKS).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Chords:
    """The K chords of a track: `of` (N,) each note's chord; `tick`, `size`, `low`, `high` (K,) its place, notes and outer pitches.

    `rank` (N,): how many notes of its chord lie below the note.
    """

    of: Ints
    tick: Ints
    size: Ints
    low: Ints
    high: Ints
    rank: Ints


def chords_of(tick: Ints, pitch: Ints) -> Chords:
    """The chords of notes that ascend by tick."""
    starts = np.flatnonzero(np.diff(tick, prepend=tick[:1] - 1))
    size = np.diff(starts, append=len(tick))
    of = np.repeat(np.arange(len(starts)), size)
    order = np.lexsort((pitch, tick))  # two onsets less than a tick apart may stand in any order of pitch
    rank = np.empty_like(of)
    rank[order] = np.arange(len(tick)) - starts[of]
    low, high = (ends(pitch, starts) if len(starts) else pitch for ends in (np.minimum.reduceat, np.maximum.reduceat))
    return Chords(of, tick[starts], size, low, high, rank)


def gaps(tick: Ints) -> tuple[Floats, Floats]:
    """From each of ascending, different ticks back to the one before and on to the next."""
    between = np.diff(tick) / TICKS
    edge = np.full(min(1, len(tick)), np.inf)
    return np.concatenate((edge, between)), np.concatenate((between, edge))


def gaps_in_voice(tick: Ints, voice: Ints) -> tuple[Floats, Floats]:
    """From each note back to the one before in its voice and on to the next."""
    order = np.lexsort((tick, voice))
    between = np.diff(tick[order]) / TICKS
    between[np.diff(voice[order]) != 0] = np.inf
    edge = np.full(min(1, len(tick)), np.inf)
    back, on = np.empty(len(tick)), np.empty(len(tick))
    back[order], on[order] = np.concatenate((edge, between)), np.concatenate((between, edge))
    return back, on


def gaps_to_voices(tick: Ints, voice: Ints, voices: int) -> tuple[Floats, Floats]:
    """From each note back to the last stroke of each voice before it and on to the next, (N, voices) each; its own chord left out."""
    back, on = np.full((len(tick), voices), np.inf), np.full((len(tick), voices), np.inf)
    for number in range(voices):
        struck = tick[voice == number]
        before, after = np.searchsorted(struck, tick, "left"), np.searchsorted(struck, tick, "right")
        has = before > 0
        back[has, number] = (tick[has] - struck[before[has] - 1]) / TICKS
        has = after < len(struck)
        on[has, number] = (struck[after[has]] - tick[has]) / TICKS
    return back, on


def counts_of_voices(tick: Ints, voice: Ints, voices: int, reach_beats: float) -> Ints:
    """Strokes of each voice within `reach_beats` on either side of each note, (N, voices), the note itself among them."""
    reach = round(reach_beats * TICKS)
    counts = np.empty((len(tick), voices), dtype=np.int64)
    for number in range(voices):
        struck = tick[voice == number]
        counts[:, number] = np.searchsorted(struck, tick + reach, "right") - np.searchsorted(struck, tick - reach, "left")
    return counts


def rests(tick: Ints, duration_beat: Floats, chords: Chords) -> tuple[Floats, Floats]:
    """Silence before each note's chord, and from each note's end to the next chord, in quarters: below 0 where notes overlap."""
    if not len(tick):
        return np.empty(0), np.empty(0)
    end = tick + duration_beat * TICKS
    starts = np.flatnonzero(np.diff(tick, prepend=tick[0] - 1))
    sounding = np.maximum.accumulate(np.maximum.reduceat(end, starts))
    before = np.concatenate(([np.inf], (chords.tick[1:] - sounding[:-1]) / TICKS))[chords.of]
    after = (np.concatenate((chords.tick[1:], [np.inf]))[chords.of] - end) / TICKS
    return before, after


def struck_at(tick: Ints, voice: Ints, away_ticks: Ints) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the note's voice, and whether anything, strikes `away_ticks` (N,) later."""
    places = int(voice.max(initial=0)) + 1
    return _among((tick + away_ticks) * places + voice, tick * places + voice), _among(tick + away_ticks, tick)


def _among(wanted: Ints, there: Ints) -> NDArray[np.bool_]:
    """Which of `wanted` (N,) are `there` (N,): for so few numbers several times sooner than numpy's own search."""
    there = np.sort(there)
    found: NDArray[np.bool_] = there[np.minimum(np.searchsorted(there, wanted), len(there) - 1)] == wanted
    return found


def patches(tick: Ints, pitch: Ints, row: Callable[[Ints, Ints], Ints]) -> NDArray[np.bool_]:
    """A picture of the notes around each: (N, PATCH_WIDTH, PATCH_ROWS), sixteenths from -PATCH_STEPS to PATCH_STEPS.

    `row(own, other)` tells for pitches (M,) each the row 0..PATCH_ROWS-1 in which the other note stands.
    """
    drawn = np.zeros((len(tick), PATCH_WIDTH, PATCH_ROWS), dtype=np.bool_)
    notes = np.arange(len(tick))
    drawn[notes, PATCH_STEPS, row(pitch, pitch)] = True
    for distance in range(1, min(len(tick), _NEIGHBOURS_MAX + 1)):
        steps = np.rint((tick[distance:] - tick[:-distance]) / _STEP_TICKS).astype(np.int64)
        left = np.flatnonzero(steps <= PATCH_STEPS)
        if not len(left):
            break
        right, steps = left + distance, steps[left]
        drawn[left, PATCH_STEPS + steps, row(pitch[left], pitch[right])] = True
        drawn[right, PATCH_STEPS - steps, row(pitch[right], pitch[left])] = True
    return drawn
