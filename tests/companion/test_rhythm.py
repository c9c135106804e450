"""The rhythm by rules: cells keep free what sounds already, and eighths swing as people swing."""

from __future__ import annotations

from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.dice import Dice
from companion.rhythm import CELLS, Cell, beat_cell, hold_ticks, phrase_end_ticks, rest_ticks, sounding_ticks, upbeat_tick


@given(st.integers(), st.sampled_from(sorted(CELLS)), st.floats(20, 400), st.integers(12, 14), st.integers(-30, 60))
@settings(max_examples=100, deadline=None)
def test_every_cell_ascends_within_its_beat(seed: int, role: str, tempo_bpm: float, upbeat: int, free: int) -> None:
    dice = Dice(seed)
    cell: Cell = ()
    for _ in range(8):
        cell = beat_cell(dice, role, tempo_bpm, upbeat, cell, free)
        assert list(cell) == sorted(set(cell))
        assert all(0 <= tick < 24 for tick in cell)
        assert 0 <= hold_ticks(dice, cell) < 24


@pytest.mark.parametrize("ratio", [1.0, 1.12, 1.27, 1.5, 2.0])
def test_eighths_swing_as_far_as_they_should_on_average(ratio: float) -> None:
    dice = Dice(5)
    thrown = [upbeat_tick(dice, ratio) for _ in range(4000)]
    assert mean(tick / (24 - tick) for tick in thrown) == pytest.approx(ratio, abs=0.02)
    assert max(thrown) - min(thrown) <= 1


def test_runs_of_eighths_go_on_rather_than_not() -> None:
    dice = Dice(6)
    after_run = [beat_cell(dice, "lead", 200.0, 13, (0, 14), 0) for _ in range(3000)].count((0, 13))
    after_else = [beat_cell(dice, "lead", 200.0, 13, (0,), 0) for _ in range(3000)].count((0, 13))
    assert after_run > 1.15 * after_else


def test_a_beat_half_taken_gets_a_cell_that_uses_the_rest() -> None:
    dice = Dice(7)
    cells = [beat_cell(dice, "lead", 160.0, 13, (), 11) for _ in range(2000)]
    assert mean(cell[-1] >= 11 for cell in cells) > 0.95


@given(st.integers(), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_a_note_sounds_within_its_room(seed: int, room: int) -> None:
    assert 1 <= sounding_ticks(Dice(seed), room) <= room


def test_a_breath_is_one_to_three_beats() -> None:
    assert {rest_ticks(chance / 200) for chance in range(200)} == {24, 30, 36, 48, 60, 72}
    assert all(1 <= phrase_end_ticks(Dice(seed)) <= 36 for seed in range(50))
