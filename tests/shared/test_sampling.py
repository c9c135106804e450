"""Nucleus sampling: the shares that were asked for, and never a class outside."""

from __future__ import annotations

import numpy as np
import pytest

from shared.sampling import draw

SCORES = np.log(np.array([0.1, 0.2, 0.4, 0.25, 0.05], dtype=np.float32))
CHANCES = np.linspace(0, 1, 2001, endpoint=False)


def shares(lowest: int, highest: int, temperature: float, top_p: float) -> list[float]:
    """How often each of five classes is drawn."""
    drawn = [draw(SCORES, lowest, highest, temperature, top_p, chance) for chance in CHANCES]
    return [drawn.count(index) / len(drawn) for index in range(5)]


def test_at_temperature_one_the_shares_are_the_scores() -> None:
    assert shares(0, 4, 1.0, 1.0) == pytest.approx([0.1, 0.2, 0.4, 0.25, 0.05], abs=1e-3)


def test_temperature_raises_the_scores_to_a_power() -> None:
    roots = np.sqrt([0.1, 0.2, 0.4, 0.25, 0.05])
    assert shares(0, 4, 2.0, 1.0) == pytest.approx(list(roots / roots.sum()), abs=1e-3)


def test_only_the_likeliest_that_make_up_top_p_are_drawn() -> None:
    assert shares(0, 4, 1.0, 0.6) == pytest.approx([0, 0, 0.4 / 0.65, 0.25 / 0.65, 0], abs=1e-3)
    assert shares(0, 4, 1.0, 0.01) == [0, 0, 1, 0, 0]


def test_closed_classes_are_never_drawn_and_the_rest_share_their_part() -> None:
    assert shares(3, 4, 1.0, 1.0) == pytest.approx([0, 0, 0, 0.25 / 0.3, 0.05 / 0.3], abs=1e-3)
    assert shares(1, 1, 1.0, 1.0) == [0, 1, 0, 0, 0]
    assert draw(SCORES, 0, 4, 1.0, 1.0, 1.0) in range(5)
