"""A jam as a picture: a piano roll with chord names, each note of the solo coloured by how it sits on its chord. Knows no MIDI.

Octaves are numbered as FL Studio numbers them: C5 is MIDI pitch 60.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from companion.jam import Jam, JamNote, MeterChange
from shared.chords import Chord, parse_symbol
from shared.files import written_whole

PAPER, INK, FAINT = "#fbfaf7", "#22262b", "#8b9097"
BAR_LINE, BEAT_LINE, OCTAVE_LINE = "#b9bdc2", "#e9e7e1", "#dcdad3"
HELD, PHRASE = "#c9d4e0", "#e4ebf1"
COLOURS = {"chord tone": "#14639e", "scale tone": "#e09f1f", "other": "#c8372d", "no chord": "#6d737a"}
WIDTH_INCHES, ROW_INCHES, MARGIN_INCHES, DPI = 16.0, 2.05, 0.62, 110
HEAD_INCHES, FOOT_INCHES = 0.95, 0.35
ROWS_MAX = 100
PHRASE_GAP_BEATS = 1.0
OVERHANG_BEATS = 0.25
"""The last note is played behind the beat and may reach a little over the last bar line; that makes no further bar."""


def draw_jam(jam: Jam, path: Path) -> None:
    """Draw the jam as a PNG, whole or not at all; a jam without notes gives one empty bar."""
    bars = bar_lines(jam.meters, jam.end_beat - OVERHANG_BEATS)
    per_row = bars_per_row(len(bars) - 1)
    rows = [bars[start : start + per_row + 1] for start in range(0, len(bars) - 1, per_row)]
    height = HEAD_INCHES + ROW_INCHES * len(rows) + FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor=PAPER)
    span_beats = max(row[-1] - row[0] for row in rows)
    for index, row in enumerate(rows):
        top = height - HEAD_INCHES - index * ROW_INCHES
        left, width = MARGIN_INCHES / WIDTH_INCHES, 1 - 2 * MARGIN_INCHES / WIDTH_INCHES
        box = (left, (top - ROW_INCHES + 0.22) / height, width * (row[-1] - row[0]) / span_beats, (ROW_INCHES - 0.56) / height)
        _row(figure.add_axes(box), jam, row, first_bar=index * per_row + 1)
    _heading(figure, jam, len(bars) - 1, height)
    with written_whole(path) as draft:
        FigureCanvasAgg(figure)
        figure.savefig(draft, format="png")


def bar_lines(meters: tuple[MeterChange, ...], end_beat: float) -> list[float]:
    """The beats at which bars begin, from 0 to the first bar line at or after `end_beat`; at least one bar. 4/4 where none is told."""
    lines, beat = [0.0], 0.0
    changes = [change.beat for change in meters]
    while len(lines) < 2 or beat < end_beat - 1e-6:
        index = max(0, bisect_right(changes, beat + 1e-6) - 1)
        length = meters[index].numerator * 4 / meters[index].denominator if meters else 4.0
        after = changes[index + 1] if index + 1 < len(changes) else math.inf
        # A new metre begins its bar at once, so the bar before it may be short.
        beat = min(beat + length, after) if after > beat + 1e-6 else beat + length
        lines.append(beat)
    return lines


def bars_per_row(bars: int) -> int:
    """Four bars a row for short jams, eight for longer ones, and more where the picture would grow too tall."""
    per_row = 4 if bars <= 16 else 8
    while bars > per_row * ROWS_MAX:
        per_row *= 2
    return per_row


def kind_of(pitch: int, chord: Chord | None) -> str:
    """How a pitch sits on a chord: a key of `COLOURS`."""
    if chord is None:
        return "no chord"
    if pitch % 12 in chord.tones:
        return "chord tone"
    return "scale tone" if pitch % 12 in chord.scale else "other"


def phrases(notes: tuple[JamNote, ...]) -> list[list[JamNote]]:
    """The notes in their phrases: a silence of `PHRASE_GAP_BEATS` ends one."""
    found: list[list[JamNote]] = []
    for before, note in zip((None, *notes)[:-1], notes, strict=True):
        if before is None or note.onset_beat - before.onset_beat - before.duration_beat >= PHRASE_GAP_BEATS:
            found.append([])
        found[-1].append(note)
    return found


def _row(axes: Axes, jam: Jam, bars: list[float], first_bar: int) -> None:
    begin, end = bars[0], bars[-1]
    low, high = _pitch_range(jam)
    axes.set(xlim=(begin, end), ylim=(low, high), facecolor="white", yticks=[p for p in range(low, high) if p % 12 == 0], xticks=[])
    axes.set_yticklabels([f"C{pitch // 12}" for pitch in range(low, high) if pitch % 12 == 0], fontsize=7, color=FAINT)
    axes.tick_params(length=0, pad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for pitch in range(low, high):
        if pitch % 12 == 0:
            axes.axhline(pitch, color=OCTAVE_LINE, linewidth=0.7, zorder=0)
    for beat in range(math.ceil(begin), math.ceil(end)):
        axes.axvline(beat, color=BEAT_LINE, linewidth=0.7, zorder=0)
    for index, bar in enumerate(bars):
        axes.axvline(bar, color=BAR_LINE, linewidth=1.1, zorder=1, clip_on=False)
        if index < len(bars) - 1:
            axes.annotate(str(first_bar + index), (bar, low), (0, -9), textcoords="offset points", fontsize=6.5, color=FAINT)
    _held(axes, jam, begin, end)
    _solo(axes, jam, begin, end)
    _names(axes, jam, begin, end)


def _held(axes: Axes, jam: Jam, begin: float, end: float) -> None:
    """The chords' notes, quiet and below."""
    boxes = []
    for note in jam.chords:
        left, right = max(begin, note.onset_beat), min(end, note.onset_beat + note.duration_beat)
        if left < right:
            boxes.append(Rectangle((left, note.pitch - 0.6), right - left, 1.2))
    axes.add_collection(PatchCollection(boxes, facecolor=HELD, edgecolor="white", linewidth=0.4, zorder=2))


def _solo(axes: Axes, jam: Jam, begin: float, end: float) -> None:
    """The solo: boxes coloured by their chord, louder ones fuller, and the phrase's line through them."""
    beats = [name.beat for name in jam.names]
    chords = [_chord(name.symbol) for name in jam.names]
    for note in jam.solo:
        left, right = max(begin, note.onset_beat), min(end, note.onset_beat + note.duration_beat)
        if left >= right:
            continue
        # A note played a hair early belongs to the chord that it leads into.
        index = bisect_right(beats, note.onset_beat + 0.1) - 1
        colour = COLOURS[kind_of(note.pitch, chords[index] if index >= 0 else None)]
        style = f"round,pad=0,rounding_size={min(0.06, (right - left) / 3):.4f}"
        shape = FancyBboxPatch((left, note.pitch - 0.9), right - left, 1.8, boxstyle=style, mutation_aspect=8)
        shape.set(facecolor=colour, alpha=0.55 + 0.45 * note.velocity / 127, edgecolor="white", linewidth=0.6, zorder=4)
        axes.add_patch(shape)
    lines = [[_middle(note) for note in phrase] for phrase in phrases(jam.solo)]
    shown = [line for line in lines if line[-1][0] >= begin and line[0][0] <= end]
    axes.add_collection(LineCollection(shown, colors=PHRASE, linewidths=7, capstyle="round", joinstyle="round", zorder=1.5))


def _names(axes: Axes, jam: Jam, begin: float, end: float) -> None:
    """Chord names above the row, smaller where they stand close; the chord in force is repeated where a row begins."""
    shown = [(name.beat, name.symbol, INK) for name in jam.names if begin - 1e-6 <= name.beat < end - 1e-6]
    before = [name.symbol for name in jam.names if name.beat < begin - 1e-6]
    if before and (not shown or shown[0][0] > begin + 1.0):
        shown.insert(0, (begin, f"({before[-1]})", FAINT))
    inches_per_beat = axes.get_position().width * WIDTH_INCHES / (end - begin)
    for index, (beat, symbol, colour) in enumerate(shown):
        after = shown[index + 1][0] if index + 1 < len(shown) else end
        wanted_inches = 0.1 * len(symbol) + 0.08
        size = 11.0 * min(1.0, (after - beat) * inches_per_beat / wanted_inches)
        if size < 4.0:
            continue
        pretty = symbol[0] + symbol[1:].replace("b", "\N{MUSIC FLAT SIGN}")
        at = (beat, 1.0)
        axes.annotate(
            pretty, at, (1, 4), xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=size, color=colour, weight="bold"
        )


def _heading(figure: Figure, jam: Jam, bars: int, height: float) -> None:
    left = MARGIN_INCHES / WIDTH_INCHES
    figure.text(left, 1 - 0.38 / height, f"JamBot, solo by {jam.title}", fontsize=17, weight="bold", color=INK)
    tempos = sorted({round(change.bpm) for change in jam.tempos})
    metres = list(dict.fromkeys(f"{change.numerator}/{change.denominator}" for change in jam.meters))
    facts = [
        f"{tempos[0]} BPM" if len(tempos) == 1 else f"{tempos[0]} to {tempos[-1]} BPM" if tempos else "",
        ", ".join(metres),
        f"{bars} bars" if bars != 1 else "1 bar",
        f"{len(jam.solo)} notes",
    ]
    figure.text(left, 1 - 0.62 / height, "   ".join(fact for fact in facts if fact), fontsize=10.5, color=FAINT)
    kinds = [kind for kind in COLOURS if kind != "no chord" or any(name.symbol == "NC" for name in jam.names) or not jam.names]
    marks = [Rectangle((0, 0), 1, 1, color=COLOURS[kind]) for kind in kinds]
    handles = [*marks, Rectangle((0, 0), 1, 1, color=HELD), Line2D([], [], color=PHRASE, linewidth=7)]
    labels = [*kinds, "chords as held", "phrase"]
    place = (1 - left, 1 - 0.3 / height)
    figure.legend(handles, labels, loc="upper right", bbox_to_anchor=place, ncols=len(labels), frameon=False, fontsize=9.5, labelcolor=INK)


def _pitch_range(jam: Jam) -> tuple[int, int]:
    """Lowest and highest pitch shown, the same in every row: whatever sounds with a margin, two octaves at least."""
    pitches = [note.pitch for note in (*jam.chords, *jam.solo)] or [60]
    low, high = min(pitches) - 3, max(pitches) + 4
    return low, max(high, low + 24)


def _chord(symbol: str) -> Chord | None:
    try:
        return parse_symbol(symbol)
    except ValueError:
        # A name that is no chord symbol, as in a file that somebody edited: nothing can be said of its notes.
        return None


def _middle(note: JamNote) -> tuple[float, float]:
    return note.onset_beat + min(note.duration_beat, 0.5) / 2, float(note.pitch)
