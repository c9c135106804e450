"""Humanizers of the smallest size that were taught nothing, in folders as the trainer writes them."""

from __future__ import annotations

from pathlib import Path

import torch

from shared.checkpoint import save
from shared.header import Card
from shared.nets.phrase import PhraseConfig, PhraseNet


def save_small(folder: Path, seed: int = 1) -> Path:
    """A small net with chance weights as the model in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = PhraseNet(PhraseConfig(width=16, layers=1, heads=2, feed_width=16, context=32))
    with torch.no_grad():
        for head in (net.velocity, net.timing, net.ratio):
            # What it says of one note and of another differs by more than rounding.
            head.out.weight.mul_(400)
    save(folder / "model.safetensors", net, Card(folder.name, "nothing", "MIT"))
    return folder
