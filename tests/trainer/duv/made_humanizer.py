"""Makes the folder of a humanizer: a small net of random weights, with an adapter for each style asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from shared.checkpoint import Card, save, save_adapter
from shared.nets.lora import LoraConfig, add_lora, lora_state
from shared.nets.phrase import PhraseConfig, PhraseNet

CARD = Card("made", "nothing", "MIT")


def write_humanizer(folder: Path, styles: Sequence[str] = ()) -> Path:
    torch.manual_seed(1)
    net = PhraseNet(PhraseConfig(width=16, layers=1, heads=2, feed_width=16))
    save(folder / "model.safetensors", net, CARD)
    config = LoraConfig(rank=2)
    add_lora(net, config)
    for style in styles:
        for tensor in lora_state(net).values():
            tensor.data.normal_(0, 0.2)
        save_adapter(folder / f"adapter-{style}.safetensors", net, config, CARD)
    return folder
