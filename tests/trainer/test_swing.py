"""Swung eighths: which notes they are, where they are written, and what one player's lag has to do with it."""

from __future__ import annotations

import pytest

from shared.swing import FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK
from trainer.swing import NEAR_BEATS, is_upbeat, lag_at, smoothed, usual_upbeat_tick


def test_only_a_note_alone_behind_the_beat_is_a_swung_eighth() -> None:
    assert is_upbeat(0.5, [0.0])
    assert is_upbeat(2 / 3, [])
    assert not is_upbeat(0.5, [0.0, 0.25])
    assert not is_upbeat(0.25, [0.0])
    assert not is_upbeat(0.0, [])


def test_an_upbeat_is_written_where_its_neighbours_are_so_one_slip_is_no_swing() -> None:
    played = [13.4 / 24] * 9
    played[4] = 18 / 24
    beats = [float(beat) for beat in range(9)]
    assert smoothed(beats, played, [True] * 9) == [13] * 9


def test_upbeats_between_two_notes_count_before_those_whose_place_is_guessed() -> None:
    beats = [0.0, 1.0, 2.0, 3.0]
    assert smoothed(beats, [0.5, 0.66, 0.66, 0.66], [True, False, False, False]) == [12] * 4
    assert smoothed(beats, [0.66] * 4, [False] * 4) == [16] * 4


def test_far_neighbours_do_not_count_and_no_upbeat_leaves_its_place() -> None:
    beats = [0.0, NEAR_BEATS + 1.0]
    assert smoothed(beats, [0.5, 0.58], [True, True]) == [12, 14]
    assert smoothed([0.0, 100.0], [0.3, 0.95], [True, True]) == [FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK]


def test_lag_is_the_median_around_a_beat() -> None:
    assert lag_at([], [], 3.0) == 0.0
    assert lag_at([0.0, 1.0, 2.0], [0.02, 0.03, 0.5], 1.0) == 0.03
    assert lag_at([0.0, 100.0], [0.02, 0.04], 200.0) == pytest.approx(0.03)


def test_swing_grows_straighter_with_tempo() -> None:
    ticks = [usual_upbeat_tick(tempo) for tempo in (60, 120, 200, 250, 320)]
    assert ticks == sorted(ticks, reverse=True)
    assert ticks[0] == 13
    assert ticks[-1] in (12, 13)
