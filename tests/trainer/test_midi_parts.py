"""Who plays which part: by name, by program, by what is played, and by register."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import DataError
from tests.trainer.midi_maker import Line, blocks, broken_chords, solo, walking, write_midi
from trainer.midi_file import MidiFile, read_midi
from trainer.midi_parts import choose


def band(tmp_path: Path, *tracks: tuple[str, int, Line]) -> MidiFile:
    return read_midi(write_midi(tmp_path / "a.mid", tracks))


QUARTET = (("Piano", 0, blocks()), ("Upright Bass", 0, walking()), ("Tenor Sax", 66, solo()), ("Drums", -1, walking()))


@pytest.mark.parametrize(("role", "name"), [("lead", "Tenor Sax"), ("bass", "Upright Bass"), ("comp", "Piano")])
def test_parts_are_known_by_their_names(tmp_path: Path, role: str, name: str) -> None:
    parts = choose(band(tmp_path, *QUARTET), role)
    assert parts.target.name == name
    assert not any(track.is_drum for track in parts.harmony)


def test_a_name_that_says_lead_wins_over_an_instrument(tmp_path: Path) -> None:
    parts = choose(band(tmp_path, ("Trumpet", 56, solo(seed=2)), ("Lead", 0, solo()), ("Bass", 32, walking())), "lead")
    assert parts.target.name == "Lead"


def test_without_names_the_melodic_line_leads_and_the_low_one_is_the_bass(tmp_path: Path) -> None:
    midi = band(tmp_path, ("", 0, blocks()), ("", 4, walking()), ("", 11, solo()))
    assert choose(midi, "lead").target.program == 11
    assert choose(midi, "bass").target.program == 4
    assert choose(midi, "comp").target.program == 0


def test_a_chord_track_is_no_player(tmp_path: Path) -> None:
    midi = band(tmp_path, ("Chords", 0, blocks()), ("solo", 65, solo()))
    parts = choose(midi, "lead")
    assert parts.chord_track is not None
    assert parts.chord_track.name == "Chords"
    assert choose(midi, "comp").target.name == "Chords"


def test_two_hands_are_told_by_the_split_pitch(tmp_path: Path) -> None:
    midi = band(tmp_path, ("Piano", 0, sorted(solo() + broken_chords())))
    right = choose(midi, "lead", 60)
    assert right.target.pitch.min() >= 60
    assert max(int(track.pitch.max()) for track in right.harmony) < 60
    assert len(choose(midi, "lead", 72).target) < len(right.target)
    assert choose(midi, "comp", 60).target.pitch.max() < 60


def test_who_has_nothing_for_a_role_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no part for bass \(a single line\)"):
        choose(band(tmp_path, ("solo", 65, solo())), "bass")
    with pytest.raises(DataError, match="nothing at or above the split pitch 100"):
        choose(band(tmp_path, ("Piano", 0, sorted(solo() + broken_chords()))), "lead", 100)
    with pytest.raises(DataError, match="no notes but drums"):
        choose(band(tmp_path, ("Kit", -1, walking())), "lead")
    with pytest.raises(DataError, match="fewer than"):
        choose(band(tmp_path, ("Lead", 65, solo(2)), ("Piano", 0, blocks())), "lead")
