"""The Groove MIDI Dataset as its benchmark counts it."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError
from tests.trainer.duv.made_music import Played, midi_bytes
from trainer.duv.groove import ARCHIVE, COLUMNS, INFO, absent_takes, read_groove, read_tracks
from trainer.duv.measured_set import left_out_line

HITS: Sequence[Played] = [(0.02, 0.1, 36, 100), (0.27, 0.1, 38, 30), (0.23, 0.1, 40, 70), (0.25, 0.1, 42, 55), (0.99, 0.1, 26, 80)]
Row = tuple[str, str, str, str, str]


def write(folder: Path, takes: dict[str, bytes], rows: Sequence[Row], inside: str = "") -> Path:
    """`rows`: name, style, bpm, metre, split."""
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name, data in takes.items():
            archive.writestr(f"{inside}{name}.mid", data)
    with (folder / INFO).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for name, style, bpm, meter, split in rows:
            values = (name, style, bpm, "beat", meter, f"{name}.mid", split)
            table.writerow(dict(zip(COLUMNS, values, strict=True)))
    return folder


def take(bpm: float = 100.0) -> bytes:
    return midi_bytes([("drums", -1, HITS)], bpm)


def test_a_take_is_nine_voices_on_sixteenths_the_loudest_hit_of_each(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a/1": take()}, [("a/1", "jazz/funk", "100", "4-4", "validation")])
    (found,) = read_groove(folder)
    # Both snares fell on the second sixteenth: the louder one counts.
    assert found.written.onset_beat.tolist() == [0, 0.25, 0.25, 1]
    assert found.written.pitch.tolist() == [36, 40, 42, 26]
    assert found.performance.velocity.tolist() == [100, 70, 55, 80]
    # A tick is 1.25 ms at 100 BPM and 480 ticks a quarter.
    np.testing.assert_allclose(found.performance.onset_ms, [12, -12, 0, -6], atol=1.3)
    assert np.isnan(found.performance.log_ratio).all()
    assert (found.split, found.style, found.full_style, found.bpm, found.kind) == ("val", "jazz", "jazz/funk", 100.0, "beat")
    assert found.is_measured


def test_only_4_4_is_measured_but_other_metres_are_kept_as_they_are(tmp_path: Path) -> None:
    folder = write(tmp_path, {"1": take()}, [("1", "afrocuban/bembe", "100", "6-8", "train")])
    (found,) = read_groove(folder)
    assert not found.is_measured
    assert found.written.bar_beats[0] == 3.0
    assert found.written.pulse_beats[0] == 1.5
    assert found.style == "afro"


def test_every_take_of_the_archive_is_read_wherever_it_lies_in_it(tmp_path: Path) -> None:
    rows = [("d/1", "rock", "90", "4-4", "test"), ("d/2", "polka", "90", "4-4", "test"), ("kept/elsewhere", "rock", "90", "4-4", "train")]
    folder = write(tmp_path, {"d/1": take(), "d/2": take()}, rows, inside="groove/")
    takes = read_groove(folder)
    assert [(take.name, take.split, take.style) for take in takes] == [("d/1", "test", "rock"), ("d/2", "test", "unknown")]


@pytest.mark.parametrize(
    ("takes", "row"),
    [
        ({"1": b"MThd damaged"}, ("1", "rock", "90", "4-4", "train")),
        ({"1": take()}, ("2", "rock", "90", "4-4", "train")),
        ({"1": take()}, ("1", "rock", "fast", "4-4", "train")),
        ({"1": take()}, ("1", "rock", "90", "", "train")),
    ],
)
def test_a_take_that_cannot_be_measured_is_named_and_training_goes_on_without_it(
    tmp_path: Path, takes: dict[str, bytes], row: Row
) -> None:
    folder = write(tmp_path, {**takes, "good": take()}, [row, ("good", "rock", "90", "4-4", "train")])
    with pytest.raises(DataError, match=r"1\.mid"):
        read_groove(folder)
    reading = read_tracks(folder)
    assert [track.name for track in reading.tracks] == ["good"]
    assert [left.name for left in reading.dropped] == ["1.mid"]


def test_what_measuring_does_not_need_may_be_missing(tmp_path: Path) -> None:
    write(tmp_path, {"1": take(), "2": take()}, [("1", "rock", "90", "4/4", "exam"), ("2", "", "90", "4-4", "")])
    found = read_tracks(tmp_path)
    assert all(track.part == "test" and track.is_measured for track in found.tracks)
    assert [track.written.style for track in found.tracks] == ["rock", "unknown"]
    (tmp_path / INFO).write_text("\ufeffmidi_filename,bpm,time_signature\n1.mid,90,4-4\n2.mid,90,4-4\n,90\n", encoding="utf-8")
    found = read_tracks(tmp_path)
    assert [(track.name, track.part) for track in found.tracks] == [("1.mid", "test"), ("2.mid", "test")]
    assert left_out_line(absent_takes(tmp_path)).count("line 4 of info.csv") == 1


def test_a_folder_without_its_table_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"1": take()}, [("1", "rock", "90", "4-4", "train")])
    (tmp_path / INFO).write_text("name\n1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"info\.csv: lacks"):
        read_groove(tmp_path)
    (tmp_path / INFO).write_text("midi_filename,bpm,time_signature\n" + '"' + "x" * 200_000, encoding="utf-8")
    with pytest.raises(DataError, match=r"info\.csv: cannot be read"):
        read_groove(tmp_path)
    (tmp_path / INFO).unlink()
    with pytest.raises(DataError, match=r"info\.csv"):
        read_tracks(tmp_path)


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"1": take()}, [("1", "rock", "90", "4-4", "train")])
    (tmp_path / ARCHIVE).write_bytes(b"no archive")
    with pytest.raises(DataError, match="fetch the archive again"):
        read_groove(tmp_path)
