"""Trees, and LightGBM's answers without LightGBM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.duv.made_grooves import needs_lightgbm
from trainer.duv.ladder_boosting import SETTINGS, Trees, fit_trees, flat

#       column 0 <= 1.5 ? (column 1 <= 0 ? 1 : 2) : 4, then a tree of one leaf: 10
COLUMNS = np.array([0, 1, -1, -1, -1, -1], np.int16)
NUMBERS = np.array([1.5, 0.0, 1.0, 2.0, 4.0, 10.0], np.float32)


def test_a_note_goes_down_every_tree_and_the_answers_add_up() -> None:
    rows = np.array([[1.5, 0.0], [1.5, 0.1], [1.6, -5.0]], np.float32)
    assert Trees(COLUMNS, NUMBERS).answer(rows).tolist() == [11, 12, 14]


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_tree_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        Trees(COLUMNS[:cut], NUMBERS[:cut])


@needs_lightgbm
def test_the_trees_answer_as_the_package_does() -> None:
    import lightgbm

    dice = np.random.default_rng(1)
    rows = np.column_stack([dice.normal(0, 1, 3000), dice.integers(0, 16, 3000), dice.integers(0, 2, 3000)]).astype(np.float32)
    values = 60 + 20 * np.sin(3 * rows[:, 0]) * rows[:, 2] + rows[:, 1] + dice.normal(0, 1, 3000)
    model = lightgbm.train({**SETTINGS, "seed": 1, "num_threads": 1}, lightgbm.Dataset(rows, values), num_boost_round=40)
    said = flat(model.dump_model()["tree_info"]).answer(rows)
    np.testing.assert_allclose(said, model.predict(rows), atol=1e-3)
    np.testing.assert_array_equal(said, fit_trees(rows, values, 1, 40).answer(rows))
    assert np.abs(said - values).mean() < 0.8 * np.abs(values - values.mean()).mean()
