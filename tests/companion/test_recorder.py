"""A jam is kept whole: log and MIDI file; a damaged log is told from a true one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from companion.cast import header_of
from companion.recorder import FORMAT, Recorder, read_log
from companion.touch_store import BY_RULES
from shared.errors import DataError
from shared.settings import load_settings
from tests.companion.house import House, chords

HEADER = header_of("fallback", "", BY_RULES, 1, None, load_settings())


def test_a_jam_without_a_note_leaves_nothing_behind(tmp_path: Path) -> None:
    Recorder(tmp_path, "jam", HEADER).close()
    assert list(tmp_path.iterdir()) == []


def test_log_and_midi_file_stand_beside_each_other(tmp_path: Path) -> None:
    house = House(chords("Dm7 G7", 4.0), recorder=Recorder(tmp_path, "jam", HEADER))
    house.finish(4.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jam.jsonl", "jam.mid"]
    header, entries = read_log(tmp_path / "jam.jsonl")
    assert (header.model, header.seed, header.format) == ("fallback", 1, FORMAT)
    assert {entry[0] for entry in entries} == {"m", "p", "d", "t"}


def test_a_folder_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(DataError, match="--out"):
        Recorder(tmp_path / "file", "jam", HEADER)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_log_and_not_the_jam(tmp_path: Path) -> None:
    (tmp_path / "jam.jsonl").symlink_to("/dev/full")
    recorder = Recorder(tmp_path, "jam", HEADER)
    house = House(chords("Dm7 G7", 4.0), recorder=recorder)
    jam = house.finish(4.0)
    assert jam.solo
    assert recorder.fault is not None
    assert "No space left" in recorder.fault


@pytest.mark.parametrize("content", [b"", b"MThd\0\0\0\6", b"\xff\xfe", b"{}\n", b'{"jambot": "0.1.0"}\n'])
def test_what_is_no_log_is_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(DataError, match="no JamBot log"):
        read_log(tmp_path / "log")


def test_a_log_of_an_older_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(msgspec.json.encode(msgspec.structs.replace(HEADER, format=FORMAT - 1)) + b"\n")
    with pytest.raises(DataError, match=f"log format {FORMAT - 1}; this JamBot reads format {FORMAT}"):
        read_log(tmp_path / "log")


@pytest.mark.parametrize("line", [b"not json", b'"\xff"', b'{"a": 1}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    house = House(chords("Dm7 G7", 4.0), recorder=Recorder(tmp_path, "jam", HEADER))
    house.finish(4.0)
    lines = (tmp_path / "jam.jsonl").read_bytes().splitlines()
    lines[10] = line
    (tmp_path / "jam.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    _, entries = read_log(tmp_path / "jam.jsonl")
    with pytest.raises(DataError, match="line 11"):
        list(entries)
