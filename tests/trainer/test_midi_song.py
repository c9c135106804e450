"""Chords of a MIDI file to be played over: written, played on a track, or sounding; and the line that it brings."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from shared.chords import parse_symbol
from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Note
from trainer.midi_out import Sheet, write_sheet
from trainer.midi_song import read_midi_song

SYMBOLS = ("Dm7", "G7", "Cmaj7", "A7b9", "Dm7", "G7")
CHANGES = tuple(ChordChange(72 * bar, parse_symbol(symbol)) for bar, symbol in enumerate(SYMBOLS))
LINE = tuple(Note(24 * beat + 14, 60 + beat % 9, 9) for beat in range(9))
SHEET = Sheet("Waltz", "lead", 160.0, Meter(3, 4), CHANGES, LINE, 6 * 72)
EXPECTED = tuple((parse_symbol(symbol), 3.0) for symbol in SYMBOLS)


def without_markers(path: Path) -> Path:
    file = mido.MidiFile(path)
    file.tracks[0] = mido.MidiTrack(message for message in file.tracks[0] if message.type != "marker")
    file.save(path)
    return path


def test_written_chords_are_taken_as_they_are(tmp_path: Path) -> None:
    write_sheet(tmp_path / "waltz.mid", SHEET)
    song = read_midi_song(tmp_path / "waltz.mid")
    assert (song.name, song.title, song.meter, song.unread) == ("waltz", "waltz", Meter(3, 4), 0)
    assert song.chords == EXPECTED
    assert song.tempo_bpm == pytest.approx(160.0, abs=1e-3)
    assert song.line == LINE


def test_markers_alone_are_a_chart_to_the_end_of_their_last_bar(tmp_path: Path) -> None:
    write_sheet(tmp_path / "waltz.mid", SHEET, chords=False, line=False)
    assert read_midi_song(tmp_path / "waltz.mid").chords == EXPECTED


def test_without_texts_the_chord_track_tells(tmp_path: Path) -> None:
    write_sheet(tmp_path / "waltz.mid", SHEET)
    song = read_midi_song(without_markers(tmp_path / "waltz.mid"))
    assert song.chords == EXPECTED
    assert song.line == LINE


def test_a_single_track_of_any_name_is_taken_for_the_chords(tmp_path: Path) -> None:
    path = tmp_path / "waltz.mid"
    write_sheet(path, SHEET, line=False)
    file = mido.MidiFile(without_markers(path))
    file.tracks[1][0] = mido.MetaMessage("track_name", name="Keyzone")
    file.save(path)
    song = read_midi_song(path)
    assert song.chords == EXPECTED
    assert song.line == ()


def test_a_file_without_chords_says_how_to_write_them(tmp_path: Path) -> None:
    write_sheet(tmp_path / "line.mid", SHEET, chords=False)
    with pytest.raises(DataError, match=r"line\.mid: no chords found.*write chord symbols as markers"):
        read_midi_song(without_markers(tmp_path / "line.mid"))
    (tmp_path / "broken.mid").write_bytes(b"MThd and no more")
    with pytest.raises(DataError, match=r"broken\.mid"):
        read_midi_song(tmp_path / "broken.mid")
