"""Tracks as written: what is no track is refused, and a metre's felt beat is the one that people count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shared.music import Meter
from shared.written import Performance, Written, order_of, pulse_beats_of
from tests.shared.made_tracks import groove, track


@pytest.mark.parametrize(
    ("numerator", "denominator", "beats"),
    [(4, 4, 1.0), (3, 4, 1.0), (5, 4, 1.0), (2, 2, 2.0), (6, 8, 1.5), (9, 8, 1.5), (12, 8, 1.5), (5, 8, 0.5), (7, 8, 0.5), (6, 4, 1.0)],
)
def test_the_felt_beat_of_a_metre(numerator: int, denominator: int, beats: float) -> None:
    assert pulse_beats_of(Meter(numerator, denominator)) == beats


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pitch": np.array([60, 64, 128])}, "pitch"),
        ({"duration_beat": np.array([1.0, 0.0, 1.0])}, "duration_beat"),
        ({"onset_beat": np.array([0.0, np.nan, 1.0])}, "onset_beat"),
        ({"onset_beat": np.array([0.0, 2.0, 1.0])}, "ascend"),
        ({"pitch": np.array([64, 60, 65])}, "ascend"),
        ({"tempo_bpm": np.array([100.0, 0.0, 100.0])}, "tempo_bpm"),
        ({"bar_beat": np.zeros(2)}, "one length"),
        ({"instrument": "kazoo"}, "kazoo"),
        ({"style": "polka"}, "polka"),
    ],
    ids=["pitch", "no length", "no onset", "backwards", "chord downwards", "tempo", "short", "instrument", "style"],
)
def test_what_is_no_track_is_refused(change: dict[str, object], says: str) -> None:
    chord = track([(0.0, 60), (0.0, 64), (1.0, 65)])
    with pytest.raises(ValueError, match=says):
        replace(chord, **change)  # type: ignore[arg-type]


def test_an_unknown_tempo_is_no_fault() -> None:
    assert np.isnan(replace(track([(0.0, 60)]), tempo_bpm=np.array([np.nan])).tempo_bpm).all()


def test_a_part_keeps_its_places_and_names() -> None:
    whole = groove(2)
    part = whole.part(slice(3, 6))
    assert isinstance(part, Written)
    assert part.onset_beat.tolist() == whole.onset_beat[3:6].tolist()
    assert (part.instrument, part.style) == ("drums", "rock")


def test_notes_are_ordered_by_onset_then_pitch() -> None:
    assert order_of(np.array([1.0, 0.0, 1.0]), np.array([60, 72, 48])).tolist() == [1, 2, 0]


def test_a_performance_has_one_value_of_each_kind_a_note() -> None:
    with pytest.raises(ValueError, match="one length"):
        Performance(np.zeros(2), np.zeros(2), np.zeros(3))
