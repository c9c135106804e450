"""How much of a line stands note for note in what was learned from, in any key. Knows pitches; knows no files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.music import PITCH_MAX
from shared.tokens import COLUMN, NOTE, Steps

NOTES_IN_A_ROW = 8
Rows = NDArray[np.int64]


def interval_rows(pitches: Sequence[int] | NDArray[np.int64], notes: int = NOTES_IN_A_ROW) -> Rows:
    """Every row of `notes` successive notes as one number that tells its intervals; shape (len(pitches) - notes + 1,), or (0,).

    Transpositions of a row have the same number; rows of at most 8 notes have different ones unless they are transpositions.
    """
    if not 2 <= notes <= NOTES_IN_A_ROW:
        raise ValueError(f"rows of {notes} notes: expected 2..{NOTES_IN_A_ROW}")
    heard = np.asarray(pitches, dtype=np.int64)
    intervals = heard[1:] - heard[:-1] + PITCH_MAX
    count = len(intervals) - (notes - 1) + 1
    if count < 1:
        return np.zeros(0, dtype=np.int64)
    # An interval is one of 255 values, so seven of them fit into 56 bits.
    rows = np.zeros(count, dtype=np.int64)
    for place in range(notes - 1):
        rows = rows * 256 + intervals[place : place + count]
    return rows


def known_rows(pieces: Iterable[Sequence[int] | NDArray[np.int64]], notes: int = NOTES_IN_A_ROW) -> Rows:
    """The different rows of all `pieces` (pitches of one part each), ascending."""
    rows = [interval_rows(pitches, notes) for pitches in pieces]
    return np.unique(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)


def verbatim_share(pieces: Iterable[Sequence[int] | NDArray[np.int64]], known: Rows, notes: int = NOTES_IN_A_ROW) -> float | None:
    """Share of the rows of all `pieces` that are among the `known` ones; None where the pieces have no row."""
    rows = [interval_rows(pitches, notes) for pitches in pieces]
    every = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    return float(np.isin(every, known).mean()) if len(every) else None


def pitches_of(steps: Steps) -> NDArray[np.int64]:
    """The pitches of the notes in `steps`, in order."""
    notes = steps[steps[:, COLUMN["kind"]] == NOTE]
    return np.asarray(notes[:, COLUMN["pitch"]], dtype=np.int64) - 1
