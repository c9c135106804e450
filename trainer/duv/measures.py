"""How far a performance is from a human one, take by take, and over many takes. Knows numbers; knows no model and no files.

Errors are pooled over all notes, `r` is a mean over takes. Everything is kept as sums of each take, so that a set of takes drawn with
repetition (`trainer.duv.bootstrap`) is measured by the same sums, counted as often as each take was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.drum_kit import SNARE, voices_of
from shared.written import Floats, Ints, Performance, Written

GHOST_BELOW = 40
"""Snare strokes softer than this are ghost notes."""
LEAST_NOTES = 2
"""Takes with fewer notes have no correlation."""
_STILL = 1e-6

Figures = dict[str, float | None]
"""A figure for each of `MEASURES` or `LENGTH_MEASURES` that is known."""

MEASURES = {
    "timing_mae_ms": "timing ms",
    "velocity_mae": "velocity",
    "r": "r",
    "velocity_w1": "W1 velocity",
    "timing_w1_ms": "W1 ms",
    "ghost_share": "ghosts",
}
LENGTH_MEASURES = {"log_ratio_mae": "length ln", "log_ratio_w1": "W1 ln"}
"""Of note lengths, where they are known: drums have none."""
LESS_IS_BETTER = ("timing_mae_ms", "velocity_mae", "velocity_w1", "timing_w1_ms", "log_ratio_mae", "log_ratio_w1")


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A part of a performance, and the grid of `low` .. `high` in `step`s on which distributions are compared."""

    name: str
    error: str
    distance: str
    low: float
    high: float
    step: float


_QUANTITIES = (
    _Quantity("velocity", "velocity_mae", "velocity_w1", 0.0, 128.0, 0.25),
    _Quantity("onset_ms", "timing_mae_ms", "timing_w1_ms", -400.0, 400.0, 0.5),
    _Quantity("log_ratio", "log_ratio_mae", "log_ratio_w1", -5.0, 5.0, 0.01),
)


@dataclass(frozen=True, slots=True)
class _Sums:
    """One quantity by take: `notes` (T,) compared, `error` (T,) summed, `surplus` (T, G): the player's cumulated counts less a model's."""

    notes: Floats
    error: Floats
    surplus: Floats


@dataclass(frozen=True, slots=True)
class Tally:
    """T takes of a player beside one model's. `r` (T,) is NaN where a take has none; ghosts are counted among `snares` (T,)."""

    sums: Mapping[str, _Sums]
    r: Floats
    snares: Floats
    ghosts: Floats

    def figures(self) -> Figures:
        """The measures of all takes together, None where no take has any."""
        values = self.drawn(np.ones((1, len(self.r))))
        found: Figures = {name: float(value[0]) if np.isfinite(value[0]) else None for name, value in values.items()}
        return {name: value for name, value in found.items() if value is not None or name not in LENGTH_MEASURES}

    def drawn(self, times: Floats) -> dict[str, Floats]:
        """The measures (D,) of D sets of takes, `times` (D, T) telling how often each take is in each; NaN where none has any.

        Timing, velocity and length: mean absolute error, and the Wasserstein distance of order 1 of what was played by both, which is the
        area between the cumulated distributions (Vallender, 1974).
        """
        found: dict[str, Floats] = {}
        for quantity in _QUANTITIES:
            sums = self.sums[quantity.name]
            notes = times @ sums.notes
            found[quantity.error] = _share(times @ sums.error, notes)
            found[quantity.distance] = _share(np.abs(times @ sums.surplus).sum(1) * quantity.step, notes)
        has_r = np.isfinite(self.r)
        found["r"] = _share(times @ np.where(has_r, self.r, 0.0), times @ has_r.astype(np.float64))
        found["ghost_share"] = _share(times @ self.ghosts, times @ self.snares)
        return {name: found[name] for name in (*MEASURES, *LENGTH_MEASURES)}


def tally(written: Sequence[Written], players: Sequence[Performance], models: Sequence[Performance]) -> Tally:
    """Take by take, what `players` played beside what `models` would. Raises ValueError where a model says nothing about a played note."""
    takes = list(zip(players, models, strict=True))
    snares = [_snares(one) for one in written]
    return Tally(
        {quantity.name: _sums(quantity, takes) for quantity in _QUANTITIES},
        np.array([_correlation(player.velocity, model.velocity) for player, model in takes]),
        np.array([float(strokes.sum()) for strokes in snares]),
        np.array([float((np.rint(model.velocity[strokes]) < GHOST_BELOW).sum()) for strokes, model in zip(snares, models, strict=True)]),
    )


def mean_figures(playings: Sequence[Tally]) -> Figures:
    """The mean of the figures of several playings of the same takes."""
    each = [one.figures() for one in playings]
    return {name: _mean([figures[name] for figures in each]) for name in each[0]}


def ghost_share(written: Sequence[Written], played: Sequence[Performance]) -> float | None:
    """The share of snare strokes that are ghost notes; None where no snare is struck."""
    return tally(written, played, played).figures()["ghost_share"]


def _sums(quantity: _Quantity, takes: Sequence[tuple[Performance, Performance]]) -> _Sums:
    cells = round((quantity.high - quantity.low) / quantity.step) + 1
    notes, error = np.zeros(len(takes)), np.zeros(len(takes))
    surplus = np.zeros((len(takes), cells))
    for take, (player, model) in enumerate(takes):
        played, said = getattr(player, quantity.name), getattr(model, quantity.name)
        known = np.isfinite(played)
        if not np.isfinite(said[known]).all():
            raise ValueError(f"{quantity.name}: a note that was played has no prediction")
        notes[take] = known.sum()
        error[take] = np.abs(said[known] - played[known]).sum()
        more = np.bincount(_cells(quantity, played[known]), minlength=cells) - np.bincount(_cells(quantity, said[known]), minlength=cells)
        surplus[take] = np.cumsum(more)
    return _Sums(notes, error, surplus)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _cells(quantity: _Quantity, values: Floats) -> Ints:
    return np.rint((np.clip(values, quantity.low, quantity.high) - quantity.low) / quantity.step).astype(np.int64)


def _correlation(played: Floats, said: Floats) -> float:
    """Pearson's r, NaN for a take in which one of both stands still."""
    known = np.isfinite(played)
    played, said = played[known], said[known]
    if len(played) < LEAST_NOTES or played.std() < _STILL or said.std() < _STILL:
        return float("nan")
    return float(np.corrcoef(played, said)[0, 1])


def _snares(written: Written) -> NDArray[np.bool_]:
    return (voices_of(written.pitch) == SNARE) if written.is_drums else np.zeros(len(written), dtype=np.bool_)


def _share(amount: Floats, of: Floats) -> Floats:
    shares: Floats = np.divide(amount, of, out=np.full(len(of), np.nan), where=of > 0)
    return shares
