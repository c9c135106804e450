"""Measures of pitch on lines short enough to count by hand."""

from __future__ import annotations

import math

import pytest

from tests.trainer.made_lines import a_line
from trainer.measures_pitch import (
    chord_scale_share,
    chord_tone_share,
    h1,
    h4,
    immediate_repeats,
    leaps,
    on_minus_off_beat_chord_tones,
    repeated_interval_trigrams,
    steps,
)


def test_chord_tones_and_scale_tones_are_counted_over_chords() -> None:
    # Over C7: C E Bb are chord tones, D A are in the scale, Eb B are neither; the scale holds five of seven.
    line = a_line([60, 64, 70, 62, 69, 63, 71], chord="C7")
    assert chord_tone_share(line) == pytest.approx(3 / 7)
    assert chord_scale_share(line) == pytest.approx(5 / 7)


def test_without_chords_nothing_is_said_of_them() -> None:
    line = a_line([60, 62, 64], chord="NC")
    assert chord_tone_share(line) is None
    assert chord_scale_share(line) is None
    assert on_minus_off_beat_chord_tones(line) is None


def test_chord_tones_on_the_beat_less_those_off_it() -> None:
    # Eighths: C and E on beats are chord tones, A on a beat is not; of three offbeats G is one.
    line = a_line([60, 62, 64, 65, 69, 67], chord="C")
    assert on_minus_off_beat_chord_tones(line) == pytest.approx(2 / 3 - 1 / 3)
    assert on_minus_off_beat_chord_tones(a_line([60, 64], step=1.0)) is None


def test_a_hair_before_the_beat_is_on_it() -> None:
    line = a_line([60, 62, 64, 62], onsets=[0.0, 0.5, 0.95, 1.5])
    assert on_minus_off_beat_chord_tones(line) == 1.0


def test_intervals_are_steps_leaps_repeats_or_none_of_them() -> None:
    # +2, 0, -1, +4, +7, -8, 0, +12
    line = a_line([60, 62, 62, 61, 65, 72, 64, 64, 76])
    assert steps(line) == pytest.approx(2 / 8)
    assert leaps(line) == pytest.approx(2 / 8)
    assert immediate_repeats(line) == pytest.approx(2 / 8)
    assert steps(a_line([60])) is None


def test_entropy_of_a_bar_is_the_mean_over_bars_with_notes() -> None:
    # One bar of four classes evenly (2 bits), an empty bar, one of a single class (0 bits).
    line = a_line([60, 62, 64, 65, 60, 72], onsets=[0, 1, 2, 3, 8, 9])
    assert h1(line) == pytest.approx(1.0)


def test_entropy_over_four_bars_slides_bar_by_bar() -> None:
    # A class a bar: C D E F | D E F C: five bars give two windows, each of four classes evenly.
    line = a_line([60, 62, 64, 65, 72], step=4.0)
    assert h4(line) == pytest.approx(2.0)
    # The second window of C C C C D: three C and a D.
    last = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert h4(a_line([60, 60, 60, 60, 62], step=4.0)) == pytest.approx(last / 2)


def test_a_line_shorter_than_four_bars_is_one_window() -> None:
    assert h4(a_line([60, 62])) == pytest.approx(1.0)
    assert h4(a_line([])) is None


def test_a_trigram_is_repeated_wherever_it_stands_and_in_any_key() -> None:
    # Intervals 2 2 1 | 2 2 2 1: trigrams 221 212 122 222 221: one of five came before.
    line = a_line([60, 62, 64, 65, 67, 69, 71, 72])
    assert repeated_interval_trigrams(line) == pytest.approx(1 / 5)
    assert repeated_interval_trigrams(a_line([60, 62, 64])) is None
