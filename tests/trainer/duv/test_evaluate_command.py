"""`trainer duv evaluate` and `trainer duv ladder` as a user types them."""

from __future__ import annotations

import json
import platform
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shared.files import written_whole
from tests.trainer.duv.made_grooves import bass_track, drum_track, made_ladder, needs_lightgbm, write_groove
from tests.trainer.duv.made_humanizer import write_humanizer
from tests.trainer.duv.made_music import midi_bytes
from trainer.cli import main
from trainer.duv.card import card_of, read_evaluated
from trainer.duv.groove import ARCHIVE, INFO
from trainer.duv.ladder_file import load_ladder, save_ladder
from trainer.duv.learned import Learned, Material, write_learned
from trainer.duv.manifest import write_manifest
from trainer.duv.measures import MEASURES

TEST = [drum_track(seed, "test", "funk" if seed % 2 else "rock") for seed in range(4)]


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["duv", *map(str, arguments)])
    return end.value.code if isinstance(end.value.code, int) else 0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A humanizer with an adapter and the baselines beside it."""
    folder = write_humanizer(tmp_path / "drums", ["funk"])
    save_ladder(folder / "ladder.safetensors", made_ladder([drum_track(seed) for seed in range(10, 20)]))
    return folder


def evaluated(tmp_path: Path, *arguments: object) -> dict[str, Any]:
    assert ended("evaluate", "--dataset", "groove_midi", "--json", tmp_path / "out" / "found.json", *arguments) == 0
    found: dict[str, Any] = json.loads((tmp_path / "out" / "found.json").read_text(encoding="utf-8"))
    return found


def test_test_takes_alone_give_the_whole_ladder(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_groove(tmp_path / "data", TEST)
    found = evaluated(tmp_path, "--data", data, "--model", model, "--report", tmp_path / "report")
    assert list(found["duv"]) == ["point", "sampled"]
    for name, readouts in {
        "quantised": ["point"], "daw_jitter": ["sampled"], "constant": ["point"], "lookup": ["point", "sampled"], "ridge": ["point"],
        "lightgbm_bare": ["point"], "lightgbm": ["point"], "duv": ["point", "sampled"], "duv_adapter": ["point", "sampled"],
    }.items():  # fmt: skip
        assert list(found[name]) == list(found["intervals"][name]) == readouts
        for readout in readouts:
            assert list(found[name][readout]) == list(MEASURES)
            low, high = found["intervals"][name][readout]["velocity_mae"]
            assert low <= found[name][readout]["velocity_mae"] <= high
    assert found["about"]["takes"] == 4
    assert found["human"]["ghost_share"] == pytest.approx(0.45, abs=0.2)
    assert found["adapters"]["funk"]["takes_of_its_style"] == 2
    told = " ".join(capsys.readouterr().out.split())
    assert "made takes" in told
    assert "marked train" not in told
    page = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    for picture in ("velocity.png", "onset_ms.png", "take.png"):
        assert f"({picture})" in page
        assert (tmp_path / "report" / picture).stat().st_size > 10_000
    assert not (tmp_path / "report" / "log_ratio.png").exists()


def test_figures_tell_the_command_and_the_machine_and_the_card_repeats_them(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["trainer", "duv", "evaluate", "--data", str(tmp_path / "groove"), "--seed", "1"])
    found = evaluated(tmp_path, "--data", write_groove(tmp_path / "data", TEST), "--model", model, "--adapter", "none")
    origin = found["about"]["provenance"]
    assert origin["command"] == "trainer duv evaluate --data groove --seed 1"
    assert f"Python {platform.python_version()}" in origin["machine"]
    material = Material(
        source="groove_midi", instrument="drums", velocity_from="player", tracks=1, notes=9, velocity=9, timing=9, duration=0
    )  # fmt: skip
    write_learned(model, Learned(name="drums", instrument="drums", material=(material,)))
    card = card_of(model, [read_evaluated(tmp_path / "out" / "found.json")])
    assert f"groove_midi: 4 takes, {found['about']['notes']:,} notes. `{origin['command']}`, {origin['machine']}." in card


def test_the_same_seed_gives_the_same_figures(tmp_path: Path, model: Path) -> None:
    data = write_groove(tmp_path / "data", TEST)
    once, again, other = (evaluated(tmp_path, "--data", data, "--model", model, "--seed", seed) for seed in (3, 3, 4))
    assert once == again
    assert once["duv"]["point"] == other["duv"]["point"]
    assert once["duv"]["sampled"] != other["duv"]["sampled"]


def test_every_take_is_measured_and_those_that_were_learned_from_are_told(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_groove(tmp_path / "data", [*TEST, drum_track(30, "train"), drum_track(31, "val")])
    found = evaluated(tmp_path, "--data", data, "--model", model, "--adapter", "none")
    assert found["about"]["takes"] == 6
    assert "duv_adapter" not in found
    assert "1 of 6 takes are marked train" in " ".join(capsys.readouterr().out.split())
    assert evaluated(tmp_path, "--data", data, "--model", model, "--part", "val")["about"]["takes"] == 1


def test_takes_that_are_left_out_are_counted_and_named(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_groove(tmp_path / "data", TEST)
    with zipfile.ZipFile(data / ARCHIVE, "a") as archive, (data / INFO).open("a", encoding="utf-8") as table:
        for name, meter in (("waltz", "3-4"), ("cut", "4-4")):
            archive.writestr(f"{name}.mid", midi_bytes([("Drums", -1, [(0.0, 0.1, 36, 90)])])[: -20 if name == "cut" else None])
            table.write(f"{name},rock,100,beat,{meter},{name}.mid,test\n")
    found = evaluated(tmp_path, "--data", data, "--model", model, "--adapter", "none")
    assert found["about"]["takes"] == 4
    assert found["about"]["left_out"]["waltz"] == "not in 4/4"
    assert "broken MIDI file" in found["about"]["left_out"]["cut.mid"]
    told = " ".join(capsys.readouterr().out.split())
    assert "Left out 2 takes (1 not in 4/4: waltz; 1 broken MIDI file" in told


@needs_lightgbm
def test_a_ladder_is_fitted_where_none_is_and_an_instrument_is_measured_from_a_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "drums.jsonl"
    write_manifest(manifest, [drum_track(seed) for seed in range(8)])
    assert ended("ladder", "--train", manifest, "--out", tmp_path / "model") == 0
    assert load_ladder(tmp_path / "model" / "ladder.safetensors").learned_from.startswith("8 tracks")
    data = write_groove(tmp_path / "data", TEST)
    found = evaluated(tmp_path, "--data", data, "--train", manifest)
    assert "duv" not in found
    assert found["lightgbm"]["point"]["velocity_mae"] < 0.5 * found["constant"]["point"]["velocity_mae"]


@needs_lightgbm
def test_an_instrument_is_measured_on_the_test_part_of_its_manifest(tmp_path: Path) -> None:
    write_manifest(tmp_path / "bass.jsonl", [*(bass_track(seed) for seed in range(12)), bass_track(20, "val"), bass_track(21, "test")])
    model = write_humanizer(tmp_path / "bass")
    arguments = ("evaluate", "--dataset", "bass", "--data", tmp_path, "--model", model, "--report", tmp_path / "report")
    assert ended(*arguments, "--json", tmp_path / "found.json") == 0
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert (found["about"]["takes"], found["about"]["notes"]) == (1, 64)
    trees, quantised = found["lightgbm"]["point"], found["quantised"]["point"]
    assert trees["ghost_share"] is None
    for measure in ("velocity_mae", "timing_mae_ms", "log_ratio_mae"):
        assert trees[measure] < 0.4 * quantised[measure]
    assert found["duv"]["sampled"]["log_ratio_w1"] > 0
    assert (tmp_path / "report" / "log_ratio.png").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--model", "nobody"], "nobody: no such humanizer"),
        (["--adapter", "funk"], "name it with --model"),
        (["--part", "val"], "no track of drums is marked val"),
        (["--train", "data"], "no track of drums is marked train"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    data = write_groove(tmp_path / "data", TEST)
    monkeypatch.chdir(tmp_path)
    assert ended("evaluate", "--dataset", "groove_midi", "--data", data, *arguments, "--json", tmp_path / "found.json") == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "found.json").exists()


def test_a_model_that_was_just_trained_is_measured_beside_installed_baselines(tmp_path: Path, model: Path) -> None:
    (model / "ladder.safetensors").unlink()
    found = evaluated(tmp_path, "--data", write_groove(tmp_path / "data", TEST), "--model", model)
    assert found["lightgbm"]["point"]["velocity_mae"] > 0
    assert "Baselines learned from" in found["about"]["remarks"][0]


def test_an_unknown_adapter_and_a_damaged_ladder_are_refused(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_groove(tmp_path / "data", TEST)
    command = ("evaluate", "--dataset", "groove_midi", "--data", data, "--model", model)
    assert ended(*command, "--adapter", "polka") == 2
    assert "no adapter polka; there are funk" in capsys.readouterr().err
    with written_whole(model / "ladder.safetensors") as draft:
        draft.write_bytes(b"\0" * 100)
    assert ended(*command) == 2
    assert "ladder.safetensors: cannot be read as a ladder" in capsys.readouterr().err


def test_data_without_tracks_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "drums.jsonl"
    write_manifest(manifest, TEST)
    assert ended("evaluate", "--dataset", "keys", "--data", manifest) == 2
    assert "no keys to measure in it" in capsys.readouterr().err
