"""How much of a humanizer's gain its small trees keep, on tracks that neither learned from. Knows tracks and figures; knows no trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from shared.written import Performance
from trainer.duv.ladder_lookup import fit_lookup, performance, played
from trainer.duv.manifest import Track
from trainer.duv.measures import LENGTH_MEASURES, MEASURES, Figures, tally

ERRORS = ("timing_mae_ms", "velocity_mae", "log_ratio_mae")
"""What is asked of the point readout when it is said how much is kept."""
BASELINES = ("constant", "lookup")


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


def figures_of(measured: Sequence[Track], players: Mapping[str, Sequence[Performance]]) -> dict[str, Figures]:
    """The measures of each way of playing `measured`, by its name."""
    written, human = [track.written for track in measured], [track.performance for track in measured]
    return {name: tally(written, human, performances).figures() for name, performances in players.items()}


def kept(figures: Mapping[str, Figures], table: str = "table", model: str = "model") -> dict[str, dict[str, float]]:
    """For each baseline and error: the share of what the model errs less than the baseline that the table errs less, too.

    Left out where the model gains nothing over the baseline.
    """
    found: dict[str, dict[str, float]] = {}
    for baseline in BASELINES:
        shares = {}
        for error in ERRORS:
            ground, small, large = (figures[name].get(error) for name in (baseline, table, model))
            if ground is not None and small is not None and large is not None and large < ground:
                shares[error] = (ground - small) / (ground - large)
        found[baseline] = shares
    return found


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


def report_of(figures: Mapping[str, Figures], table_path: Path, notes: int) -> dict[str, Any]:
    """What is written with `--json`."""
    return {"table": str(table_path), "measured_notes": notes, "figures": dict(figures), "kept": kept(figures)}
