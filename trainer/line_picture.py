"""A line as a picture: a piano roll in rows of bars, notes coloured by how they sit on the chords under them. Knows no measure."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from shared.chords import Chord
from shared.files import written_whole
from trainer.line import Change, Line

PAPER, INK, FAINT = "#fbfaf7", "#22262b", "#8b9097"
BAR_LINE, BEAT_LINE, OCTAVE_LINE = "#b9bdc2", "#e9e7e1", "#dcdad3"
COLOURS = {"chord tone": "#14639e", "scale tone": "#e09f1f", "other": "#c8372d", "no chord": "#6d737a"}
WIDTH_INCHES, ROW_INCHES, MARGIN_INCHES, DPI = 16.0, 1.75, 0.6, 100
HEAD_INCHES, FOOT_INCHES = 0.8, 0.2
BARS_PER_ROW, BARS_MAX = 8, 64
CHORD_INCHES = 0.1
"""Width of one letter of a chord symbol at full size."""


def draw_line(line: Line, path: Path) -> None:
    """Draw the first 64 bars of `line` as a PNG, whole or not at all; a line without notes gives one empty bar."""
    bar_beats = line.meter.bar_beats
    end_beat = max(line.end_beat, float(line.onset_beat[-1]) if len(line) else 0.0)
    bars = max(1, min(BARS_MAX, math.ceil(end_beat / bar_beats - 1 / 8)))
    rows = math.ceil(bars / BARS_PER_ROW)
    height = HEAD_INCHES + rows * ROW_INCHES + FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor=PAPER)
    left, full = MARGIN_INCHES / WIDTH_INCHES, 1 - 2 * MARGIN_INCHES / WIDTH_INCHES
    per_row = min(bars, BARS_PER_ROW)
    for row in range(rows):
        first = row * BARS_PER_ROW
        count = min(BARS_PER_ROW, bars - first)
        bottom = height - HEAD_INCHES - (row + 1) * ROW_INCHES + 0.42
        axes = figure.add_axes((left, bottom / height, full * count / per_row, (ROW_INCHES - 0.52) / height))
        _row(axes, line, first, count)
    _heading(figure, line, bars, height)
    with written_whole(path) as draft:
        FigureCanvasAgg(figure)
        figure.savefig(draft, format="png")


def kind_of(pitch: int, chord: Chord | None) -> str:
    """How a pitch sits on a chord: a key of `COLOURS`."""
    if chord is None:
        return "no chord"
    if pitch % 12 in chord.tones:
        return "chord tone"
    return "scale tone" if pitch % 12 in chord.scale else "other"


def _row(axes: Axes, line: Line, first_bar: int, bars: int) -> None:
    bar_beats = line.meter.bar_beats
    begin, end = first_bar * bar_beats, (first_bar + bars) * bar_beats
    low, high = _pitch_range(line)
    octaves = [pitch for pitch in range(low, high) if pitch % 12 == 0]
    axes.set(xlim=(begin, end), ylim=(low, high), facecolor="white", xticks=[], yticks=octaves)
    axes.set_yticklabels([f"C{pitch // 12}" for pitch in octaves], fontsize=7, color=FAINT)
    axes.tick_params(length=0, pad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for pitch in octaves:
        axes.axhline(pitch, color=OCTAVE_LINE, linewidth=0.7, zorder=0)
    for beat in range(math.ceil(begin), math.ceil(end)):
        axes.axvline(beat, color=BEAT_LINE, linewidth=0.7, zorder=0)
    for bar in range(first_bar, first_bar + bars + 1):
        axes.axvline(bar * bar_beats, color=BAR_LINE, linewidth=1.1, zorder=1, clip_on=False)
        if bar < first_bar + bars:
            axes.annotate(str(bar + 1), (bar * bar_beats, high), (2, -8), textcoords="offset points", fontsize=6.5, color=FAINT)
    for onset, length, pitch, chord in zip(line.onset_beat, line.sounding_beats, line.pitch, line.chords, strict=True):
        left, right = max(begin, float(onset)), min(end, float(onset + length))
        if left < right:
            style = f"round,pad=0,rounding_size={min(0.06, (right - left) / 3):.4f}"
            box = FancyBboxPatch((left, int(pitch) - 0.9), right - left, 1.8, boxstyle=style, mutation_aspect=8)
            box.set(facecolor=COLOURS[kind_of(int(pitch), chord)], edgecolor="white", linewidth=0.5, zorder=4)
            axes.add_patch(box)
    _chords(axes, line.changes, begin, end)


def _chords(axes: Axes, changes: tuple[Change, ...], begin: float, end: float) -> None:
    """Chord symbols under the row, smaller where they stand close; the chord in force is repeated where a row begins."""
    shown = [(beat, _symbol(chord), INK) for beat, chord in changes if begin - 1e-6 <= beat < end - 1e-6]
    before = [chord for beat, chord in changes if beat < begin - 1e-6]
    if before and (not shown or shown[0][0] > begin + 1.0):
        shown.insert(0, (begin, f"({_symbol(before[-1])})", FAINT))
    inches_per_beat = axes.get_position().width * WIDTH_INCHES / (end - begin)
    for index, (beat, symbol, colour) in enumerate(shown):
        room = ((shown[index + 1][0] if index + 1 < len(shown) else end) - beat) * inches_per_beat
        size = 11.0 * min(1.0, room / (CHORD_INCHES * len(symbol) + 0.06))
        if size >= 4.0:
            where = ("data", "axes fraction")
            style = {"fontsize": size, "color": colour, "weight": "bold"}
            axes.annotate(symbol, (beat, 0.0), (1, -13), xycoords=where, textcoords="offset points").update(style)


def _symbol(chord: Chord | None) -> str:
    if chord is None:
        return "NC"
    return chord.symbol[0] + chord.symbol[1:].replace("b", "\N{MUSIC FLAT SIGN}")


def _heading(figure: Figure, line: Line, bars: int, height: float) -> None:
    left = MARGIN_INCHES / WIDTH_INCHES
    figure.text(left, 1 - 0.34 / height, line.name, fontsize=15, weight="bold", color=INK)
    every = math.ceil(max(line.end_beat, 1.0) / line.meter.bar_beats)
    shown = f"{bars} bars" if every <= bars else f"{bars} of {every} bars"
    meter = f"{line.meter.numerator}/{line.meter.denominator}"
    figure.text(left, 1 - 0.56 / height, f"{line.tempo_bpm:.0f} BPM   {meter}   {shown}   {len(line)} notes", fontsize=10, color=FAINT)
    kinds = [kind for kind in COLOURS if kind != "no chord" or None in line.chords]
    marks = [Rectangle((0, 0), 1, 1, color=COLOURS[kind]) for kind in kinds]
    place = (1 - left, 1 - 0.22 / height)
    figure.legend(marks, kinds, loc="upper right", bbox_to_anchor=place, ncols=len(kinds), frameon=False, fontsize=9.5, labelcolor=INK)


def _pitch_range(line: Line) -> tuple[int, int]:
    """Lowest and highest pitch shown, the same in every row: the line with a margin, two octaves at least."""
    pitches = line.pitch.tolist() or [60]
    low, high = min(pitches) - 3, max(pitches) + 4
    return low, max(high, low + 24)
