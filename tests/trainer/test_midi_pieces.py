"""Anybody's MIDI files as pieces that can be learned from."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from shared.tokens import encode
from tests.trainer.midi_maker import Line, blocks, chord, markers, solo, walking, write_midi
from trainer.midi_pieces import read_pieces, tune_of
from trainer.piece import Piece, score_of


def piece(path: Path, role: str = "lead") -> Piece:
    (read,) = read_pieces(path.read_bytes(), path, [role]).pieces
    return read


def reason(path: Path, role: str = "lead") -> str:
    reading = read_pieces(path.read_bytes(), path, [role])
    assert not reading.pieces
    return reading.dropped[0].reason


def test_a_lead_sheet_becomes_the_same_notes_over_the_same_chords(tmp_path: Path) -> None:
    line = solo()
    path = write_midi(tmp_path / "My Tune (take 2).mid", [("solo", 65, line)], texts=markers(), bpm=172)
    read = piece(path)
    assert [(note.tick, note.pitch) for note in read.notes] == [(round(24 * onset), pitch) for onset, _, pitch in line]
    assert [change.chord for change in read.changes[:4]] == [chord(symbol) for symbol in ("Dm7", "G7", "Cmaj7", "A7")]
    assert read.conditioning.tempo_bpm == pytest.approx(172, abs=0.1)
    assert (read.tune, read.end_tick) == ("mytune", 16 * 96)
    assert len(encode(score_of(read))) == len(line) + 64


@pytest.mark.parametrize("role", ["lead", "bass", "comp"])
def test_every_role_of_a_band_can_be_read(tmp_path: Path, role: str) -> None:
    path = write_midi(tmp_path / "a.mid", [("Piano", 0, blocks()), ("Bass", 32, walking()), ("Sax", 65, solo())], texts=markers())
    read = piece(path, role)
    assert read.conditioning.role == role
    assert len(encode(score_of(read))) > len(read.notes)
    assert read.accompaniment


def test_bars_begin_where_the_player_begins(tmp_path: Path) -> None:
    late = [(onset + 32, length, pitch) for onset, length, pitch in solo(8)]
    read = piece(write_midi(tmp_path / "a.mid", [("solo", 65, late), ("Bass", 32, walking())], texts=markers()))
    assert read.notes[0].tick < 96
    assert read.end_tick == 8 * 96
    assert read.changes[0].chord == chord("Dm7")


@pytest.mark.parametrize(("upbeat", "feel"), [(0.5, "even"), (0.6, "swing"), (2 / 3, "swing"), (0.75, "even")])
def test_the_upbeats_tell_the_feel(tmp_path: Path, upbeat: float, feel: str) -> None:
    assert piece(write_midi(tmp_path / "a.mid", [("solo", 65, solo(upbeat=upbeat))], texts=markers())).conditioning.feel == feel


def test_grace_notes_are_left_out(tmp_path: Path) -> None:
    graces: Line = [(onset - 0.03, 0.03, pitch - 1) for onset, _, pitch in solo()[5:40:5]]
    read = piece(write_midi(tmp_path / "a.mid", [("solo", 65, sorted(solo() + graces))], texts=markers()))
    assert [note.pitch for note in read.notes] == [pitch for _, _, pitch in solo()]
    assert all(after.tick - before.tick > 1 for before, after in pairwise(read.notes))


def test_the_name_tells_the_tune_unless_it_is_a_number() -> None:
    assert tune_of(Path("x/Blue Bossa 2.mid")) == tune_of(Path("y/blue_bossa.MIDI")) == "bluebossa"
    assert tune_of(Path("012.mid")) != tune_of(Path("013.mid"))


def test_what_cannot_be_learned_from_says_why(tmp_path: Path) -> None:
    alone = write_midi(tmp_path / "a.mid", [("solo", 65, solo())])
    assert reason(alone).startswith("no chords found")
    assert reason(alone, "bass").startswith("no part for bass")
    assert reason(write_midi(tmp_path / "b.mid", [("solo", 65, solo())], texts=markers(), bpm=700)).startswith("tempo out of range")
    alone.write_bytes(b"nothing")
    assert reason(alone).startswith("broken MIDI file")
    assert reason(alone) == read_pieces(b"nothing", alone, ["lead", "bass"]).dropped[0].reason
