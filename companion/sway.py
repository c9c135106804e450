"""How a live player's deviations hang together: the law of `shared.wander` as a function of seed and song position. Knows places alone.

A file is humanized at once, a live line bar by bar, some bars twice: so nothing may hang on what was drawn before. Each slow part is a
moving average over numbers that a lattice of beats holds, four to its length, which has the same exponential memory; between two points
of the lattice both count, scaled so that the spread stays 1. So every share is evenly spread over 0..1, as in `shared.wander`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from companion.dice import Dice
from shared.music import TICKS_PER_BEAT
from shared.wander import LEVEL_BEATS, PITCHED

POINTS_PER_LENGTH = 4
KEPT = math.exp(-1 / POINTS_PER_LENGTH)
"""How alike two neighbours of a lattice are."""
MEMORY = 32
"""How many points of a lattice make up one number; what lies farther back counts less than a thousandth."""
_NORMAL = NormalDist()


def sway(seed: int, quantities: int, notes: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Shares (quantities, N) between 0 and 1 for N notes (tick, pitch); each follows from the seed and its own note alone."""
    return np.array([[_share(seed, quantity, *note) for note in notes] for quantity in range(quantities)])


@lru_cache(maxsize=4096)
def _share(seed: int, quantity: int, tick: int, pitch: int) -> float:
    level = _slow(seed, f"level {quantity}", tick, LEVEL_BEATS)
    wander = _slow(seed, f"wander {quantity}", tick, PITCHED.wander_beats)
    own = _normal(seed, f"note {quantity}", tick, pitch)
    whole = math.sqrt(PITCHED.level) * level + math.sqrt(PITCHED.wander) * wander + math.sqrt(1 - PITCHED.level - PITCHED.wander) * own
    return _NORMAL.cdf(whole)


def _slow(seed: int, stream: str, tick: int, length_beats: float) -> float:
    """A standard normal number that is alike where ticks are near, exp(-distance / `length_beats`)."""
    place = tick / TICKS_PER_BEAT * POINTS_PER_LENGTH / length_beats
    left = math.floor(place)
    weight = place - left
    mixed = (1 - weight) * _point(seed, stream, left) + weight * _point(seed, stream, left + 1)
    return mixed / math.sqrt((1 - weight) ** 2 + weight**2 + 2 * weight * (1 - weight) * KEPT)


@lru_cache(maxsize=1024)
def _point(seed: int, stream: str, index: int) -> float:
    summed = sum(KEPT**back * _normal(seed, stream, index - back, 0) for back in range(MEMORY))
    return summed * math.sqrt((1 - KEPT**2) / (1 - KEPT ** (2 * MEMORY)))


@lru_cache(maxsize=4096)
def _normal(seed: int, stream: str, *place: int) -> float:
    return _NORMAL.inv_cdf(max(Dice(seed, stream, *place).roll(), 1e-12))
