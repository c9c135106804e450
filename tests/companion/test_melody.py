"""The pitches by rules: each thing that a note is asked for makes it likelier."""

from __future__ import annotations

from dataclasses import replace

from companion.dice import Dice
from companion.melody import Place, bass_pitch, comp_pitch, next_pitch
from shared.chords import Chord
from tests.companion.tasks import D_MINOR, G7

PLACE = Place(
    chord=D_MINOR, goal=None, fresh=False, strong=False, quick=False, opening=False, last=False, motif=None, low=55, high=84, centre=68.0,
)  # fmt: skip
TRIES = 1500


def thrown(place: Place, recent: tuple[int, ...]) -> list[int]:
    dice = Dice(1)
    return [next_pitch(dice, place, recent) for _ in range(TRIES)]


def share(pitches: list[int], wanted: set[int] | frozenset[int]) -> float:
    return sum(pitch % 12 in wanted for pitch in pitches) / len(pitches)


def test_a_phrase_ends_on_a_chord_note() -> None:
    assert share(thrown(replace(PLACE, last=True), (67, 69, 67)), D_MINOR.tones) > 0.85


def test_a_new_chord_is_met_on_a_guide_tone_more_often() -> None:
    recent = (69, 67, 64)
    fresh, stale = (share(thrown(replace(PLACE, chord=G7, fresh=new), recent), G7.guide_tones) for new in (True, False))
    assert fresh > 1.3 * stale


def test_before_a_change_the_line_comes_within_a_step_of_the_next_guide_tones() -> None:
    near = {(tone + step) % 12 for tone in G7.guide_tones for step in (-2, -1, 1, 2)}
    assert share(thrown(replace(PLACE, goal=G7), (69, 67)), near) > 1.15 * share(thrown(PLACE, (69, 67)), near)


def test_a_note_outside_the_scale_goes_home_by_step() -> None:
    outside = 68
    assert outside % 12 not in D_MINOR.scale
    pitches = thrown(PLACE, (65, outside))
    assert sum(abs(pitch - outside) == 1 for pitch in pitches) > 0.5 * TRIES


def test_a_leap_is_answered_and_a_run_goes_on() -> None:
    assert sum(pitch < 72 for pitch in thrown(PLACE, (62, 72))) > 0.6 * TRIES
    assert sum(pitch > 67 for pitch in thrown(replace(PLACE, quick=True), (64, 65, 67))) > 0.5 * TRIES


def test_a_motif_is_taken_up() -> None:
    assert sum(abs(pitch - 67 - 5) <= 1 for pitch in thrown(replace(PLACE, motif=5), (65, 67))) > 0.5 * TRIES


def test_a_begun_figure_goes_on() -> None:
    up_a_broken_chord = (65, 69, 72)
    assert sum(pitch == 76 for pitch in thrown(PLACE, up_a_broken_chord)) > 2 * sum(pitch == 76 for pitch in thrown(PLACE, (74, 72)))


def test_a_line_from_outside_the_range_comes_in() -> None:
    for recent in ((), (20,), (127, 120)):
        assert all(55 <= pitch <= 84 for pitch in thrown(PLACE, recent))


def test_a_walking_bass_goes_home_and_leads_on() -> None:
    dice, slash = Dice(3), Chord(0, "maj", 4)
    assert {bass_pitch(dice, slash, None, True, (40,)) % 12 for _ in range(100)} == {4}
    assert {bass_pitch(dice, D_MINOR, G7, False, (38,)) % 12 for _ in range(300)} <= {5, 6, 8, 9, 2}
    assert {bass_pitch(dice, D_MINOR, None, False, (38,)) % 12 for _ in range(300)} <= D_MINOR.scale


def test_comping_changes_chords_by_small_steps() -> None:
    dice = Dice(4)
    pitches = [comp_pitch(dice, G7, (60, 65)) for _ in range(300)]
    assert all(pitch % 12 in G7.guide_tones for pitch in pitches)
    assert sum(abs(pitch - 65) <= 6 for pitch in pitches) > 200
