"""Training a humanizer: it learns, a killed run goes on as if nothing had happened, adapters learn styles, wrong orders are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from shared.checkpoint import load_phrase, read_header
from shared.errors import CheckpointError, ConfigError, DataError
from shared.model_folder import FILE_NAME
from shared.nets.phrase import PhraseNet
from tests.shared.made_tracks import TINY
from tests.trainer.duv.made_takes import solo, take, takes
from trainer.duv.config import DuvSettings, NetSettings, load_duv
from trainer.duv.learned import read_learned
from trainer.duv.manifest import write_manifest
from trainer.duv.phrase_task import PhraseTask
from trainer.duv.train import Order, train
from trainer.duv.windows import whole
from trainer.training import Report

ROOT = Path(__file__).parents[3]
NET = NetSettings(
    width=32, layers=2, heads=2, feed_width=48, context=32, dropout=0.1, field_dropout=0.05,
    velocity_bins=32, timing_bins=24, ratio_bins=16,
)  # fmt: skip


SHARES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 1.0), (1.0, 0.5, 1.0))  # drums have no lengths


def settings(instrument: str = "drums", **run: object) -> DuvSettings:
    shipped = load_duv(Path(instrument))
    small = {"steps": 12, "batch_windows": 4, "accumulate": 2, "warmup_steps": 2, "evaluate_every": 4, "learning_rate": 5e-3, **run}
    return msgspec.structs.replace(
        shipped, net=NET, base=msgspec.structs.replace(shipped.base, **small), adapter=msgspec.structs.replace(shipped.adapter, **small)
    )


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manifests") / "drums.jsonl"
    write_manifest(path, takes())
    return path


def silent(_: Report) -> None:
    pass


def log(folder: Path, title: str = "base") -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / f"{title}-log.jsonl").read_text().splitlines()]


class Killed(BaseException):
    pass


def killed_at(step: int) -> Callable[[Report], None]:
    def tell(report: Report) -> None:
        if report.step == step:
            raise Killed

    return tell


def test_quantities_count_as_much_as_they_are_said_to() -> None:
    net, batch = PhraseNet(TINY).eval(), next(iter(whole([take(0)], TINY.context, 4)))
    with torch.inference_mode():
        nats = {shares: float(PhraseTask(net, shares).nats(batch, slice(None), torch.device("cpu"))) for shares in SHARES}
    velocity, timing, both, half = (nats[shares] for shares in SHARES)
    assert velocity > 0
    assert timing > 0
    assert both == pytest.approx(velocity + timing)
    assert half == pytest.approx(velocity + timing / 2)


def test_a_net_can_learn_one_batch_by_heart() -> None:
    torch.manual_seed(1)
    net = PhraseNet(TINY)
    net.unknown_share = 0.0
    task = PhraseTask(net)
    batch = next(iter(whole([take(0)], TINY.context, 4)))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.0)
    for _ in range(120):
        optimizer.zero_grad()
        (task.nats(batch, slice(None), torch.device("cpu")) / task.weight(batch)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.inference_mode():
        heads = net.eval()(*(torch.from_numpy(array) for array in (batch.seen.codes, batch.seen.values, batch.seen.mask)))
    for logits, edges, wanted in ((heads.velocity, "velocity_edges", batch.velocity), (heads.timing, "timing_edges", batch.onset_ms)):
        bins = net.get_buffer(edges)
        middle = (bins[1:] + bins[:-1]) / 2
        known = ~np.isnan(wanted)
        off = (logits.softmax(-1) @ middle).numpy()[known] - wanted[known]
        assert np.abs(off).mean() < 0.1 * wanted[known].std()


def test_a_model_learns_and_says_what_it_learned_from(manifest: Path, tmp_path: Path) -> None:
    outcome = train(Order("base", settings(steps=30, evaluate_every=10), (manifest,), tmp_path), silent)
    values = [entry["val_per_note"] for entry in log(tmp_path) if "val_per_note" in entry]
    assert values[-1] < values[0] - 0.2
    assert outcome.best == pytest.approx(min(values), abs=1e-5)
    card = read_header(tmp_path / FILE_NAME).card
    assert card.name == "drums_duv_v3"
    assert card.figures["val_error"] == pytest.approx(outcome.best, abs=1e-4)
    assert "Groove MIDI" in card.training_data
    learned = read_learned(tmp_path)
    assert learned is not None
    training = [track for track in takes() if track.part == "train"]
    assert [(one.tracks, one.velocity, one.duration) for one in learned.material] == [
        (len(training), sum(len(track.written) for track in training), 0)
    ]
    assert (tmp_path / "curve.png").stat().st_size > 1000


@pytest.mark.parametrize("what", ["base", "adapter"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(what: str, manifest: Path, tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    for folder in (straight, broken):
        if what == "adapter":
            train(Order("base", settings(steps=4), (manifest,), folder), silent)
            order = Order("adapter", settings(), (manifest,), folder, style="jazz")
        else:
            order = Order("base", settings(), (manifest,), folder)
        if folder == broken:
            for step in (4, 8):
                with pytest.raises(Killed):
                    train(order, killed_at(step))
        train(order, silent)
    title = "adapter-jazz" if what == "adapter" else "base"
    assert log(broken, title) == log(straight, title)
    for name in (order.weights.name, f"{title}-state.safetensors"):
        assert (broken / name).read_bytes() == (straight / name).read_bytes()


def test_a_process_that_is_killed_outright_leaves_a_run_to_go_on_with(manifest: Path, tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(
        'name: small\ninstrument: drums\nmanifest: nowhere.jsonl\nintensity: 0.5\ninclude_regex: "drum"\n'
        "net: {width: 32, layers: 1, heads: 2, feed_width: 48, context: 32}\n"
        "base: {steps: 4000, batch_windows: 2, warmup_steps: 1, evaluate_every: 2, patience: 4000}\n"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "trainer", "duv", "train", "--config", str(config), "--manifest", str(manifest), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 240
        while not (out / "base-log.jsonl").is_file() or len(log_lines(out)) < 3:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    done = max(int(json.loads(line)["step"]) for line in log_lines(out))
    # Going on is not beginning anew: the first report is of a later step than what was measured two measurements ago.
    reports: list[int] = []

    def stop(report: Report) -> None:
        reports.append(report.step)
        raise Killed

    with pytest.raises(Killed):
        train(Order("base", load_duv(config), (manifest,), out), stop)
    assert reports[0] > done - 4
    assert load_phrase(out / FILE_NAME).config.width == 32


def log_lines(folder: Path) -> list[str]:
    text = (folder / "base-log.jsonl").read_text()
    return text[: text.rfind("\n") + 1].splitlines()


def test_an_adapter_gets_better_at_its_style_does_no_harm_elsewhere_and_leaves_the_model_as_it_was(manifest: Path, tmp_path: Path) -> None:
    rock = tmp_path / "rock.jsonl"
    write_manifest(rock, takes(styles=("rock",)))
    out = tmp_path / "out"
    train(Order("base", settings(steps=30, evaluate_every=15), (rock,), out), silent)
    before = (out / FILE_NAME).read_bytes()
    order = Order("adapter", settings(steps=60, evaluate_every=20), (manifest,), out, style="jazz")
    allowed = 0.02
    order = replace(order, settings=with_allowed(order.settings, allowed))
    strength = train(order, silent).strength
    assert strength is not None
    assert strength.elsewhere is not None
    # Rock was all that the model knew: at full strength the adapter would spoil it.
    assert strength.share < 1
    assert strength.harms == (strength.elsewhere[1] > strength.elsewhere[0] * (1 + allowed))
    assert not strength.harms
    assert strength.style[1] < 0.995 * strength.style[0]
    # What is said of it holds for the file that lies there, which is not weakened once more.
    kept = order.weights.read_bytes()
    again = train(order, silent).strength
    assert again is not None
    assert again.share == strength.share
    assert again.style == pytest.approx(strength.style, abs=1e-3)
    assert order.weights.read_bytes() == kept
    assert (out / FILE_NAME).read_bytes() == before
    assert order.weights.name == "adapter-jazz.safetensors"
    assert order.weights.stat().st_size < 0.5 * (out / FILE_NAME).stat().st_size


def with_allowed(all_settings: DuvSettings, share: float) -> DuvSettings:
    return msgspec.structs.replace(all_settings, adapter=msgspec.structs.replace(all_settings.adapter, elsewhere_error_share_max=share))


def test_a_model_may_begin_from_anothers_weights_and_remembers_what_that_one_learned(manifest: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.jsonl"
    write_manifest(keys, [solo(n, "val" if n % 3 == 2 else "train") for n in range(6)])
    below, above = tmp_path / "below", tmp_path / "above"
    quiet = msgspec.structs.replace(settings("keys", steps=2, evaluate_every=2, learning_rate=1e-9), base_checkpoint=None)
    train(Order("base", quiet, (keys,), below), silent)
    order = Order("base", msgspec.structs.replace(quiet, base_checkpoint=str(below)), (keys,), above, seed=2)
    train(order, silent)
    one, other = load_phrase(below / FILE_NAME).state_dict(), load_phrase(above / FILE_NAME).state_dict()
    assert all(torch.allclose(one[name], other[name], atol=1e-3) for name in one)
    learned = read_learned(above)
    assert learned is not None
    assert learned.before is not None
    assert learned.before.material == learned.material
    with pytest.raises(ConfigError, match="another shape"):
        train(replace(order, settings=msgspec.structs.replace(order.settings, net=msgspec.structs.replace(NET, layers=1))), silent)


def test_a_model_may_be_taught_by_others_and_remembers_what_they_learned(manifest: Path, tmp_path: Path) -> None:
    teacher, out = tmp_path / "teacher", tmp_path / "out"
    train(Order("base", settings(steps=4), (manifest,), teacher, seed=2), silent)
    order = Order("base", settings(), (manifest,), out, teachers=(str(teacher),))
    with pytest.raises(Killed):
        train(order, killed_at(8))
    with pytest.raises(CheckpointError, match="other settings or data"):
        train(replace(order, teachers=()), silent)
    train(order, silent)
    straight = replace(order, out=tmp_path / "straight")
    train(straight, silent)
    assert order.weights.read_bytes() == straight.weights.read_bytes(), "a killed run goes on with the same imagined music"
    learned, taught = read_learned(out), read_learned(teacher)
    assert learned is not None
    assert learned.teachers == (taught,)
    with pytest.raises(ConfigError, match=r"--teacher nobody: no such model"):
        train(replace(order, teachers=("nobody",), overwrite=True), silent)
    with pytest.raises(ConfigError, match=r"velocity_bins are 32, not 16; set net.velocity_bins so"):
        train(replace(order, settings=msgspec.structs.replace(order.settings, net=msgspec.structs.replace(NET, velocity_bins=16))), silent)
    with pytest.raises(ConfigError, match="--teacher teaches a humanizer, not an adapter"):
        train(replace(order, what="adapter", style="jazz"), silent)


def test_what_is_wrong_is_said_before_anything_is_written(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    order = Order("base", settings(), (manifest,), out)
    with pytest.raises(DataError, match=r"nowhere.jsonl: cannot be read .*enrich"):
        train(replace(order, manifests=(tmp_path / "nowhere.jsonl",)), silent)
    with pytest.raises(DataError, match="no track of keys in part train"):
        train(replace(order, settings=msgspec.structs.replace(settings("keys"), shares={})), silent)
    with pytest.raises(ConfigError, match="--what adapter needs --style"):
        train(replace(order, what="adapter"), silent)
    with pytest.raises(ConfigError, match="--style polka: expected one of jazz"):
        train(replace(order, what="adapter", style="polka"), silent)
    with pytest.raises(ConfigError, match="to lay an adapter over; train it first"):
        train(replace(order, what="adapter", style="jazz"), silent)
    missing = msgspec.structs.replace(settings(), base_checkpoint="nobody")
    with pytest.raises(ConfigError, match="base_checkpoint nobody: no such model"):
        train(replace(order, settings=missing), silent)
    itself = msgspec.structs.replace(settings(), base_checkpoint=str(out))
    with pytest.raises(ConfigError, match="would soon be what is trained itself"):
        train(replace(order, settings=itself), silent)
    with pytest.raises(ConfigError, match=r"--teacher drums_mine: would soon .*another --out"):
        train(replace(order, out=Path("checkpoints/drums_mine"), teachers=("drums_mine",)), silent)
    assert not out.exists()
    train(order, silent)
    kept = order.weights.read_bytes()
    with pytest.raises(ConfigError, match="nobody"):
        train(replace(order, settings=missing, overwrite=True), silent)
    assert order.weights.read_bytes() == kept
    order.weights.unlink()
    with pytest.raises(CheckpointError, match=r"training is done, but model\.safetensors is gone; train with --overwrite"):
        train(order, silent)


def test_a_run_goes_on_only_as_it_was_begun(manifest: Path, tmp_path: Path) -> None:
    order = Order("base", settings(steps=4), (manifest,), tmp_path)
    train(order, silent)
    with pytest.raises(CheckpointError, match="other settings or data"):
        train(replace(order, seed=2), silent)
    with pytest.raises(DataError, match=r"not enough music in the style funk .*there is jazz, rock"):
        train(replace(order, what="adapter", style="funk"), silent)
    train(replace(order, seed=2, overwrite=True), silent)
