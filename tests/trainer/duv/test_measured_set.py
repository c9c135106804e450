"""What is measured of a data set, and that nothing is left out without a word."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import DataError
from tests.trainer.duv.made_grooves import bass_track, drum_track
from tests.trainer.duv.made_music import midi_bytes
from tests.trainer.duv.test_groove import Row, take, write
from trainer.duv.groove import ARCHIVE
from trainer.duv.manifest import write_manifest
from trainer.duv.measured_set import EVERY_PART, NOT_COMMON, left_out_line, read_set
from trainer.reading import Dropped

ROWS: list[Row] = [
    ("a/1", "rock", "100", "4-4", "test"), ("a/2", "polka", "251", "4-4", "train"), ("a/3", "latin", "90", "6-8", "test"),
    ("a/4", "jazz", "90", "5-4", "train"), ("a/empty", "rock", "90", "4-4", "test"), ("a/cut", "rock", "90", "4-4", "test"),
    ("a/elsewhere", "rock", "90", "4-4", "train"), ("a/odd", "rock", "", "4-4", "test"), ("a/metre", "rock", "90", "4", "test"),
]  # fmt: skip
FILES = {
    **{f"a/{name}": take() for name in ("1", "2", "3", "4", "odd", "metre")},
    "a/empty": midi_bytes([]), "a/cut": take()[:-20], "b/stray": take(),
}  # fmt: skip


def test_every_take_in_4_4_is_measured_and_every_other_is_named_with_the_reason(tmp_path: Path) -> None:
    found = read_set(write(tmp_path, FILES, ROWS), "drums")
    assert [track.name for track in found.of_part(EVERY_PART)] == ["a/1", "a/2"]
    reasons = {left.name.removesuffix(".mid"): left.reason for left in found.left_out(EVERY_PART)}
    assert {*reasons, "a/1", "a/2"} == {*FILES, *(row[0] for row in ROWS)}, "every take is measured or named"
    assert (reasons["a/3"], reasons["a/4"], reasons["a/empty"]) == (NOT_COMMON, NOT_COMMON, "without notes")
    for name, told in (("cut", "broken MIDI file"), ("odd", "no bpm"), ("elsewhere", "not in groove_midi.zip")):
        assert told in reasons[f"a/{name}"]
    assert [left.name for left in found.left_out("test") if left.reason == NOT_COMMON] == ["a/3"]


def test_a_file_that_is_damaged_in_the_archive_is_named_and_the_others_are_measured(tmp_path: Path) -> None:
    folder = write(tmp_path, {"1": b"", "2": b""}, [("1", "rock", "90", "4-4", "test"), ("2", "rock", "90", "4-4", "test")])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.mid", take() * 4)
        archive.writestr("2.mid", take())
        place = archive.getinfo("1.mid").header_offset + 30 + len("1.mid")
    data = bytearray(packed.getvalue())
    data[place : place + 8] = b"\xff" * 8
    (folder / ARCHIVE).write_bytes(data)
    found = read_set(folder, "drums")
    assert [track.name for track in found.tracks] == ["2"]
    assert found.left_out("test") == (Dropped("1.mid", "damaged in the archive"),)


def test_where_nothing_is_left_the_reasons_are_told_in_one_line(tmp_path: Path) -> None:
    folder = write(tmp_path, {"1": take(), "2": take()[:-20]}, [("1", "rock", "90", "3-4", "test"), ("2", "rock", "90", "4-4", "test")])
    with pytest.raises(DataError, match=r"no drums to measure in it\. Left out 2 takes \(1 not in 4/4: 1; 1 broken") as caught:
        read_set(folder, "drums")
    assert "\n" not in str(caught.value)


def test_a_manifest_s_tracks_of_other_instruments_are_not_left_out_but_those_of_other_metres_are(tmp_path: Path) -> None:
    odd = replace(drum_track(2, "test"), name="odd", is_measured=False)
    write_manifest(tmp_path / "all.jsonl", [drum_track(1, "test"), odd, bass_track(1)])
    found = read_set(tmp_path, "drums")
    assert [track.name for track in found.tracks] == ["take 1"]
    assert found.left_out(EVERY_PART) == (Dropped("odd", NOT_COMMON),)


def test_the_line_counts_reasons_and_names_the_first_of_each() -> None:
    left = [Dropped(str(number), NOT_COMMON) for number in range(5)]
    assert left_out_line([Dropped("x", "without notes"), *left]) == (
        "Left out 6 takes (5 not in 4/4: 0, 1, 2, ...; 1 without notes: x)."
    )
    assert left_out_line(left[:1]) == "Left out 1 take (1 not in 4/4: 0)."
    assert left_out_line([]) == ""
