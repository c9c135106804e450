"""Manifests from folders: whole, divided, without copies, resumable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.errors import ConfigError, DataError, JamBotError
from tests.trainer.duv.made_music import Played, midi_bytes
from tests.trainer.duv.test_groove import write
from trainer.duv.command import duv
from trainer.duv.enrich import SUMMARY, EnrichOrder, enrich
from trainer.duv.enrich_store import FOLDER, EnrichStore
from trainer.duv.manifest import read_manifest
from trainer.duv.sources import FILES
from trainer.music_found import find_music


def line(seed: int) -> list[Played]:
    """16 notes of a pattern of their own, a little late and never equally loud."""
    return [(index / 2 + 0.01 * (1 + (index * seed) % 5), 0.4, 40 + (index * seed) % 12, 50 + (index * seed) % 60) for index in range(16)]


def music(folder: Path, count: int = 6) -> Path:
    for index in range(count):
        path = folder / "songs" / f"{index}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(midi_bytes([("bass", 33, line(2 * index + 3)), ("drums", -1, line(2 * index + 5))]))
    return folder


def silent(step: str, done: int, total: int) -> None:
    pass


def order(tmp_path: Path, *instruments: str, overwrite: bool = False) -> EnrichOrder:
    return EnrichOrder((tmp_path / "in",), tmp_path / "out", instruments or ("bass", "drums"), 1, overwrite)


def test_a_folder_of_midi_files_becomes_a_manifest_for_each_instrument(tmp_path: Path) -> None:
    music(tmp_path / "in")
    done = enrich(order(tmp_path), silent)
    bass, drums = (read_manifest(tmp_path / "out" / f"{name}.jsonl") for name in ("bass", "drums"))
    assert len(bass) == len(drums) == 6
    assert {track.part for track in bass} == {"train", "val", "test"}
    # Two instruments of one file are never divided.
    assert {track.name.split("#")[0]: track.part for track in bass} == {track.name.split("#")[0]: track.part for track in drums}
    assert sum(kept.tracks for kept in done.summary.kept["bass"].values()) == 6
    assert not (tmp_path / "out" / FOLDER).exists()


def test_copies_and_broken_files_are_left_out_by_name(tmp_path: Path) -> None:
    music(tmp_path / "in")
    (tmp_path / "in" / "copy.mid").write_bytes(midi_bytes([("bass", 33, line(3))]))
    (tmp_path / "in" / "bad.mid").write_bytes(b"MThd not really")
    enrich(order(tmp_path), silent)
    told = json.loads((tmp_path / "out" / SUMMARY).read_text(encoding="utf-8"))
    left = {entry["name"]: entry["reason"] for entry in told["dropped"]}
    assert left["bad.mid"].startswith("broken MIDI file")
    assert any("a copy" in reason for reason in left.values())
    assert len(read_manifest(tmp_path / "out" / "bass.jsonl")) == 6


def test_a_take_that_two_archives_share_is_learned_once(tmp_path: Path) -> None:
    hits = {name: midi_bytes([("drums", -1, [(beat, 0.1, 38, 60 + 5 * number) for beat in range(8)])]) for number, name in enumerate("abc")}
    for place, (names, split) in {"one": ("ab", "train"), "two": ("bc", "test")}.items():
        (tmp_path / place).mkdir()
        write(tmp_path / place, {name: hits[name] for name in names}, [(name, "rock", "90", "4-4", split) for name in names])
    done = enrich(EnrichOrder((tmp_path / "one", tmp_path / "two"), tmp_path / "out", ("drums",), 1), silent)
    assert sorted(track.name for track in read_manifest(tmp_path / "out" / "drums.jsonl")) == ["a", "b", "c"]
    assert [left.reason for left in done.summary.dropped] == ["a copy (of b)"]


def test_only_the_instruments_that_were_asked_for_are_written(tmp_path: Path) -> None:
    music(tmp_path / "in")
    enrich(order(tmp_path, "bass"), silent)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jsonl")) == ["bass.jsonl"]
    with pytest.raises(DataError, match="nothing to learn from for guitar"):
        enrich(EnrichOrder((tmp_path / "in",), tmp_path / "other", ("guitar",), 1), silent)


def test_the_same_again_is_there_already_and_other_music_needs_overwrite(tmp_path: Path) -> None:
    music(tmp_path / "in")
    enrich(order(tmp_path), silent)
    before = (tmp_path / "out" / "bass.jsonl").read_bytes()
    assert enrich(order(tmp_path), silent).again
    (tmp_path / "out" / "bass.jsonl").write_bytes(before[:-10])
    assert not enrich(order(tmp_path), silent).again, "a manifest that was damaged is written anew"
    assert (tmp_path / "out" / "bass.jsonl").read_bytes() == before
    music(tmp_path / "in", 8)
    with pytest.raises(ConfigError, match="--overwrite"):
        enrich(order(tmp_path), silent)
    assert (tmp_path / "out" / "bass.jsonl").read_bytes() == before
    assert not enrich(order(tmp_path, overwrite=True), silent).again
    assert len(read_manifest(tmp_path / "out" / "bass.jsonl")) == 8


def test_a_run_that_was_killed_reads_only_what_is_missing(tmp_path: Path) -> None:
    music(tmp_path / "in")

    def killed(step: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrich(order(tmp_path), killed)
    assert list((tmp_path / "out").glob("*.json*")) == []
    told: list[int] = []
    EnrichStore(tmp_path / "out", find_music((tmp_path / "in",), tmp_path / "out", FILES)).read(1, lambda done, total: told.append(done))
    assert told == [4, 5, 6]
    enrich(order(tmp_path), silent)
    resumed = (tmp_path / "out" / "bass.jsonl").read_bytes()
    enrich(EnrichOrder((tmp_path / "in",), tmp_path / "fresh", ("bass", "drums"), 1), silent)
    assert resumed == (tmp_path / "fresh" / "bass.jsonl").read_bytes()


def test_the_command_tells_what_it_wrote_and_what_it_left_out(tmp_path: Path) -> None:
    music(tmp_path / "in")
    (tmp_path / "in" / "bad.mid").write_bytes(b"")
    arguments = ["enrich", "--input_dir", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--workers", "1"]
    done = CliRunner().invoke(duv, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "bass" in done.output
    assert "broken MIDI file" in done.output
    assert "written" in done.output


def test_a_folder_without_music_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(JamBotError, match=r"groove_midi\.zip"):
        enrich(order(tmp_path), silent)
