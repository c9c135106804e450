"""Note values from what several players have in common."""

from __future__ import annotations

import numpy as np

from trainer.duv.common_score import common_score, local_tempo

CHANCE = np.random.default_rng(11)


def performances(beats: np.ndarray, players: int = 6) -> np.ndarray:
    """Onsets in seconds of players of different tempos that drift by a fifth, with lags of 15 ms."""
    rows = []
    for _ in range(players):
        tempo = np.exp(0.1 * np.sin(2 * np.pi * beats / beats[-1] + CHANCE.uniform(0, 6)) + CHANCE.uniform(-0.3, 0.3))
        sec = np.concatenate(([0.0], np.cumsum(np.diff(beats) * 0.6 * tempo[1:])))
        rows.append(sec + CHANCE.normal(0, 0.015, len(beats)))
    return np.stack(rows)


def test_note_values_come_back_from_players_who_drift() -> None:
    lengths = np.array([1, 1, 1, 1, 2, 2, 1, 1, 4, 1, 1, 3, 1] * 8) / 4
    beats = np.concatenate(([0.0], np.cumsum(lengths)))
    np.testing.assert_allclose(common_score(performances(beats)), beats)


def test_notes_of_a_chord_are_written_at_one_place() -> None:
    beats = np.arange(40) / 2
    sec = performances(beats)
    both = np.concatenate((sec, sec + 0.02), axis=1)
    onset = common_score(both)
    np.testing.assert_allclose(onset[:40], onset[40:])


def test_a_late_note_is_told_from_a_slower_tempo() -> None:
    beats = np.arange(64) / 2
    sec = 0.5 * beats * (1 + beats / 200)
    late = sec.copy()
    late[30] += 0.04
    at_sec, quarter_sec = local_tempo(beats, late)
    lag = late - at_sec
    assert np.argmax(lag) == 30
    assert lag[30] > 0.02
    assert np.all(np.diff(local_tempo(beats, sec)[1][5:-5]) > 0)
    assert quarter_sec.shape == beats.shape
