"""Metre, loops and clocks: beat lines where musicians hear them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.music import TICKS_PER_BEAT, Grid, Meter, SongClock

METERS = st.builds(Meter, st.integers(1, 15), st.sampled_from([2, 4, 8, 16]))
GRIDS = st.builds(Grid, METERS, st.one_of(st.none(), st.integers(1, 2000)))


@pytest.mark.parametrize(
    ("meter", "beats"), [(Meter(4, 4), 4.0), (Meter(3, 4), 3.0), (Meter(6, 8), 3.0), (Meter(5, 4), 5.0), (Meter(7, 8), 3.5)]
)
def test_a_bar_is_as_long_as_its_metre(meter: Meter, beats: float) -> None:
    assert meter.bar_beats == beats


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 4), (4, 3), (33, 4), (4, 0)])
def test_a_metre_that_cannot_be_is_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="metre"):
        Meter(numerator, denominator)


@given(GRIDS, st.integers(0, 100_000))
def test_beat_lines_enclose_every_tick(grid: Grid, tick: int) -> None:
    start, after = grid.beat_start(tick), grid.next_beat(tick)
    assert start <= tick < after <= start + TICKS_PER_BEAT
    assert grid.next_beat(start) == after or grid.loop_ticks is not None
    assert grid.tick_in_beat(after) == 0


@given(GRIDS, st.integers(0, 100_000))
def test_the_next_bar_is_a_downbeat(grid: Grid, tick: int) -> None:
    assert grid.tick_in_bar(grid.next_bar(tick)) == 0
    assert tick < grid.next_bar(tick) <= tick + grid.meter.bar_ticks


def test_bars_begin_anew_where_a_loop_is_cut() -> None:
    grid = Grid(Meter(4, 4), loop_ticks=5 * TICKS_PER_BEAT)
    assert [grid.beat_in_bar(beat * TICKS_PER_BEAT) for beat in range(7)] == [0, 1, 2, 3, 0, 0, 1]


@given(st.floats(-1e6, 1e6), st.floats(-1e4, 1e4), st.floats(20, 400), st.floats(-1e4, 1e4))
def test_a_clock_goes_there_and_back(at_sec: float, beat: float, tempo_bpm: float, asked: float) -> None:
    clock = SongClock(at_sec, beat, tempo_bpm)
    assert clock.beat_at(clock.sec_at(asked)) == pytest.approx(asked, abs=1e-6)


@pytest.mark.parametrize("clock", [(math.nan, 0.0, 120.0), (0.0, math.inf, 120.0), (0.0, 0.0, 0.0), (0.0, 0.0, math.nan)])
def test_a_clock_that_cannot_be_is_refused(clock: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"clock time|tempo"):
        SongClock(*clock)
