"""A jam's MIDI file: everything that sounded stands in it, and it is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companion.jam import ChordName, Jam, JamNote, MeterChange, TempoChange, read_midi, write_midi
from shared.errors import DataError

CHORDS = tuple(JamNote(0.0, 3.5, pitch, 80) for pitch in (50, 53, 57, 60))
SOLO = (JamNote(0.025, 0.5, 74, 92), JamNote(0.65, 0.25, 72, 70), JamNote(1.0, 1.5, 69, 88))
JAM = Jam(
    title="fallback",
    chords=CHORDS,
    solo=SOLO,
    names=(ChordName(0.0, "Dm7"), ChordName(4.0, "G7")),
    tempos=(TempoChange(0.0, 140.0), TempoChange(8.0, 152.0)),
    meters=(MeterChange(0.0, 4, 4), MeterChange(8.0, 3, 4)),
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_midi(JAM, tmp_path / "jam.mid")
    back = read_midi(tmp_path / "jam.mid")
    assert back.title == "fallback"
    assert back.names == JAM.names
    assert back.meters == JAM.meters
    assert [round(change.bpm, 2) for change in back.tempos] == [140.0, 152.0]
    assert back.chords == CHORDS
    assert [(note.pitch, note.velocity) for note in back.solo] == [(74, 92), (72, 70), (69, 88)]
    for written, read in zip(SOLO, back.solo, strict=True):
        assert read.onset_beat == pytest.approx(written.onset_beat, abs=1 / 480)
        assert read.duration_beat == pytest.approx(written.duration_beat, abs=1 / 480)


def test_chords_and_solo_have_tracks_and_channels_of_their_own(tmp_path: Path) -> None:
    write_midi(JAM, tmp_path / "jam.mid")
    file = mido.MidiFile(tmp_path / "jam.mid")
    assert [track.name for track in file.tracks[1:]] == ["Chords", "Solo"]
    channels = [{message.channel for message in track if message.type == "note_on"} for track in file.tracks]
    assert channels[0] == set()
    assert len(channels[1]) == len(channels[2]) == 1
    assert channels[1].isdisjoint(channels[2])


onsets = st.floats(0, 64)
jam_notes = st.builds(JamNote, onsets, st.floats(0.01, 8), st.integers(60, 64), st.integers(1, 127))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(jam_notes, max_size=20))
def test_every_note_on_gets_its_note_off_before_the_pitch_sounds_again(tmp_path: Path, notes: list[JamNote]) -> None:
    write_midi(Jam("fallback", (), tuple(notes), (), (), ()), tmp_path / "jam.mid")
    sounding: set[int] = set()
    struck = 0
    for message in mido.MidiFile(tmp_path / "jam.mid").tracks[2]:
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
            struck += 1
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert sounding == set()
    assert struck == len({(round(note.onset_beat * 480), note.pitch) for note in notes})


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "jam.mid").mkdir()
    with pytest.raises(OSError, match=r"jam\.mid"):
        write_midi(JAM, tmp_path / "jam.mid")
    assert [path.name for path in tmp_path.iterdir()] == ["jam.mid"]


def test_another_file_is_told_to_be_no_jam(tmp_path: Path) -> None:
    (tmp_path / "chart.txt").write_text("Dm7 | G7", encoding="utf-8")
    with pytest.raises(DataError, match=r"chart\.txt"):
        read_midi(tmp_path / "chart.txt")
    mido.MidiFile(type=1).save(tmp_path / "song.mid")
    with pytest.raises(DataError, match="no jam"):
        read_midi(tmp_path / "song.mid")
