"""Rules before the model, by what a listener hears of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from companion.dice import Dice
from companion.humanize.control_settings import INSTRUMENTS, laid_controls, load_controls, usual_controls
from companion.humanize.controls import (
    apply_controls,
    chords,
    flams,
    ghosts,
    is_key_switch,
    lagged,
    pedalled,
    pushed,
    quantised,
    strummed,
    swung,
)
from companion.humanize.notes import Notes
from companion.humanize.timeline import Timeline
from shared.errors import ConfigError

BPM = 120.0
MS = BPM / 60_000.0
FOUR = Timeline.of([(0.0, BPM)], [])


def notes(*rows: tuple[float, float, int]) -> Notes:
    """Notes of (onset, length, pitch)."""
    onset, length, pitch = (np.array(column) for column in zip(*rows, strict=True))
    return Notes(onset.astype(np.float64), length.astype(np.float64), pitch.astype(np.int64), np.full(len(rows), 90.0))


def tempo(of: Notes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.full(len(of), BPM)


def chords_of(pitches: Sequence[int], beats: Sequence[float], length: float = 0.9) -> Notes:
    return notes(*((beat, length, pitch) for beat in beats for pitch in pitches))


def late_ms(before: Notes, after: Notes) -> list[float]:
    shift: list[float] = ((after.onset_beat - before.onset_beat) / MS).tolist()
    return shift


def test_a_strum_runs_over_18_ms_from_low_to_high_then_from_high_to_low() -> None:
    rule = usual_controls("guitar").strum
    assert rule is not None
    before = chords_of((40, 47, 52, 56), (0.5, 1.5))
    after = strummed(before, tempo(before), msgspec.structs.replace(rule, jitter_ms=0), Dice(1))
    assert late_ms(before, after) == pytest.approx([0, 6, 12, 18, 18, 12, 6, 0])
    assert after.end_beat == pytest.approx(before.end_beat)
    shaken = strummed(before, tempo(before), rule, Dice(1))
    away = np.abs(np.array(late_ms(after, shaken)))
    assert away.max() <= 4
    assert len(set(away.round(6).tolist())) > 4


def test_a_single_note_is_not_strummed_and_a_loose_chord_is_one() -> None:
    rule = usual_controls("guitar").strum
    assert rule is not None
    line = notes((0, 1, 60), (1, 1, 62), (1 + 20 * MS, 1, 65), (1 + 40 * MS, 1, 69), (2, 1, 60))
    assert [chord.tolist() for chord in chords(line, tempo(line), rule.within_ms)] == [[1, 2]]
    after = strummed(line, tempo(line), rule, Dice(1))
    assert [after.onset_beat[index] for index in (0, 3, 4)] == [line.onset_beat[index] for index in (0, 3, 4)]


def test_a_piano_chord_is_spread_over_10_ms_from_its_lowest_note_each_time() -> None:
    rule = usual_controls("keys").strum
    assert rule is not None
    before = chords_of((48, 55, 64), (0, 2))
    assert late_ms(before, strummed(before, tempo(before), rule, Dice(1))) == pytest.approx([0, 5, 10, 0, 5, 10])


def test_each_chord_has_a_pedal_until_the_next_and_single_notes_have_none() -> None:
    rule = usual_controls("keys").pedal
    assert rule is not None
    before = notes((0, 1, 48), (0, 1, 55), (1, 1, 60), (2, 1, 50), (2, 1, 57))
    pedals = pedalled(before, tempo(before), rule)
    assert [(pedal.chord, pedal.after) for pedal in pedals] == [((0, 1), (3, 4)), ((3, 4), ())]


def test_a_bass_has_one_lag_of_3_to_8_ms_and_each_track_its_own() -> None:
    rule = usual_controls("bass").lag
    assert rule is not None
    line = notes(*((beat, 0.4, 40) for beat in (0, 1, 2)))
    lags = []
    for seed in range(20):
        late = late_ms(line, lagged(line, tempo(line), rule, Dice(seed)))
        assert late == pytest.approx([late[0]] * 3)
        lags.append(late[0])
    assert 3 <= min(lags) < 4.5
    assert 6.5 < max(lags) <= 8


def test_about_one_bass_note_in_six_gets_a_soft_ghost_80_ms_before_it() -> None:
    rule = usual_controls("bass").ghosts
    assert rule is not None
    line = notes(*((float(beat), 0.5, 40) for beat in range(400)))
    found = ghosts(line, tempo(line), rule, Dice(3))
    assert 0.13 < len(found) / 400 < 0.23
    assert {(round(ghost.before_beat / MS), ghost.velocity_share) for ghost in found} == {(80, 0.35)}
    assert all(ghost.duration_beat < ghost.before_beat for ghost in found)


def test_no_ghost_where_the_note_before_is_too_near() -> None:
    rule = usual_controls("bass").ghosts
    assert rule is not None
    always = msgspec.structs.replace(rule, chance=1.0)
    line = notes((1, 0.2, 40), (1 + 110 * MS, 0.2, 40), (2, 0.2, 40))
    assert [ghost.parent for ghost in ghosts(line, tempo(line), always, Dice(1))] == [0, 2]
    assert ghosts(notes((0.1, 1, 40)), np.full(1, BPM), always, Dice(1)) == []


def test_the_kick_pushes_and_the_snare_drags() -> None:
    rule = usual_controls("drums").push
    assert rule is not None
    kit = notes((1, 0.1, 36), (1, 0.1, 42), (2, 0.1, 38))
    assert late_ms(kit, pushed(kit, tempo(kit), rule)) == pytest.approx([-3, 0, 4])


def test_snares_alone_get_flams_of_15_to_25_ms() -> None:
    rule = usual_controls("drums").flams
    assert rule is not None
    kit = notes(*((beat + off, 0.1, pitch) for beat in range(300) for off, pitch in ((0.0, 36), (0.5, 38))))
    found = flams(kit, tempo(kit), rule, Dice(5))
    assert 0.17 < len(found) / 300 < 0.27
    assert {int(kit.pitch[flam.parent]) for flam in found} == {38}
    before = [flam.before_beat / MS for flam in found]
    assert 15 <= min(before) < 17
    assert 23 < max(before) <= 25
    roll = notes(*((1 + place * 60 * MS, 0.05, 38) for place in range(8)))
    assert {flam.parent for flam in flams(roll, tempo(roll), msgspec.structs.replace(rule, chance=1.0), Dice(1))} == {0}


def test_eighths_swing_as_far_as_people_swing_them_at_the_tempo() -> None:
    controls = laid_controls("drums", {"swing": {"amount": 1.0, "unit": "eighth"}}, "test")
    line = notes((0, 0.5, 60), (0.5, 0.5, 60), (1, 0.25, 60), (1.25, 0.25, 60), (1.5, 0.5, 60))
    assert controls.swing is not None
    places = {}
    for bpm in (120.0, 280.0):
        after = swung(line, Timeline.of([(0.0, bpm)], []), controls.swing)
        assert after.onset_beat[[0, 2, 3]].tolist() == [0, 1, 1.25]
        assert after.end_beat[0] == pytest.approx(after.onset_beat[1])
        places[bpm] = float(after.onset_beat[1])
    assert 0.5 < places[280.0] < places[120.0] < 2 / 3
    straight = swung(line, FOUR, msgspec.structs.replace(controls.swing, amount=0.0))
    assert straight.onset_beat.tolist() == line.onset_beat.tolist()
    for over, under in ((6, 8), (7, 8), (12, 8), (5, 16)):
        even = swung(line, Timeline.of([(0.0, BPM)], [(0.0, over, under)]), controls.swing)
        assert even.onset_beat.tolist() == line.onset_beat.tolist()
    for over, under in ((2, 2), (3, 4), (5, 4)):
        swings = swung(line, Timeline.of([(0.0, 120.0)], [(0.0, over, under)]), controls.swing)
        assert swings.onset_beat[1] == pytest.approx(places[120.0])


def test_quantising_goes_as_far_as_it_is_told() -> None:
    controls = laid_controls("bass", {"quantise": {"strength": 0.5, "divisions": [4, 3]}}, "test")
    assert controls.quantise is not None
    line = notes((0.04, 0.5, 60), (0.31, 0.5, 60))
    after = quantised(line, FOUR, controls.quantise)
    assert after.onset_beat == pytest.approx([0.02, (0.31 + 1 / 3) / 2])
    assert after.duration_beat == pytest.approx(line.duration_beat)
    whole = quantised(line, FOUR, msgspec.structs.replace(controls.quantise, strength=1.0))
    assert whole.onset_beat == pytest.approx([0, 1 / 3])


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_the_same_key_throws_the_same_and_another_one_other_chances(instrument: str) -> None:
    pitches = (36, 38) if instrument == "drums" else (40, 47, 52)
    before = chords_of(pitches, [float(beat) for beat in range(64)])
    once, again, other = (apply_controls(before, FOUR, usual_controls(instrument), False, (seed, "part")) for seed in (1, 1, 2))
    assert once.onset_shift_beat.tolist() == again.onset_shift_beat.tolist()
    assert (once.ornaments, once.pedals) == (again.ornaments, again.pedals)
    if instrument in ("guitar", "bass"):
        assert once.onset_shift_beat.tolist() != other.onset_shift_beat.tolist()


def test_a_track_with_its_own_pedal_keeps_it() -> None:
    before = chords_of((48, 55, 64), (0, 2))
    assert apply_controls(before, FOUR, usual_controls("keys"), False, (1,)).pedals
    assert not apply_controls(before, FOUR, usual_controls("keys"), True, (1,)).pedals


def test_key_switches_lie_below_what_is_played() -> None:
    assert is_key_switch(np.array([0, 27, 28, 40]), usual_controls("guitar").key_switches).tolist() == [True, True, False, False]


def test_a_file_of_rules_names_only_what_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("guitar: {strum: {spread_ms: 30}}\nbass: {ghosts: null}\ndrums:\n", encoding="utf-8")
    controls = load_controls(str(file))
    assert set(controls) == {"guitar", "bass", "drums"}
    assert controls["guitar"].strum is not None
    assert (controls["guitar"].strum.spread_ms, controls["guitar"].strum.jitter_ms) == (30, 4)
    assert controls["bass"].ghosts is None
    assert controls["bass"].lag is not None
    assert controls["drums"] == usual_controls("drums")
    assert set(load_controls("usual")) == set(INSTRUMENTS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gitar: {}", "line 1: gitar is no setting; did you mean guitar"),
        ("guitar:\n  strumm: null", "line 2: guitar.strumm is no setting; did you mean strum"),
        ("guitar:\n  strum: {spread: 3}", "line 2: guitar.strum.spread is no setting; did you mean spread_ms"),
        ("bass: {lag: {from_ms: 9}}", "to_ms"),
        ("bass: {swing: {amount: 1}}", "unit"),
        ("drums: {flams: {chance: 2}}", "chance"),
        ("drums: 3", "drums"),
    ],
)
def test_mistakes_in_it_are_told_with_their_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as caught:
        load_controls(str(file))
    assert "mine.yaml" in str(caught.value)
