"""Bins of what is played, distributions over them, and how one value is read out of one. Knows numbers; knows no notes, no nets.

A distribution gives each bin a mass that lies evenly between the bin's edges, so that every value in the range can be read and drawn.
Velocities have a ceiling, where what would be louder gathers: of drummers' strokes 14 in 100 are 127, and 3 in 1,000 are 126.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.written import Floats

Masses = NDArray[np.float32]
VELOCITY_RANGE = (1.0, 127.0)
ONSET_MS_MAX = 120.0
LOG_RATIO_MAX = 3.5
_CURVE = 3.0  # how much narrower the bins in the middle are than the outer ones: about 3 to 1 to the mean, 10 to 1 to the last
LAYOUT = (VELOCITY_RANGE, ONSET_MS_MAX, LOG_RATIO_MAX, _CURVE)
"""What gives a bin's number its meaning, beside how many there are."""


def velocity_edges(bins: int) -> Floats:
    """`bins` + 1 edges of equal bins over MIDI velocities 1..127."""
    return np.linspace(*VELOCITY_RANGE, bins + 1)


def onset_ms_edges(bins: int) -> Floats:
    """`bins` + 1 edges over -ONSET_MS_MAX..ONSET_MS_MAX, narrow in the middle."""
    return _curved(bins, ONSET_MS_MAX)


def log_ratio_edges(bins: int) -> Floats:
    """`bins` + 1 edges over -LOG_RATIO_MAX..LOG_RATIO_MAX, narrow in the middle."""
    return _curved(bins, LOG_RATIO_MAX)


def _curved(bins: int, most: float) -> Floats:
    edges: Floats = most * np.sinh(_CURVE * np.linspace(-1, 1, bins + 1)) / math.sinh(_CURVE)
    return edges


@dataclass(frozen=True, slots=True)
class Distribution:
    """N distributions over the bins between `edges` (bins + 1,): `mass` (N, bins), each row adding up to 1. Where the range has a
    `ceiling`, the last bin's mass lies there, at its upper edge."""

    edges: Floats
    mass: Masses
    ceiling: bool = False

    def __len__(self) -> int:
        return len(self.mass)

    def of(self, which: slice) -> Distribution:
        """Those of the notes `which`."""
        return Distribution(self.edges, self.mass[which], self.ceiling)

    def mean(self) -> Floats:
        """The expected value of each, (N,): least squared error."""
        found: Floats = self.mass @ self._of_bins((self.edges[1:] + self.edges[:-1]) / 2, self.edges[-1])
        return found

    def median(self) -> Floats:
        """The middle of each, (N,): least absolute error."""
        return self.quantile(np.full(len(self), 0.5))

    def middle(self) -> Floats:
        """Halfway between median and mean, (N,). Held out it has a smaller absolute error than either, and follows players more closely
        than the median: where a net is too sure of itself, the mean is more careful."""
        return (self.median() + self.mean()) / 2

    def spread(self) -> Floats:
        """The standard deviation of each, (N,)."""
        low, high = self.edges[:-1], self.edges[1:]
        square: Floats = self.mass @ self._of_bins((low * low + low * high + high * high) / 3, high[-1] ** 2)
        return np.sqrt(np.maximum(0.0, square - self.mean() ** 2))

    def quantile(self, share: Floats) -> Floats:
        """The value below which `share` (N,) of each one's mass lies, (N,)."""
        summed = np.cumsum(self.mass, axis=1, dtype=np.float64)
        wanted = np.clip(share, 0.0, 1.0) * summed[:, -1]
        place = np.minimum((summed <= wanted[:, None]).sum(1), self.mass.shape[1] - 1)
        rows = np.arange(len(self))
        mass = self.mass[rows, place].astype(np.float64)
        inside = np.clip((wanted - summed[rows, place] + mass) / np.maximum(mass, 1e-12), 0.0, 1.0)
        if self.ceiling:
            inside[place == self.mass.shape[1] - 1] = 1.0
        found: Floats = self.edges[place] + inside * (self.edges[place + 1] - self.edges[place])
        return found

    def _of_bins(self, even: Floats, at_ceiling: float) -> Floats:
        """`even` for bins that are filled evenly, but for the one at the ceiling."""
        return np.append(even[:-1], at_ceiling) if self.ceiling else even
