"""A small humanizer made for a test: a net that leans towards values of its own, and differs a little from note to note."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from companion.humanized import Humanizer
from companion.onnx_phrase import PhraseRunner
from shared import checkpoint
from shared.checkpoint import Card
from shared.nets.phrase import QUANTITIES, PhraseConfig, PhraseNet

CONFIG = PhraseConfig(width=32, layers=2, heads=2, feed_width=48, context=96, dropout=0.0, velocity_bins=40, timing_bins=32, ratio_bins=24)
SHARPNESS = 60.0
NAME = "pitched_duv_v3"


def made_net(velocity: float = 40.0, onset_ms: float = 35.0, log_ratio: float = -0.7, lively: float = 1.0, seed: int = 3) -> PhraseNet:
    """A net whose notes are all about so loud, so late and so long; `lively`: how much its weights have to say."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = PhraseNet(CONFIG).eval()
    with torch.no_grad():
        for (name, edges), middle in zip(net.edges().items(), (velocity, onset_ms, log_ratio), strict=True):
            assert name in QUANTITIES
            head = getattr(net, name)
            centre = (edges[1:] + edges[:-1]) / 2
            away = (centre - middle) / (edges[-1] - edges[0])
            head.out.bias.copy_(torch.from_numpy(-SHARPNESS * np.abs(away)))
            head.inner.weight.mul_(10)
            head.out.weight.mul_(10 * lively)
    return net


def made_humanizer(net: PhraseNet | None = None, seed: int = 1) -> Humanizer:
    """That net, ready to touch a jazz solo."""
    return Humanizer(PhraseRunner(made_net() if net is None else net), NAME, "lead", "jazz", seed)


def install(folder: Path, name: str = NAME, net: PhraseNet | None = None) -> Path:
    """Weights files for that net in `folder`, as they are installed; its own folder."""
    checkpoint.save(folder / name / "model.safetensors", made_net() if net is None else net, Card(name, "made up", "MIT"))
    return folder / name
