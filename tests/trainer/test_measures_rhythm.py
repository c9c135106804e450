"""Measures of time on lines short enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.made_lines import a_line
from trainer.measures_rhythm import (
    beat_upbeat_ratio,
    dead_air,
    four_gram_repetition,
    grooving_similarity,
    grooving_similarity_64,
    note_density,
    notes_per_annotated_phrase,
    notes_per_beat,
    notes_per_phrase,
    notes_per_second,
    sounding_share,
    tempo_band,
    upbeat_places,
)


def test_density_counts_from_the_first_onset_to_the_last_release() -> None:
    line = a_line([60, 62, 64, 65], onsets=[8.0, 9.0, 9.5, 11.0], length=1.0, tempo_bpm=180.0)
    assert notes_per_beat(line) == pytest.approx(4 / 4)
    assert notes_per_second(line) == pytest.approx(3.0)


def test_sounding_share_counts_overlaps_once_and_silence_not() -> None:
    # Two notes of 1.5 beats, the first cut at 1; a rest of 1.5; a note of 1: 3.5 of 5.
    line = a_line([60, 62, 64], onsets=[0.0, 1.0, 4.0], length=1.5)
    assert sounding_share(line) == pytest.approx((1.0 + 1.5 + 1.5) / 5.5)


def test_a_line_without_notes_has_no_measure() -> None:
    empty = a_line([])
    for measure in (notes_per_beat, notes_per_second, sounding_share, grooving_similarity, notes_per_phrase, dead_air, note_density):
        assert measure(empty) is None
    assert upbeat_places(empty) == []


def test_bars_of_one_rhythm_groove_alike() -> None:
    assert grooving_similarity(a_line([60] * 16)) == 1.0
    assert grooving_similarity(a_line([60] * 8)) is None, "one bar can be compared with none"


def test_grooving_similarity_is_the_share_of_places_that_agree_over_all_pairs_of_bars() -> None:
    # Three bars with onsets {0, 24}, {0, 24}, {0, 12} of 48 places: pairs differ at 0, 2 and 2 places.
    line = a_line([60] * 6, onsets=[0.0, 2.0, 4.0, 6.0, 8.0, 9.0])
    assert grooving_similarity(line) == pytest.approx(1 - (0 + 2 + 2) / 3 / 48)
    assert grooving_similarity_64(line) == pytest.approx(1 - (0 + 2 + 2) / 3 / 64)


def test_empty_bars_do_not_groove() -> None:
    assert grooving_similarity(a_line([60, 60], onsets=[0.0, 8.0])) == 1.0


def test_a_triplet_and_a_sixteenth_are_different_places() -> None:
    assert grooving_similarity(a_line([60, 60, 60, 60], onsets=[0.0, 1 / 3, 4.0, 4.25])) == pytest.approx(1 - 2 / 48)


def test_a_silence_of_three_tenths_of_a_second_ends_a_phrase() -> None:
    onsets = [0.0, 0.5, 1.0, 2.1, 2.6]  # the gap after the third note is 0.6 beats
    assert notes_per_phrase(a_line([60] * 5, onsets=onsets, tempo_bpm=120.0)) == pytest.approx(2.5)
    assert notes_per_phrase(a_line([60] * 5, onsets=onsets, tempo_bpm=125.0)) == pytest.approx(5.0)


def test_annotated_phrases_are_counted_where_there_are_any() -> None:
    line = a_line([60] * 6)
    assert notes_per_annotated_phrase(line) is None
    assert notes_per_annotated_phrase(replace(line, phrases=np.array([1, 1, 1, 1, 2, 2]))) == 3.0


def test_dead_air_rises_to_one_for_steady_eighths_at_moderate_tempo() -> None:
    assert dead_air(a_line([60] * 8, tempo_bpm=166.0)) == 1.0
    assert dead_air(a_line([60] * 8, tempo_bpm=168.0)) == 0.0


def test_comparison_measures_count_pitches_and_seconds() -> None:
    assert four_gram_repetition(a_line([60, 62, 64, 65, 60, 62, 64, 65])) == pytest.approx(1 / 5)
    assert note_density(a_line([60, 62], onsets=[3.0, 3.5], length=0.5)) == pytest.approx(2 / 2.0)


def swung(place: float, beats: int = 8) -> list[float]:
    return [beat + part for beat in range(beats) for part in (0.0, place)]


def test_the_upbeat_is_measured_where_a_beat_has_exactly_three_onsets() -> None:
    line = a_line([60] * 16, onsets=swung(14 / 24))
    assert upbeat_places(line) == pytest.approx([14 / 24] * 7), "the last beat has no next"
    triplets = a_line([60] * 4, onsets=[0.0, 1 / 3, 2 / 3, 1.0])
    assert upbeat_places(triplets) == []
    assert upbeat_places(a_line([60] * 3, onsets=[0.0, 0.5, 1.5])) == [], "nothing on the next beat"
    assert upbeat_places(a_line([60] * 3, onsets=[0.25, 0.5, 1.0])) == [], "nothing on the beat"


def test_played_onsets_are_measured_at_the_written_figures() -> None:
    line = a_line([60] * 3, onsets=[0.0, 0.5, 1.0])
    assert upbeat_places(replace(line, played_beat=np.array([0.1, 0.7, 1.1]))) == pytest.approx([0.6])


@pytest.mark.parametrize(("tick", "ratio"), [(12, 1.0), (14, 1.4), (16, 2.0)])
def test_the_ratio_of_one_written_place(tick: int, ratio: float) -> None:
    assert beat_upbeat_ratio([tick / 24] * 5) == pytest.approx(ratio)
    assert beat_upbeat_ratio([]) is None


def test_the_median_of_written_places_lies_between_the_ticks() -> None:
    ratio = beat_upbeat_ratio([13 / 24] * 50 + [14 / 24] * 50)
    assert ratio == pytest.approx(13.5 / 10.5)


def test_tempo_bands() -> None:
    assert [tempo_band(bpm) for bpm in (109.9, 110.0, 140.0, 219.0, 259.9, 260.0, 400.0)] == [
        None, "110-140", "140-180", "180-220", "220-260", "260+", "260+",
    ]  # fmt: skip
