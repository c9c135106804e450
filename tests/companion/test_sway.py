"""Deviations of a live line: each evenly spread, alike where notes are near, and the same whenever they are asked for."""

from __future__ import annotations

import numpy as np

from companion.sway import sway
from shared.music import TICKS_PER_BEAT

EIGHTHS = [(12 * step, 60 + step % 7) for step in range(400)]


def test_what_is_drawn_hangs_on_seed_and_place_alone() -> None:
    whole = sway(5, 3, EIGHTHS)
    np.testing.assert_array_equal(sway(5, 3, EIGHTHS[200:230]), whole[:, 200:230])
    np.testing.assert_array_equal(sway(5, 3, EIGHTHS[::-1])[:, ::-1], whole)
    assert np.abs(sway(6, 3, EIGHTHS) - whole).mean() > 0.1


def test_over_many_takes_each_share_is_evenly_spread() -> None:
    drawn = np.stack([sway(seed, 1, [(7, 60), (1000, 64)])[0] for seed in range(600)])
    for place in range(2):
        counts, _ = np.histogram(drawn[:, place], bins=4, range=(0, 1))
        assert counts.min() > 110


def test_neighbours_are_more_alike_than_distant_notes_and_quantities_go_their_own_ways() -> None:
    takes = np.stack([sway(seed, 2, [(0, 60), (12, 62), (200 * TICKS_PER_BEAT, 62)]) for seed in range(600)])
    near, far, across = (
        np.corrcoef(*pair)[0, 1]
        for pair in ((takes[:, 0, 0], takes[:, 0, 1]), (takes[:, 0, 0], takes[:, 0, 2]), (takes[:, 0, 0], takes[:, 1, 0]))
    )
    assert near > 0.3 > 0.2 > far
    assert abs(across) < 0.15
