"""From played times to written places: the nearest sixteenth or triplet, and written lengths. Knows beats; knows no notes, no files.

All times are in quarters. A beat is written in sixteenths or in eighth triplets, whichever lies nearer to what was played in it.
"""

from __future__ import annotations

import numpy as np

from shared.written import Floats

SIXTEENTH, TRIPLET = 1 / 4, 1 / 3


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
