"""The five hints, each on notes of which a musician would say the same."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.duv.made_music import played, written
from trainer.duv.hints import bow_direction, ghost_notes, hints_of, legato_of, strum_direction, vibrato_of


@pytest.mark.parametrize(("lags", "direction"), [((0, 8, 16), 1), ((16, 8, 0), -1), ((5, 6, 5), 0)])
def test_a_strum_goes_the_way_in_which_its_strings_follow_each_other(lags: tuple[float, ...], direction: int) -> None:
    chord = written([0, 0, 0, 1], [40, 47, 52, 60], [1, 1, 1, 1], "guitar")
    hint = strum_direction(chord, played(4, onset_ms=[*lags, 0]))
    assert hint[:3].tolist() == [direction] * 3
    assert np.isnan(hint[3])


def test_legato_reaches_the_next_note_to_within_a_twentieth() -> None:
    line = written([0, 1, 2, 3], [60, 62, 64, 65], [1, 1, 1, 1], "strings")
    hint = legato_of(line, played(4, log_ratio=[0.05, np.log(0.96), np.log(0.9), 0]))
    assert hint[:3].tolist() == [1, 1, 0]
    assert np.isnan(hint[3])


def test_bows_alternate_slurs_stay_on_one_and_downbeats_go_down() -> None:
    line = written([0, 1, 2, 3, 4, 5], [60, 62, 64, 65, 67, 69], [1] * 6, "strings")
    slurred_to_next = np.array([0.0, 1, 0, 0, 0, np.nan])
    assert bow_direction(line, slurred_to_next).tolist() == [1, -1, -1, 1, 1, -1]


def test_an_upbeat_after_a_rest_is_an_up_bow() -> None:
    line = written([0, 3.5, 4], [60, 62, 64], [0.5, 0.5, 1], "strings")
    assert bow_direction(line, np.zeros(3)).tolist() == [1, -1, 1]


def test_vibrato_is_for_long_notes_and_for_shorter_ones_that_end_a_phrase() -> None:
    line = written([0, 2, 2.8, 6, 6.8], [60, 62, 64, 65, 67], [2, 0.8, 0.8, 0.8, 0.25], "strings")
    assert vibrato_of(line, played(5)).tolist() == [1, 0, 1, 0, 0]


def test_a_ghost_note_is_short_and_soft_and_off_the_beat() -> None:
    line = written([0, 1, 1.75, 2, 2.5, 3], [40] * 6, [1, 0.75, 0.25, 0.25, 0.5, 1], "bass")
    assert ghost_notes(line, played(6, velocity=[90, 90, 40, 40, 90, 90])).tolist() == [0, 0, 1, 0, 0, 0]


def test_where_velocity_is_unknown_no_note_is_called_a_ghost() -> None:
    line = written([0, 1], [40, 40], [1, 0.25], "bass")
    assert np.isnan(ghost_notes(line, played(2))).all()


@pytest.mark.parametrize(
    ("instrument", "names"),
    [
        ("guitar", {"strum_dir_hint"}), ("strings", {"bow_direction_hint", "legato_hint", "vibrato_hint"}), ("bass", {"ghost_note_hint"}),
        ("drums", set()), ("keys", set()),
    ],
)  # fmt: skip
def test_each_instrument_has_its_own_hints(instrument: str, names: set[str]) -> None:
    assert set(hints_of(written([0, 1], [60, 62], [1, 1], instrument), played(2))) == names
