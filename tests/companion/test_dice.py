"""Dice: the same key throws the same numbers, and they are fair."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

import pytest

from companion.dice import Dice


def test_the_same_key_throws_the_same_numbers() -> None:
    one, other = Dice(7, "rest", 96), Dice(7, "rest", 96)
    assert [one.roll() for _ in range(50)] == [other.roll() for _ in range(50)]


def test_every_part_of_a_key_counts() -> None:
    firsts = {Dice(*key).roll() for key in ((7, "rest", 96), (8, "rest", 96), (7, "echo", 96), (7, "rest", 97), (79, 6), (7, 96), (-7, 96))}
    assert len(firsts) == 7


def test_numbers_lie_evenly_in_the_unit_interval_and_do_not_hang_together() -> None:
    dice = Dice(1)
    rolled = [dice.roll() for _ in range(20_000)]
    assert all(0.0 <= number < 1.0 for number in rolled)
    assert mean(rolled) == pytest.approx(0.5, abs=0.01)
    assert mean((a - 0.5) * (b - 0.5) for a, b in pairwise(rolled)) == pytest.approx(0.0, abs=0.003)


def test_what_weighs_more_is_picked_more_often() -> None:
    dice = Dice(2)
    picked = [dice.pick([1.0, 0.0, 3.0]) for _ in range(8000)]
    assert picked.count(1) == 0
    assert picked.count(2) / picked.count(0) == pytest.approx(3.0, rel=0.15)
