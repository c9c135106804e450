"""Inside or outside: the verdict on a set, its order, and the number to choose by."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.trainer.made_lines import a_line
from trainer.evaluation import Memorization, distance, evaluate, evaluate_humans, figures
from trainer.human import human_figures, shipped_human
from trainer.line import Line
from trainer.measures import GATES

RAMBLE = [60, 62, 64, 67, 65, 64, 60, 59, 57, 60, 64, 65, 67, 71, 69, 67]


def solos(count: int = 5) -> list[Line]:
    return [a_line([pitch + shift for pitch in RAMBLE[shift:] + RAMBLE], tempo_bpm=150.0, name=f"solo {shift}") for shift in range(count)]


def test_humans_are_inside_their_own_range() -> None:
    lines = solos()
    result = evaluate(lines, human_figures(lines, "made"))
    assert result.gates_inside == len(GATES)


def test_failing_gates_come_first_and_comparisons_last() -> None:
    result = evaluate([a_line([60] * 64)], shipped_human())
    told = [(row.measure.compared, not row.measure.gate, row.inside is True) for row in result.rows]
    assert told == sorted(told)
    assert result.rows[0].inside is not True
    assert 0 < result.gates_inside < len(GATES)


def test_more_chord_tones_than_humans_play_is_outside() -> None:
    arpeggio = a_line([60, 64, 67, 72] * 16)
    (row,) = [row for row in evaluate([arpeggio], shipped_human()).rows if row.measure.name == "chord_tone_share"]
    assert row.value == 1.0
    assert row.inside is False


def test_what_cannot_be_measured_is_not_inside() -> None:
    result = evaluate([a_line(RAMBLE, chord="NC"), a_line([])], shipped_human())
    found = {row.measure.name: row.inside for row in result.rows}
    assert found["chord_tone_share"] is None
    assert (result.without_chords, result.without_notes) == (1, 1)
    assert "chord_tone_share" in figures(result)["outside"]  # type: ignore[operator]


def test_distance_grows_with_what_is_wrong() -> None:
    human = shipped_human()
    near, far = evaluate(solos(), human), evaluate([a_line([60] * 64)], human)
    assert distance(near) < distance(far)


def test_swing_must_come_within_a_tenth_of_the_human_median() -> None:
    human = shipped_human()

    def at(tick: int) -> Line:
        return a_line([60] * 64, onsets=[beat + part for beat in range(32) for part in (0.0, tick / 24)], tempo_bpm=200.0)

    assert [evaluate([at(tick)], human).swing[0].inside for tick in (12, 13, 16)] == [False, True, False]


def test_json_holds_value_range_and_verdict_by_name() -> None:
    result = replace(evaluate(solos(), shipped_human()), memorization=Memorization(0.1, 0.2, 3, 4))
    found = json.loads(json.dumps(figures(result)))
    assert set(GATES) <= set(found["measures"])
    row = found["measures"]["steps"]
    assert row["human_p10"] <= row["human_p50"] <= row["human_p90"]
    assert row["inside"] == (row["human_p10"] <= row["value"] <= row["human_p90"])
    assert found["memorization"] == {"share": 0.1, "human_share": 0.2, "human_solos": 3, "known_rows": 4}
    assert [solo["name"] for solo in found["solos"]] == [f"solo {index}" for index in range(5)]
    assert found["counts"]["solos"] == 5
    assert "dead_air" in found["comparison"]
    assert "dead_air" not in found["measures"]


def test_the_humans_figures_are_told_as_a_set_without_their_solos() -> None:
    human = shipped_human()
    result = evaluate_humans([], human)
    assert result.gates_inside == len(GATES)
    assert result.solos == human.solos
    assert {row.band for row in result.swing} == set(human.swing)
    (row,) = [row for row in result.rows if row.measure.name == "h4"]
    assert row.value == pytest.approx(human.measures["h4"].mean)
