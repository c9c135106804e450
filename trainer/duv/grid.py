"""Which notes of a take count, where a line's notes end, and how playing strays from what is written. Knows beats; knows no files.

All times are in quarters; where notes are written, `shared.places` says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.written import Floats, Ints, order_of

# What a sequencer writes lies on these parts of the beat: thirty-seconds, sixteenth triplets.
FINE_STEPS = 24
MS_PER_MIN = 60_000.0


def one_at_a_time(onset_beat: Floats, length_beat: Floats) -> Floats:
    """Written lengths (N,) of a line that plays one note at a time: none reaches beyond the next onset. Onsets ascend."""
    later = np.searchsorted(onset_beat, onset_beat, side="right")
    room = np.append(onset_beat, np.inf)[later] - onset_beat
    return np.asarray(np.minimum(length_beat, room))


def log_ratio(played_beat: Floats, written_beat: Floats) -> Floats:
    """ln(played length / written length); NaN where nothing sounded or nobody knows how long."""
    return np.asarray(np.log(np.where(played_beat > 0, played_beat, np.nan) / written_beat))


def lag_ms(played_beat: Floats, written_beat: Floats, tempo_bpm: Floats | float) -> Floats:
    """How far behind the written place notes were played, in milliseconds; negative: ahead."""
    return np.asarray((played_beat - written_beat) * MS_PER_MIN / tempo_bpm)


def sequenced_share(played_beat: Floats, tolerance_beat: float) -> float:
    """The share of onsets within `tolerance_beat` of a sequencer's finest grid, less what chance puts there: 1 all, about 0 played."""
    if not len(played_beat):
        return 0.0
    chance = min(0.99, 2 * tolerance_beat * FINE_STEPS)
    share = float((np.abs(played_beat - np.rint(played_beat * FINE_STEPS) / FINE_STEPS) <= tolerance_beat).mean())
    return (share - chance) / (1 - chance)


def loudest_each(onset_beat: Floats, key: Ints, velocity: Floats) -> Ints:
    """Indices of the loudest note of every (onset, key), by onset, then by key; of equally loud ones the first. Arrays (N,)."""
    order = np.lexsort((-velocity, key, onset_beat))
    same = (np.diff(onset_beat[order]) == 0) & (np.diff(key[order]) == 0)
    return order[np.concatenate(([True], ~same))] if len(order) else order


def in_order(kept: Ints, onset_beat: Floats, pitch: Ints) -> NDArray[np.int64]:
    """`kept` indices, sorted as `Written` wants its notes."""
    return kept[order_of(onset_beat[kept], pitch[kept])]
