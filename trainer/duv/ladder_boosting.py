"""The gradient-boosting baseline: LightGBM's trees, and their answers without LightGBM. Knows rows and numbers; knows no music.

Ke et al., *LightGBM*, 2017. The package fits the trees; they are kept as flat arrays and answered by numpy, deciding at each node as the
package does, so that measuring needs neither it nor the training data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import ConfigError
from shared.written import Floats
from trainer.duv.ladder_rows import Rows

ROUNDS = 300
SETTINGS: dict[str, Any] = {
    "objective": "regression", "num_leaves": 63, "learning_rate": 0.1, "min_data_in_leaf": 50, "feature_fraction": 0.5,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0, "verbose": -1, "deterministic": True,
}  # fmt: skip
_LEAF = -1
_BATCH = 4096


class Trees:
    """Trees one after another, node by node, each node before its low branch and that before its high branch: K nodes.

    `column` (K,): what a node looks at, -1 for a leaf; `number` (K,): a node's threshold (that and less: the low branch), a leaf's
    answer. Raises ValueError where the last tree is cut short.
    """

    def __init__(self, column: NDArray[np.int16], number: NDArray[np.float32]) -> None:
        self.column, self.number = column, number
        self._starts, self._high = _shape(column)

    @property
    def starts(self) -> list[int]:
        """The first node of each tree."""
        return self._starts

    def answer(self, rows: Rows) -> Floats:
        """The sum of all trees' answers for rows (N, F), (N,)."""
        total = np.zeros(len(rows))
        for first in range(0, len(rows), _BATCH):
            batch = rows[first : first + _BATCH]
            for start in self._starts:
                total[first : first + _BATCH] += self._one(batch, start)
        return total

    def _one(self, rows: Rows, start: int) -> Floats:
        node = np.full(len(rows), start)
        on_way = np.arange(len(rows)) if self.column[start] != _LEAF else np.empty(0, np.int64)
        while len(on_way):
            at = node[on_way]
            at = np.where(rows[on_way, self.column[at]] <= self.number[at], at + 1, self._high[at])
            node[on_way] = at
            on_way = on_way[self.column[at] != _LEAF]
        answers: Floats = self.number[node].astype(np.float64)
        return answers


def _shape(column: NDArray[np.int16]) -> tuple[list[int], NDArray[np.int64]]:
    """Where the trees start, and each node's high branch."""
    high = np.zeros(len(column), np.int64)
    starts: list[int] = []
    waiting: list[int] = []  # nodes whose low branch is being read
    is_whole = True
    for at, one in enumerate(column.tolist()):
        if is_whole:
            starts.append(at)
        if one != _LEAF:
            waiting.append(at)
        elif waiting:
            high[waiting.pop()] = at + 1
        else:
            is_whole = True
            continue
        is_whole = False
    if not is_whole:
        raise ValueError("the last tree is cut short")
    return starts, high


def fit_trees(
    rows: Rows, values: Floats, seed: int, rounds: int = ROUNDS, threads: int = 1, over: Mapping[str, Any] | None = None
) -> Trees:
    """LightGBM fitted to rows (N, F) and values (N,), `over` laid over SETTINGS. Raises ConfigError where LightGBM is not at hand."""
    try:
        import lightgbm
    except ModuleNotFoundError:
        raise ConfigError("fitting the baselines needs LightGBM; in JamBot's folder: pip install -c constraints.txt .[boosting]") from None
    except OSError as error:
        raise ConfigError(f"LightGBM does not start ({error}); install OpenMP: libgomp1 on Debian, libomp from Homebrew") from None

    settings = {**SETTINGS, **(over or {}), "seed": seed, "num_threads": threads}
    return flat(lightgbm.train(settings, lightgbm.Dataset(rows, values), num_boost_round=rounds).dump_model()["tree_info"])


def flat(trees: Sequence[dict[str, Any]]) -> Trees:
    """Trees from LightGBM's description of them."""
    columns: list[int] = []
    numbers: list[float] = []
    for tree in trees:
        _flatten(tree["tree_structure"], columns, numbers)
    return Trees(np.array(columns, np.int16), np.array(numbers, np.float32))


def _flatten(node: dict[str, Any], columns: list[int], numbers: list[float]) -> None:
    if "leaf_value" in node:
        columns.append(_LEAF)
        numbers.append(node["leaf_value"])
        return
    if node["decision_type"] != "<=":
        raise ValueError(f"a tree decides by {node['decision_type']}, expected <=")
    columns.append(node["split_feature"])
    numbers.append(_rounded_down(node["threshold"]))
    for branch in ("left_child", "right_child"):
        _flatten(node[branch], columns, numbers)


def _rounded_down(threshold: float) -> float:
    """The greatest float32 that is no more than a threshold: float32 values lie on the same sides of both."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))
