"""How much of a humanizer's gain its small trees keep, on tracks that neither learned from. Knows tracks and figures; knows no trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from shared.written import Performance
from trainer.duv.bootstrap import LEVEL, draws
from trainer.duv.ladder_lookup import fit_lookup, performance, played
from trainer.duv.manifest import Track
from trainer.duv.measures import LENGTH_MEASURES, MEASURES, Figures, Tally, tally

ERRORS = ("timing_mae_ms", "velocity_mae", "log_ratio_mae")
"""What is asked of the point readout when it is said how much is kept."""
BASELINES = ("constant", "lookup")
_LOW = (1 - LEVEL) / 2


@dataclass(frozen=True, slots=True)
class Kept:
    """A share of the model's gain; more than 1 where the table errs less than the model."""

    share: float
    interval: tuple[float, float] | None


def halves(tracks: Sequence[Track]) -> tuple[list[Track], list[Track]]:
    """Tracks to learn from how players stray, and others to measure on: no piece is in both."""
    places = {piece: place for place, piece in enumerate(sorted({track.piece for track in tracks}))}
    return [track for track in tracks if places[track.piece] % 2], [track for track in tracks if places[track.piece] % 2 == 0]


def baselines(learned: Sequence[Track], measured: Sequence[Track]) -> dict[str, list[Performance]]:
    """What knows less than a model: the training's medians, and the mean of each voice, place and style."""
    values = played([track.performance for track in learned])
    known = [column[np.isfinite(column)] for column in values.T]
    middle = np.array([np.median(column) if len(column) else np.nan for column in known])
    lookup = fit_lookup([track.written for track in learned], values)
    return {
        "constant": [performance(np.tile(middle, (len(track.written), 1))) for track in measured],
        "lookup": [performance(lookup.point(track.written)) for track in measured],
    }


def tallies_of(measured: Sequence[Track], players: Mapping[str, Sequence[Performance]]) -> dict[str, Tally]:
    """What each way of playing `measured` errs, by its name."""
    written, human = [track.written for track in measured], [track.performance for track in measured]
    return {name: tally(written, human, performances) for name, performances in players.items()}


def kept(tallies: Mapping[str, Tally], seed: int, table: str = "table", model: str = "model") -> dict[str, dict[str, Kept]]:
    """For each baseline and error: the share of what the model errs less than the baseline that the table errs less, too.

    Left out where the model gains nothing over the baseline. The interval is over takes drawn with repetition; None where the model's
    own gain is not sure, since a share of what may be nothing says nothing.
    """
    times = draws(len(tallies[model].r), seed)
    drawn = {name: tallies[name].drawn(times) for name in (*BASELINES, table, model)}
    figures = {name: tallies[name].figures() for name in drawn}
    found: dict[str, dict[str, Kept]] = {}
    for baseline in BASELINES:
        found[baseline] = {}
        for error in ERRORS:
            ground, small, large = (figures[name].get(error) for name in (baseline, table, model))
            if ground is None or small is None or large is None or large >= ground:
                continue
            gain = drawn[baseline][error] - drawn[model][error]
            is_sure = float(np.nanquantile(gain, _LOW)) > 0
            shares = np.divide(drawn[baseline][error] - drawn[table][error], gain, out=np.full(len(gain), np.nan), where=gain > 0)
            interval = (float(np.nanquantile(shares, _LOW)), float(np.nanquantile(shares, 1 - _LOW))) if is_sure else None
            found[baseline][error] = Kept((ground - small) / (ground - large), interval)
    return found


def told(shares: Mapping[str, Kept]) -> str:
    """Shares in words."""
    words = []
    for error, one in shares.items():
        sure = "not sure: too few takes to tell the model's own gain" if one.interval is None else "{:.0%}..{:.0%}".format(*one.interval)
        words.append(f"{error} {one.share:.0%} ({sure})")
    return ", ".join(words) or "nothing, since there is none"


def shown_figures(figures: Mapping[str, Figures], title: str) -> Table:
    """The figures as a table, a way of playing a line."""
    shown = {name: words for name, words in {**MEASURES, **LENGTH_MEASURES}.items() if any(name in row for row in figures.values())}
    table = Table(title=title)
    table.add_column("")
    for words in shown.values():
        table.add_column(words, justify="right")
    for player, row in figures.items():
        values = (row.get(name) for name in shown)
        table.add_row(player, *("" if value is None else f"{value:.3g}" for value in values))
    return table


def report_of(tallies: Mapping[str, Tally], shares: Mapping[str, Mapping[str, Kept]], table_path: Path, notes: int) -> dict[str, Any]:
    """What is written with `--json`."""
    written = {baseline: {error: asdict(one) for error, one in of.items()} for baseline, of in shares.items()}
    figures = {name: one.figures() for name, one in tallies.items()}
    return {"table": str(table_path), "measured_notes": notes, "figures": figures, "kept": written}
