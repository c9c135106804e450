"""The ladder of baselines that a humanizer must climb: from untouched notes to gradient boosting. Knows what each does; knows no files.

    quantised          velocity 100, on the grid, as long as written
    constant           the training's medians
    daw_jitter         a sequencer's randomizer: normal deviations of 10 around velocity 100, of 10 ms, of 10 % of the length
    lookup             `ladder_lookup`: the cell's mean, or drawn from the cell
    ridge              `ladder_ridge`, style and tempo seen
    lightgbm_bare      `ladder_boosting` without style and tempo
    lightgbm           the same with them
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.written import Floats, Performance, Written
from trainer.duv.ladder_boosting import ROUNDS, Trees, fit_trees
from trainer.duv.ladder_lookup import QUANTITIES, Lookup, fit_lookup, performance, played
from trainer.duv.ladder_ridge import Ridge, fit_ridge
from trainer.duv.ladder_rows import Rows, rows_of
from trainer.duv.manifest import Track

PLAIN_VELOCITY = 100.0
JITTER_VELOCITY, JITTER_MS, JITTER_LENGTH = 10.0, 10.0, 0.1
LEARNED_NOTES_MAX = 400_000
_RIDGE_BATCH = 20_000

Point = Callable[[Sequence[Written]], list[Performance]]
Sampled = Callable[[Sequence[Written], Sequence[int]], list[list[Performance]]]
"""Tracks and seeds -> a playing of all tracks for each seed."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One way of playing written tracks: its best guess of each note, and seeded samples; None where it has no such readout."""

    name: str
    title: str
    point: Point | None = None
    sampled: Sampled | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Everything that the baselines learned from human playing of one instrument. `learned_from` says of what, for people.

    `median` (3,) in the columns of QUANTITIES; `bare` and `full` hold trees by quantity, for those that were known.
    """

    instrument: str
    learned_from: str
    median: Floats
    lookup: Lookup
    ridge: Ridge
    bare: dict[str, Trees]
    full: dict[str, Trees]

    def rungs(self) -> list[Rung]:
        """The learned baselines, the least knowing first."""
        return [
            Rung("constant", "constant", self._constant),
            Rung("lookup", "lookup", self._looked_up, self._drawn),
            Rung("ridge", "ridge", lambda written: _cut(written, self.ridge.point(_all_rows(written, True)))),
            Rung("lightgbm_bare", "LightGBM bare", lambda written: self._boosted(written, self.bare, False)),
            Rung("lightgbm", "LightGBM", lambda written: self._boosted(written, self.full, True)),
        ]

    def _constant(self, written: Sequence[Written]) -> list[Performance]:
        return [performance(np.tile(self.median, (len(one), 1))) for one in written]

    def _looked_up(self, written: Sequence[Written]) -> list[Performance]:
        return [performance(self.lookup.point(one)) for one in written]

    def _drawn(self, written: Sequence[Written], seeds: Sequence[int]) -> list[list[Performance]]:
        return [[performance(self.lookup.sampled(one, dice)) for one in written] for dice in map(np.random.default_rng, seeds)]

    def _boosted(self, written: Sequence[Written], trees: dict[str, Trees], with_context: bool) -> list[Performance]:
        rows = _all_rows(written, with_context)
        nothing = np.full(len(rows), np.nan)
        return _cut(written, np.column_stack([trees[name].answer(rows) if name in trees else nothing for name in QUANTITIES]))


def untaught() -> list[Rung]:
    """The rungs that learn nothing."""
    return [Rung("quantised", "quantised", _quantised), Rung("daw_jitter", "DAW jitter", None, _jittered)]


def fit_ladder(
    tracks: Sequence[Track], learned_from: str, seed: int, advance: Callable[[int], None],
    rounds: int = ROUNDS, threads: int = 1,
) -> Ladder:  # fmt: skip
    """Fit all baselines to `tracks` of one instrument, calling `advance` with 1 for each of `steps_of_fit`. Raises as `fit_trees` does.

    Of more than LEARNED_NOTES_MAX notes, whole tracks are drawn up to so many.
    """
    learned = _drawn_tracks(tracks, seed)
    written, values = [track.written for track in learned], played([track.performance for track in learned])
    lookup = fit_lookup(written, values)
    advance(1)
    rows = _all_rows(written, True)
    starts = range(0, len(rows), _RIDGE_BATCH)
    ridge = fit_ridge((rows[start : start + _RIDGE_BATCH], values[start : start + _RIDGE_BATCH]) for start in starts)
    advance(1)

    def boosted(rows: Rows, values: Floats) -> Trees:
        return fit_trees(rows, values, seed, rounds, threads)

    full = _fit_boosting(rows, values, boosted, advance)
    bare = _fit_boosting(_all_rows(written, False), values, boosted, advance)
    return Ladder(tracks[0].written.instrument, learned_from, _medians(values), lookup, ridge, bare, full)


def steps_of_fit() -> int:
    """How often `fit_ladder` calls `advance`."""
    return 2 + 2 * len(QUANTITIES)


def _fit_boosting(rows: Rows, values: Floats, fit: Callable[[Rows, Floats], Trees], advance: Callable[[int], None]) -> dict[str, Trees]:
    found = {}
    for column, name in enumerate(QUANTITIES):
        known = np.isfinite(values[:, column])
        if known.any():
            found[name] = fit(rows[known], values[known, column])
        advance(1)
    return found


def _drawn_tracks(tracks: Sequence[Track], seed: int) -> list[Track]:
    order = np.random.default_rng(seed).permutation(len(tracks))
    notes = np.cumsum([len(tracks[place].written) for place in order])
    kept = order[: max(1, int(np.searchsorted(notes, LEARNED_NOTES_MAX, "right")))]
    return [tracks[place] for place in sorted(kept)]


def _medians(values: Floats) -> Floats:
    columns = (column[np.isfinite(column)] for column in values.T)
    return np.array([np.median(known) if len(known) else np.nan for known in columns])


def _quantised(written: Sequence[Written]) -> list[Performance]:
    return [performance(np.tile([PLAIN_VELOCITY, 0.0, 0.0], (len(one), 1))) for one in written]


def _jittered(written: Sequence[Written], seeds: Sequence[int]) -> list[list[Performance]]:
    return [[_strayed(len(one), dice) for one in written] for dice in map(np.random.default_rng, seeds)]


def _strayed(count: int, dice: np.random.Generator) -> Performance:
    velocity, onset_ms, length = (dice.normal(0.0, reach, count) for reach in (JITTER_VELOCITY, JITTER_MS, JITTER_LENGTH))
    return performance(np.column_stack([np.rint(PLAIN_VELOCITY + velocity), onset_ms, length]))


def _all_rows(written: Sequence[Written], with_context: bool) -> Rows:
    return np.concatenate([rows_of(one, with_context) for one in written])


def _cut(written: Sequence[Written], values: Floats) -> list[Performance]:
    """Values (N, 3) of all tracks' notes in a row as a performance of each."""
    ends = np.cumsum([len(one) for one in written])
    return [performance(part) for part in np.split(values, ends[:-1])]
