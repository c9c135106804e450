"""Counts of one kind of decision in ever longer contexts, and the mixture of them all. Knows no music.

A context of order k is the first k of a row's *values*, most telling first; it is kept as (number of its context of order
k - 1, value k), so that nothing is hashed and every order is a refinement of the one before. With c the counts in context h:

    p_k(x | h) = w c(x | h) / c(h) + (1 - w) p_(k-1)(x | h without its last value),   p_(-1) even

Interpolation: Jelinek and Mercer 1980. A weight w for each order and each bucket of the mean count of the classes seen in
the context, c(h) / types(h): Chen and Goodman, *An Empirical Study of Smoothing Techniques for Language Modeling*, 1998. The
weights are those that make held-out decisions likeliest, found by expectation-maximization.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BUCKETS = 12
BUCKETS_PER_OCTAVE = 2
ROUNDS = 60
# As if each bucket had been seen this often more on either side, so that no weight is ever 0 or 1.
PRIOR = 2.0


@dataclass(frozen=True)
class Level:
    """The contexts of one order, C of them, and what followed each, E entries in all.

    `keys` (C,) ascend: number of the context before * size of the value + value. `types` (C,): how many entries each context
    has. `classes`, `counts` (E,): the entries of the first context, of the second, and so on, classes ascending in each.
    """

    keys: Ints
    types: Ints
    classes: Ints
    counts: Ints

    @cached_property
    def starts(self) -> Ints:
        """(C,) where each context's entries begin."""
        return np.cumsum(self.types) - self.types

    @cached_property
    def totals(self) -> Ints:
        """(C,) how often each context was seen."""
        return np.add.reduceat(self.counts, self.starts) if len(self.keys) else np.zeros(0, np.int64)

    @cached_property
    def buckets(self) -> Ints:
        """(C,) the bucket of each context's mean count."""
        octaves = np.log2(self.totals / np.maximum(1, self.types))
        return np.clip((BUCKETS_PER_OCTAVE * octaves).astype(np.int64), 0, BUCKETS - 1)

    def entries(self, classes: int) -> Ints:
        """(E,) ascending: number of the context * `classes` + class."""
        return np.repeat(np.arange(len(self.types)), self.types) * classes + self.classes


@dataclass(frozen=True)
class NGramTable:
    """`sizes`: each value is 0..size-1; `classes` of the decision; a level for each order 0..K; `weights` (K+1, BUCKETS)."""

    sizes: tuple[int, ...]
    classes: int
    levels: tuple[Level, ...]
    weights: Floats

    def probabilities(self, values: Ints) -> Floats:
        """(N, classes), each row summing to 1, in contexts `values` (N, K)."""
        found = _find(self.levels, self.sizes, values)
        shares = _shares(self.levels, self.weights, found)  # (N, K+1)
        out = np.repeat((1.0 - shares.sum(1))[:, None] / self.classes, self.classes, axis=1)
        for level, numbers, share in zip(self.levels, found.T, shares.T, strict=True):
            rows = np.flatnonzero(numbers >= 0)
            at = numbers[rows]
            types = level.types[at]
            # The entries of all rows one after another.
            entry = np.arange(types.sum()) + np.repeat(level.starts[at] - np.cumsum(types) + types, types)
            rate = np.repeat(share[rows] / level.totals[at], types)
            out[np.repeat(rows, types), level.classes[entry]] += rate * level.counts[entry]
        return out


def counted(values: Ints, decided: Ints, sizes: tuple[int, ...], classes: int, seen_min: int) -> tuple[Level, ...]:
    """Levels of orders 0..K from contexts `values` (N, K) and what followed, `decided` (N,).

    Contexts of order 1 and more that were seen less than `seen_min` times are left out: the order below speaks for them.
    """
    numbers = np.zeros(len(decided), np.int64)
    levels = [_level(np.zeros(1, np.int64), numbers, decided, classes)]
    for order, size in enumerate(sizes):
        keys, where, seen = np.unique(numbers * size + values[:, order], return_inverse=True, return_counts=True)
        kept = seen >= seen_min
        rows = kept[where]
        numbers, values, decided = (np.cumsum(kept) - 1)[where][rows], values[rows], decided[rows]
        levels.append(_level(keys[kept], numbers, decided, classes))
    return tuple(levels)


def weighed(levels: tuple[Level, ...], values: Ints, decided: Ints, sizes: tuple[int, ...], classes: int) -> NGramTable:
    """The table with the weights under which the held-out `decided` (N,) in contexts `values` (N, K) are likeliest."""
    found = _find(levels, sizes, values)
    seen = found >= 0
    said = np.zeros(found.shape)  # (N, K+1) c(x|h) / c(h)
    buckets = np.zeros(found.shape, np.int64)
    for order, level in enumerate(levels):
        rows = np.flatnonzero(seen[:, order])
        at = found[rows, order]
        entries, wanted = level.entries(classes), at * classes + decided[rows]
        place = np.minimum(np.searchsorted(entries, wanted), len(entries) - 1)
        said[rows, order] = np.where(entries[place] == wanted, level.counts[place], 0) / level.totals[at]
        buckets[rows, order] = level.buckets[at]
    weights = np.full((len(levels), BUCKETS), 0.5)
    for _ in range(ROUNDS):
        chosen = np.where(seen, weights[np.arange(len(levels)), buckets], 0.0)
        mixed = np.full(len(decided), 1.0 / classes)
        below = np.empty(found.shape)
        for order in range(len(levels)):
            mixed = chosen[:, order] * said[:, order] + (1 - chosen[:, order]) * mixed
            below[:, order] = mixed
        # From the longest context down: how probably the decision came from this order or a lower one, and from this one.
        reached = np.ones(len(decided))
        for order in reversed(range(len(levels))):
            there = seen[:, order]
            asked = (reached * below[:, order] / mixed)[there]
            taken = (reached * chosen[:, order] * said[:, order] / mixed)[there]
            asked_sum = np.bincount(buckets[there, order], asked, BUCKETS)
            taken_sum = np.bincount(buckets[there, order], taken, BUCKETS)
            weights[order] = (taken_sum + PRIOR) / (asked_sum + 2 * PRIOR)
            reached = reached * (1 - chosen[:, order])
    return NGramTable(sizes, classes, levels, weights)


def _level(keys: Ints, numbers: Ints, decided: Ints, classes: int) -> Level:
    entries, counts = np.unique(numbers * classes + decided, return_counts=True)
    return Level(keys, np.bincount(entries // classes, minlength=len(keys)), entries % classes, counts)


def _find(levels: tuple[Level, ...], sizes: tuple[int, ...], values: Ints) -> Ints:
    """(N, K+1) numbers of the contexts of each row, -1 where a context was never seen."""
    found = np.full((len(values), len(levels)), -1, np.int64)
    found[:, 0] = 0 if len(levels[0].classes) else -1
    for order, size in enumerate(sizes):
        keys, before = levels[order + 1].keys, found[:, order]
        if not len(keys):
            break
        wanted = before * size + values[:, order]
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found[:, order + 1] = np.where((before >= 0) & (keys[place] == wanted), place, -1)
    return found


def _shares(levels: tuple[Level, ...], weights: Floats, found: Ints) -> Floats:
    """(N, K+1) how much of the probability each order gives; what is missing to 1 is spread evenly."""
    shares = np.zeros(found.shape)
    left = np.ones(len(found))
    for order in reversed(range(len(levels))):
        numbers = found[:, order]
        rows = numbers >= 0
        weight = np.zeros(len(found))
        weight[rows] = weights[order, levels[order].buckets[numbers[rows]]]
        shares[:, order] = left * weight
        left = left - shares[:, order]
    return shares
