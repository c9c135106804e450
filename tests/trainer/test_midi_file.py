"""Reading MIDI files: what is in them comes out, and what is broken says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError
from shared.music import Meter
from tests.trainer.midi_maker import blocks, markers, solo, write_midi
from trainer.midi_file import BROKEN, parse_midi, read_midi


@pytest.mark.parametrize("single", [False, True])
def test_notes_tempo_and_metre_come_out_as_they_went_in(tmp_path: Path, single: bool) -> None:
    line = solo(4)
    path = write_midi(tmp_path / "a.mid", [("sax", 65, line), ("piano", 0, blocks(4))], bpm=100, meter=(3, 4), single=single)
    midi = read_midi(path)
    assert midi.meters == ((0, Meter(3, 4)),)
    assert midi.tempos[0][1] == pytest.approx(100, abs=0.01)
    sax = next(track for track in midi.tracks if track.program == 65)
    assert [(onset / 480, pitch) for onset, pitch in zip(sax.onset, sax.pitch, strict=True)] == [(onset, pitch) for onset, _, pitch in line]
    assert midi.seconds(np.array([0, 480, 960])) == pytest.approx([0, 0.6, 1.2], abs=1e-3)


@pytest.mark.parametrize("kind", ["marker", "lyrics", "text"])
def test_texts_of_every_kind_are_found(tmp_path: Path, kind: str) -> None:
    midi = read_midi(write_midi(tmp_path / "a.mid", [("sax", 65, solo(8))], texts=markers(8), kind=kind))
    assert [(tick / 480, text) for tick, text in midi.texts] == markers(8)


@pytest.mark.parametrize(
    "spoil", [lambda data: b"", lambda data: b"RIFF" + data, lambda data: data[: len(data) // 2], lambda data: data[:14]]
)
def test_a_broken_file_says_so(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    data = write_midi(tmp_path / "a.mid", [("sax", 65, solo(8))]).read_bytes()
    if len(spoil(data)) == 14:
        assert parse_midi(spoil(data)).tracks == ()
        return
    with pytest.raises(DataError, match=BROKEN):
        parse_midi(spoil(data))


def test_a_key_that_is_none_is_a_broken_file_where_texts_are_read(tmp_path: Path) -> None:
    path = write_midi(tmp_path / "a.mid", [("sax", 65, solo(8))], texts=markers(8), kind="text")
    # One chord symbol becomes a key signature with nine sharps, in as many bytes.
    path.write_bytes(path.read_bytes().replace(b"\xff\x01\x02G7", b"\xff\x59\x02\x09\x00", 1))
    with pytest.raises(DataError, match=f"{BROKEN} .*9 sharps"):
        read_midi(path)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.mid: cannot be read"):
        read_midi(tmp_path / "none.mid")
