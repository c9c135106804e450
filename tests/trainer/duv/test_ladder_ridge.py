"""The ridge baseline."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.duv.ladder_ridge import fit_ridge


def test_a_straight_rule_is_found_in_batches_and_what_never_moves_is_harmless() -> None:
    dice = np.random.default_rng(1)
    rows = np.column_stack([dice.normal(5, 2, 20_000), dice.random(20_000) < 0.1, np.full(20_000, 7.0)]).astype(np.float32)
    values = np.column_stack([50 + 3 * rows[:, 0] - 20 * rows[:, 1], np.where(rows[:, 0] > 5, np.nan, 2.0), np.full(20_000, np.nan)])
    ridge = fit_ridge([(rows[:5000], values[:5000]), (rows[5000:], values[5000:])])
    said = ridge.point(rows)
    np.testing.assert_allclose(said[:, 0], values[:, 0], atol=0.3)
    np.testing.assert_allclose(said[:, 1], 2.0, atol=1e-3)
    assert np.isnan(said[:, 2]).all()


def test_nothing_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="nothing"):
        fit_ridge([])
