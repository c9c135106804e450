"""A player's own level, laid over what a humanizer expects: louder, livelier, later. Knows distributions; knows no net.

A player's mean and spread are compared with the expected ones over the same notes, and the difference counts the more the more notes there
are, as if PRIOR_NOTES others had been played just as expected (shrinkage after James and Stein 1961).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.bins import VELOCITY_RANGE, Distribution
from shared.written import Floats, Performance

PRIOR_NOTES = 8.0
SPREAD_PRIOR_NOTES = 32.0  # a spread needs more notes than a mean to be known as well
SPREAD_RANGE = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line from expected to calibrated values: `offset` in the quantity's own unit, `slope`."""

    offset: float = 0.0
    slope: float = 1.0

    def __call__(self, values: Floats) -> Floats:
        """The calibrated values."""
        return self.offset + self.slope * values


@dataclass(frozen=True, slots=True)
class Calibration:
    """A player's level, spread and lean, a line for each quantity of `Performance`."""

    velocity: Line = Line()
    onset_ms: Line = Line()
    log_ratio: Line = Line()

    def laid_over(self, performance: Performance) -> Performance:
        """`performance` as this player would give it, velocities held in 1..127."""
        return Performance(
            np.clip(self.velocity(performance.velocity), *VELOCITY_RANGE),
            self.onset_ms(performance.onset_ms),
            self.log_ratio(performance.log_ratio),
        )


def calibrated(expected: Sequence[Distribution], played: Performance) -> Calibration:
    """The calibration of a player who `played` notes of which velocity, onset and length were `expected`."""
    return Calibration(*(_line(*pair) for pair in zip(expected, (played.velocity, played.onset_ms, played.log_ratio), strict=True)))


def _line(expected: Distribution, played: Floats) -> Line:
    known = np.isfinite(played)
    count = int(known.sum())
    if not count:
        return Line()
    means, values = expected.mean()[known], played[known]
    # The spread of single notes is that of the expected means and that around each of them.
    spread = np.sqrt(means.var() + np.mean(expected.spread()[known] ** 2))
    ratio = float(np.clip(values.std() / max(spread, 1e-9), *SPREAD_RANGE))
    slope = ratio ** (count / (count + SPREAD_PRIOR_NOTES))
    shift = (values.mean() - means.mean()) * count / (count + PRIOR_NOTES)
    return Line(float(means.mean() + shift - slope * means.mean()), float(slope))
