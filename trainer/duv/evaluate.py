"""Humans beside models, note by note: every rung of the ladder measured on the same takes. Knows tracks and measures; knows no files.

Point readouts are measured by their errors, sampled ones by their distributions too; both by all measures, so that nothing is chosen.
Of what is sampled a single playing says little: figures are means over PLAYINGS of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.errors import DataError
from shared.humanizer import Humanizer
from shared.written import Performance, Written
from trainer.duv.bootstrap import Interval, draws, gains, intervals
from trainer.duv.ladder import Rung
from trainer.duv.manifest import Track
from trainer.duv.measures import Figures, Tally, ghost_share, mean_figures, tally

READOUTS = ("point", "sampled")
PLAYINGS = 8
"""How often all takes are sampled, with seeds from the given one on."""
MODEL, ADAPTED, BASELINE = "duv", "duv_adapter", "lightgbm"

Humanizers = Mapping[str, Humanizer]
"""A humanizer with an adapter, by the adapter's style."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one readout of one rung came out: a tally of each playing, the mean of their figures, and the first playing."""

    name: str
    title: str
    readout: str
    tallies: tuple[Tally, ...]
    figures: Figures
    intervals: Mapping[str, Interval]
    played: tuple[Performance, ...]


@dataclass(frozen=True, slots=True)
class AdapterResult:
    """An adapter's point readout beside that of its base: on `takes` of its style, and on the others; None where there are none."""

    style: str
    takes: int
    own: tuple[Figures, Figures] | None
    elsewhere: tuple[Figures, Figures] | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was found on `tracks`. `gains`: by what share errors of a model's point readout are smaller than LightGBM's."""

    tracks: tuple[Track, ...]
    results: tuple[Result, ...]
    ghost_share: float | None
    gains: Mapping[str, Mapping[str, tuple[float, Interval]]]
    adapters: tuple[AdapterResult, ...] = ()

    @property
    def notes(self) -> int:
        """Notes of all tracks."""
        return sum(len(track.written) for track in self.tracks)

    def result(self, name: str, readout: str) -> Result | None:
        """The result of a rung's readout, None where it was not measured."""
        return next((one for one in self.results if (one.name, one.readout) == (name, readout)), None)


def humanizer_rung(humanizer: Humanizer) -> Rung:
    """A humanizer as the ladder's rung `duv`."""
    return _rung(MODEL, "DUV", lambda style: humanizer)


def adapted_rung(humanizer: Humanizer, adapted: Humanizers, for_all: str | None = None) -> Rung:
    """The rung `duv_adapter`: each take by the adapter of its style, or `for_all`; those without one by the humanizer itself."""
    title = "DUV + adapter" if for_all is None else f"DUV + adapter {for_all}"
    return _rung(ADAPTED, title, lambda style: adapted.get(for_all or style, humanizer))


def evaluate(tracks: Sequence[Track], rungs: Sequence[Rung], seed: int, advance: Callable[[int], None]) -> Evaluation:
    """Measure all readouts of `rungs` on `tracks`, calling `advance` with 1 after each of `steps_of`.

    Raises DataError where the players tell a quantity that a rung never learned.
    """
    written, players = [track.written for track in tracks], [track.performance for track in tracks]
    times = draws(len(tracks), seed)
    results = []
    for rung in rungs:
        for readout, playings in _readouts(rung, written, seed):
            counted = tuple(_counted(rung, written, players, played) for played in playings)
            found = intervals(counted, times)
            results.append(Result(rung.name, rung.title, readout, counted, mean_figures(counted), found, tuple(playings[0])))
            advance(1)
    points = {one.name: one.tallies[0] for one in results if one.readout == READOUTS[0]}
    gained = {name: gains(points[name], points[BASELINE], times) for name in (MODEL, ADAPTED) if name in points and BASELINE in points}
    return Evaluation(tuple(tracks), tuple(results), ghost_share(written, players), gained)


def steps_of(rungs: Sequence[Rung]) -> int:
    """How often `evaluate` calls `advance`."""
    return sum((rung.point is not None) + (rung.sampled is not None) for rung in rungs)


def compare_adapters(
    tracks: Sequence[Track], base: Sequence[Performance], adapted: Humanizers, advance: Callable[[int], None]
) -> tuple[AdapterResult, ...]:
    """Each adapter on its own style and on the others, beside the point readout `base` of the same tracks; `advance` after each."""
    found = []
    for style, humanizer in adapted.items():
        played = [humanizer.perform(track.written) for track in tracks]
        own = [place for place, track in enumerate(tracks) if track.written.style == style]
        others = [place for place, track in enumerate(tracks) if track.written.style != style]
        found.append(AdapterResult(style, len(own), _both(tracks, base, played, own), _both(tracks, base, played, others)))
        advance(1)
    return tuple(found)


def _counted(rung: Rung, written: Sequence[Written], players: Sequence[Performance], played: Sequence[Performance]) -> Tally:
    try:
        return tally(written, players, played)
    except ValueError as error:
        raise DataError(f"{rung.title} cannot be measured: {error}; fit the baselines to data that tell it, with --train") from None


def _both(
    tracks: Sequence[Track], base: Sequence[Performance], played: Sequence[Performance], places: Sequence[int]
) -> tuple[Figures, Figures] | None:
    if not places:
        return None
    written, players = [tracks[place].written for place in places], [tracks[place].performance for place in places]
    of_base, of_adapter = (tally(written, players, [model[place] for place in places]).figures() for model in (base, played))
    return of_base, of_adapter


def _readouts(rung: Rung, written: Sequence[Written], seed: int) -> list[tuple[str, list[list[Performance]]]]:
    found = []
    if rung.point is not None:
        found.append((READOUTS[0], [rung.point(written)]))
    if rung.sampled is not None:
        found.append((READOUTS[1], rung.sampled(written, range(seed, seed + PLAYINGS))))
    return found


def _rung(name: str, title: str, chosen: Callable[[str], Humanizer]) -> Rung:
    def point(written: Sequence[Written]) -> list[Performance]:
        return [chosen(one.style).perform(one) for one in written]

    def sampled(written: Sequence[Written], seeds: Sequence[int]) -> list[list[Performance]]:
        touches = [chosen(one.style).touch(one) for one in written]
        # Each take has chance of its own: with one seed for all, takes of one length would go astray alike.
        chances = (np.random.default_rng(seed).integers(2**31, size=len(written)).tolist() for seed in seeds)
        return [[touch.drawn(one, one_chance) for touch, one, one_chance in zip(touches, written, each, strict=True)] for each in chances]

    return Rung(name, title, point, sampled)
