"""Features: places follow the metre, neighbours are seen, and nothing of how notes are played is."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.features import CODE_SIZES, VALUES, Features, features, is_downbeat
from shared.music import Meter
from shared.written import Written
from tests.shared.made_tracks import groove, melody, track

CODES = list(CODE_SIZES)


def code(seen: Features, name: str) -> list[int]:
    found: list[int] = seen.codes[:, CODES.index(name)].tolist()
    return found


def value(seen: Features, name: str) -> NDArray[np.float32]:
    column: NDArray[np.float32] = seen.values[:, VALUES.index(name)]
    return column


def eighths(meter: Meter, bars: int = 2) -> Written:
    return track([(place / 2, 60 + place % 5) for place in range(round(2 * bars * meter.bar_beats))], meter)


@pytest.mark.parametrize(
    ("meter", "pulses", "parts"),
    [
        (Meter(4, 4), [0, 0, 1, 1, 2, 2, 3, 3], [0, 12] * 4),
        (Meter(3, 4), [0, 0, 1, 1, 2, 2], [0, 12] * 3),
        (Meter(6, 8), [0, 0, 0, 1, 1, 1], [0, 8, 16] * 2),
        (Meter(5, 4), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [0, 12] * 5),
        (Meter(7, 8), [0, 1, 2, 3, 4, 5, 6], [0] * 7),
    ],
    ids=lambda given: f"{given.numerator}/{given.denominator}" if isinstance(given, Meter) else "",
)
def test_places_follow_the_metre(meter: Meter, pulses: list[int], parts: list[int]) -> None:
    written = eighths(meter)
    seen = features(written)
    assert code(seen, "pulse") == pulses * 2
    assert code(seen, "pulse_part") == parts * 2
    assert code(seen, "pulses") == [len(set(pulses))] * len(seen)
    assert np.flatnonzero(is_downbeat(written)).tolist() == [0, len(pulses)]
    assert code(seen, "is_downbeat") == [1, *[0] * (len(pulses) - 1)] * 2
    assert code(seen, "bars_done") == [0] * len(pulses) + [1] * len(pulses)
    assert value(seen, "bar_cos_1")[[0, len(pulses)]].tolist() == [1.0, 1.0]


def test_six_eighths_and_three_quarters_of_one_length_are_told_apart() -> None:
    six, three = features(eighths(Meter(6, 8))), features(eighths(Meter(3, 4)))
    assert code(six, "sixteenth") == code(three, "sixteenth")
    assert code(six, "pulse_part") != code(three, "pulse_part")


def test_triplets_have_places_of_their_own() -> None:
    seen = features(track([(0.0, 60), (1 / 3, 60), (0.5, 60), (2 / 3, 60), (0.75, 60), (1.0, 60)]))
    assert code(seen, "pulse_part") == [0, 8, 12, 16, 18, 0]
    assert code(seen, "pulse") == [0, 0, 0, 0, 0, 1]


def test_bars_are_counted_through_a_change_of_metre() -> None:
    onset = np.array([0.0, 2.0, 4.0, 7.0, 8.0])
    written = replace(
        track([(place, 60) for place in onset]), bar_beat=np.array([0.0, 2.0, 0.0, 0.0, 1.0]), bar_beats=np.array([4.0, 4.0, 3.0, 3.0, 3.0])
    )
    assert code(features(written), "bars_done") == [0, 0, 1, 2, 2]


def test_a_written_track_has_no_room_for_what_was_played() -> None:
    assert not {item.name for item in fields(Written)} & {"velocity", "onset_ms", "log_ratio"}


def test_all_that_strikes_at_once_is_seen() -> None:
    seen = features(track([(0.0, 36), (0.0, 42), (0.0, 49), (1.0, 42)], instrument="drums"))
    at_once = seen.values[:, [VALUES.index(f"patch 8 {voice}") for voice in range(9)]]
    assert [np.flatnonzero(row).tolist() for row in at_once] == [[0, 2, 7]] * 3 + [[2]]
    assert code(seen, "chord_size") == [2, 2, 2, 0]  # counted from 0


def test_strokes_nearby_stand_at_their_sixteenth() -> None:
    seen = features(track([(0.0, 36), (0.75, 38)], instrument="drums"))
    assert value(seen, "patch 11 1").tolist() == [1.0, 0.0]  # the snare three sixteenths after the kick
    assert value(seen, "patch 5 0").tolist() == [0.0, 1.0]  # the kick three sixteenths before the snare


def test_gaps_are_told_overall_and_by_voice() -> None:
    seen = features(track([(0.0, 36), (0.5, 42), (1.0, 38), (2.0, 36)], instrument="drums"))
    alone = 2.0  # what lies nowhere, or more than 32 quarters away
    assert value(seen, "gap_before").tolist() == pytest.approx([alone, 0.0, 0.0, 1 / 3])
    assert value(seen, "voice_gap_before").tolist() == pytest.approx([alone, alone, alone, 2 / 3])
    assert value(seen, "voice_gap_after").tolist() == pytest.approx([2 / 3, alone, alone, alone])
    assert value(seen, "snare on").tolist() == pytest.approx([1 / 3, 0.0, alone, alone])


def test_what_returns_a_bar_later_is_known() -> None:
    seen = features(track([(0.0, 36), (4.0, 36), (8.0, 38)], instrument="drums"))
    assert value(seen, "same_bar_ago").tolist() == [0.0, 1.0, 0.0]
    assert value(seen, "any_bar_ago").tolist() == [0.0, 1.0, 1.0]
    assert value(seen, "same_bar_on").tolist() == [1.0, 0.0, 0.0]


def test_a_line_is_seen_as_intervals_chords_and_rests() -> None:
    seen = features(track([(0.0, 60), (0.5, 64), (1.0, 62), (3.0, 55), (3.0, 59), (3.0, 62)]))
    assert code(seen, "interval_before") == [0, 19 + 4, 19 - 2, 19 - 7, 19 - 3, 19]
    assert code(seen, "contour") == [0 + 3, 12 + 1, 4 + 2, 4 + 0, 4 + 0, 8 + 0]  # 4 x direction to it + direction from it
    assert code(seen, "chord_rank") == [0, 0, 0, 0, 1, 2]
    assert code(seen, "chord_size") == [0, 0, 0, 2, 2, 2]
    assert value(seen, "since_phrase_start").tolist() == pytest.approx([0.0, np.log2(1.5) / 4, 0.25, 0.0, 0.0, 0.0])


def test_how_long_a_drum_is_written_means_nothing() -> None:
    short, long = (replace(groove(2), duration_beat=np.full(len(groove(2)), beats)) for beats in (0.1, 3.0))
    assert np.array_equal(features(short).codes, features(long).codes)
    assert np.array_equal(features(short).values, features(long).values)


def test_how_a_snare_is_struck_is_not_told() -> None:
    """Rim or head goes with how loud a stroke is: whoever writes a pattern writes a snare."""
    head, rim = (track([(0.0, 36), (1.0, note)], instrument="drums") for note in (38, 40))
    assert np.array_equal(features(head).codes, features(rim).codes)
    assert np.array_equal(features(head).values, features(rim).values)


@pytest.mark.parametrize(
    "written",
    [groove(4), melody(200), melody(1), track([]), track([(0.0, 60)] * 50), track([(0.0, 36)] * 400, instrument="drums")],
    ids=["drums", "line", "one note", "no note", "all at once", "drums at once"],
)
def test_every_track_fits_the_tables(written: Written) -> None:
    seen = features(written)
    assert seen.codes.shape == (len(written), len(CODE_SIZES))
    assert seen.values.shape == (len(written), len(VALUES))
    assert (seen.codes >= 0).all()
    assert (seen.codes < np.array(list(CODE_SIZES.values()))).all()
    assert np.isfinite(seen.values).all()
    assert (np.abs(seen.values[:, 1:]) < 8).all()


def test_an_unknown_tempo_is_told_apart_from_every_tempo() -> None:
    known = melody(5)
    unknown = replace(known, tempo_bpm=np.full(5, np.nan))
    assert code(features(unknown), "tempo") == [0] * 5
    assert value(features(unknown), "tempo_known").tolist() == [0.0] * 5
    slow = features(replace(known, tempo_bpm=np.full(5, 1.0)))
    assert code(slow, "tempo") == [1] * 5


def test_a_later_start_changes_the_place_alone() -> None:
    here, bars_later = melody(40), replace(melody(40), onset_beat=melody(40).onset_beat + 16.0)
    assert np.array_equal(features(here).codes, features(bars_later).codes)
    assert np.allclose(features(here).values[:, 1:], features(bars_later).values[:, 1:], atol=1e-5)
