"""Tempo and metre: where bars begin, how long a beat lasts, and which grid place is meant."""

from __future__ import annotations

import numpy as np
import pytest

from companion.humanize.timeline import Timeline, on_length_grid


def beats(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


def test_without_a_word_it_is_120_in_four() -> None:
    timeline = Timeline.of([], [])
    assert timeline.tempo_at(beats(0, 9)).tolist() == [120, 120]
    assert timeline.bars(beats(9)).index.tolist() == [2]
    assert timeline.seconds(beats(0, 4)).tolist() == [0, 2]


def test_bars_follow_the_metre_and_a_new_one_begins_a_bar() -> None:
    timeline = Timeline.of([], [(0, 3, 4), (6, 6, 8), (12, 5, 4), (14, 4, 4)])
    bars = timeline.bars(beats(0, 2, 3, 6, 8.5, 9, 12, 13.5, 14, 18))
    assert bars.index.tolist() == [0, 0, 1, 2, 2, 3, 4, 4, 5, 6]
    assert bars.beat.tolist() == [0, 2, 0, 0, 2.5, 0, 0, 1.5, 0, 0]
    assert bars.beats.tolist() == [3, 3, 3, 3, 3, 3, 2, 2, 4, 4]
    assert bars.pulse_beats.tolist() == [1, 1, 1, 1.5, 1.5, 1.5, 1, 1, 1, 1]


def test_seconds_and_beats_are_inverse_over_tempo_changes() -> None:
    timeline = Timeline.of([(0, 60), (4, 120), (6, 90)], [])
    assert timeline.seconds(beats(4, 6, 7.5)).tolist() == [4, 5, 6]
    places = beats(0, 1.5, 4, 5.9, 6.1, 30)
    assert timeline.beats(timeline.seconds(places)) == pytest.approx(places)
    assert timeline.tempo_at(beats(3.99, 4, 6)).tolist() == [60, 120, 90]


@pytest.mark.parametrize(
    ("played", "written"),
    [
        (0.0, 0.0), (0.03, 0.0), (0.98, 1.0), (0.27, 0.25), (0.34, 1 / 3), (0.65, 2 / 3), (0.13, 0.125), (0.16, 1 / 6),
        (0.45, 0.45), (0.2, 0.2), (3.99, 4.0),
    ],
)  # fmt: skip
def test_a_note_near_a_grid_place_is_written_there_and_any_other_stays(played: float, written: float) -> None:
    assert Timeline.of([], []).on_grid(beats(played))[0] == pytest.approx(written)


def test_the_grid_begins_anew_on_each_downbeat() -> None:
    timeline = Timeline.of([], [(0, 7, 8)])
    assert timeline.on_grid(beats(3.51, 3.74, 3.47))[:3] == pytest.approx([3.5, 3.75, 3.5])
    assert timeline.bars(timeline.on_grid(beats(3.47))).index[0] == 1


def test_lengths_are_written_on_the_grid_too_but_never_as_nothing() -> None:
    assert on_length_grid(beats(0.98, 0.49, 0.01, 0.2)) == pytest.approx([1.0, 0.5, 0.01, 0.2])


@pytest.mark.parametrize(("tempos", "meters"), [([(0.0, 0.0)], []), ([], [(0.0, 0, 4)])])
def test_what_cannot_be_is_refused(tempos: list[tuple[float, float]], meters: list[tuple[float, int, int]]) -> None:
    with pytest.raises(ValueError, match="zero"):
        Timeline.of(tempos, meters)
