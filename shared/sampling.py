"""Drawing one class from scores: temperature and nucleus. Knows numbers; knows no notes, no net and no source of chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw(scores: NDArray[np.float32], lowest: int, highest: int, temperature: float, top_p: float, chance: float) -> int:
    """A class in `lowest`..`highest`, drawn from unnormalised logarithms `scores` (classes,).

    `temperature` above 1 dares more, below 1 less; only the likeliest classes that make up `top_p` of the rest are ever
    drawn. Nucleus sampling: Holtzman et al. 2020. `chance` in 0..1 picks along those classes in descending order.
    """
    open_scores = scores[lowest : highest + 1].astype(np.float64) / temperature
    weights = np.exp(open_scores - open_scores.max())
    order = np.argsort(-weights, kind="stable")
    reached = np.cumsum(weights[order])
    nucleus = int(np.searchsorted(reached, top_p * reached[-1])) + 1
    nucleus = min(nucleus, len(order))
    return lowest + int(order[min(int(np.searchsorted(reached[:nucleus], chance * reached[nucleus - 1], side="right")), nucleus - 1)])
