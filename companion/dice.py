"""Chance that can be thrown again: numbers that follow from a key and a count alone. Knows nothing of music."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate

_BLOCK = struct.Struct("<8Q")


class Dice:
    """A counter-based generator: the nth number is a hash of the key and n. The same key throws the same numbers anywhere."""

    def __init__(self, *key: int | str) -> None:
        self._hash = blake2b(repr(key).encode(), digest_size=_BLOCK.size)
        self._count = 0
        self._left: list[int] = []

    def roll(self) -> float:
        """The next number, evenly in 0..1, 1 excluded."""
        if not self._left:
            block = self._hash.copy()
            block.update(self._count.to_bytes(8, "little"))
            self._left = list(_BLOCK.unpack(block.digest()))
            self._count += 1
        return (self._left.pop() >> 11) * 2.0**-53

    def pick(self, weights: Sequence[float]) -> int:
        """An index into `weights` (at least 0, not all 0), each as likely as its weight."""
        sums = list(accumulate(weights))
        return min(bisect_right(sums, self.roll() * sums[-1]), len(sums) - 1)


@lru_cache(maxsize=4096)
def fixed(seed: int, name: str, number: int) -> float:
    """One number, evenly in 0..1, that stays the same for a seed, a name and a number: what several tasks must agree on."""
    return Dice(seed, name, number).roll()
