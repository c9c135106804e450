"""How sure a figure is: the same measures over sets of takes drawn with repetition. Knows tallies; knows no notes.

Takes are drawn, not notes: the notes of a take resemble each other, and each tells less than its number promises (Efron & Tibshirani, *An
Introduction to the Bootstrap*, 1993, percentile intervals). The same draws serve every model, so that two of them can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.written import Floats
from trainer.duv.measures import Tally

DRAWS = 1000
LEVEL = 0.95

Interval = tuple[float, float] | None


def draws(takes: int, seed: int, count: int = DRAWS) -> Floats:
    """How often each of `takes` is in each of `count` drawn sets, (count, takes), each row summing to `takes`."""
    dice = np.random.default_rng([seed, takes])
    return dice.multinomial(takes, np.full(takes, 1 / takes), size=count).astype(np.float64)


def intervals(playings: Sequence[Tally], times: Floats) -> dict[str, Interval]:
    """The interval of each figure's mean over several playings of the same takes, over the sets in `times` (D, T)."""
    found = [one.drawn(times) for one in playings]
    return {name: _interval(np.mean([each[name] for each in found], axis=0)) for name in playings[0].figures()}


def gains(model: Tally, baseline: Tally, times: Floats) -> dict[str, tuple[float, Interval]]:
    """By how large a share the model's errors are smaller than the baseline's, with its interval; errors that both have, above 0."""
    mine, other = model.figures(), baseline.figures()
    drawn, drawn_other = model.drawn(times), baseline.drawn(times)
    found = {}
    for name in ("timing_mae_ms", "velocity_mae", "log_ratio_mae"):
        ours, theirs = mine.get(name), other.get(name)
        if ours is not None and theirs:
            found[name] = (1 - ours / theirs, _interval(1 - drawn[name] / drawn_other[name]))
    return found


def _interval(values: Floats) -> Interval:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
