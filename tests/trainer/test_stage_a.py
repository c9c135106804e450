"""Stage A as a user runs it: one command from MIDI files to a model and its report, which goes on wherever it was cut off."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from shared.errors import CheckpointError, ConfigError
from shared.model_folder import load_model
from tests.trainer.made_folder import SETTINGS, tunes
from tests.trainer.midi_maker import blocks, solo, write_midi
from trainer.cli import main
from trainer.config import load_stage_a
from trainer.shards import Shards
from trainer.stage_a import StageAOrder, stage_a
from trainer.training import Report

ROOT = Path(__file__).parents[2]
STEPS = ("base", "lora", "ngram", "nll", "generate", "evaluate")


class Killed(BaseException):
    pass


class Quiet:
    """Hears what is said; ends the run where `ends` says: at the beginning of a step's title, or inside its work."""

    def __init__(self, ends: str = "") -> None:
        self.ends, self.heard, self.done_before = ends, [""], 0

    def step(self, number: int, steps: int, title: str) -> None:
        self.heard.append(title)
        if self.ends and title.startswith(self.ends):
            raise Killed

    def said(self, text: str) -> None:
        self.done_before += text == "was done before"

    def prepared(self, shards: Shards) -> None:
        self.heard.append(f"{len(shards.entries)} pieces")

    def preparing(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        return nullcontext(lambda step, done, total: self._end(step))

    @contextmanager
    def training(self, what: str) -> Iterator[Callable[[Report], None]]:
        yield lambda report: self._end(f"{what} step {report.step}")

    @contextmanager
    def working(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        yield lambda count: self._end(f"in {title}")

    def _end(self, place: str) -> None:
        if self.ends == place:
            raise Killed


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tunes(tmp_path_factory.mktemp("music"))


@pytest.fixture(scope="module")
def finished(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run came to its end that nothing cut off."""
    with contextlib.chdir(tmp_path_factory.mktemp("finished")):
        Path("tiny.yaml").write_text(SETTINGS)
        stage_a(order(music), Quiet())
        return Path.cwd()


@pytest.fixture(scope="module")
def straight(finished: Path) -> dict[str, bytes]:
    """The results of that run."""
    with contextlib.chdir(finished):
        return results()


@pytest.fixture(scope="module")
def more(music: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """The same music and a tune more, and the results of a run with it."""
    place = tmp_path_factory.mktemp("more")
    shutil.copytree(music, place / "music")
    write_midi(place / "music" / "new tune.mid", [("Lead", 65, solo(16, 99)), ("Chords", 0, blocks(16))])
    with contextlib.chdir(place):
        Path("tiny.yaml").write_text(SETTINGS)
        stage_a(order(place / "music"), Quiet())
        return place / "music", results()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def after(here: Path, finished: Path) -> Path:
    """A current folder where a run has come to its end."""
    shutil.copytree(finished, here, dirs_exist_ok=True)
    return here


def order(music: Path) -> StageAOrder:
    return StageAOrder((music,), load_stage_a(Path("tiny.yaml")), "mine", device="cpu")


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["stage-a", "--config", "tiny.yaml", "--device", "cpu", "--workers", "1", *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def results() -> dict[str, bytes]:
    """What a run comes to: weights, solos and figures."""
    kept = [*Path("checkpoints").rglob("*.safetensors"), *Path("samples").rglob("*.mid"), *Path("samples").rglob("*.json")]
    return {path.as_posix(): path.read_bytes() for path in sorted(kept)}


def test_a_folder_of_midi_becomes_a_model_its_solos_and_a_report(here: Path, music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--input_dir", music, "--name", "mine") == 0
    assert sum(isinstance(layer, torch.nn.Linear) for layer in load_model(Path("checkpoints/mine")).modules()) > 3
    assert len(list(Path("samples/stage_a").glob("*.mid"))) == 3
    assert {path.name for path in Path("data/roles/lead").glob("*/*")} == {"conditioning.mid", "target.mid", "meta.json"}
    found = json.loads(Path("samples/stage_a/metrics.json").read_text())
    assert {"dead_air_ratio", "four_gram_repetition", "note_density", "chord_tone_share", "measures", "likelihood"} <= set(found)
    assert found["note_density"] == found["comparison"]["note_density"]["value"] > 0
    assert found["likelihood"]["lora"]["per_note"] > 0
    page = Path("samples/stage_a/report/report.md").read_text()
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page)
    assert {"curve.png", "measures.png"} < set(pictures)
    assert len(pictures) >= 5
    assert all((Path("samples/stage_a/report") / name).stat().st_size > 1000 for name in pictures)
    assert "companion --model mine" in capsys.readouterr().out
    assert "MIDI files of your own" in Path("checkpoints/mine/README.md").read_text()

    before = results()
    assert ended("--input_dir", music, "--name", "mine") == 0
    assert capsys.readouterr().out.count("was done before") == len(STEPS)
    assert results() == before


@pytest.mark.parametrize(
    ("place", "done_before"),
    [("writing", 0), ("base step 3", 0), ("lora step 2", 1), ("count", 2), ("in solos", 4), ("evaluate", 5)],
)
def test_a_killed_run_comes_to_the_same_end(here: Path, music: Path, straight: dict[str, bytes], place: str, done_before: int) -> None:
    with pytest.raises(Killed):
        stage_a(order(music), Quiet(place))
    screen = Quiet()
    stage_a(order(music), screen)
    assert screen.done_before == done_before
    assert results() == straight


def test_what_is_damaged_is_made_again_and_nothing_else(after: Path, music: Path) -> None:
    before = results()
    solo = next(Path("samples/stage_a").glob("*.mid"))
    solo.write_bytes(solo.read_bytes()[:40])
    screen = Quiet()
    stage_a(order(music), screen)
    assert results() == before
    assert screen.done_before == len(STEPS) - 1
    Path("checkpoints/mine/base.safetensors").unlink()
    stage_a(order(music), Quiet())
    assert results() == before


def test_a_changed_setting_does_again_what_hangs_on_it(after: Path, music: Path) -> None:
    wanted = order(music)
    hotter = Quiet()
    generate = msgspec.structs.replace(wanted.settings.generate, temperature=2.0)
    stage_a(replace(wanted, settings=msgspec.structs.replace(wanted.settings, generate=generate)), hotter)
    assert hotter.done_before == len(STEPS) - 2
    assert json.loads(Path("samples/stage_a/solos.json").read_text())["temperature"] == 2.0


def test_an_adapter_can_be_laid_over_another_models_base(after: Path, music: Path) -> None:
    base = Path("checkpoints/mine/base.safetensors").read_bytes()
    screen = Quiet()
    # The settings name another shape than the base has: the base's counts.
    wanted = replace(order(music), name="other", base="mine", samples=Path("samples/other"))
    wider = msgspec.structs.replace(wanted.settings.model, width=64)
    stage_a(replace(wanted, settings=msgspec.structs.replace(wanted.settings, model=wider)), screen)
    assert Path("checkpoints/other/base.safetensors").read_bytes() == base
    assert Path("checkpoints/other/model.safetensors").is_file()
    assert not any(title.startswith("train the base") for title in screen.heard)
    for page in ("checkpoints/other/README.md", "samples/other/report/report.md"):
        assert "The base is that of `mine`, and may know some of them" in Path(page).read_text()


@pytest.mark.parametrize("place", ["reading", "base step 3", "lora step 2"])
def test_what_was_begun_anew_and_killed_goes_on_without_overwrite(after: Path, more: tuple[Path, dict[str, bytes]], place: str) -> None:
    music, wanted = more
    with pytest.raises(Killed):
        stage_a(replace(order(music), overwrite=True), Quiet(place))
    stage_a(order(music), Quiet())
    assert results() == wanted


def test_another_adapter_costs_no_base(after: Path, music: Path) -> None:
    base, adapter = (Path(f"checkpoints/mine/{name}.safetensors").read_bytes() for name in ("base", "adapter"))
    wanted = order(music)
    lora = msgspec.structs.replace(wanted.settings.lora, rank=3)
    screen = Quiet()
    stage_a(replace(wanted, settings=msgspec.structs.replace(wanted.settings, lora=lora)), screen)
    assert screen.done_before == 2
    assert Path("checkpoints/mine/base.safetensors").read_bytes() == base
    assert Path("checkpoints/mine/adapter.safetensors").read_bytes() != adapter
    # A base is not thrown away for another setting, unless that is said.
    wider = msgspec.structs.replace(wanted.settings, model=msgspec.structs.replace(wanted.settings.model, feed_width=64))
    with pytest.raises(CheckpointError, match="begun with other settings"):
        stage_a(replace(wanted, settings=wider), Quiet())
    assert Path("checkpoints/mine/base.safetensors").read_bytes() == base


def test_a_typo_in_the_musics_folder_costs_nothing(after: Path, music: Path) -> None:
    before = results()
    with pytest.raises(ConfigError, match="no such folder"):
        stage_a(replace(order(after / "musik"), overwrite=True), Quiet())
    assert results() == before


def test_a_base_that_was_trained_is_not_lost_to_another(after: Path, music: Path) -> None:
    with pytest.raises(Killed):
        stage_a(replace(order(music), name="other", seed=2), Quiet("train the adapter"))
    before, theirs = (Path(f"checkpoints/{name}/base.safetensors").read_bytes() for name in ("mine", "other"))
    with pytest.raises(ConfigError, match=r"--base other: checkpoints/mine holds another base; .* or add --overwrite"):
        stage_a(replace(order(music), base="other"), Quiet())
    assert Path("checkpoints/mine/base.safetensors").read_bytes() == before
    stage_a(replace(order(music), base="other", overwrite=True), Quiet())
    assert Path("checkpoints/mine/base.safetensors").read_bytes() == theirs
    # Nobody takes that one for trained here, or trains over it.
    with pytest.raises(ConfigError, match=r"base.safetensors: without a base-state.safetensors its training cannot go on"):
        stage_a(order(music), Quiet())
    assert Path("checkpoints/mine/base.safetensors").read_bytes() == theirs
    # Its own base stays under a new adapter.
    stage_a(replace(order(music), base="mine", overwrite=True), Quiet())
    assert Path("checkpoints/mine/base.safetensors").read_bytes() == theirs


def test_charts_are_played_over_where_they_are_named(here: Path, music: Path) -> None:
    Path("chart.txt").write_text("title: Two Chords\ntempo: 144\nDm7 | G7 | Cmaj7 | %")
    assert ended("--input_dir", music, "--charts", "chart.txt", "--primer_max_tokens", 0, "--name", "mine") == 0
    found = json.loads(Path("samples/stage_a/solos.json").read_text())
    assert {(row["title"], row["primer_steps"]) for row in found["files"]} == {("Two Chords", 0)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input_dir", "nowhere"), "--input_dir nowhere: no such folder"),
        (("--input_dir", "empty"), "empty: no music in it"),
        (("--input_dir", "broken"), "broken: no usable part for lead in 1 files (1 broken MIDI file)"),
        (("--input_dir", "MUSIC", "--name", "a/b"), "--name a/b: expected letters"),
        (("--input_dir", "MUSIC", "--base", "nobody"), "--base nobody: no such model"),
        (("--input_dir", "MUSIC", "--charts", "none.txt"), "none.txt: the chart cannot be read"),
        (("--input_dir", "MUSIC", "--config", "typo.yaml"), "typo.yaml line 1: base.step is no setting; did you mean steps?"),
        (("--input_dir", "MUSIC", "--preset", "huge"), "Invalid value for '--preset'"),
        (("--input_dir", "MUSIC", "--data", "tiny.yaml"), "tiny.yaml"),
        (("--input_dir", "MUSIC", "--samples", "broken"), "broken: holds MIDI files that are no solos of ours, song.mid first; choose"),
        (("--input_dir", "MUSIC", "--samples", "tiny.yaml"), "(File exists); choose another folder with --samples"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    here: Path, music: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    for folder in ("empty", "broken"):
        Path(folder).mkdir()
    Path("broken/song.mid").write_bytes(b"MThd")
    Path("typo.yaml").write_text("base: {step: 3}\n")
    assert ended(*(str(music) if word == "MUSIC" else word for word in arguments)) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not Path("checkpoints").exists()


def test_a_device_that_is_not_there_is_refused(
    here: Path, music: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert ended("--input_dir", music, "--device", "cuda") == 2
    assert "--device cuda: PyTorch finds no CUDA device here; use --device auto" in capsys.readouterr().err


def test_several_processes_are_refused(
    here: Path, music: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert ended("--input_dir", music) == 2
    assert "start it without torchrun" in capsys.readouterr().err
    assert not Path("data").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_ends_it_with_one_line_and_it_goes_on_when_there_is_room(here: Path, music: Path) -> None:
    # No file may grow beyond 40 kB: the tokens fit, the weights do not.
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY));"
        "from trainer.cli import main; main(sys.argv[1:])"
    )
    words = ["stage-a", "--config", "tiny.yaml", "--device", "cpu", "--workers", "1", "--input_dir", str(music), "--name", "mine"]

    def run(limit: int) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", program, str(limit), *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    full = run(40_000)
    assert full.returncode == 2, full.stderr
    assert full.stderr.count("\n") == 1
    assert "cannot be written" in full.stderr
    assert "make room" in full.stderr
    assert run(2**31).returncode == 0
    assert Path("samples/stage_a/metrics.json").is_file()
