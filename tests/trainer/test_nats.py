"""Nats by kind: what is summed, what is divided by notes, and how sure a gain is."""

from __future__ import annotations

import random

import pytest

from trainer.nats import Nats, gain, total


def test_kinds_add_up_to_what_a_note_costs() -> None:
    both = total([Nats(3.0, 4.0, 1.0, 2), Nats(1.0, 0.0, 1.0, 3)])
    assert both == Nats(4.0, 4.0, 2.0, 5)
    assert both.figures == {"per_note": 2.0, "onset": 0.8, "pitch": 0.8, "duration": 0.4, "notes": 5}


def test_a_gain_is_percent_of_all_nats_and_not_the_mean_over_pieces() -> None:
    found = gain([Nats(10, 0, 0, 1), Nats(90, 0, 0, 9)], [Nats(5, 0, 0, 1), Nats(90, 0, 0, 9)])
    assert found.percent == pytest.approx(5.0)


def test_the_interval_holds_the_gain_and_narrows_with_more_pieces() -> None:
    chance = random.Random(3)

    def drawn(count: int) -> tuple[list[Nats], list[Nats]]:
        before = [Nats(chance.uniform(90, 110), 0, 0, 20) for _ in range(count)]
        return before, [Nats(one.onset * chance.uniform(0.7, 0.9), 0, 0, 20) for one in before]

    few, many = gain(*drawn(10)), gain(*drawn(400))
    assert few.low < few.percent < few.high
    assert many.low < 20 < many.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_equal_models_gain_nothing() -> None:
    pieces = [Nats(1.0, 2.0, 3.0, 4)] * 5
    found = gain(pieces, pieces)
    assert (found.percent, found.low, found.high) == (0.0, 0.0, 0.0)
    assert found.shown == "+0.00 % (0.00 to 0.00)"


def test_lines_over_different_pieces_are_not_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        gain([Nats(1, 1, 1, 1)], [])
