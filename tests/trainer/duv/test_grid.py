"""Written places and lengths from played ones."""

from __future__ import annotations

import numpy as np

from shared.places import nearest_places, written_length
from trainer.duv.grid import loudest_each, one_at_a_time, sequenced_share


def test_straight_notes_are_written_in_sixteenths_and_swung_ones_in_triplets() -> None:
    played = np.array([0.02, 0.24, 0.51, 0.77, 1.0, 1.64, 2.01, 2.35, 2.65])
    places, steps = nearest_places(played)
    np.testing.assert_allclose(places, [0, 0.25, 0.5, 0.75, 1, 5 / 3, 2, 7 / 3, 8 / 3])
    np.testing.assert_allclose(steps, [0.25] * 4 + [1 / 3] * 5)


def test_an_early_note_belongs_to_the_beat_that_it_anticipates() -> None:
    places, steps = nearest_places(np.array([0.0, 1 / 3, 2 / 3, 0.96, 1.5]))
    np.testing.assert_allclose(places, [0, 1 / 3, 2 / 3, 1, 1.5])
    np.testing.assert_allclose(steps, [1 / 3] * 3 + [0.25] * 2)


def test_a_length_is_whole_steps_and_never_none() -> None:
    np.testing.assert_allclose(written_length(np.array([0.01, 0.3, 0.9]), 0.25), [0.25, 0.25, 1.0])


def test_a_line_does_not_overlap_itself_but_its_chords_stay() -> None:
    onset, length = np.array([0.0, 0.0, 0.5, 1.0]), np.array([1.0, 0.25, 0.25, 4.0])
    np.testing.assert_allclose(one_at_a_time(onset, length), [0.5, 0.25, 0.25, 4.0])


def test_the_loudest_hit_of_a_voice_on_a_place_counts() -> None:
    onset, voice, velocity = np.array([0.0, 0.0, 0.0, 0.25]), np.array([1, 1, 0, 1]), np.array([40.0, 90, 70, 10])
    assert loudest_each(onset, voice, velocity).tolist() == [2, 1, 3]


def test_a_sequencers_onsets_are_told_from_a_players() -> None:
    chance = np.random.default_rng(3)
    grid = np.arange(200) / 4
    assert sequenced_share(grid, 0.003) == 1.0
    assert sequenced_share(grid + chance.normal(0, 0.03, 200), 0.003) < 0.3
