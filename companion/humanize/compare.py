"""Before and after side by side: two MIDI files and one picture of both. Knows parts and notes; knows no models.

The picture shows the first bars that changed of each part: both piano rolls with velocity as colour, then velocity and the distance
from the grid, note by note. Octaves are numbered as FL Studio numbers them: C5 is MIDI pitch 60.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from companion.humanize.command import COMPARED
from companion.humanize.midi_file import read_midi
from companion.humanize.notes import Notes, score_of
from companion.humanize.parts import Part, read_parts, read_timeline
from companion.humanize.timeline import Timeline
from companion.humanize.work import PartReport
from companion.picture import BAR_LINE, BEAT_LINE, FAINT, INK, OCTAVE_LINE, PAPER
from shared.drum_kit import VOICE_OF_PITCH, VOICES
from shared.errors import ConfigError
from shared.files import written_whole
from shared.written import Floats, Ints

BEFORE, AFTER = "#8b9097", "#14639e"
TOUCH = LinearSegmentedColormap.from_list("touch", ["#c4dcef", "#6ea8d6", "#2f6fb5", "#8a3d8f", "#cf2f3f"])
PARTS_MAX, BARS_SHOWN, DPI, WIDTH_INCHES = 6, 8, 110, 16.0
HEAD_INCHES, TITLE_INCHES, GAP_INCHES, FOOT_INCHES = 0.9, 0.5, 0.16, 0.5
ROLL_INCHES, LANE_INCHES = 1.35, 0.95
LEFT, RIGHT = 0.075, 0.965
_DRUM_BEATS = 0.12
_TIMING_MS_LEAST = 12.0


@dataclass(frozen=True, slots=True)
class View:
    """A part before and after. `place` (N,): the index before of each note after, -1 for one that was added; how far both stray from the
    grid in milliseconds, NaN where a note was added.
    """

    name: str
    is_drums: bool
    before: Notes
    after: Notes
    place: Ints
    before_ms: Floats
    after_ms: Floats


def write_comparison(folder: Path, source: Path, out: Path, reports: Sequence[PartReport]) -> list[Path]:
    """Write `before.mid`, `after.mid` and `compare.png` of the files `source` and `out` to `folder`; `reports` of their parts.

    Raises ConfigError where nothing can be written there.
    """
    paths = [folder / name for name in COMPARED]
    try:
        for path, file in zip(paths[:2], (source, out), strict=True):
            with written_whole(path) as draft:
                draft.write_bytes(file.read_bytes())
        files = [read_midi(path) for path in paths[:2]]
        timeline = read_timeline(files[0])
        before, after = (read_parts(file) for file in files)
        changed = [report for report in reports if report.changed or report.added]
        views = [view_of(before[report.place], after[report.place], report.added, timeline) for report in changed]
        draw_comparison(views, timeline, paths[2], source.name)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another folder with --compare") from None
    return paths


def view_of(before: Part, after: Part, added: Set[tuple[int, int]], timeline: Timeline) -> View:
    """Two states of one part, note by note; `added`: tick and pitch of the notes that were not there before."""
    score = score_of(before.notes, timeline, "drums" if before.is_drums else "keys", "unknown")
    grid = np.empty(len(before.notes))
    grid[score.order] = score.written.onset_beat
    place = same_notes(before, after, added)
    per_beat = 60_000.0 / timeline.tempo_at(grid)
    after_ms = np.where(place >= 0, (after.notes.onset_beat - grid[place]) * per_beat[place], np.nan)
    return View(before.name, before.is_drums, before.notes, after.notes, place, (before.notes.onset_beat - grid) * per_beat, after_ms)


def same_notes(before: Part, after: Part, added: Set[tuple[int, int]]) -> Ints:
    """For each note after, the index of the note that it was, -1 for an added one. Notes of one pitch never pass each other."""
    place = np.full(len(after.notes), -1, dtype=np.int64)
    ticks = zip(after.on_tick.tolist(), after.notes.pitch.tolist(), strict=True)
    old = np.array([tick not in added for tick in ticks], dtype=np.bool_)
    for pitch in np.unique(before.notes.pitch):
        place[np.flatnonzero(old & (after.notes.pitch == pitch))] = np.flatnonzero(before.notes.pitch == pitch)
    return place


def draw_comparison(views: Sequence[View], timeline: Timeline, path: Path, title: str) -> None:
    """Draw up to `PARTS_MAX` parts as a PNG, whole or not at all; without parts a picture that says so."""
    shown = views[:PARTS_MAX]
    block = TITLE_INCHES + 2 * ROLL_INCHES + 2 * LANE_INCHES + 3 * GAP_INCHES + FOOT_INCHES
    height = HEAD_INCHES + block * len(shown) + 0.1
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor=PAPER)
    figure.text(LEFT, 1 - 0.42 / height, f"{title}, before and after", fontsize=17, weight="bold", color=INK, parse_math=False)
    more = f"   (the first {PARTS_MAX} of {len(views)} parts that changed)" if len(views) > PARTS_MAX else ""
    told = f"the first bars that changed{more}" if shown else "nothing changed"
    figure.text(LEFT, 1 - 0.68 / height, told, fontsize=10.5, color=FAINT)
    if shown:
        bar = figure.add_axes((RIGHT - 0.2, 1 - 0.42 / height, 0.2, 0.12 / height))
        figure.colorbar(ScalarMappable(Normalize(1, 127), TOUCH), cax=bar, orientation="horizontal", ticks=[1, 32, 64, 96, 127])
        bar.set_title("velocity", fontsize=9.5, color=FAINT, pad=3)
        bar.tick_params(length=0, labelsize=8, colors=FAINT, pad=2)
        bar.spines[:].set_visible(False)
    for place, view in enumerate(shown):
        _block(figure, view, timeline, height - HEAD_INCHES - place * block, height)
    with written_whole(path) as draft, warnings.catch_warnings():
        # A name in letters that the font lacks is drawn with boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        FigureCanvasAgg(figure)
        figure.savefig(draft, format="png")


def _block(figure: Figure, view: View, timeline: Timeline, top: float, height: float) -> None:
    begin, end = _span(view, timeline)
    # Names are words: a dollar in them begins no formula.
    figure.text(LEFT, (top - 0.2) / height, view.name, fontsize=13, weight="bold", color=INK, va="center", parse_math=False)
    figure.text(RIGHT, (top - 0.2) / height, _facts(view), fontsize=9.5, color=INK, va="center", ha="right")
    top -= TITLE_INCHES
    pitches = _rows(view, begin, end)
    for name, inches in (("before", ROLL_INCHES), ("after", ROLL_INCHES), ("velocity", LANE_INCHES), ("timing, ms", LANE_INCHES)):
        axes = figure.add_axes((LEFT, (top - inches) / height, RIGHT - LEFT, inches / height))
        axes.set(xlim=(begin, end), facecolor="white", xticks=[])
        axes.tick_params(length=0, pad=3, labelsize=7.5, colors=FAINT)
        axes.spines[:].set_visible(False)
        _bar_lines(axes, timeline, begin, end, numbered=name == "timing, ms")
        if name == "velocity":
            _velocity(axes, view)
        elif name == "timing, ms":
            _timing(axes, view, begin, end)
        else:
            _roll(axes, view.before if name == "before" else view.after, view.is_drums, pitches)
        axes.set_ylabel(name, fontsize=9.5, color=INK)
        axes.yaxis.set_label_coords(-0.045, 0.5)
        top -= inches + GAP_INCHES


def _span(view: View, timeline: Timeline) -> tuple[float, float]:
    """The first bars that changed, in quarters."""
    known = view.place >= 0
    old = view.place[known]
    changed = np.ones(len(view.after), dtype=np.bool_)
    after, before = view.after, view.before
    pairs = ((after.onset_beat, before.onset_beat), (after.velocity, before.velocity), (after.end_beat, before.end_beat))
    changed[known] = np.any([new[known] != was[old] for new, was in pairs], axis=0)
    first = timeline.on_grid(after.onset_beat[changed][:1] if changed.any() else np.zeros(1))
    begin = float(first[0] - timeline.bars(first).beat[0])
    last = float(after.onset_beat[changed].max(initial=begin)) + 1e-3
    end = begin
    for _ in range(BARS_SHOWN):
        if end >= last:
            break
        end += float(timeline.bars(np.array([end])).beats[0])
    return begin, max(end, begin + 1.0)


def _bar_lines(axes: Axes, timeline: Timeline, begin: float, end: float, numbered: bool) -> None:
    beat = begin
    while beat < end + 1e-6:
        bar = timeline.bars(np.array([beat]))
        axes.axvline(beat, color=BAR_LINE, linewidth=1.1, zorder=1)
        if numbered and beat < end - 1e-6:
            axes.annotate(
                f"bar {bar.index[0] + 1}", (beat, 0), (2, -4), xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=8,
                color=FAINT, va="top",
            )  # fmt: skip
        length, pulse = float(bar.beats[0]), float(bar.pulse_beats[0])
        for inner in np.arange(pulse, length - 1e-6, pulse):
            axes.axvline(beat + inner, color=BEAT_LINE, linewidth=0.8, zorder=0)
        beat += length


def _rows(view: View, begin: float, end: float) -> list[int]:
    """The pitches that are drawn, from the lowest: those in use for drums, else all between."""
    both = np.concatenate([notes.pitch[(notes.onset_beat < end) & (notes.end_beat > begin)] for notes in (view.before, view.after)])
    used = sorted(set(both.tolist())) or [60]
    return used if view.is_drums else list(range(used[0] - 2, max(used[-1] + 3, used[0] + 10)))


def _roll(axes: Axes, notes: Notes, is_drums: bool, pitches: list[int]) -> None:
    rows = {pitch: row for row, pitch in enumerate(pitches)}
    axes.set_ylim(-0.7, len(pitches) - 0.3)
    if is_drums:
        names = [VOICES[VOICE_OF_PITCH[pitch]] for pitch in pitches]
        told = [f"{name} {pitch}" if names.count(name) > 1 else name for name, pitch in zip(names, pitches, strict=True)]
        axes.set_yticks(range(len(pitches)), told)
        for row in range(len(pitches)):
            axes.axhline(row, color=OCTAVE_LINE, linewidth=0.7, zorder=0)
    else:
        marked = [pitch for pitch in pitches if pitch % 12 == 0]
        axes.set_yticks([rows[pitch] for pitch in marked], [f"C{pitch // 12}" for pitch in marked])
        for pitch in marked:
            axes.axhline(rows[pitch] - 0.5, color=OCTAVE_LINE, linewidth=0.7, zorder=0)
    left, right = axes.get_xlim()
    seen = [index for index in range(len(notes)) if notes.onset_beat[index] < right and notes.end_beat[index] > left]
    lengths = np.full(len(notes), _DRUM_BEATS) if is_drums else notes.duration_beat
    boxes = [
        Rectangle((notes.onset_beat[index], rows[int(notes.pitch[index])] - 0.42), lengths[index], 0.84)
        for index in seen if int(notes.pitch[index]) in rows
    ]  # fmt: skip
    colours = TOUCH(Normalize(1, 127)([notes.velocity[index] for index in seen if int(notes.pitch[index]) in rows]))
    axes.add_collection(PatchCollection(boxes, facecolor=colours, edgecolor="white", linewidth=0.5, zorder=3))


def _velocity(axes: Axes, view: View) -> None:
    axes.set(ylim=(0, 132), yticks=[1, 64, 127])
    axes.axhline(64, color=OCTAVE_LINE, linewidth=0.7, zorder=0)
    axes.plot(view.before.onset_beat, view.before.velocity, linestyle="none", marker="o", markersize=3.2, color=BEFORE, zorder=2)
    axes.vlines(view.after.onset_beat, 0, view.after.velocity, color=AFTER, linewidth=1.0, alpha=0.45, zorder=3)
    axes.plot(view.after.onset_beat, view.after.velocity, linestyle="none", marker="o", markersize=3.8, color=AFTER, zorder=4)
    _legend(axes)


def _timing(axes: Axes, view: View, begin: float, end: float) -> None:
    seen = (view.after.onset_beat >= begin) & (view.after.onset_beat < end)
    seen_before = (view.before.onset_beat >= begin) & (view.before.onset_beat < end)
    known = np.abs(np.concatenate([view.after_ms[seen], view.before_ms[seen_before]]))
    most = max(_TIMING_MS_LEAST, 1.15 * float(np.nanmax(known, initial=0.0)))
    tick = 10 if most < 40 else 20 if most < 80 else 50
    axes.set(ylim=(-most, most), yticks=[-tick, 0, tick])
    axes.set_yticklabels([f"{tick} early", "grid", f"{tick} late"])
    axes.axhline(0, color=INK, linewidth=0.7, zorder=1)
    axes.plot(view.before.onset_beat, view.before_ms, linestyle="none", marker="o", markersize=3.2, color=BEFORE, zorder=2)
    axes.vlines(view.after.onset_beat, 0, view.after_ms, color=AFTER, linewidth=1.0, alpha=0.45, zorder=3)
    axes.plot(view.after.onset_beat, view.after_ms, linestyle="none", marker="o", markersize=3.8, color=AFTER, zorder=4)


def _legend(axes: Axes) -> None:
    for text, colour, right in (("before", BEFORE, 0.945), ("after", AFTER, 0.998)):
        axes.text(right, 1.02, f"\N{BLACK CIRCLE} {text}", transform=axes.transAxes, fontsize=8.5, color=colour, ha="right", va="bottom")


def _facts(view: View) -> str:
    """What changed in numbers, over the whole part."""
    added = int((view.place < 0).sum())
    spread = [f"{np.percentile(notes.velocity, 5):.0f} to {np.percentile(notes.velocity, 95):.0f}" for notes in (view.before, view.after)]
    known = view.place >= 0
    ratio = float(np.median(view.after.duration_beat[known] / view.before.duration_beat[view.place[known]])) if known.any() else 1.0
    late = view.after_ms[known]
    timing = f"timing {np.mean(late):+.0f} ms, spread {np.std(late):.0f}" if known.any() else ""
    length = "" if view.is_drums else f"length \N{MULTIPLICATION SIGN} {ratio:.2f}"
    facts = [f"velocity {spread[0]} \N{RIGHTWARDS ARROW} {spread[1]}", timing, length, f"{added} notes added" if added else ""]
    return "    ".join(fact for fact in facts if fact)
