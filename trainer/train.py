"""Trains the base, and the adapter over it: prepared music in, weights out. Knows folders; the loop is in `trainer.training`."""

from __future__ import annotations

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
from trainer.shards import MANIFEST, Entry, Shards, open_shards
from trainer.source import SOURCES, credited, credits_of, licence_of
from trainer.training import Report, Training
from trainer.windows import Windows, base_weights, whole

What = Literal["base", "lora"]
EVALUATION_WINDOWS = 16
CURVE = "curve.png"


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

    Raises ConfigError, DataError and CheckpointError where something is wrong with settings, music or files.
    """
    shards = open_shards(order.data)
    with joined(order.device) as world:
        entries, weights, held_out = _music(order, shards)
        run = order.settings.base if order.what == "base" else order.settings.lora
        windows = Windows(shards, entries, weights, order.settings.model.context, order.seed)
        teachers = [load(path).to(world.device) for path in _teachers(order)]
        card = _card(order, {entry.source for entry in entries})
        # Only now: whatever is wrong with the teachers has been said, and what lies there is still whole.
        _prepare_folder(order, world)
        torch.manual_seed(order.seed)
        model, keep = _net(order, card)
        state = order.out / f"{order.what}-state.safetensors"
        training = Training(LineTask(model, teachers), run, world, order.seed, state, _fingerprint(order))
        diary = Diary(order.out / f"{order.what}-log.jsonl", training.standing.step) if world.leads else None
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
    held_out = _jazz(shards.part("val", [lead]))
    if not held_out:
        raise DataError(f"{order.data}: no held-out piece for {lead}; prepare more music (some twenty pieces at least)")
    if order.what == "lora":
        entries = _jazz(shards.part("train", [lead]))
        return entries, [float(entry.steps) for entry in entries], held_out
    entries = shards.part("train", [role for role, share in order.settings.base.shares.items() if share > 0])
    return entries, base_weights(entries, order.settings.base.shares, order.settings.base.jazz_share), held_out


def _jazz(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if SOURCES[entry.source].jazz] or entries


def _net(order: Order, card: Callable[[float], Card]) -> tuple[Decoder, Callable[[float], None]]:
    """The net to be trained, and what keeps its weights when they are the best so far."""
    base = order.out / BASE_FILE_NAME
    if order.what == "base":
        fresh = Decoder(order.settings.model.decoder())
        return fresh, lambda val: save(base, fresh, card(val))
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


def _prepare_folder(order: Order, world: World) -> None:
    """Remove what an earlier run left where `order` says so; bring in the base that it names."""
    if world.leads:
        order.out.mkdir(parents=True, exist_ok=True)
        weights = {"base": BASE_FILE_NAME, "lora": ADAPTER_FILE_NAME}[order.what]
        if order.overwrite:
            for name in (weights, f"{order.what}-state.safetensors", f"{order.what}-log.jsonl"):
                (order.out / name).unlink(missing_ok=True)
        if order.base is not None and order.what == "lora":
            source = find_folder(order.base) / BASE_FILE_NAME
            read_header(source)
            with written_whole(order.out / BASE_FILE_NAME) as draft:
                shutil.copyfile(source, draft)
    world.barrier()


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
