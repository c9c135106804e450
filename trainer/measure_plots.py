"""Human range and measured set side by side as pictures, a panel a measure. Knows an evaluation; knows no lines' notes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from shared.files import written_whole
from trainer.evaluation import SWING_TOLERANCE, Evaluation, Row
from trainer.human import Range
from trainer.measures_rhythm import tempo_band

PAPER, INK, FAINT = "#fbfaf7", "#22262b", "#8b9097"
HUMAN_ALL, HUMAN_RANGE, HUMAN_HALF = "#e6ecf2", "#c9d8e6", "#a4bfd6"
INSIDE, OUTSIDE, SOLO = "#14639e", "#c8372d", "#4b5157"
COLUMNS, PANEL_INCHES, WIDTH_INCHES, DPI = 3, 1.5, 14.0, 100
HEAD_INCHES, FOOT_INCHES = 0.75, 0.1
DOT_BINS = 50
BANDS_BPM = (125.0, 160.0, 200.0, 240.0, 300.0)


def draw_measures(evaluation: Evaluation, path: Path) -> None:
    """Draw every measure's human quantiles with the set's solos under them, as a PNG, whole or not at all."""
    rows = [row for row in evaluation.rows if row.human is not None]
    lines = math.ceil(len(rows) / COLUMNS)
    height = HEAD_INCHES + lines * PANEL_INCHES + FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor=PAPER)
    width = 1 / COLUMNS
    for index, row in enumerate(rows):
        line, column = divmod(index, COLUMNS)
        bottom = height - HEAD_INCHES - (line + 1) * PANEL_INCHES + 0.3
        axes = figure.add_axes((column * width + 0.025, bottom / height, width - 0.05, (PANEL_INCHES - 0.62) / height))
        assert row.human is not None
        found = [value for values in evaluation.values if (value := values[row.measure.name]) is not None]
        _panel(axes, row, row.human, found)
    _heading(figure, evaluation, height)
    _write(figure, path)


def draw_swing(evaluation: Evaluation, path: Path) -> None:
    """Draw the beat-upbeat ratio by tempo, human median and set, as a PNG, whole or not at all."""
    bands = [band for bpm in BANDS_BPM if (band := tempo_band(bpm)) is not None]
    figure = Figure(figsize=(8.0, 4.2), dpi=DPI, facecolor=PAPER)
    axes = figure.add_axes((0.09, 0.14, 0.87, 0.72))
    axes.set(facecolor="white", xticks=range(len(bands)), xlim=(-0.5, len(bands) - 0.5))
    axes.set_xticklabels([f"{band} BPM" for band in bands], color=INK)
    human = [(place, evaluation.human.swing[band].ratio) for place, band in enumerate(bands) if band in evaluation.human.swing]
    for place, ratio in human:
        axes.add_patch(Rectangle((place - 0.4, ratio - SWING_TOLERANCE), 0.8, 2 * SWING_TOLERANCE, color=HUMAN_RANGE, zorder=1))
        axes.plot([place - 0.4, place + 0.4], [ratio, ratio], color=INK, linewidth=1.6, zorder=2)
    for row in evaluation.swing:
        colour = INSIDE if row.inside else OUTSIDE
        place = bands.index(row.band)
        axes.plot(place, row.swing.ratio, marker="D", markersize=9, color=colour, zorder=3, linestyle="none")
        axes.annotate(
            f"{row.swing.upbeats} upbeats", (place, row.swing.ratio), (0, 9), textcoords="offset points", ha="center", fontsize=8, color=INK
        )
    ratios = [ratio for _, ratio in human] + [row.swing.ratio for row in evaluation.swing] + [1.0]
    axes.set_ylim(min(ratios) - 0.15, max(ratios) + 0.15)
    axes.axhline(1.0, color=FAINT, linewidth=0.7, linestyle=":", zorder=0)
    axes.set_ylabel("beat-upbeat ratio", color=INK)
    _quiet(axes)
    figure.text(0.09, 0.92, "Swing by tempo", fontsize=13, weight="bold", color=INK)
    figure.text(0.96, 0.925, "line: human median, band: ± 0.1, diamond: this set", fontsize=9, color=FAINT, ha="right")
    _write(figure, path)


def _panel(axes: Axes, row: Row, human: Range, found: Sequence[float]) -> None:
    """Human quantiles above, the set's solos as stacked dots below, its average as a diamond."""
    low, high = _limits(human, [*found, *([] if row.value is None else [row.value])])
    axes.set(xlim=(low, high), ylim=(-1.15, 1.0), facecolor="white", yticks=[])
    quantiles = human.quantiles
    shares = ((quantiles[0], quantiles[-1], HUMAN_ALL), (human.p10, human.p90, HUMAN_RANGE), (quantiles[5], quantiles[15], HUMAN_HALF))
    for left, right, colour in shares:
        axes.add_patch(Rectangle((left, 0.15), right - left, 0.65, color=colour, zorder=1, linewidth=0))
    axes.plot([human.p50] * 2, [0.15, 0.8], color=INK, linewidth=1.6, zorder=2)
    for edge in (human.p10, human.p90):
        axes.axvline(edge, color=HUMAN_HALF, linewidth=0.8, linestyle=":", zorder=0)
    bins = Counter(int((value - low) / (high - low) * DOT_BINS) for value in found)
    step = 0.95 / max(8, max(bins.values(), default=1))
    dots = [(low + (place + 0.5) * (high - low) / DOT_BINS, -1.0 + step * level) for place, count in bins.items() for level in range(count)]
    if dots:
        x, y = zip(*dots, strict=True)
        axes.plot(x, y, marker="o", markersize=2.6, color=SOLO, alpha=0.75, linestyle="none", zorder=3)
    verdict = "not measured"
    if row.value is not None:
        colour = SOLO if row.measure.compared else INSIDE if row.inside else OUTSIDE
        axes.plot(row.value, 0.02, marker="D", markersize=8, color=colour, markeredgecolor="white", zorder=5, clip_on=False)
        verdict = f"{row.value:.3g}"
    weight = "bold" if row.measure.gate else "normal"
    colour = FAINT if row.inside is None else INK if row.inside or row.measure.compared else OUTSIDE
    told = f"{verdict}, human {human.p50:.3g}"
    axes.set_title(row.measure.title, fontsize=9.5, color=INK, loc="left", weight=weight, pad=4)
    axes.set_title(told, fontsize=8.5, color=colour, loc="right", pad=4)
    _quiet(axes)
    axes.spines["left"].set_visible(False)


def _limits(human: Range, values: Sequence[float]) -> tuple[float, float]:
    """What is shown: all but the most extreme humans, and everything of the set."""
    low, high = min([human.quantiles[1], *values]), max([human.quantiles[-2], *values])
    room = max(high - low, 1e-3) * 0.06
    return low - room, high + room


def _heading(figure: Figure, evaluation: Evaluation, height: float) -> None:
    text = f"{evaluation.gates_inside} of {sum(row.measure.gate for row in evaluation.rows)} gates inside the human range"
    figure.text(0.025, 1 - 0.36 / height, text, fontsize=15, weight="bold", color=INK)
    below = f"average of {evaluation.solos} solos; humans: {evaluation.human.source}; bold measures are gates"
    figure.text(0.025, 1 - 0.58 / height, below, fontsize=9.5, color=FAINT)
    marks = [Rectangle((0, 0), 1, 1, color=colour) for colour in (HUMAN_ALL, HUMAN_RANGE, HUMAN_HALF)]
    shapes = (("o", SOLO), ("D", INSIDE), ("D", OUTSIDE))
    diamonds = [Line2D([], [], marker=mark, color=colour, linestyle="none") for mark, colour in shapes]
    names = ["humans", "10-90 %", "25-75 %", "a solo", "set, inside", "set, outside"]
    place = (0.98, 1 - 0.2 / height)
    figure.legend([*marks, *diamonds], names, loc="upper right", bbox_to_anchor=place, ncols=6, frameon=False, fontsize=9, labelcolor=INK)


def _quiet(axes: Axes) -> None:
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    for name in ("left", "bottom"):
        axes.spines[name].set_color(HUMAN_HALF)
    axes.tick_params(colors=FAINT, labelsize=8, length=2)


def _write(figure: Figure, path: Path) -> None:
    with written_whole(path) as draft:
        FigureCanvasAgg(figure)
        figure.savefig(draft, format="png")
