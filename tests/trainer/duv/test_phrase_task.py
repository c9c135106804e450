"""What is told of held-out tracks: how far what a net plays is from what was played."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shared.bins import Distribution, onset_ms_edges
from shared.nets.phrase import PhraseNet
from tests.shared.made_tracks import TINY
from tests.trainer.duv.made_takes import take
from trainer.duv.phrase_task import PhraseTask, middle
from trainer.duv.windows import whole


def test_what_is_measured_is_what_is_played() -> None:
    mass = np.random.default_rng(4).dirichlet(np.full(48, 0.2), 200).astype(np.float32)
    edges = onset_ms_edges(48)
    found = middle(torch.from_numpy(mass), torch.from_numpy(edges).float())
    assert np.allclose(found.numpy(), Distribution(edges, mass).middle(), atol=0.02)


def test_held_out_errors_count_what_is_known_and_as_much_as_it_matters() -> None:
    net, batch = PhraseNet(TINY).eval(), next(iter(whole([take(0)], TINY.context, 4)))
    with torch.inference_mode():
        shares = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (2.0, 0.5, 1.0))
        told = [float(PhraseTask(net, each).held_out(batch, slice(None), torch.device("cpu"))) for each in shares]
    velocity, timing, length, all_of_it, shared = told
    assert velocity > 0
    assert timing > 0
    assert length == 0, "drums have none"
    assert all_of_it == pytest.approx(velocity + timing, rel=1e-5)
    assert shared == pytest.approx(2 * velocity + timing / 2, rel=1e-5)
