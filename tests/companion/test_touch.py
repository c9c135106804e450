"""A player's touch: behind the beat as humans are, loud where a line rises, the same for the same seed."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

import pytest

from companion.touch import LAG_WANDER_MS, Touch
from shared.score import Note
from shared.settings import load_settings

TOUCH = Touch(7, load_settings().touch)
EIGHTHS = [Note(12 * step, 60, 12) for step in range(400)]


@pytest.mark.parametrize(("tempo_bpm", "human_ms"), [(125.0, 24.0), (160.0, 20.0), (240.0, 9.0), (280.0, 3.0)])
def test_the_lag_is_that_of_human_soloists(tempo_bpm: float, human_ms: float) -> None:
    lags = [TOUCH.play(note, None, 0, tempo_bpm)[1] for note in EIGHTHS]
    assert mean(lags) == pytest.approx(human_ms, abs=1.5)
    assert all(0 <= TOUCH.lag_ms_least(tempo_bpm) <= lag <= human_ms + LAG_WANDER_MS for lag in lags)


def test_neighbouring_notes_deviate_together() -> None:
    lags = [TOUCH.play(note, None, 0, 140.0)[1] for note in EIGHTHS]
    middle = mean(lags)
    together = mean((a - middle) * (b - middle) for a, b in pairwise(lags))
    assert together / mean((lag - middle) ** 2 for lag in lags) > 0.7


def test_a_rising_line_grows_and_an_off_beat_is_accented() -> None:
    low, high = Note(0, 60, 12), Note(12, 67, 12)
    assert TOUCH.play(high, low, 0, 140.0)[0] > TOUCH.play(high, high, 0, 140.0)[0] > TOUCH.play(high, Note(0, 74, 12), 0, 140.0)[0]
    assert TOUCH.play(high, high, 14, 140.0)[0] > TOUCH.play(high, high, 0, 140.0)[0]


def test_the_seed_decides_the_touch() -> None:
    def touched(seed: int) -> list[tuple[int, float]]:
        return [Touch(seed, load_settings().touch).play(note, None, 0, 140.0) for note in EIGHTHS[:20]]

    assert touched(1) == touched(1)
    assert touched(1) != touched(2)
