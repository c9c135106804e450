"""All measures by name, of one line and of a set of lines. Knows the measures; knows no human figures and no files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trainer import measures_pitch as pitch
from trainer import measures_rhythm as rhythm
from trainer.line import Line

Value = float | None


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: `title` for people, `gate` where a set must lie in the human range, `compared` where it is told for comparison only."""

    name: str
    title: str
    of_line: Callable[[Line], Value]
    gate: bool = False
    compared: bool = False


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("chord_tone_share", "chord-tone share", pitch.chord_tone_share, gate=True),
        Measure("chord_scale_share", "chord-scale share", pitch.chord_scale_share, gate=True),
        Measure("on_minus_off_beat_chord_tones", "on- less off-beat chord tones", pitch.on_minus_off_beat_chord_tones, gate=True),
        Measure("notes_per_beat", "notes per beat", rhythm.notes_per_beat, gate=True),
        Measure("sounding_share", "sounding share of time", rhythm.sounding_share, gate=True),
        Measure("steps", "steps (1-2 semitones)", pitch.steps, gate=True),
        Measure("leaps", "leaps (> 7 semitones)", pitch.leaps, gate=True),
        Measure("immediate_repeats", "immediate repeats", pitch.immediate_repeats, gate=True),
        Measure("h1", "H1, entropy over 1 bar", pitch.h1, gate=True),
        Measure("h4", "H4, entropy over 4 bars", pitch.h4, gate=True),
        Measure("grooving_similarity", "grooving similarity", rhythm.grooving_similarity, gate=True),
        Measure("notes_per_phrase", "notes per phrase", rhythm.notes_per_phrase, gate=True),
        Measure("repeated_interval_trigrams", "repeated interval trigrams", pitch.repeated_interval_trigrams, gate=True),
        Measure("notes_per_second", "notes per second", rhythm.notes_per_second),
        Measure("grooving_similarity_64", "grooving similarity at 64", rhythm.grooving_similarity_64),
        Measure("dead_air", "dead-air ratio, >= 180 ms", rhythm.dead_air, compared=True),
        Measure("four_gram_repetition", "4-gram repetition", rhythm.four_gram_repetition, compared=True),
        Measure("note_density", "note density, notes/s", rhythm.note_density, compared=True),
    )
}
GATES = tuple(name for name, measure in MEASURES.items() if measure.gate)


@dataclass(frozen=True, slots=True)
class Swing:
    """The beat-upbeat ratio of the lines in one tempo band, from `upbeats` figures in `lines` lines."""

    ratio: float
    upbeats: int
    lines: int


def measure_line(line: Line) -> dict[str, Value]:
    """Every measure of one line by name, None where the line has nothing to measure."""
    return {name: measure.of_line(line) for name, measure in MEASURES.items()}


def measure_lines(lines: Sequence[Line]) -> dict[str, Value]:
    """Every measure by name, the mean over those lines that have it; None where none has."""
    return set_averages([measure_line(line) for line in lines])


def set_averages(values: Sequence[dict[str, Value]]) -> dict[str, Value]:
    """The mean of every measure over what `measure_line` gave for each line."""
    found = {name: [value for line in values if (value := line[name]) is not None] for name in MEASURES}
    return {name: float(np.mean(known)) if known else None for name, known in found.items()}


def swing_by_tempo(lines: Sequence[Line]) -> dict[str, Swing]:
    """The beat-upbeat ratio at the median of all upbeats in each tempo band (`110-140` to `260+`) that has any."""
    places: dict[str, list[float]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for line in sorted(lines, key=lambda line: line.tempo_bpm):
        band = rhythm.tempo_band(line.tempo_bpm)
        if band is not None and (found := rhythm.upbeat_places(line)):
            places[band] += found
            counts[band] += 1
    ratios = {band: rhythm.beat_upbeat_ratio(found) for band, found in places.items()}
    return {band: Swing(ratio, len(places[band]), counts[band]) for band, ratio in ratios.items() if ratio is not None}
