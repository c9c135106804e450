"""From played times to written places: the nearest sixteenth or triplet, and written lengths. Knows beats; knows no files.

All times are in quarters. A beat is written in sixteenths or in eighth triplets, whichever lies nearer to what was played in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.written import Floats, Ints, order_of

SIXTEENTH, TRIPLET = 1 / 4, 1 / 3
# What a sequencer writes lies on these parts of the beat: thirty-seconds, sixteenth triplets.
FINE_STEPS = 24
MS_PER_MIN = 60_000.0


def nearest_places(played_beat: Floats) -> tuple[Floats, Floats]:
    """Where notes played at `played_beat` (N,) are written, and the step (1/4 or 1/3) of the grid they were written on, both (N,).

    A note belongs to the beat in whose half before or after it begins; a beat that both grids fit alike is written in sixteenths.
    """
    fine = np.rint(played_beat / SIXTEENTH) * SIXTEENTH
    coarse = np.rint(played_beat / TRIPLET) * TRIPLET
    # A note just before the beat line is an early one of the next beat.
    beats = np.floor(played_beat + SIXTEENTH / 2).astype(np.int64)
    _, of_note = np.unique(beats, return_inverse=True)
    off = [np.bincount(of_note, weights=(played_beat - written) ** 2) for written in (fine, coarse)]
    is_triplet = (off[1] < off[0] - 1e-9)[of_note] if len(played_beat) else np.zeros(0, dtype=bool)
    return np.where(is_triplet, coarse, fine), np.where(is_triplet, TRIPLET, SIXTEENTH)


def written_length(played_beat: Floats, step_beat: Floats | float) -> Floats:
    """Written lengths (N,) of notes that sounded for `played_beat`: whole steps of the grid, one at the least."""
    return np.asarray(np.maximum(np.rint(played_beat / step_beat), 1.0) * step_beat)


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
