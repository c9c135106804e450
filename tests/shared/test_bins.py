"""Distributions over bins: what is read out of them is what lies in them."""

from __future__ import annotations

import numpy as np
import pytest

from shared.bins import LOG_RATIO_MAX, ONSET_MS_MAX, Distribution, log_ratio_edges, onset_ms_edges, velocity_edges


def test_bins_reach_over_what_can_be_played() -> None:
    assert velocity_edges(32)[[0, -1]].tolist() == [1.0, 127.0]
    assert onset_ms_edges(48)[[0, -1]].tolist() == pytest.approx([-ONSET_MS_MAX, ONSET_MS_MAX])
    assert log_ratio_edges(48)[[0, -1]].tolist() == pytest.approx([-LOG_RATIO_MAX, LOG_RATIO_MAX])


def test_onsets_are_told_to_two_milliseconds_near_the_beat() -> None:
    widths = np.diff(onset_ms_edges(48))
    assert widths[24] < 2.0
    assert (np.diff(widths[24:]) > 0).all()
    assert np.allclose(widths, widths[::-1])


def test_readouts_of_a_known_distribution() -> None:
    """A quarter of the mass evenly in 0..1, the rest evenly in 1..3."""
    known = Distribution(np.array([0.0, 1.0, 3.0]), np.array([[0.25, 0.75]], dtype=np.float32))
    assert known.mean().tolist() == pytest.approx([0.25 * 0.5 + 0.75 * 2.0])
    assert known.median().tolist() == pytest.approx([1 + 2 / 3])
    assert known.middle().tolist() == pytest.approx([(1 + 2 / 3 + 0.25 * 0.5 + 0.75 * 2.0) / 2])
    square = 0.25 * (1 / 3) + 0.75 * (13 / 3)
    assert known.spread().tolist() == pytest.approx([np.sqrt(square - 1.625**2)])
    for share, value in ((0.0, 0.0), (0.125, 0.5), (0.25, 1.0), (0.625, 2.0), (1.0, 3.0)):
        assert known.quantile(np.array([share])).tolist() == pytest.approx([value])


def test_at_the_ceiling_notes_are_as_loud_as_can_be() -> None:
    """Half of the mass evenly in 0..2, the rest at 3."""
    known = Distribution(np.array([0.0, 2.0, 3.0]), np.array([[0.5, 0.5]], dtype=np.float32), ceiling=True)
    assert known.mean().tolist() == pytest.approx([0.5 * 1.0 + 0.5 * 3.0])
    assert known.spread().tolist() == pytest.approx([np.sqrt(0.5 * (4 / 3) + 0.5 * 9.0 - 4.0)])
    for share, value in ((0.25, 1.0), (0.49, 1.96), (0.51, 3.0), (1.0, 3.0)):
        assert known.quantile(np.array([share])).tolist() == pytest.approx([value])


def test_what_is_drawn_fills_the_bins_as_the_masses_say() -> None:
    edges = onset_ms_edges(12)
    mass = np.random.default_rng(0).dirichlet(np.ones(12)).astype(np.float32)
    shares = (np.arange(20_000) + 0.5) / 20_000
    drawn = Distribution(edges, np.tile(mass, (20_000, 1))).quantile(shares)
    assert np.histogram(drawn, edges)[0] / 20_000 == pytest.approx(mass, abs=1e-3)


def test_empty_bins_are_never_read() -> None:
    lone = Distribution(np.array([0.0, 1.0, 2.0, 3.0]), np.array([[0.0, 1.0, 0.0]], dtype=np.float32))
    for share in (0.0, 1e-9, 0.5, 1.0):
        assert 1.0 <= float(lone.quantile(np.array([share]))[0]) <= 2.0
