"""From a folder of music to a prepared one: what is kept, what is left out and why, and what happens when it is interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from shared.errors import ConfigError, DataError
from tests.trainer.midi_maker import blocks, broken_chords, markers, solo, walking, write_midi
from trainer.cli import main
from trainer.config import PrepareSettings
from trainer.prepare import SUMMARY, Prepared, PrepareOrder, prepare
from trainer.prepare_command import show_prepared
from trainer.reading_store import FOLDER
from trainer.shards import MANIFEST, open_shards

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = PrepareSettings(roles=("lead",), split_pitch=60, transpose_all_keys=True)


def quiet(step: str, done: int, total: int) -> None:
    pass


def run(folder: Path, out: Path, overwrite: bool = False, tell: Callable[[str, int, int], None] = quiet, **changes: object) -> Prepared:
    settings = msgspec.structs.replace(SETTINGS, **changes)
    return prepare(PrepareOrder((folder,), out, settings, 1, overwrite), tell)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder as people have them: nested, with copies, another suffix, broken files, and files without what is needed."""
    folder = tmp_path / "music"
    for number in range(8):
        tracks = [("solo", 65, solo(seed=number)), ("Bass", 32, walking())]
        write_midi(folder / f"song_{number}.mid", tracks, texts=markers())
    write_midi(folder / "deep" / "er" / "Piano.MIDI", [("", 0, sorted(solo(seed=20) + broken_chords()))], single=True)
    write_midi(folder / "deep" / "the third in G.mid", [("solo", 65, solo(seed=3, up=7)), ("Bass", 32, walking())], texts=markers())
    write_midi(folder / "alone.mid", [("solo", 65, solo(seed=30))])
    (folder / "broken.mid").write_bytes(b"MThd and no more")
    (folder / "empty.mid").touch()
    (folder / "readme.txt").write_text("no music")
    write_midi(folder / "noncommercial" / "other.mid", [("solo", 65, solo(seed=40)), ("Piano", 0, blocks())])
    return folder


def test_everything_usable_is_kept_once_and_the_rest_has_its_reason(music: Path, tmp_path: Path) -> None:
    shards = run(music, tmp_path / "data").shards
    assert sorted(entry.name.rsplit("-", 1)[0] for entry in shards.entries) == ["Piano", *(f"song_{number}" for number in range(8))]
    reasons = {left.name: left.reason for left in shards.manifest.dropped}
    assert reasons["alone.mid"].startswith("no chords found")
    assert reasons["broken.mid"].startswith("broken MIDI file")
    assert reasons["empty.mid"] == "broken MIDI file (empty)"
    assert [reason for reason in reasons.values() if "duplicate" in reason] == [
        next(f"duplicate (of {entry.name})" for entry in shards.entries if entry.name.startswith("song_3"))
    ]
    summary = json.loads((tmp_path / "data" / SUMMARY).read_text(encoding="utf-8"))
    assert summary["kept"] == {"midi": {"lead": {"pieces": 9, "notes": sum(entry.notes for entry in shards.entries)}}}
    assert summary["dropped"] == {"broken MIDI file": 2, "no chords found": 1, "duplicate": 1}
    folders = {path.name for path in (tmp_path / "data" / "roles" / "lead").iterdir()}
    assert folders == {entry.name for entry in shards.entries}
    assert not (tmp_path / "data" / FOLDER).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_files_whose_names_are_no_text_are_read_and_left_out_like_others(music: Path, tmp_path: Path) -> None:
    (music / "song_0.mid").rename(music / os.fsdecode(b"caf\xe9.mid"))
    (music / "broken.mid").rename(music / os.fsdecode(b"b\xe9.mid"))
    shards = run(music, tmp_path / "data").shards
    assert any(entry.name.startswith("caf-") for entry in shards.entries)
    assert "b\ufffd.mid" in {left.name for left in shards.manifest.dropped}
    assert "b\ufffd.mid" in (tmp_path / "data" / SUMMARY).read_text(encoding="utf-8")
    assert run(music, tmp_path / "data").again


def test_titles_that_were_joined_are_known_and_those_that_tell_nothing_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seed, up in (("Blue Bossa", 1, 0), ("Recordame", 1, 5), ("Solar take 1", 2, 0), ("Solar take 2", 3, 0), ("Solar (F)", 4, 0),
                           ("Track 01", 5, 0), ("Track 02", 6, 0)):  # fmt: skip
        write_midi(tmp_path / "music" / f"{name}.mid", [("solo", 65, solo(seed=seed, up=up))], texts=markers())
    shards = run(tmp_path / "music", tmp_path / "data").shards
    assert sorted(entry.tune.rsplit("-")[0] for entry in shards.entries) == ["bluebossa", "solar", "solar", "solar", "track_01", "track_02"]
    part = next(entry.part for entry in shards.entries if entry.tune == "bluebossa")
    assert {"bluebossa", "recordame"} <= open_shards(tmp_path / "data").titles(part)
    show_prepared(shards, Console())
    said = capsys.readouterr().out
    assert "2 files count as tunes of their own, Track_01-" in said
    assert "Solar_take" not in said


def test_a_noncommercial_folder_is_read_where_it_is_named(music: Path, tmp_path: Path) -> None:
    assert [entry.name.rsplit("-", 1)[0] for entry in run(music / "noncommercial", tmp_path / "data").shards.entries] == ["other"]


def test_roles_are_read_from_the_same_files(music: Path, tmp_path: Path) -> None:
    shards = run(music, tmp_path / "data", roles=("lead", "bass")).shards
    tunes = {(entry.role, entry.name): (entry.tune, entry.part) for entry in shards.entries}
    both = [name for role, name in tunes if role == "bass" and ("lead", name) in tunes]
    assert both
    assert all(tunes["lead", name] == tunes["bass", name] for name in both)


def test_processes_read_the_same_as_one(music: Path, tmp_path: Path) -> None:
    for number in range(60):
        write_midi(music / "more" / f"tune {number}.mid", [("solo", 65, solo(4, seed=100 + number))], texts=markers())
    alone = run(music, tmp_path / "one").shards
    together = prepare(PrepareOrder((music,), tmp_path / "many", SETTINGS, 2), quiet).shards
    assert together.manifest == alone.manifest
    assert all((together.steps(entry) == alone.steps(entry)).all() for entry in alone.entries)


def test_again_is_nothing_to_do_and_other_settings_need_overwrite(music: Path, tmp_path: Path) -> None:
    first = run(music, tmp_path / "data")
    assert not first.again
    assert run(music, tmp_path / "data").again
    with pytest.raises(ConfigError, match="add --overwrite"):
        run(music, tmp_path / "data", split_pitch=64)
    with pytest.raises(ConfigError, match="add --overwrite"):
        run(music, tmp_path / "data", transpose_all_keys=False)
    other = run(music, tmp_path / "data", overwrite=True, roles=("bass",)).shards
    assert {entry.role for entry in other.entries} == {"bass"}
    assert not list((tmp_path / "data" / "roles" / "lead").iterdir())
    assert list((tmp_path / "data" / "tokens").glob("lead-*")) == []


def test_what_is_prepared_anew_and_killed_goes_on_without_overwrite(music: Path, tmp_path: Path) -> None:
    run(music, tmp_path / "data")
    write_midi(music / "new.mid", [("solo", 65, solo(seed=50)), ("Bass", 32, walking())], texts=markers())

    def end(step: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(music, tmp_path / "data", overwrite=True, tell=end)
    assert any(entry.name.startswith("new-") for entry in run(music, tmp_path / "data").shards.entries)


def test_new_music_needs_overwrite_too(music: Path, tmp_path: Path) -> None:
    run(music, tmp_path / "data")
    write_midi(music / "new.mid", [("solo", 65, solo(seed=50))], texts=markers())
    with pytest.raises(ConfigError, match="add --overwrite"):
        run(music, tmp_path / "data")


def test_what_was_prepared_before_is_no_music(music: Path) -> None:
    first = run(music, music / "data").shards
    assert run(music, music / "data").again
    assert len(run(music, music / "other data").shards.entries) == len(first.entries)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("when", ["reading", "writing"])
def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_happened(music: Path, tmp_path: Path, when: str) -> None:
    def kill(step: str, done: int, total: int) -> None:
        if step == when and done == 5:
            raise KilledError

    with pytest.raises(KilledError):
        run(music, tmp_path / "data", tell=kill)
    with pytest.raises(DataError, match="prepare a folder first"):
        open_shards(tmp_path / "data")
    first_told = []
    shards = run(music, tmp_path / "data", tell=lambda step, done, total: first_told.append((step, done, total))).shards
    assert first_told[0][1] >= 5
    assert shards.manifest == run(music, tmp_path / "whole").shards.manifest


def test_a_process_that_is_killed_leaves_nothing_that_is_taken_for_whole(music: Path, tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from trainer.prepare import *; from trainer.config import PrepareSettings\n"
        "def tell(step, done, total):\n    if step == 'writing' and done == 4: os._exit(9)\n"
        "order = PrepareOrder((Path(sys.argv[1]),), Path(sys.argv[2]), PrepareSettings(roles=('lead',), split_pitch=60, "
        "transpose_all_keys=True), 1)\nprepare(order, tell)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(music), str(tmp_path / "data")], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert not (tmp_path / "data" / MANIFEST).exists()
    assert len(run(music, tmp_path / "data").shards.entries) == 9


def test_a_damaged_reading_is_read_again(music: Path, tmp_path: Path) -> None:
    def kill(step: str, done: int, total: int) -> None:
        if step == "writing":
            raise KilledError

    with pytest.raises(KilledError):
        run(music, tmp_path / "data", tell=kill)
    for file in (tmp_path / "data" / FOLDER).iterdir():
        file.write_bytes(file.read_bytes()[:7])
    assert len(run(music, tmp_path / "data").shards.entries) == 9


def test_bad_input_is_one_line_with_the_mend(tmp_path: Path, music: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        run(tmp_path / "none", tmp_path / "data")
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match=r"no music in it; expected MIDI files \(\.mid, \.midi\)"):
        run(tmp_path / "void", tmp_path / "data")
    (tmp_path / "void" / "a.mid").write_bytes(b"?")
    with pytest.raises(DataError, match="no usable part for lead in 1 files \\(1 broken MIDI file\\)"):
        run(tmp_path / "void", tmp_path / "data")
    assert not (tmp_path / "data" / MANIFEST).exists()
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"cannot be written .*make room or name another --out"):
        run(music, blocked)


@pytest.mark.skipif(not Path("/dev/full").exists() or os.name != "posix", reason="needs a device that is always full")
def test_a_full_disk_leaves_no_manifest(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"

    def fill(step: str, done: int, total: int) -> None:
        if step == "writing" and done == total:
            (out / f".{SUMMARY}.{os.getpid()}.part.json").symlink_to("/dev/full")

    with pytest.raises(DataError, match="No space left on device"):
        run(music, out, tell=fill)
    assert not (out / MANIFEST).exists()
    assert run(music, out).shards.entries


def test_the_command_shows_what_was_kept_and_why_not(music: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["prepare", "--input_dir", str(music), "--out", str(tmp_path / "data"), "--role", "lead", "--workers", "1"]
    for expected in ("prepared", "was there already"):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr().out
        assert ended.value.code == 0, said
        assert expected in said
        assert "broken MIDI file" in said
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--split_pitch", "70"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
