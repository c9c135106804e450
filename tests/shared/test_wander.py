"""How deviations hang together: evenly spread whatever the track, alike where notes are near, decided by the seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.drum_kit import voices_of
from shared.wander import shares
from shared.written import Written
from tests.shared.made_tracks import groove, melody


@pytest.mark.parametrize("written", [melody(12), groove(2)])
def test_shares_are_evenly_spread_over_many_seeds(written: Written) -> None:
    drawn = np.array([shares(written, 3, seed) for seed in range(2000)])  # (seeds, quantities, notes)
    assert np.allclose(np.quantile(drawn, [0.1, 0.5, 0.9], axis=0).transpose(1, 2, 0), [0.1, 0.5, 0.9], atol=0.05)


def likeness(drawn: NDArray[np.float64], one: int, other: int) -> float:
    return float(np.corrcoef(drawn[:, one], drawn[:, other])[0, 1])


def test_near_notes_are_alike_and_far_ones_less() -> None:
    written = melody(600)
    drawn = np.array([shares(written, 1, seed)[0] for seed in range(600)])
    assert likeness(drawn, 5, 6) > 0.35
    assert likeness(drawn, 5, 30) > 0.1
    assert abs(likeness(drawn, 5, 599)) < 0.15


def test_a_drummer_strikes_alike_whenever_a_voice_comes_to_the_same_place_in_the_beat() -> None:
    written = groove(60)
    drawn = np.array([shares(written, 2, seed) for seed in range(600)])
    voice, place = voices_of(written.pitch), np.mod(written.bar_beat, 1.0)
    first = int(np.searchsorted(written.onset_beat, 4.0))
    far = np.flatnonzero(written.onset_beat > 100)
    same = int(far[(voice[far] == voice[first]) & (place[far] == place[first])][0])
    other = int(far[voice[far] != voice[first]][0])
    chord = np.flatnonzero(written.onset_beat == 4.0)[:2]
    velocity, timing = drawn[:, 0], drawn[:, 1]
    assert likeness(velocity, first, same) > 0.4
    assert likeness(velocity, first, other) < 0.3
    assert likeness(timing, first, same) > 0.15
    assert likeness(timing, *chord) > 0.35


def test_no_note_and_one_note_have_their_shares() -> None:
    written = groove(1)
    for count in (0, 1):
        assert shares(written.part(slice(0, count)), 3, 1).shape == (3, count)


def test_quantities_wander_on_their_own() -> None:
    drawn = np.array([shares(melody(10), 2, seed)[:, 5] for seed in range(800)])
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.12
