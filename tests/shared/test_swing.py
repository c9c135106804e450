"""Swing: upbeats lean to where they are wanted, come as often as before, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.foresight import ChordChange, Foresight
from shared.leaning import leaning
from shared.music import Grid, Meter
from shared.score import Conditioning, Frame
from shared.swing import FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK, SwingWish, swing_wish, upbeat_place, usual_ratio, wanted_ratio
from shared.tokens import ONSETS

UPBEATS = slice(FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK + 1)
SCORES = st.lists(st.floats(-8, 8, width=32), min_size=ONSETS, max_size=ONSETS).map(lambda found: np.array(found, np.float32))


def shares(scores: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float64]:
    weights = np.exp(scores.astype(np.float64) / temperature)
    return np.asarray(weights / weights.sum())


def frame(feel: str = "swing", meter: Meter | None = None, tempo_bpm: float = 140.0) -> Frame:
    seen = Foresight(Grid(meter or Meter()), (ChordChange(0, None),))
    return seen.frame_at(0, Conditioning(feel=feel, tempo_bpm=tempo_bpm))


@given(SCORES, st.floats(1.0, 2.0), st.sampled_from([0.7, 1.0, 1.4]))
def test_an_upbeat_comes_as_often_as_before_and_other_places_stay_as_they_were(
    scores: NDArray[np.float32], ratio: float, temperature: float
) -> None:
    before, after = (shares(each, temperature) for each in (scores, leaning(scores, 0, temperature, ratio)))
    assert after[UPBEATS].sum() == pytest.approx(before[UPBEATS].sum(), abs=1e-5)
    others = np.delete(np.arange(ONSETS), np.arange(ONSETS)[UPBEATS])
    assert np.allclose(after[others], before[others], atol=1e-5)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_where_the_net_knows_no_place_the_upbeat_stands_where_it_is_wanted(ratio: float) -> None:
    scores = leaning(np.zeros(ONSETS, np.float32), 0, 1.0, ratio)
    likeliest = FIRST_UPBEAT_TICK + int(np.argmax(scores[UPBEATS]))
    assert abs(likeliest - upbeat_place(ratio)) <= 0.5


def test_a_net_that_swings_too_far_comes_nearer() -> None:
    scores = np.full(ONSETS, -20.0, np.float32)
    scores[UPBEATS] = -0.5 * (np.arange(FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK + 1) - 15.0) ** 2
    ticks = np.arange(ONSETS)
    before, after = (float(shares(each) @ ticks) for each in (scores, leaning(scores, 1, 1.0, 1.25)))
    assert upbeat_place(1.25) < after < before - 0.5


def test_triplets_and_sixteenths_are_left_alone() -> None:
    scores = np.zeros(ONSETS, np.float32)
    for floor in (2, 7, 9, 13):
        assert leaning(scores, floor, 1.0, 1.25) is scores


def test_nothing_is_asked_of_even_eighths_of_compound_metres_and_of_a_free_player() -> None:
    scores = np.arange(ONSETS, dtype=np.float32)
    assert wanted_ratio("auto", frame("even")) is None
    assert wanted_ratio("auto", frame(meter=Meter(6, 8))) is None
    assert wanted_ratio("free", frame()) is None
    assert leaning(scores, 0, 1.0, None) is scores


def test_an_upbeat_that_cannot_come_is_not_made_up() -> None:
    scores = np.zeros(ONSETS, np.float32)
    scores[UPBEATS] = -np.inf
    assert np.array_equal(leaning(scores, 0, 1.0, 1.5), scores)


@pytest.mark.parametrize(("wish", "ratio"), [("auto", usual_ratio(140.0)), (1.0, 1.0), (1.8, 1.8)])
def test_a_wish_is_heard(wish: SwingWish, ratio: float) -> None:
    assert wanted_ratio(wish, frame()) == ratio


def test_soloists_swing_less_the_faster_they_play() -> None:
    ratios = [usual_ratio(tempo) for tempo in (30, 60, 125, 160, 200, 240, 280, 400)]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] == ratios[1] == pytest.approx(1.28)
    assert ratios[-1] == pytest.approx(1.12)
    assert usual_ratio(180.0) == pytest.approx((1.26 + 1.245) / 2)


@pytest.mark.parametrize(("said", "meant"), [("auto", "auto"), ("free", "free"), ("1.5", 1.5), (2, 2.0), (1.0, 1.0)])
def test_what_is_said_of_swing_is_understood(said: str | float, meant: SwingWish) -> None:
    assert swing_wish(said) == meant


@pytest.mark.parametrize("said", ["fast", "nan", 2.5, "0.9", float("inf"), ""])
def test_what_no_swing_is_is_refused_with_what_is_accepted(said: str | float) -> None:
    with pytest.raises(ValueError, match=r"expected auto, free, or a ratio from 1 \(straight\) to 2 \(triplets\)"):
        swing_wish(said)
