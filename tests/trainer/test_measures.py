"""All measures together: what transposition leaves alone, and averages of a set."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chords import QUALITY_NAMES, Chord
from shared.music import Meter
from tests.trainer.made_lines import a_line
from trainer.line import Line, line_of
from trainer.measures import GATES, MEASURES, measure_line, measure_lines, swing_by_tempo
from trainer.measures_rhythm import notes_per_beat, notes_per_second


@st.composite
def lines(draw: st.DrawFn) -> Line:
    gaps = draw(st.lists(st.integers(1, 60), min_size=1, max_size=40))
    notes, tick = [], 0
    for gap in gaps:
        notes.append((tick / 24, draw(st.integers(1, 60)) / 24, draw(st.integers(40, 90))))
        tick += gap
    qualities = st.sampled_from(QUALITY_NAMES)
    changes = [(float(beat), Chord(draw(st.integers(0, 11)), draw(qualities), 0)) for beat in range(0, tick // 24 + 1, 4)]
    return line_of("drawn", float(draw(st.integers(60, 300))), Meter(), notes, changes)


def moved(line: Line, semitones: int) -> Line:
    chords = tuple(chord.transposed(semitones) if chord is not None else None for chord in line.chords)
    return replace(line, pitch=line.pitch + semitones, chords=chords)


@settings(max_examples=60, deadline=None)
@given(lines(), st.integers(-12, 12))
def test_transposition_changes_no_measure(line: Line, semitones: int) -> None:
    before, after = measure_line(line), measure_line(moved(line, semitones))
    for name in MEASURES:
        assert after[name] == pytest.approx(before[name]), name


@settings(max_examples=60, deadline=None)
@given(lines())
def test_shares_are_shares_and_entropies_are_bounded(line: Line) -> None:
    values = measure_line(line)
    shares = ("chord_tone_share", "chord_scale_share", "sounding_share", "steps", "leaps", "immediate_repeats", "grooving_similarity")
    for name in (*shares, "repeated_interval_trigrams", "dead_air", "four_gram_repetition"):
        value = values[name]
        assert value is None or 0 <= value <= 1 + 1e-9, name
    for name in ("h1", "h4"):
        value = values[name]
        assert value is None or 0 <= value <= 3.5849626, name


@settings(max_examples=30, deadline=None)
@given(lines(), st.integers(1, 5))
def test_a_later_bar_is_no_other_music(line: Line, bars: int) -> None:
    before, after = measure_line(line), measure_line(replace(line, onset_beat=line.onset_beat + 4.0 * bars))
    for name in GATES:
        assert after[name] == pytest.approx(before[name]), name


@given(st.floats(60, 300))
def test_tempo_changes_seconds_and_not_beats(tempo_bpm: float) -> None:
    line, other = a_line([60, 62, 64]), a_line([60, 62, 64], tempo_bpm=tempo_bpm)
    assert notes_per_beat(line) == notes_per_beat(other)
    assert notes_per_second(other) == pytest.approx(2.0 * tempo_bpm / 60)


def test_there_are_thirteen_gates() -> None:
    assert len(GATES) == 13


def test_a_set_counts_each_line_once_whatever_its_length() -> None:
    chromatic, repeated = a_line(list(range(60, 90))), a_line([60, 60])
    averages = measure_lines([chromatic, repeated, a_line([])])
    assert averages["steps"] == pytest.approx(0.5)
    assert averages["immediate_repeats"] == pytest.approx(0.5)
    assert measure_lines([]) == dict.fromkeys(MEASURES)


def test_swing_is_told_by_tempo() -> None:
    def at(tempo_bpm: float, tick: int) -> Line:
        return a_line([60] * 8, onsets=[beat + part for beat in range(4) for part in (0.0, tick / 24)], tempo_bpm=tempo_bpm)

    found = swing_by_tempo([at(120.0, 14), at(300.0, 12), at(300.0, 12), at(90.0, 16)])
    assert {band: round(swing.ratio, 6) for band, swing in found.items()} == {"110-140": 1.4, "260+": 1.0}
    assert (found["260+"].lines, found["260+"].upbeats) == (2, 6)
