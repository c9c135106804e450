"""Folders of music, and models, as small as they may be: what tests of whole commands begin with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from shared.checkpoint import Card, save, save_adapter
from shared.model_folder import ADAPTER_FILE_NAME, BASE_FILE_NAME
from shared.nets.decoder import Decoder
from shared.nets.lora import LoraConfig, LoraLinear, add_lora
from tests.shared.melody import TINY, tiny
from tests.trainer.midi_maker import blocks, solo, write_midi
from trainer.source import SOURCES, licence_of
from trainer.train import merge

# So small that a run of all steps takes seconds.
SETTINGS = """
prepare: {roles: [lead]}
model: {width: 32, layers: 1, heads: 2, kv_heads: 2, feed_width: 48, context: 64, dropout: 0.1}
base: {steps: 6, batch_windows: 4, warmup_steps: 1, evaluate_every: 3, shares: {lead: 1.0}}
lora: {rank: 2, alpha: 4.0, steps: 4, batch_windows: 4, warmup_steps: 1, evaluate_every: 2}
generate: {solos: 3, bars: 4, primer_max_steps: 16}
"""


def tunes(folder: Path, count: int = 8) -> Path:
    """`count` MIDI files with a lead and a chord track, in `folder` and a folder in it."""
    for number in range(count):
        place = folder / "more" if number % 2 else folder
        name = f"{'abcdefghijklmnopqrst'[number] * 3} tune.mid"
        write_midi(place / name, [("Lead", 65, solo(16, number)), ("Chords", 0, blocks(16))], bpm=120 + number)
    return folder


def model(folder: Path, seed: int = 0) -> Path:
    """A model's folder with a base of other music and an adapter of jazz over it, merged."""
    config = dataclasses.replace(TINY, heads=2, kv_heads=2)
    base: Decoder = tiny(seed, config)
    below, above = {"pop909", "wjazzd"}, {"wjazzd"}
    save(folder / BASE_FILE_NAME, base, Card(folder.name, credits(below), licence_of(below), {"val_nats_per_note": 4.0}))
    lora = LoraConfig(rank=2, alpha=4.0)
    add_lora(base, lora)
    torch.manual_seed(seed)
    for layer in base.modules():
        if isinstance(layer, LoraLinear):
            torch.nn.init.normal_(layer.lora_up, std=0.2)
    save_adapter(folder / ADAPTER_FILE_NAME, base, lora, Card(folder.name, credits(above), licence_of(above), {"val_nats_per_note": 3.5}))
    merge(folder)
    return folder


def credits(names: set[str]) -> str:
    """Sources as a card names them."""
    return "; ".join(SOURCES[name].credit for name in sorted(names))
