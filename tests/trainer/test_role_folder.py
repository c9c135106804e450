"""Pieces as files for people: what was read can be read again from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer.midi_maker import blocks, chord, markers, solo, write_midi
from trainer.midi_file import read_midi
from trainer.midi_pieces import read_pieces
from trainer.piece import Piece
from trainer.role_folder import CONDITIONING, META, TARGET, remove_others, write_role_folder


@pytest.fixture
def piece(tmp_path: Path) -> Piece:
    path = write_midi(tmp_path / "Tune.mid", [("solo", 65, solo()), ("Piano", 0, blocks())], texts=markers(), bpm=150)
    (read,) = read_pieces(path.read_bytes(), Path("Tune.mid"), ["lead"]).pieces
    return read


def test_the_three_files_say_what_was_given_and_what_is_to_be_learned(tmp_path: Path, piece: Piece) -> None:
    folder = write_role_folder(tmp_path / "roles", piece, "tune", "val")
    assert folder == tmp_path / "roles" / "lead" / piece.name
    target, given = read_midi(folder / TARGET), read_midi(folder / CONDITIONING)
    assert [track.name for track in target.tracks] == ["lead"]
    assert (target.tracks[0].onset // 20).tolist() == [note.tick for note in piece.notes]
    written = [(change.tick, change.chord.symbol) for change in piece.changes if change.chord is not None]
    assert [(tick // 20, text) for tick, text in given.texts] == written
    assert [track.name for track in given.tracks] == ["chords", "accompaniment"]
    assert {pitch % 12 for pitch in given.tracks[0].pitch[given.tracks[0].onset == 0].tolist()} == chord("Dm7").tones
    assert given.tempos[0][1] == pytest.approx(150, abs=0.01)
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    assert (meta["tune"], meta["part"], meta["meter"], meta["notes"], meta["permissive"]) == ("tune", "val", "4/4", len(piece.notes), False)


def test_a_folder_is_whole_or_not_there(tmp_path: Path, piece: Piece) -> None:
    with pytest.raises(KeyError):
        write_role_folder(tmp_path / "roles", replace(piece, source="unheard of"), "tune", "val")
    assert list((tmp_path / "roles").rglob("*.*")) == []
    write_role_folder(tmp_path / "roles", piece, "tune", "val")
    folder = write_role_folder(tmp_path / "roles", piece, "tune", "train")
    assert json.loads((folder / META).read_text(encoding="utf-8"))["part"] == "train"


def test_what_an_earlier_run_wrote_goes_and_what_others_keep_there_stays(tmp_path: Path, piece: Piece) -> None:
    old, new = (write_role_folder(tmp_path / "roles", replace(piece, name=name), "tune", "val") for name in ("old", "new"))
    own = tmp_path / "roles" / "lead" / "mine"
    own.mkdir()
    (own / "notes.txt").write_text("keep")
    remove_others(tmp_path / "roles", [new])
    assert (old.exists(), new.exists(), own.exists()) == (False, True, True)
