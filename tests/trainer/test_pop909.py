"""POP909's archive as pieces: beats from the annotations, chords from Harte labels, melody and piano as roles."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import mido
import pytest

from shared.chords import Chord
from shared.errors import DataError
from trainer.pop909 import ARCHIVE, read_pieces

TEMPO_BPM = 90.0
BEAT_SEC = 60 / TEMPO_BPM


def song(melody_beats: list[float], lead_in_sec: float) -> bytes:
    """A MIDI file with a melody at `melody_beats` and a block chord a bar, everything `lead_in_sec` late."""
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(TEMPO_BPM))]))
    parts = {
        "MELODY": [(beat, 0.5, 72 + int(beat) % 5) for beat in melody_beats],
        "PIANO": [(4.0 * bar, 3.9, pitch) for bar in range(12) for pitch in (48, 52, 55)],
    }
    for name, notes in parts.items():
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        shift = lead_in_sec / BEAT_SEC
        changes = [(start + shift, 1, pitch) for start, _, pitch in notes]
        changes += [(start + length + shift, 0, pitch) for start, length, pitch in notes]
        now = 0
        for beat, on, pitch in sorted(changes):
            at = round(beat * 480)
            track.append(mido.Message("note_on", note=pitch, velocity=80 * on, time=at - now))
            now = at
        midi.tracks.append(track)
    file = io.BytesIO()
    midi.save(file=file)
    return file.getvalue()


def written(folder: Path, lead_in_sec: float = 0.05, bars: int = 12) -> Path:
    at_sec = [lead_in_sec + beat * BEAT_SEC for beat in range(4 * bars + 1)]
    beats = "".join(f"{sec:.6f} {float(beat % 2 == 0)} {float(beat % 4 == 0)}\n" for beat, sec in enumerate(at_sec))
    labels = ["N", "F#:min7/b3", "G:sus4(b7)", "C:maj/3"]
    chords = "".join(f"{at_sec[4 * bar]:.6f}\t{at_sec[4 * bar + 4]:.6f}\t{labels[min(bar, 3)]}\n" for bar in range(bars))
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        archive.writestr("007/007.mid", song([4 + 0.5 * index + 0.02 for index in range(64)], lead_in_sec))
        archive.writestr("007/beat_midi.txt", beats)
        archive.writestr("007/chord_midi.txt", chords)
    return folder


@pytest.mark.parametrize("lead_in_sec", [0.05, 0.31])
def test_notes_lie_on_the_annotated_beats_whatever_the_files_own_grid(lead_in_sec: float, tmp_path: Path) -> None:
    (piece,) = read_pieces(written(tmp_path, lead_in_sec)).pieces
    # The melody begins in the second bar, which becomes the first.
    assert [note.tick for note in piece.notes[:4]] == [0, 12, 24, 36]
    assert (piece.conditioning.feel, piece.conditioning.style) == ("even", "pop")
    assert [(change.tick, change.chord) for change in piece.changes] == [
        (0, Chord(6, "min7", 9)), (96, Chord(7, "7sus4", 7)), (192, Chord(0, "maj", 4)),
    ]  # fmt: skip
    assert abs(piece.conditioning.tempo_bpm - TEMPO_BPM) < 0.1


def test_the_piano_is_the_comping_part_with_chords_struck_at_once(tmp_path: Path) -> None:
    (piece,) = read_pieces(written(tmp_path), "comp").pieces
    assert [(note.tick, note.pitch) for note in piece.notes[:4]] == [(0, 48), (0, 52), (0, 55), (96, 48)]
    assert read_pieces(tmp_path, "bass").pieces == ()


def test_a_song_without_regular_bars_is_left_out_and_a_broken_archive_refused(tmp_path: Path) -> None:
    reading = read_pieces(written(tmp_path, bars=5))
    assert [dropped.reason for dropped in reading.dropped] == ["fewer than 8 bars of one length"]
    (tmp_path / ARCHIVE).write_bytes(b"PK nonsense")
    with pytest.raises(DataError, match="cannot be read"):
        read_pieces(tmp_path)
