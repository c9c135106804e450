"""Solos out of MIDI files: the right track, the right chords, nothing moved."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from shared.chords import parse_symbol
from shared.errors import DataError
from tests.trainer.made_lines import write_midi
from trainer.midi_file import read_midi
from trainer.midi_lines import midi_line, read_midi_lines

NOTES = [(0.0, 0.5, 72), (13 / 24, 0.25, 74), (4.0, 1.0, 76)]


def test_our_own_files_are_read_to_the_tick(tmp_path: Path) -> None:
    write_midi(tmp_path / "a.mid", NOTES, chords=[(0.0, "Dm7"), (4.0, "G7")], tempo_bpm=184.0)
    (line,) = read_midi_lines(tmp_path).lines
    assert line.onset_beat.tolist() == pytest.approx([0.0, 13 / 24, 4.0])
    assert line.duration_beat.tolist() == pytest.approx([0.5, 0.25, 1.0])
    assert line.pitch.tolist() == [72, 74, 76]
    assert line.chords == (parse_symbol("Dm7"), parse_symbol("Dm7"), parse_symbol("G7"))
    assert line.tempo_bpm == pytest.approx(184.0, abs=0.1)


def test_a_solo_of_few_notes_is_measured_like_any_other(tmp_path: Path) -> None:
    line = midi_line("one", read_midi(write_midi(tmp_path / "one.mid", NOTES[:1])))
    assert len(line) == 1


def test_a_solo_without_notes_is_a_line_without_notes(tmp_path: Path) -> None:
    write_midi(tmp_path / "silent.mid", [])
    (line,) = read_midi_lines(tmp_path).lines
    assert len(line) == 0


def test_a_track_of_another_name_is_the_solo_if_only_chords_play_beside_it(tmp_path: Path) -> None:
    line = midi_line("sax", read_midi(write_midi(tmp_path / "sax.mid", NOTES, track="Alto")))
    assert line.pitch.tolist() == [72, 74, 76]


def test_chords_are_heard_where_none_are_written(tmp_path: Path) -> None:
    notes = [(index / 2, 0.5, 72 + index % 5) for index in range(32)]
    held = [(bar * 4.0, 4.0, root + third) for bar, root in enumerate((48, 53, 48, 55)) for third in (0, 4, 7)]
    path = write_midi(tmp_path / "heard.mid", notes, chords=[], held=held)
    line = midi_line("heard", read_midi(path))
    assert [chord.root if chord is not None else None for chord in line.chords[::8]] == [0, 5, 0, 7]


@pytest.mark.parametrize("texts", [("A", "B", "C"), ("Am", "I", "blue", "to", "night")])
def test_sections_and_lyrics_are_no_chords(tmp_path: Path, texts: tuple[str, ...]) -> None:
    notes = [(index / 2, 0.5, 72 + index % 5) for index in range(32)]
    held = [(bar * 4.0, 4.0, root + third) for bar, root in enumerate((48, 53, 48, 55)) for third in (0, 4, 7)]
    written = [(4.0 * bar, text) for bar, text in enumerate(texts)]
    line = midi_line("song", read_midi(write_midi(tmp_path / "song.mid", notes, chords=written, held=held)))
    assert [chord.root if chord is not None else None for chord in line.chords[::8]] == [0, 5, 0, 7]


def test_a_lone_solo_has_no_chords(tmp_path: Path) -> None:
    line = midi_line("lone", read_midi(write_midi(tmp_path / "lone.mid", NOTES, chords=[], held=())))
    assert line.chords == (None,) * 3


def test_files_in_folders_are_found_and_broken_ones_named(tmp_path: Path) -> None:
    write_midi(tmp_path / "blues" / "one.MIDI", NOTES)
    (tmp_path / "broken.mid").write_bytes(b"MThd\0\0")
    write_midi(tmp_path / ".01_one.mid.77.part.mid", NOTES[:1])
    seen: list[tuple[int, int]] = []
    reading = read_midi_lines(tmp_path, lambda done, files: seen.append((done, files)))
    assert [line.name for line in reading.lines] == ["blues/one.MIDI"]
    assert [one.name for one in reading.dropped] == ["broken.mid"]
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_can_be_written_down(tmp_path: Path) -> None:
    write_midi(tmp_path / os.fsdecode(b"caf\xe9.mid"), NOTES)
    (tmp_path / os.fsdecode(b"b\xe9.mid")).touch()
    reading = read_midi_lines(tmp_path)
    assert [line.name for line in reading.lines] == ["caf\ufffd.mid"]
    assert [one.name for one in reading.dropped] == ["b\ufffd.mid"]


def test_a_folder_without_solos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_midi_lines(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no MIDI files"):
        read_midi_lines(tmp_path)
    (tmp_path / "broken.mid").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"none of its 1 MIDI files holds a solo; the first, broken\.mid"):
        read_midi_lines(tmp_path)
