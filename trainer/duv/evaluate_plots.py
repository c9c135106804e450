"""Pictures of an evaluation: how often which velocity and timing is played, and one take by human and models. Knows no measure."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from shared.drum_kit import VOICES, voices_of
from shared.files import written_whole
from shared.written import Floats, Performance, Written
from trainer.duv.evaluate import Evaluation, Result
from trainer.duv.grid import MS_PER_MIN

PAPER, INK, FAINT = "#fbfaf7", "#22262b", "#8b9097"
HUMAN_FILL, MODEL_LINE, BAR_LINE = "#c9d8e6", "#c8372d", "#b9bdc2"
COLUMNS, DPI = 3, 100
BARS_SHOWN = 4.0
QUANTITIES = {"velocity": ("velocity", 0.0, 128.0, 4.0), "onset_ms": ("ms behind the written place", -80.0, 80.0, 4.0),
              "log_ratio": ("ln(played length / written)", -2.0, 2.0, 0.1)}  # fmt: skip
"""By quantity: what its axis says, from where to where, in which steps."""
TAKE_ROWS = (("quantised", "point"), ("lightgbm", "point"), ("duv", "point"), ("duv", "sampled"))


def draw_distributions(evaluation: Evaluation, folder: Path) -> list[str]:
    """Draw a PNG for each quantity that players have: the human histogram behind each model's. The names of those drawn."""
    drawn = []
    for name, (title, low, high, step) in QUANTITIES.items():
        human = np.concatenate([getattr(track.performance, name) for track in evaluation.tracks])
        known = np.isfinite(human)
        if not known.any():
            continue
        edges = np.arange(low, high + step / 2, step)
        rows = math.ceil(len(evaluation.results) / COLUMNS)
        figure = Figure(figsize=(4.2 * COLUMNS, 1.9 * rows + 0.6), dpi=DPI, facecolor=PAPER, layout="constrained")
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        top = 0.0
        for axes, one in zip(panels, evaluation.results, strict=False):
            said = np.concatenate([getattr(played, name) for played in one.played])
            top = max(top, _histogram(axes, human[known], said[known], edges))
            axes.set_title(f"{one.title}, {one.readout}", fontsize=9, color=INK, loc="left")
        for axes in panels:
            axes.set(ylim=(0, 1.4 * top), yticks=[])
        for axes in panels[len(evaluation.results) :]:
            axes.set_visible(False)
        figure.supxlabel(f"{title}; filled: human", fontsize=9, color=FAINT)
        _write(figure, folder / f"{name}.png")
        drawn.append(name)
    return drawn


def draw_take(evaluation: Evaluation, path: Path) -> str:
    """Draw four bars of the take with the most notes in them, human and models below each other, as a PNG. The take's name."""
    starts = [_fullest(track.written) for track in evaluation.tracks]
    number = max(range(len(starts)), key=lambda place: starts[place][1])
    track, start_beat = evaluation.tracks[number], starts[number][0]
    rows: list[tuple[str, Performance]] = [("human", track.performance)]
    for name, readout in TAKE_ROWS:
        found: Result | None = evaluation.result(name, readout)
        if found is not None:
            rows.append((f"{found.title}, {readout}", found.played[number]))
    figure = Figure(figsize=(13.0, 2.1 * len(rows) + 0.7), dpi=DPI, facecolor=PAPER, layout="constrained")
    for axes, (title, played) in zip(figure.subplots(len(rows), 1, squeeze=False).ravel(), rows, strict=True):
        _roll(axes, track.written, played, start_beat)
        axes.set_title(title, fontsize=9, color=INK, loc="left")
    figure.suptitle(f"{track.name}: size and darkness are velocity, place is when it sounds, in quarters", fontsize=10, color=INK)
    _write(figure, path)
    return track.name


def _histogram(axes: Axes, human: Floats, said: Floats, edges: Floats) -> float:
    """Draw both as shares; values beyond the edges are left out, bins that would dwarf the human ones are cut. The height to show."""
    ours, theirs = (np.histogram(values, edges)[0] / max(1, len(values)) for values in (human, said))
    axes.stairs(ours, edges, fill=True, color=HUMAN_FILL)
    axes.stairs(theirs, edges, color=MODEL_LINE, linewidth=1.3)
    _quiet(axes)
    axes.spines["left"].set_visible(False)
    return float(ours.max())


def _fullest(written: Written) -> tuple[float, int]:
    """From which downbeat on four bars have the most notes, and how many."""
    line = written.onset_beat - written.bar_beat
    last = np.searchsorted(written.onset_beat, line + BARS_SHOWN * written.bar_beats, "left")
    counts = last - np.searchsorted(written.onset_beat, line, "left")
    best = int(np.argmax(counts))
    return float(line[best]), int(counts[best])


def _roll(axes: Axes, written: Written, played: Performance, start_beat: float) -> None:
    first = int(np.searchsorted(written.onset_beat, start_beat, "left"))
    bar_beats = float(written.bar_beats[first])
    shown = (written.onset_beat >= start_beat) & (written.onset_beat < start_beat + BARS_SHOWN * bar_beats)
    tempo_bpm = np.nan_to_num(written.tempo_bpm[shown], nan=120.0)
    sounds_beat = written.onset_beat[shown] + np.nan_to_num(played.onset_ms[shown]) * tempo_bpm / MS_PER_MIN - start_beat
    velocity = np.nan_to_num(played.velocity[shown], nan=64.0)
    rows = voices_of(written.pitch[shown]) if written.is_drums else written.pitch[shown]
    for step in range(round(4 * BARS_SHOWN * bar_beats) + 1):
        on_bar = math.isclose(step / 4 % bar_beats, 0.0, abs_tol=1e-6)
        axes.axvline(step / 4, color=BAR_LINE, linewidth=1.2 if on_bar else 0.3, zorder=0)
    axes.scatter(sounds_beat, rows, s=4 + velocity**1.3 / 6, c=velocity, cmap="viridis_r", vmin=0, vmax=127, zorder=2, linewidth=0)
    if written.is_drums:
        axes.set_yticks(range(len(VOICES)), VOICES)
        axes.set_ylim(-0.7, len(VOICES) - 0.3)
    axes.set_xlim(-0.3, BARS_SHOWN * bar_beats + 0.1)
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    axes.tick_params(colors=FAINT, labelsize=7, length=2)
    axes.set_facecolor("white")


def _write(figure: Figure, path: Path) -> None:
    with written_whole(path) as draft:
        FigureCanvasAgg(figure)
        figure.savefig(draft, format="png")
