"""An evaluation for people and programs: a table, JSON, and a folder with a page and pictures. Knows what was found; measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from shared.files import written_whole
from trainer.duv.bootstrap import DRAWS, Interval
from trainer.duv.evaluate import PLAYINGS, READOUTS, AdapterResult, Evaluation, Result
from trainer.duv.measures import GHOST_BELOW, LENGTH_MEASURES, LESS_IS_BETTER, MEASURES, Figures

NOTHING = "–"
HUMAN = "human"
_DIGITS = 4
_TITLES = {**MEASURES, **LENGTH_MEASURES}
_LEGEND = (
    "Timing, velocity and length (the logarithm of played over written): mean absolute errors. r: Pearson's, of velocity, mean over takes. "
    "W1: how far the distribution of what is played is from the human one. "
    f"Ghosts: the share of snare strokes softer than {GHOST_BELOW}. Quantised: velocity 100, on the grid. "
    "DAW jitter: random deviations of 10, 10 ms and 10 percent. Constant: the medians of training. Lookup: voice or octave, place in "
    f"the bar, style. LightGBM bare: without tempo and style. Sampled: means over {PLAYINGS} playings."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What an evaluation was asked for, `remarks` that go with its figures, the takes that were left out, with the reason of each, and the
    `origin` of it all, as `shared.provenance` tells it.
    """

    dataset: str
    model: str | None
    seed: int
    remarks: tuple[str, ...]
    left_out: Mapping[str, str]
    origin: Mapping[str, str]

    @property
    def headline(self) -> str:
        """What was measured, in a line."""
        return f"{self.dataset}: {self.model or 'the baselines'}"


def figures(evaluation: Evaluation, told: Told) -> dict[str, object]:
    """The evaluation as JSON: for each rung and readout its measures, the same under `intervals` as [low, high], and what they rest on."""
    measured = {name: {one.readout: _rounded(one.figures) for one in _of(evaluation, name)} for name in _names(evaluation)}
    spread = {
        name: {one.readout: {measure: _pair(pair) for measure, pair in one.intervals.items()} for one in _of(evaluation, name)}
        for name in _names(evaluation)
    }
    gained = {
        name: {measure: {"share": round(share, _DIGITS), "interval": _pair(pair)} for measure, (share, pair) in found.items()}
        for name, found in evaluation.gains.items()
    }
    return {
        **measured,
        HUMAN: {"ghost_share": _round(evaluation.ghost_share)},
        "intervals": spread,
        "gain_over_lightgbm": gained,
        "adapters": {one.style: _adapter(one) for one in evaluation.adapters},
        "about": {
            "dataset": told.dataset, "model": told.model, "seed": told.seed, "takes": len(evaluation.tracks), "notes": evaluation.notes,
            "ghost_below": GHOST_BELOW, "bootstrap_sets": DRAWS, "playings": PLAYINGS, "remarks": list(told.remarks),
            "left_out": dict(told.left_out), "provenance": dict(told.origin),
        },
    }  # fmt: skip


def console_view(evaluation: Evaluation, told: Told) -> Group:
    """The whole ladder in one table, gains and adapters below it, then the remarks."""
    table = Table(title=told.headline, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    head, *rows = _ladder_table(evaluation)
    for column in head:
        table.add_column(column, justify="left" if column in head[:2] else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row, style="bold" if row[0].startswith("DUV") else None)
    return Group(table, *_sentences(evaluation), *told.remarks)


def write_report(evaluation: Evaluation, told: Told, folder: Path) -> None:
    """Write `report.md` and its pictures into `folder`. Raises OSError where the system refuses."""
    from trainer.duv.evaluate_plots import draw_distributions, draw_take

    text = [f"# {told.headline}", *told.remarks, *_sentences(evaluation)]
    text += ["## The ladder", _LEGEND, *_markdown(_ladder_table(evaluation)), "95 percent intervals over takes drawn with repetition:"]
    text += _markdown(_ladder_table(evaluation, with_intervals=True))
    text += ["## What is played, and how often"]
    for quantity in draw_distributions(evaluation, folder):
        text.append(f"![{quantity}]({quantity}.png)")
    take = draw_take(evaluation, folder / "take.png")
    text += ["## A take", f"![{take}](take.png)"]
    with written_whole(folder / "report.md") as draft:
        draft.write_text("\n\n".join(_joined(text)) + "\n", encoding="utf-8")


def _ladder_table(evaluation: Evaluation, with_intervals: bool = False) -> list[list[str]]:
    """The table as cells, its head first."""
    names = [name for name in _TITLES if any(one.figures.get(name) is not None for one in evaluation.results)]
    rows = [["", "readout", *(_TITLES[name] for name in names)]]
    if evaluation.ghost_share is not None and not with_intervals:
        rows.append([HUMAN, "", *(_number(evaluation.ghost_share, name) if name == "ghost_share" else "" for name in names)])
    for one in evaluation.results:
        cells = [_spread(one.intervals.get(name), name) if with_intervals else _number(one.figures.get(name), name) for name in names]
        rows.append([one.title, one.readout, *cells])
    return rows


def _sentences(evaluation: Evaluation) -> list[str]:
    """Gains and adapters, a sentence each."""
    found = []
    titles = {one.name: one.title for one in evaluation.results}
    for name, gained in evaluation.gains.items():
        parts = [f"{_TITLES[measure]} {share:+.1%} ({_percents(pair)})" for measure, (share, pair) in gained.items()]
        found.append(f"{titles[name]}, errors less than LightGBM's by: {'; '.join(parts)}.")
    for one in evaluation.adapters:
        for where, pair in (("its style", one.own), ("other styles", one.elsewhere)):
            if pair is not None:
                changes = [f"{_TITLES[name]} {change:+.1%}" for name, change in _changes(*pair).items()]
                takes = f"{one.takes} takes of " if where == "its style" else ""
                found.append(f"Adapter {one.style}, on {takes}{where}, beside the model without it: {'; '.join(changes)}.")
    return found


def _changes(base: Figures, adapted: Figures) -> dict[str, float]:
    """By what share errors change."""
    found = {}
    for name in LESS_IS_BETTER:
        before, after = base.get(name), adapted.get(name)
        if name.endswith(("_mae", "_mae_ms")) and before and after is not None:
            found[name] = after / before - 1
    return found


def _adapter(one: AdapterResult) -> dict[str, object]:
    places = {"own_style": one.own, "elsewhere": one.elsewhere}
    told = {place: pair and {"duv": _rounded(pair[0]), "adapter": _rounded(pair[1])} for place, pair in places.items()}
    return {"takes_of_its_style": one.takes, **told}


def _names(evaluation: Evaluation) -> list[str]:
    return list(dict.fromkeys(one.name for one in evaluation.results))


def _of(evaluation: Evaluation, name: str) -> list[Result]:
    return [found for readout in READOUTS if (found := evaluation.result(name, readout)) is not None]


def _rounded(found: Figures) -> Figures:
    return {name: _round(value) for name, value in found.items()}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _pair(pair: Interval) -> list[float] | None:
    return None if pair is None else [round(value, _DIGITS) for value in pair]


def _number(value: float | None, name: str) -> str:
    return NOTHING if value is None else f"{value:.{_decimals(name)}f}"


def _spread(pair: Interval | None, name: str) -> str:
    return NOTHING if pair is None else " … ".join(_number(value, name) for value in pair)


def _percents(pair: Interval) -> str:
    return NOTHING if pair is None else " … ".join(f"{value:+.1%}" for value in pair)


def _decimals(name: str) -> int:
    return 3 if name in ("r", "ghost_share", *LENGTH_MEASURES) else 1 if name == "timing_mae_ms" else 2


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines that belong together."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    rule = "|".join(["", "---", "---", *["---:"] * (len(rows[0]) - 2), ""])
    return ["\n".join([head, rule, *body])]


def _joined(text: Sequence[str]) -> list[str]:
    return [part for part in text if part]
