"""Solos as MIDI files: whoever reads them finds the same score."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import mido
import pytest

from shared.chords import Chord
from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import Meter
from shared.recognize import recognize
from shared.score import Note
from trainer.midi_file import MidiFile, read_midi
from trainer.midi_out import LINE_VELOCITY, Sheet, write_sheet

D_MINOR, G7, C_MAJOR = Chord(2, "min7", 2), Chord(7, "7b9", 11), Chord(0, "maj7", 0)
CHANGES = (ChordChange(0, D_MINOR), ChordChange(96, None), ChordChange(130, G7), ChordChange(600, C_MAJOR))
NOTES = (Note(0, 60, 7), Note(13, 72, 11), Note(24, 72, 1), Note(95, 46, 400), Note(700, 61, 30))
SHEET = Sheet("Größe, op. 1", "lead", 173.0, Meter(5, 4), CHANGES, NOTES, 960)


def written(path: Path, sheet: Sheet = SHEET, *, chords: bool = True, line: bool = True) -> MidiFile:
    write_sheet(path / "one.mid", sheet, chords=chords, line=line)
    return read_midi(path / "one.mid")


def notes(midi: MidiFile, name: str) -> list[Note]:
    """A track's notes in ticks of the score."""
    (track,) = (track for track in midi.tracks if track.name == name)
    assert all(ticks % 20 == 0 for ticks in (*track.onset, *track.length))
    columns = zip(track.onset.tolist(), track.pitch.tolist(), track.length.tolist(), strict=True)
    return [Note(onset // 20, pitch, length // 20) for onset, pitch, length in columns]


def test_reading_it_back_gives_the_same_score(tmp_path: Path) -> None:
    midi = written(tmp_path)
    assert midi.ticks_per_quarter == 480
    assert notes(midi, "lead") == list(NOTES)
    assert [(tick // 20, text) for tick, text in midi.texts] == [(0, "Dm7"), (96, "NC"), (130, "G7b9/B"), (600, "Cmaj7")]
    assert midi.meters == ((0, Meter(5, 4)),)
    assert midi.tempos[0][1] == pytest.approx(173.0, abs=1e-3)


def test_the_chord_track_sounds_the_chords_and_strikes_them_on_every_downbeat(tmp_path: Path) -> None:
    sounding = notes(written(tmp_path), "chords")
    struck = {tick: [note for note in sounding if note.tick == tick] for tick in sorted({note.tick for note in sounding})}
    assert list(struck) == [0, 130, 240, 360, 480, 600, 720, 840]
    for tick, chord in ((0, D_MINOR), (240, G7), (720, C_MAJOR)):
        assert recognize([note.pitch for note in struck[tick]]) == chord
    assert {note.end_tick for note in struck[0]} == {96}
    assert {note.end_tick for note in struck[840]} == {960}


def test_either_track_can_be_left_out_but_never_the_symbols(tmp_path: Path) -> None:
    for chords, line, names in ((True, False, ["chords"]), (False, True, ["lead"]), (False, False, [])):
        midi = written(tmp_path, chords=chords, line=line)
        assert [track.name for track in midi.tracks] == names
        assert len(midi.texts) == 4


def test_what_lies_outside_is_cut_and_what_overlaps_is_released(tmp_path: Path) -> None:
    early = dataclasses.replace(SHEET, changes=(ChordChange(-96, D_MINOR), *CHANGES[2:]), notes=(Note(0, 60, 48), Note(24, 60, 48)))
    midi = written(tmp_path, early)
    assert [tick // 20 for tick, _ in midi.texts] == [0, 130, 600]
    assert notes(midi, "lead") == [Note(0, 60, 24), Note(24, 60, 48)]


def test_the_file_is_as_long_as_the_solo_and_says_who_plays(tmp_path: Path) -> None:
    write_sheet(tmp_path / "one.mid", dataclasses.replace(SHEET, role="bass", notes=()))
    file = mido.MidiFile(tmp_path / "one.mid", charset="utf-8")
    assert [track.name for track in file.tracks] == ["Größe, op. 1", "chords", "bass"]
    assert [sum(message.time for message in track) for track in file.tracks] == [960 * 20] * 3


def test_every_note_of_the_line_is_equally_loud(tmp_path: Path) -> None:
    write_sheet(tmp_path / "one.mid", SHEET, chords=False)
    loud = [message.velocity for message in mido.MidiFile(tmp_path / "one.mid").tracks[1] if message.type == "note_on"]
    assert loud == [LINE_VELOCITY] * len(NOTES)


def test_a_folder_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=r"one\.mid: cannot be written"):
        write_sheet(tmp_path / "file" / "one.mid", SHEET)
