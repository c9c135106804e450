"""Trains the base, and the adapter over it: prepared music in, weights out. Knows folders; the loop is in `trainer.training`."""

from __future__ import annotations

import filecmp
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import torch

from shared.checkpoint import ADAPTER_FILE_NAME, FILE_NAME, Card, load, read_header, save, save_adapter
from shared.errors import ConfigError, DataError
from shared.files import written_whole
from shared.model_folder import BASE_FILE_NAME, find_folder, load_base, load_model
from shared.nets.decoder import Decoder
from shared.nets.lora import add_lora
from trainer.config import StageASettings
from trainer.devices import World, joined
from trainer.line_task import LineTask
from trainer.model_card import whole_card
from trainer.progress import Diary, draw_curve, read_diary
from trainer.shards import MANIFEST, Entry, Shards, jazz_of, open_shards
from trainer.source import credited, credits_of, licence_of
from trainer.training import Report, Training, begun_with
from trainer.windows import Windows, base_weights, whole

What = Literal["base", "lora"]
EVALUATION_WINDOWS = 16
CURVE = "curve.png"
_WEIGHTS: dict[What, str] = {"base": BASE_FILE_NAME, "lora": ADAPTER_FILE_NAME}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained: `base` or `lora` from the prepared folder `data`, into the checkpoint folder `out`.

    `base` names another model whose base the adapter is laid over; None: the one in `out`. `teachers` names models whose bases
    teach what is trained, beside the music.
    """

    what: What
    data: Path
    out: Path
    settings: StageASettings
    device: str = "auto"
    seed: int = 1
    base: str | None = None
    overwrite: bool = False
    teachers: tuple[str, ...] = ()


def train(order: Order, tell: Callable[[Report], None]) -> float:
    """Train to the end and return the best held-out nats a note. A run that was killed goes on where its state says.

    Raises ConfigError, DataError and CheckpointError where something is wrong with settings, music or files, and where a base would be
    written over without `overwrite`.
    """
    shards = open_shards(order.data)
    run = order.settings.base if order.what == "base" else order.settings.lora
    with joined(order.device, run.batch_windows // run.accumulate) as world:
        entries, weights, held_out = _music(order, shards)
        windows = Windows(shards, entries, weights, order.settings.model.context, order.seed)
        teachers = [load(path).to(world.device) for path in _teachers(order)]
        card = _card(order, {entry.source for entry in entries})
        check_base(order)
        # Only now: whatever is wrong with the order has been said, and what lies there is still whole.
        _prepare_folder(order, world)
        torch.manual_seed(order.seed)
        model, keep = _net(order, card)
        training = Training(LineTask(model, teachers), run, world, order.seed, _state(order.out, order.what), _fingerprint(order))
        if world.leads and training.standing.step == 0:
            # Weights never lie there without a state, not even where the disk is full: what they are is known by it.
            training.save()
        diary = Diary(_log(order.out, order.what), training.standing.step) if world.leads else None
        batches = partial(whole, shards, held_out, order.settings.model.context, EVALUATION_WINDOWS)
        for report in training.go(windows, batches, diary, keep):
            if world.leads:
                if report.val_per_note is not None:
                    _draw(order.out)
                tell(report)
        world.barrier()
        if world.leads and order.what == "lora":
            merge(order.out)
        return training.standing.best


def _music(order: Order, shards: Shards) -> tuple[list[Entry], list[float], list[Entry]]:
    """Pieces to learn from, how likely each is, and the held-out ones: of the first role, jazz where there is any."""
    lead = order.settings.prepare.roles[0]
    held_out = jazz_of(shards.part("val", [lead]))
    if not held_out:
        raise DataError(f"{order.data}: no held-out piece for {lead}; prepare more music (some twenty pieces at least)")
    if order.what == "lora":
        entries = jazz_of(shards.part("train", [lead]))
        return entries, [float(entry.steps) for entry in entries], held_out
    entries = shards.part("train", [role for role, share in order.settings.base.shares.items() if share > 0])
    return entries, base_weights(entries, order.settings.base.shares, order.settings.base.jazz_share), held_out


def _net(order: Order, card: Callable[[float], Card]) -> tuple[Decoder, Callable[[float], None]]:
    """The net to be trained, and what keeps its weights when they are the best so far."""
    base = order.out / BASE_FILE_NAME
    if order.what == "base":
        fresh = Decoder(order.settings.model.decoder())

        def keep(val: float) -> None:
            # An adapter holds for the base that it was trained over, and for no other.
            forget(order.out, "lora")
            save(base, fresh, card(val))

        return fresh, keep
    if not base.is_file():
        raise ConfigError(f"{order.out}: no {BASE_FILE_NAME} to lay an adapter over; train it first (--what base), or name one with --base")
    model, adapter = load_base(order.out), order.settings.lora.adapter()
    add_lora(model, adapter)
    return model, lambda val: save_adapter(order.out / ADAPTER_FILE_NAME, model, adapter, card(val))


def merge(folder: Path) -> None:
    """Write the merged weights of base and adapter in `folder`, with a card that tells what both learned from: what the companion plays."""
    save(folder / FILE_NAME, load_model(folder), whole_card(folder))


def _card(order: Order, sources: set[str]) -> Callable[[float], Card]:
    """The card in the weights' header. What teachers learned from counts as learned from."""
    for path in _teachers(order):
        sources = sources | credited(read_header(path).card.training_data)
    return lambda val: Card(order.out.name, credits_of(sources), licence_of(sources), {"val_nats_per_note": round(val, 4)})


def check_base(order: Order) -> None:
    """Raises ConfigError where `order` would write over a base that it cannot make again, and `overwrite` is not set."""
    base, state = order.out / BASE_FILE_NAME, _state(order.out, "base")
    other = named_base(order.base) if order.base is not None and order.what == "lora" else None
    if order.overwrite or not base.is_file():
        return
    if other is not None and not filecmp.cmp(other, base, shallow=False):
        raise ConfigError(f"--base {order.base}: {order.out} holds another base; give your model another name, or add --overwrite")
    if order.what == "base" and not state.is_file():
        raise ConfigError(
            f"{base}: without a {state.name} its training cannot go on; lay an adapter over it (--base {order.out}), "
            "give your model another name, or add --overwrite"
        )


def named_base(name: str) -> Path:
    """The weights of the base that `--base` names. Raises ConfigError and CheckpointError where they are not there or are none of ours."""
    try:
        path = find_folder(name) / BASE_FILE_NAME
    except ConfigError as error:
        raise ConfigError(str(error).replace("--model", "--base")) from None
    read_header(path)
    return path


def lay_base(base: Path, out: Path) -> None:
    """Bring the weights `base` into the folder `out`, instead of another base there and all that was made with that one."""
    there = out / BASE_FILE_NAME
    if there.is_file() and filecmp.cmp(base, there, shallow=False):
        return
    forget(out, "base")
    forget(out, "lora")
    with written_whole(there) as draft:
        shutil.copyfile(base, draft)


def forget(out: Path, what: What) -> None:
    """Remove what a run wrote to `out`; for an adapter the merged weights too."""
    # The weights first: a state without them begins anew, a base without a state is not written over.
    paths = [out / _WEIGHTS[what], _state(out, what), _log(out, what), *([out / FILE_NAME] if what == "lora" else [])]
    for path in paths:
        path.unlink(missing_ok=True)


def goes_on(order: Order) -> bool:
    """Whether there is a state of the very run that is ordered."""
    return begun_with(_state(order.out, order.what)) == _fingerprint(order)


def _prepare_folder(order: Order, world: World) -> None:
    """Remove what an earlier run left where `order` says so; bring in the base that it names."""
    if world.leads:
        order.out.mkdir(parents=True, exist_ok=True)
        # Weights that were kept lie beside the state; a state without them cannot be finished.
        if order.overwrite or not (order.out / _WEIGHTS[order.what]).is_file():
            forget(order.out, order.what)
        if order.base is not None and order.what == "lora":
            lay_base(named_base(order.base), order.out)
    world.barrier()


def _state(out: Path, what: What) -> Path:
    return out / f"{what}-state.safetensors"


def _log(out: Path, what: What) -> Path:
    return out / f"{what}-log.jsonl"


def _fingerprint(order: Order) -> str:
    """What must be the same for a run to go on: settings, seed, data, and for an adapter the base beneath it."""
    run = order.settings.base if order.what == "base" else order.settings.lora
    below = order.out / BASE_FILE_NAME
    parts = [
        msgspec.json.encode([run, order.settings.model, order.settings.prepare, order.seed]),
        (order.data / MANIFEST).read_bytes(),
        below.read_bytes() if order.what == "lora" and below.is_file() else b"",
        *(path.read_bytes() for path in _teachers(order)),
    ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _teachers(order: Order) -> list[Path]:
    """The bases that teach. Raises ConfigError where one is not there."""
    try:
        return [find_folder(name) / BASE_FILE_NAME for name in order.teachers]
    except ConfigError as error:
        raise ConfigError(f"--teacher {str(error).removeprefix('--model ')}") from None


def _draw(folder: Path) -> None:
    diaries = {what: folder / f"{what}-log.jsonl" for what in ("base", "lora")}
    draw_curve({what: read_diary(path) for what, path in diaries.items() if path.is_file()}, folder / CURVE)
