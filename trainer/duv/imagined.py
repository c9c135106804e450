"""Music that nobody played, made of what somebody did: nets that teach say how it would be played. Knows notes; knows no nets.

What nets say of music they learned from is half remembered. Of new music they say what they understood, and that is what a pupil should
learn (unlabelled data in distillation: Buciluă, Caruana and Niculescu-Mizil, *Model Compression*, 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shared.drum_kit import VOICES, voices_of
from shared.written import Ints, Performance, Written, order_of

LEAVE_OUT_SHARE_MAX = 0.25
TEMPO_OCTAVES = 0.2
_TICKS = 48  # in a quarter: finer than any two onsets of one voice differ
_ARRAYS = ("onset_beat", "duration_beat", "pitch", "bar_beat", "bar_beats", "pulse_beats", "tempo_bpm")
Pair = tuple[Written, Performance]


def imagined(track: Pair, other: Pair, chance: np.random.Generator) -> Pair:
    """Half of the drums of `track` with the other half as `other` plays them, if their bars fit; then some notes less, and another tempo.

    The performance tells no more than of which notes something is known.
    """
    written, played = _mixed(track, other, chance) if track[0].is_drums and _fits(track[0], other[0]) else track
    left = chance.random(len(written)) >= chance.uniform(0.0, LEAVE_OUT_SHARE_MAX)
    left = left if left.any() else ~left
    tempo = written.tempo_bpm * 2.0 ** chance.uniform(-TEMPO_OCTAVES, TEMPO_OCTAVES)
    return replace(written, tempo_bpm=tempo).part(left), played.part(left)


def _fits(one: Written, other: Written) -> bool:
    """Whether both are drums and keep one bar throughout, the same."""
    lengths = np.concatenate((one.bar_beats, other.bar_beats))
    return other.is_drums and bool(np.ptp(lengths) < 1 / _TICKS)


def _mixed(track: Pair, other: Pair, chance: np.random.Generator) -> Pair:
    """Some voices of `track`, the others from `other`, downbeat upon downbeat, as long as `track` is."""
    (mine, my_playing), (theirs, their_playing) = track, other
    taken = chance.random(len(VOICES)) < 0.5
    first, their_first = (one.onset_beat[0] - one.bar_beat[0] for one in (mine, theirs))
    moved = theirs.onset_beat - their_first + first
    kept, added = ~taken[voices_of(mine.pitch)], taken[voices_of(theirs.pitch)] & (moved <= mine.onset_beat[-1])
    if not (kept.any() or added.any()):
        return track
    tempo = np.full(len(theirs), mine.tempo_bpm[0])
    theirs = replace(theirs, onset_beat=moved, tempo_bpm=tempo)
    both = mine.part(kept), theirs.part(added)
    order = order_of(*(np.concatenate([getattr(one, name) for one in both]) for name in ("onset_beat", "pitch")))
    onset, length, pitch, bar_beat, bar_beats, pulse, tempo = (_joined(both, name, order) for name in _ARRAYS)
    written = Written(onset, length, pitch, bar_beat, bar_beats, pulse, tempo, mine.instrument, mine.style)
    playing = my_playing.part(kept), their_playing.part(added)
    velocity, onset_ms, log_ratio = (_joined(playing, name, order) for name in ("velocity", "onset_ms", "log_ratio"))
    return written, Performance(velocity, onset_ms, log_ratio)


def _joined(parts: Sequence[Written | Performance], name: str, order: Ints) -> Any:
    return np.concatenate([getattr(part, name) for part in parts])[order]
