"""What small trees see of written notes, and how they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from shared.drum_kit import VOICE_OF_PITCH, VOICES
from shared.music import Meter
from shared.touch_trees import SEES, SEES_DRUMS, VOICE_COUNT, Dice, answer, felt_beats, grown, shaped, surroundings, wander
from shared.written import pulse_beats_of

if TYPE_CHECKING:
    from shared.touch_trees import Place

KIT = VOICE_OF_PITCH.tolist()


def beat(bars: int = 2, hats: int = 42) -> list[Place]:
    """A snare on 2 and 4 under eighths on the hat."""
    places = []
    for eighth in range(8 * bars):
        onset = eighth / 2
        pitches = (38, hats) if eighth % 4 == 2 else (hats,)
        places += [(onset, 0.25, pitch, onset % 4, 4.0, 1.0) for pitch in pitches]
    return places


def seen(places: list[Place], column: str, kit: list[int] = KIT) -> list[float]:
    names = SEES_DRUMS if kit else SEES
    return [row[names.index(column)] for row in surroundings(places, 120.0, kit)]


def test_there_is_a_number_for_each_column() -> None:
    assert len(VOICES) == VOICE_COUNT
    for kit, names in ((KIT, SEES_DRUMS), ([], SEES)):
        rows = np.array(surroundings(beat(), 120.0, kit))
        assert rows.shape == (len(beat()), len(names))
        assert np.isfinite(rows).all()
    assert surroundings([], 120.0, KIT) == []


def test_gaps_are_to_the_neighbours_of_all_and_of_the_voice() -> None:
    places = beat(1)
    snares = [i for i, place in enumerate(places) if place[2] == 38]
    assert [seen(places, "voice_gap_before")[i] for i in snares] == [8.0, 2.0]
    assert [seen(places, "voice_gap_after")[i] for i in snares] == [2.0, 8.0]
    assert seen(places, "gap_before")[:3] == [8.0, 0.5, 0.5]
    assert seen(places, "gap_after")[-1] == 8.0


def test_what_strikes_together_is_seen() -> None:
    places = beat(1)
    together = seen(places, "voice_1_at_0")
    assert together == [float(onset in (1.0, 3.0)) for onset, *_ in places]
    assert seen(places, "mates") == together
    assert seen(places, "voice_1_at_24") == [float(onset in (0.0, 2.0)) for onset, *_ in places]
    # One hat is as good as another: only the voice counts.
    assert surroundings(beat(1, 22), 120.0, KIT) != []
    assert seen(beat(1, 22), "voice_1_at_0").count(1.0) == together.count(1.0)


def test_a_bar_before_and_after_is_seen() -> None:
    assert seen(beat(2), "bar_ago")[:1] + seen(beat(2), "bar_ago")[-1:] == [0.0, 1.0]
    assert seen(beat(2), "bar_ahead")[:1] + seen(beat(2), "bar_ahead")[-1:] == [1.0, 0.0]


def test_a_melody_s_steps_and_height_are_seen() -> None:
    line: list[Place] = [(float(beat), 1.0, pitch, float(beat), 4.0, 1.0) for beat, pitch in enumerate((60, 64, 62))]
    assert seen(line, "step_from", []) == [0.0, 4.0, -2.0]
    assert seen(line, "step_to", []) == [4.0, -2.0, 0.0]
    assert seen(line, "height", []) == [-2.0, 2.0, 0.0]


@pytest.mark.parametrize(("bar_beats", "pulse_beats", "weights"), [(4.0, 1.0, [4, 1, 2, 1, 3, 1, 2, 1]), (3.0, 1.5, [4, 1, 1, 3, 1, 1])])
def test_the_bar_s_strong_places_are_the_metre_s(bar_beats: float, pulse_beats: float, weights: list[float]) -> None:
    places: list[Place] = [(i / 2, 0.5, 42, i / 2, bar_beats, pulse_beats) for i in range(len(weights))]
    assert seen(places, "weight") == weights


@pytest.mark.parametrize("numerator", range(1, 16))
@pytest.mark.parametrize("denominator", [2, 4, 8, 16])
def test_the_felt_beat_is_everywhere_the_same(numerator: int, denominator: int) -> None:
    assert felt_beats(numerator, denominator) == pulse_beats_of(Meter(numerator, denominator))


def test_trees_answer_the_sum_of_their_leaves() -> None:
    trees = grown((0, -1, 1, -1, -1, -1), (0.5, 1.0, 2.5, 10.0, 100.0, 1000.0))
    assert [answer(trees, row) for row in ([0.5, 9.0], [0.6, 2.5], [0.6, 2.6])] == [1001.0, 1010.0, 1100.0]
    with pytest.raises(IndexError):
        grown((0, -1), (0.5, 1.0))


def test_wandering_is_normal_seeded_and_carries_over() -> None:
    line = np.array(wander(20000, 0.6, Dice(5, 0)))
    assert abs(line.mean()) < 0.05
    assert abs(line.std() - 1) < 0.05
    assert abs(np.corrcoef(line[1:], line[:-1])[0, 1] - 0.6) < 0.03
    assert wander(50, 0.6, Dice(5, 0)) == wander(50, 0.6, Dice(5, 0))
    for other in (Dice(6, 0), Dice(5, 1)):
        assert abs(np.corrcoef(line, wander(20000, 0.6, other))[0, 1]) < 0.05


def test_a_shape_s_quantiles_come_out() -> None:
    shape = (-3.0, -1.0, 0.0, 0.5, 1.0)
    drawn = np.array([shaped(normal, shape) for normal in wander(20000, 0.0, Dice(1, 0))])
    assert np.quantile(drawn, [0.25, 0.5, 0.75]) == pytest.approx([-1.0, 0.0, 0.5], abs=0.05)
    assert drawn.min() >= -3
    assert drawn.max() <= 1
