"""The lookup baseline: how notes of one kind were played in training. Knows voices, registers and places in the bar; knows no neighbours.

A cell holds the mean and the quantiles of what was played of one voice (pitched: one octave) on one sixteenth of the bar in one style. A
cell with too few notes answers by the same without the style, then without the place, then by all notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.drum_kit import voices_of
from shared.written import PLAYING_STYLES, Floats, Ints, Performance, Written

QUANTITIES = ("velocity", "onset_ms", "log_ratio")
"""The columns of what baselines learn and answer, arrays (N, 3)."""
LEAST_NOTES = 20
QUANTILES = 33
_PLACES = 64
_KINDS = 16
_ANY_STYLE, _ANY_PLACE, _ANY_KIND = len(PLAYING_STYLES), _PLACES, _KINDS


def played(performances: Sequence[Performance]) -> Floats:
    """What was played, (N, 3) in the columns of QUANTITIES; NaN where not known."""
    return np.column_stack([np.concatenate([getattr(one, name) for one in performances]) for name in QUANTITIES])


def performance(values: Floats) -> Performance:
    """A performance from the columns of QUANTITIES, velocities kept to what MIDI can say."""
    return Performance(np.clip(values[:, 0], 1.0, 127.0), values[:, 1], values[:, 2])


@dataclass(frozen=True, slots=True)
class Lookup:
    """C cells: `key` (C,) ascending, `mean` (C, 3), `quantiles` (C, 3, 33) evenly spaced from the least to the greatest."""

    key: Ints
    mean: NDArray[np.float32]
    quantiles: NDArray[np.float16]

    def point(self, written: Written) -> Floats:
        """The mean of each note's cell, (N, 3)."""
        mean: Floats = self.mean[self._cells(written)].astype(np.float64)
        return mean

    def sampled(self, written: Written, dice: np.random.Generator) -> Floats:
        """Each note drawn from its cell's distribution, the quantities apart, (N, 3)."""
        cells = self._cells(written)
        place = dice.random((len(cells), len(QUANTITIES))) * (QUANTILES - 1)
        left = np.minimum(place.astype(np.int64), QUANTILES - 2)
        rows, columns = cells[:, None], np.arange(len(QUANTITIES))
        low, high = (self.quantiles[rows, columns, left + more].astype(np.float64) for more in (0, 1))
        drawn: Floats = low + (place - left) * (high - low)
        return drawn

    def _cells(self, written: Written) -> Ints:
        """The most exact cell that there is for each note, (N,)."""
        found = np.full(len(written), -1)
        for keys in _keys(written):
            at = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
            found = np.where((found < 0) & (self.key[at] == keys), at, found)
        return found


def fit_lookup(written: Sequence[Written], values: Floats) -> Lookup:
    """Count what was played, `values` (N, 3) of the notes of all `written` in a row, at least one."""
    keys = [np.concatenate(level) for level in zip(*(_keys(one) for one in written), strict=True)]
    cells: dict[int, Floats] = {}
    for level, of_level in enumerate(keys):
        order = np.argsort(of_level, kind="stable")
        names, starts = np.unique(of_level[order], return_index=True)
        for name, rows in zip(names.tolist(), np.split(order, starts[1:]), strict=True):
            if len(rows) >= LEAST_NOTES or level == len(keys) - 1:
                cells[name] = values[rows]
    ordered = sorted(cells)
    mean, quantiles = zip(*(_told(cells[name], values) for name in ordered), strict=True)
    return Lookup(np.array(ordered, dtype=np.int64), np.stack(mean), np.stack(quantiles))


def _told(cell: Floats, everything: Floats) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Mean (3,) and quantiles (3, 33) of a cell (M, 3). What it does not know is told from everything; NaN where nobody knows."""
    mean = np.full(len(QUANTITIES), np.nan, dtype=np.float32)
    quantiles = np.full((len(QUANTITIES), QUANTILES), np.nan, dtype=np.float16)
    for column in range(len(QUANTITIES)):
        for source in (cell, everything):
            known = source[np.isfinite(source[:, column]), column]
            if len(known):
                mean[column] = known.mean()
                quantiles[column] = np.quantile(known, np.linspace(0, 1, QUANTILES))
                break
    return mean, quantiles


def places_of(written: Written) -> Ints:
    """The sixteenth of the bar on which each note stands, (N,)."""
    return np.clip(np.rint(4 * written.bar_beat), 0, _PLACES - 1).astype(np.int64)


def _keys(written: Written) -> list[Ints]:
    """The cell of each note, (N,) a level: the most exact first."""
    kind = voices_of(written.pitch) if written.is_drums else written.pitch // 12
    place, style = places_of(written), np.full(len(written), PLAYING_STYLES.index(written.style))
    anywhere = np.full_like(place, _ANY_PLACE)
    levels = ((style, kind, place), (_ANY_STYLE, kind, place), (_ANY_STYLE, kind, anywhere), (_ANY_STYLE, _ANY_KIND, anywhere))
    return [_key(*level) for level in levels]


def _key(style: Ints | int, kind: Ints | int, place: Ints) -> Ints:
    return (style * (_KINDS + 1) + kind) * (_PLACES + 1) + place
