"""How deviations hang together: evenly spread whatever the track, alike where notes are near, decided by the seed."""

from __future__ import annotations

import numpy as np

from shared.wander import shares
from tests.shared.made_tracks import groove, melody


def test_shares_are_evenly_spread_over_many_seeds() -> None:
    drawn = np.array([shares(melody(12), 3, seed) for seed in range(2000)])  # (seeds, quantities, notes)
    assert np.allclose(np.quantile(drawn, [0.1, 0.5, 0.9], axis=0).transpose(1, 2, 0), [0.1, 0.5, 0.9], atol=0.05)


def test_near_notes_are_alike_and_far_ones_less() -> None:
    written = groove(60)
    drawn = np.array([shares(written, 1, seed)[0] for seed in range(600)]) - 0.5
    first = int(np.searchsorted(written.onset_beat, 4.0))
    together = np.flatnonzero(written.onset_beat == 4.0)[:2]
    far = int(np.searchsorted(written.onset_beat, 230.0))

    def likeness(one: int, other: int) -> float:
        return float(np.corrcoef(drawn[:, one], drawn[:, other])[0, 1])

    assert likeness(*together) > 0.35
    assert likeness(first, first + 30) > 0.1
    assert abs(likeness(first, far)) < 0.15


def test_quantities_wander_on_their_own() -> None:
    drawn = np.array([shares(melody(10), 2, seed)[:, 5] for seed in range(800)])
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.12
