"""Counts and their mixture: small cases by hand, and what must hold for any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.ngram_table import BUCKETS, NGramTable, counted, weighed

SIZES = (3, 4)
CLASSES = 5


def table(values: list[tuple[int, int]], decided: list[int], weight: float, seen_min: int = 1) -> NGramTable:
    levels = counted(np.array(values), np.array(decided), SIZES, CLASSES, seen_min)
    return NGramTable(SIZES, CLASSES, levels, np.full((3, BUCKETS), weight))


def test_orders_are_mixed_from_the_longest_known_context_down() -> None:
    # Context (0, 1) was followed by 2 and 3, context (0, 2) by 2, and (1, 0) by 4.
    half = table([(0, 1), (0, 1), (0, 2), (1, 0)], [2, 3, 2, 4], 0.5)
    even = 0.5 / CLASSES
    order_0 = even + 0.5 * np.array([0, 0, 2, 1, 1]) / 4
    order_1 = 0.5 * order_0 + 0.5 * np.array([0, 0, 2, 1, 0]) / 3
    order_2 = 0.5 * order_1 + 0.5 * np.array([0, 0, 1, 1, 0]) / 2
    found = half.probabilities(np.array([(0, 1), (0, 3), (2, 1)]))
    assert found == pytest.approx(np.array([order_2, order_1, order_0]))


def test_a_context_seen_too_seldom_leaves_the_word_to_the_order_below() -> None:
    values, decided = [(0, 1), (0, 1), (0, 2)], [2, 3, 4]
    often, all_of_them = table(values, decided, 0.5, seen_min=2), table(values, decided, 0.5)
    assert often.probabilities(np.array([(0, 1)])) == pytest.approx(all_of_them.probabilities(np.array([(0, 1)])))
    assert often.probabilities(np.array([(0, 2)])) == pytest.approx(all_of_them.probabilities(np.array([(0, 3)])))


def test_the_weights_trust_the_order_that_tells_more() -> None:
    chance = np.random.default_rng(0)
    values = np.stack([chance.integers(3, size=4000), chance.integers(4, size=4000)], 1)
    decided = values[:, 0]  # the second value tells nothing
    levels = counted(values[:2000], decided[:2000], SIZES, CLASSES, 1)
    fitted = weighed(levels, values[2000:], decided[2000:], SIZES, CLASSES)
    assert fitted.probabilities(values[2000:])[np.arange(2000), decided[2000:]].min() > 0.95
    noise = chance.integers(CLASSES, size=4000)
    levels = counted(values[:2000], noise[:2000], SIZES, CLASSES, 1)
    unsure = weighed(levels, values[2000:], noise[2000:], SIZES, CLASSES).probabilities(values[2000:])
    assert -np.log(unsure[np.arange(2000), noise[2000:]]).mean() == pytest.approx(np.log(CLASSES), abs=0.01)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(1, 3))
def test_what_may_come_always_adds_up_to_one(seed: int, rows: int, seen_min: int) -> None:
    chance = np.random.default_rng(seed)

    def drawn(count: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
        return np.stack([chance.integers(size, size=count) for size in SIZES], 1), chance.integers(CLASSES, size=count)

    values, decided = drawn(rows)
    fitted = weighed(counted(values, decided, SIZES, CLASSES, seen_min), *drawn(rows), SIZES, CLASSES)
    found = fitted.probabilities(drawn(40)[0])
    assert found.min() > 0
    assert found.sum(1) == pytest.approx(np.ones(40))
