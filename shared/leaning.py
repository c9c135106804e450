"""How a draw of onsets leans to where upbeats are wanted. Knows ticks and scores; knows no tempo and no net."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from shared.swing import FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK, upbeat_place

LEAN_TICKS = 0.75
"""How far, as a standard deviation, an upbeat may well stray from its place."""


def leaning(scores: NDArray[np.float32], floor: int, temperature: float, ratio: float | None) -> NDArray[np.float32]:
    """`scores` (onset classes,), unnormalised logarithms to be drawn from at `temperature`, with upbeats drawn to the place of `ratio`.

    That an upbeat comes is as likely as before; only its place among FIRST_UPBEAT_TICK..LAST_UPBEAT_TICK leans, as if multiplied by a bell
    of LEAN_TICKS. Where the beat has an onset after its first tick (`floor`, the first class that may be drawn, tells) nothing is changed:
    what comes then belongs to a figure of its own, triplets or sixteenths.
    """
    if ratio is None or floor > 1:
        return scores
    upbeats = slice(FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK + 1)
    before = scores[upbeats].astype(np.float64) / temperature
    if not np.isfinite(before).any():
        return scores
    strays = np.arange(FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK + 1) - upbeat_place(ratio)
    after = before - 0.5 * (strays / LEAN_TICKS) ** 2
    leant = scores.copy()
    leant[upbeats] = temperature * (after + (_total(before) - _total(after)))
    return leant


def _total(scores: NDArray[np.float64]) -> float:
    """The logarithm of the summed exponentials."""
    most = float(scores.max())
    return most + math.log(float(np.exp(scores - most).sum()))
