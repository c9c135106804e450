"""What is told of held-out tracks: how far distributions are from what was played, in its own unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shared.nets.phrase import PhraseNet
from tests.shared.made_tracks import TINY
from tests.trainer.duv.made_takes import take
from trainer.duv.phrase_task import PhraseTask, ranked_error
from trainer.duv.windows import whole

EDGES = torch.linspace(0.0, 127.0, 128)


def test_who_is_sure_errs_by_the_distance() -> None:
    sure = torch.zeros(3, 127)
    sure[:, 60] = 1.0  # 60..61
    assert ranked_error(sure, EDGES, torch.tensor([60.5, 80.5, 10.5])).tolist() == pytest.approx([0.0, 20.0, 50.0], abs=1.0)


def test_the_error_is_that_of_drawn_values_less_half_their_own_spread() -> None:
    chance = np.random.default_rng(4)
    mass = chance.dirichlet(np.full(127, 0.2))
    values = chance.choice(127, (2, 200_000), p=mass) + chance.random((2, 200_000))
    for played in (12.0, 64.0, 110.0):
        wanted = np.abs(values[0] - played).mean() - np.abs(values[0] - values[1]).mean() / 2
        found = ranked_error(torch.tensor(mass)[None], EDGES.double(), torch.tensor([played]))
        assert float(found) == pytest.approx(wanted, abs=0.5)


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
