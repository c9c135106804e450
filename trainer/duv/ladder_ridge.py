"""The ridge baseline: a straight line through what is seen around a note. Knows rows and numbers; knows no music.

Hoerl & Kennard, *Ridge Regression*, 1970: columns are brought to mean 0 and deviation 1, coefficients shrink by `SHRINKAGE` notes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.written import Floats
from trainer.duv.ladder_lookup import QUANTITIES
from trainer.duv.ladder_rows import Rows

SHRINKAGE = 100.0
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True)
class Ridge:
    """`weight` (F, 3) and `offset` (3,) by quantity; NaN for a quantity that was not known in training."""

    weight: NDArray[np.float32]
    offset: NDArray[np.float32]

    def point(self, rows: Rows) -> Floats:
        """What it says of rows (N, F), (N, 3)."""
        return rows.astype(np.float64) @ self.weight.astype(np.float64) + self.offset


def fit_ridge(batches: Iterable[tuple[Rows, Floats]]) -> Ridge:
    """Fit to batches of rows (N, F) and what was played of their notes (N, 3). Raises ValueError where there is no batch."""
    fits: list[_Normal] = []
    for rows, values in batches:
        fits = fits or [_Normal(rows.shape[1]) for _ in QUANTITIES]
        for column, fit in enumerate(fits):
            known = np.isfinite(values[:, column])
            fit.add(rows[known].astype(np.float64), values[known, column])
    if not fits:
        raise ValueError("nothing to fit")
    solved = [fit.solved() for fit in fits]
    return Ridge(np.stack([weight for weight, _ in solved], axis=1).astype(np.float32), np.array([one for _, one in solved], np.float32))


class _Normal:
    """The sums of one quantity's normal equations."""

    def __init__(self, columns: int) -> None:
        self.squares, self.sums = np.zeros((columns, columns)), np.zeros(columns)
        self.products, self.total, self.count = np.zeros(columns), 0.0, 0

    def add(self, rows: Floats, values: Floats) -> None:
        self.squares += rows.T @ rows
        self.sums += rows.sum(0)
        self.products += rows.T @ values
        self.total += float(values.sum())
        self.count += len(values)

    def solved(self) -> tuple[Floats, float]:
        if not self.count:
            return np.full(len(self.sums), np.nan), float("nan")
        mean, level = self.sums / self.count, self.total / self.count
        spread = self.squares - self.count * np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diag(spread), 0) / self.count)
        moves = deviation > _LEAST_DEVIATION
        scale = deviation[moves]
        matrix = spread[np.ix_(moves, moves)] / np.outer(scale, scale) + SHRINKAGE * np.eye(len(scale))
        weight = np.zeros(len(mean))
        weight[moves] = np.linalg.solve(matrix, (self.products - self.total * mean)[moves] / scale) / scale
        return weight, float(level - mean @ weight)
