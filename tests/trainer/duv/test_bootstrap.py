"""How sure figures are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.duv.made_music import played
from tests.trainer.duv.test_measures import snares
from trainer.duv.bootstrap import draws, gains, intervals
from trainer.duv.measures import Tally, tally


def takes(count: int, share: float = 1.0) -> Tally:
    """Takes whose velocity errors differ by chance, all of them times `share`."""
    dice = np.random.default_rng(1)
    errors = dice.uniform(0, 30, count)
    players = [played(2, [50.0, 80.0], [0, 0])] * count
    return tally([snares(2)] * count, players, [played(2, [50 + share * error, 80 + share * error], [0, 0]) for error in errors])


def test_an_interval_holds_its_figure_and_narrows_with_more_takes() -> None:
    widths = []
    for count in (10, 200):
        found = takes(count)
        pair = intervals([found], draws(count, 1))["velocity_mae"]
        value = found.figures()["velocity_mae"]
        assert pair is not None
        assert value is not None
        assert pair[0] < value < pair[1]
        widths.append(pair[1] - pair[0])
    assert widths[1] < widths[0] / 2


def test_takes_that_are_all_alike_leave_no_doubt() -> None:
    found = tally([snares(2)] * 5, [played(2, [50, 80], [0, 0])] * 5, [played(2, [60, 90], [0, 0])] * 5)
    assert intervals([found], draws(5, 1))["velocity_mae"] == (10, 10)


def test_the_same_draws_serve_both_sides_of_a_comparison() -> None:
    share, pair = gains(takes(20, 0.5), takes(20), draws(20, 1))["velocity_mae"]
    assert share == pytest.approx(0.5)
    assert pair == pytest.approx((0.5, 0.5))


def test_a_baseline_without_errors_cannot_be_beaten_by_a_share() -> None:
    assert "timing_mae_ms" not in gains(takes(5), takes(5), draws(5, 1))


def test_draws_are_the_same_for_the_same_seed() -> None:
    np.testing.assert_array_equal(draws(7, 3), draws(7, 3))
    assert not np.array_equal(draws(7, 3), draws(7, 4))
    assert (draws(7, 3).sum(1) == 7).all()
