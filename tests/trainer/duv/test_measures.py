"""How far a model is from a player."""

from __future__ import annotations

import numpy as np
import pytest

from shared.written import Written
from tests.trainer.duv.made_music import played, written
from trainer.duv.measures import LENGTH_MEASURES, ghost_share, tally


def snares(count: int, instrument: str = "drums") -> Written:
    return written([place / 4 for place in range(count)], [38] * count, [0.25] * count, instrument)


def test_errors_are_pooled_over_notes_and_correlation_over_takes() -> None:
    players = [played(2, [60, 100], [0, 10]), played(4, [20, 40, 60, 80], [0, 0, 0, 0])]
    models = [played(2, [70, 90], [5, 5]), played(4, [80, 60, 40, 20], [0, 0, 0, 20])]
    found = tally([snares(2), snares(4)], players, models).figures()
    assert found["velocity_mae"] == pytest.approx((10 + 10 + 60 + 20 + 20 + 60) / 6)
    assert found["timing_mae_ms"] == pytest.approx((5 + 5 + 20) / 6)
    assert found["r"] == pytest.approx((1 - 1) / 2)


def test_the_wasserstein_distance_asks_what_is_played_not_where() -> None:
    player, shuffled = played(3, [30, 60, 90], [0, 8, -8]), played(3, [90, 30, 60], [-8, 0, 8])
    louder = played(3, [37, 67, 97], [3, 11, -5])
    same = tally([snares(3)], [player], [shuffled]).figures()
    assert (same["velocity_w1"], same["timing_w1_ms"]) == (0, 0)
    assert same["velocity_mae"] == pytest.approx((60 + 30 + 30) / 3)
    moved = tally([snares(3)], [player], [louder]).figures()
    assert moved["velocity_w1"] == pytest.approx(7)
    assert moved["timing_w1_ms"] == pytest.approx(3)


def test_ghost_notes_are_soft_snares_and_nothing_else() -> None:
    kit = written([0, 0.25, 0.5, 0.75], [36, 38, 38, 38], [0.25] * 4, "drums")
    assert ghost_share([kit], [played(4, [10, 39, 40, 90], [0] * 4)]) == pytest.approx(1 / 3)
    # a stroke counts by the velocity that it is written with
    assert ghost_share([kit], [played(4, [10, 39.4, 39.6, 90], [0] * 4)]) == pytest.approx(1 / 3)
    assert ghost_share([snares(2, "bass")], [played(2, [10, 10], [0, 0])]) is None


def test_a_model_that_stands_still_has_no_correlation() -> None:
    players = [played(3, [30, 60, 90], [0, 0, 0])]
    assert tally([snares(3)], players, [played(3, [64, 64, 64], [0, 0, 0])]).figures()["r"] is None


def test_what_the_player_did_not_tell_counts_nowhere() -> None:
    found = tally([snares(2)], [played(2, [50, np.nan], [4, 0])], [played(2, [60, 127], [4, 0])]).figures()
    assert found["velocity_mae"] == 10
    assert found["timing_mae_ms"] == 0
    assert set(found).isdisjoint(LENGTH_MEASURES)


def test_lengths_are_measured_where_they_are_known() -> None:
    found = tally([snares(2, "bass")], [played(2, None, [0, 0], [0.0, 0.5])], [played(2, [64, 64], [0, 0], [0.2, 0.5])]).figures()
    assert found["log_ratio_mae"] == pytest.approx(0.1)
    assert found["velocity_mae"] is None


def test_a_model_must_say_something_about_every_played_note() -> None:
    with pytest.raises(ValueError, match="onset_ms"):
        tally([snares(2)], [played(2, [50, 60], [0, 0])], [played(2, [50, 60], [0, np.nan])])
