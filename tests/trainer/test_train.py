"""Training: it learns, a killed run goes on as if nothing had happened, two processes do what one does, wrong orders are refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from shared.checkpoint import read_header
from shared.errors import CheckpointError, ConfigError, DataError
from shared.model_folder import load_base, load_model
from tests.trainer.made_solos import solo
from trainer.config import StageASettings, load_stage_a
from trainer.shards import write_shards
from trainer.train import Order, train
from trainer.training import Report

ROOT = Path(__file__).parents[2]


def settings(**run: object) -> StageASettings:
    shipped = load_stage_a()
    model = msgspec.structs.replace(shipped.model, width=32, layers=2, heads=2, kv_heads=2, feed_width=48, context=48)
    small = {"steps": 12, "batch_windows": 4, "accumulate": 2, "warmup_steps": 2, "evaluate_every": 4, **run}
    return msgspec.structs.replace(
        shipped,
        model=model,
        base=msgspec.structs.replace(shipped.base, shares={"lead": 1.0}, **small),
        lora=msgspec.structs.replace(shipped.lora, rank=4, **small),
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write_shards(folder, [solo(seed) for seed in range(40)], [], {}, True)
    return folder


def silent(_: Report) -> None:
    pass


def log(folder: Path, what: str = "base") -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / f"{what}-log.jsonl").read_text().splitlines()]


class Killed(BaseException):
    pass


def killed_at(step: int) -> Callable[[Report], None]:
    def tell(report: Report) -> None:
        if report.step == step:
            raise Killed

    return tell


def test_a_base_and_an_adapter_learn_and_are_merged_into_what_plays(prepared: Path, tmp_path: Path) -> None:
    order = Order("base", prepared, tmp_path, settings(steps=20, evaluate_every=10, learning_rate=5e-3))
    after_base = train(order, silent)
    values = [entry["val_per_note"] for entry in log(tmp_path) if "val_per_note" in entry]
    assert values[-1] < values[0]
    after_lora = train(replace(order, what="lora", settings=settings(steps=60, evaluate_every=20, learning_rate=5e-3)), silent)
    assert after_lora < 1.01 * after_base
    rows = torch.zeros((1, 4, load_base(tmp_path).get_buffer("offsets").numel()), dtype=torch.int64)
    with torch.inference_mode():
        assert not torch.allclose(load_model(tmp_path)(rows), load_base(tmp_path)(rows))
        assert torch.allclose(load_model(tmp_path, 0.0)(rows), load_base(tmp_path)(rows), atol=1e-5)
    assert (tmp_path / "curve.png").stat().st_size > 1000


@pytest.mark.parametrize("what", ["base", "lora"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(what: str, prepared: Path, tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight" / "same", tmp_path / "broken" / "same"
    for folder in (straight, broken):
        if what == "lora":
            train(Order("base", prepared, folder, settings(steps=4)), silent)
        order = Order("lora" if what == "lora" else "base", prepared, folder, settings())
        if folder == broken:
            for step in (4, 8):
                with pytest.raises(Killed):
                    train(order, killed_at(step))
        train(order, silent)
    assert log(broken, what) == log(straight, what)
    assert (broken / "base.safetensors").read_bytes() == (straight / "base.safetensors").read_bytes()
    name = f"{what}-state.safetensors"
    assert (broken / name).read_bytes() == (straight / name).read_bytes()


def test_two_processes_train_as_one_does(prepared: Path, tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(
        "model: {width: 32, layers: 1, heads: 2, kv_heads: 2, feed_width: 48, context: 48, dropout: 0.0, field_dropout: 0.0}\n"
        "base: {steps: 6, batch_windows: 8, warmup_steps: 1, evaluate_every: 3, shares: {lead: 1.0}}\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["-m", "trainer", "train", "--what", "base", "--data", str(prepared), "--config", str(config), "--device", "cpu", "--out"]
    meeting = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, *arguments, str(tmp_path / "two")]
    two = [subprocess.Popen(command, cwd=ROOT, env={**meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)}) for rank in range(2)]
    assert [process.wait(120) for process in two] == [0, 0]
    train(Order("base", prepared, tmp_path / "one", load_stage_a(config), "cpu"), silent)
    for mine, theirs in zip(log(tmp_path / "one"), log(tmp_path / "two"), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)


def test_more_processes_than_there_is_work_or_gpus_are_refused(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("LOCAL_RANK", "2")
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match=r"3 processes for 2 windows at once .* start 2 at most"):
        train(Order("base", prepared, out, settings(batch_windows=4, accumulate=2), "cpu"), silent)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(ConfigError, match="more processes than the 2 GPUs here"):
        train(Order("base", prepared, out, settings(batch_windows=4, accumulate=1), "cuda"), silent)
    assert not out.exists()


def test_it_ends_where_nothing_gets_better(prepared: Path, tmp_path: Path) -> None:
    # Steps so long that no measurement is better than the first.
    order = Order("base", prepared, tmp_path, settings(steps=100, evaluate_every=2, patience=2, learning_rate=0.9, warmup_steps=0))
    train(order, silent)
    assert log(tmp_path)[-1]["step"] < 100


def test_what_is_wrong_is_said_before_anything_is_written(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    order = Order("lora", prepared, out, settings())
    with pytest.raises(ConfigError, match=r"no base.safetensors to lay an adapter over"):
        train(order, silent)
    with pytest.raises(ConfigError, match="no such model"):
        train(replace(order, base="nobody"), silent)
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="use --device auto"):
            train(replace(order, what="base", device="cuda"), silent)
    with pytest.raises(DataError, match="prepare a folder first"):
        train(replace(order, data=tmp_path / "nothing"), silent)
    train(replace(order, what="base"), silent)
    with pytest.raises(CheckpointError, match="other settings or data"):
        train(replace(order, what="base", seed=2), silent)
    train(replace(order, what="base", seed=2, overwrite=True), silent)
    state = out / "base-state.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        train(replace(order, what="base", seed=2), silent)


def test_a_teachers_music_is_in_the_card_and_another_teacher_is_another_run(prepared: Path, tmp_path: Path) -> None:
    pop = tmp_path / "pop"
    write_shards(pop, [replace(solo(seed), source="pop909") for seed in range(40)], [], {}, True)
    for seed in (1, 2):
        train(Order("base", pop, tmp_path / f"teacher{seed}", settings(steps=2), seed=seed), silent)
    taught = Order("base", prepared, tmp_path / "taught", settings(), teachers=(str(tmp_path / "teacher1"),))
    train(taught, silent)
    card = read_header(tmp_path / "taught" / "base.safetensors").card
    assert "POP909" in card.training_data
    assert "Weimar" in card.training_data
    before = (tmp_path / "taught" / "base.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="other settings or data"):
        train(replace(taught, teachers=(str(tmp_path / "teacher2"),)), silent)
    with pytest.raises(ConfigError, match="--teacher nobody: no such model"):
        train(replace(taught, teachers=("nobody",), overwrite=True), silent)
    assert (tmp_path / "taught" / "base.safetensors").read_bytes() == before


def test_a_typo_in_the_settings_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("base:\n  step: 10\n")
    with pytest.raises(ConfigError, match=r"line 2: base.step is no setting; did you mean steps"):
        load_stage_a(path)
    path.write_text("model: {width: 30}\n")
    with pytest.raises(ConfigError, match=r"my.yaml.*even width for each head"):
        load_stage_a(path)
    path.write_text("base: {batch_windows: 5, accumulate: 2}\n")
    with pytest.raises(ConfigError, match="multiple of accumulate"):
        load_stage_a(path)
