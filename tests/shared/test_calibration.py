"""Calibration: a few bars of a player move what is expected to that player's level, and few notes move it less."""

from __future__ import annotations

import numpy as np
import pytest

from shared.bins import Distribution, log_ratio_edges, onset_ms_edges, velocity_edges
from shared.calibration import Calibration, calibrated
from shared.written import Performance


def expected(count: int) -> tuple[Distribution, Distribution, Distribution]:
    """Velocities around 64 or 96 with spreads of bins, onsets about 0, lengths as written."""
    velocity = np.zeros((count, 127), dtype=np.float32)
    velocity[np.arange(count), np.where(np.arange(count) % 2, 95, 63)] = 1.0
    even = np.full((count, 10), 0.1, dtype=np.float32)
    return Distribution(velocity_edges(127), velocity), Distribution(onset_ms_edges(10), even), Distribution(log_ratio_edges(10), even)


def player(count: int, louder: float, livelier: float) -> Performance:
    velocity = 80 + louder + livelier * np.where(np.arange(count) % 2, 16.0, -16.0)
    return Performance(velocity, np.full(count, 12.0), np.full(count, np.nan))


def test_a_player_well_known_is_met() -> None:
    calibration = calibrated(expected(2000), player(2000, 10.0, 1.5))
    met = calibration.laid_over(Performance(np.array([64.0, 96.0]), np.zeros(2), np.zeros(2)))
    assert met.velocity.tolist() == pytest.approx([66.0, 114.0], abs=1.5)
    assert met.onset_ms.tolist() == pytest.approx([12.0, 12.0], abs=0.5)
    assert met.log_ratio.tolist() == [0.0, 0.0]  # of which nothing was known


def test_one_loud_note_is_no_level() -> None:
    calibration = calibrated(expected(1), player(1, 60.0, 1.0))
    assert 64 < calibration.velocity(np.array([64.0]))[0] < 80


def test_no_notes_leave_all_as_it_is() -> None:
    assert calibrated(expected(0), player(0, 0.0, 1.0)) == Calibration()


def test_velocities_stay_playable() -> None:
    loud = calibrated(expected(500), player(500, 60.0, 2.0)).laid_over(Performance(np.array([1.0, 127.0]), np.zeros(2), np.zeros(2)))
    assert (loud.velocity >= 1).all()
    assert (loud.velocity <= 127).all()
