"""What a humanizer lowers, taught or not, and what is told of held-out tracks: how far what it plays is from what was played."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from shared.bins import Distribution, onset_ms_edges
from shared.nets.phrase import PhraseNet
from tests.shared.made_tracks import TINY
from tests.trainer.duv.made_takes import take
from trainer.duv.phrase_task import PhraseTask, middle
from trainer.duv.windows import PhraseBatch, whole
from trainer.teaching import TAUGHT_SHARE

HERE = torch.device("cpu")


def net(seed: int) -> PhraseNet:
    """A net that hides and leaves out nothing, ready to learn."""
    torch.manual_seed(seed)
    found = PhraseNet(replace(TINY, dropout=0.0, field_dropout=0.0)).train()
    found.unknown_share = 0.0
    return found


def some(is_imagined: bool = False) -> PhraseBatch:
    batch = next(iter(whole([take(n) for n in range(4)], TINY.context, 8)))
    return replace(batch, imagined=np.full(len(batch.imagined), is_imagined))


def slope(task: PhraseTask, batch: PhraseBatch) -> Tensor:
    """The gradient of what `task` lowers, all weights in a row."""
    slopes = torch.autograd.grad(task.nats(batch, slice(None), HERE), list(task.model.parameters()), allow_unused=True)
    return torch.cat([slope.flatten() for slope in slopes if slope is not None])


@pytest.mark.parametrize("ceiling", [False, True])
def test_what_is_measured_is_what_is_played(ceiling: bool) -> None:
    mass = np.random.default_rng(4).dirichlet(np.full(48, 0.2), 200).astype(np.float32)
    edges = onset_ms_edges(48)
    found = middle(torch.from_numpy(mass), torch.from_numpy(edges).float(), ceiling)
    assert np.allclose(found.numpy(), Distribution(edges, mass, ceiling).middle(), atol=0.02)


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


def test_who_says_what_its_teacher_says_learns_from_the_music_alone() -> None:
    student = net(1)
    taught = slope(PhraseTask(student, teachers=[deepcopy(student).eval()]), some())
    alone = slope(PhraseTask(student), some())
    assert alone.abs().max() > 0.1
    torch.testing.assert_close(taught, (1 - TAUGHT_SHARE) * alone, rtol=1e-3, atol=1e-3)


def test_of_imagined_music_teachers_alone_teach() -> None:
    student, teacher, batch = net(1), net(2).eval(), some(is_imagined=True)
    assert float(PhraseTask(student).nats(batch, slice(None), HERE).detach()) == 0
    other = replace(batch, velocity=batch.velocity + 20, onset_ms=-batch.onset_ms)
    task = PhraseTask(student, teachers=[teacher])
    torch.testing.assert_close(slope(task, batch), slope(task, other))
    assert slope(task, batch).abs().max() > 0.01


def test_a_step_along_the_slope_leads_to_what_the_teachers_say_together() -> None:
    student, teachers, batch = net(1), [net(2).eval(), net(3).eval()], some(is_imagined=True)
    task = PhraseTask(student, teachers=teachers)
    seen = [torch.from_numpy(array) for array in (batch.seen.codes, batch.seen.values, batch.seen.mask)]

    def away() -> float:
        with torch.inference_mode():
            wanted = torch.stack([teacher(*seen).velocity.softmax(-1) for teacher in teachers]).mean(0)
            return float((student(*seen).velocity.softmax(-1) - wanted).abs().sum())

    before = away()
    optimizer = torch.optim.Adam(student.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        torch.autograd.backward(task.nats(batch, slice(None), HERE) / batch.notes())
        optimizer.step()
    assert away() < 0.7 * before
    assert all(weight.grad is None for teacher in teachers for weight in teacher.parameters())


def test_held_out_errors_are_of_the_music_alone() -> None:
    student = net(1).eval()
    with torch.inference_mode():
        taught, alone = (PhraseTask(student, teachers=teachers).held_out(some(), slice(None), HERE) for teachers in ([net(2).eval()], []))
    assert torch.equal(taught, alone)
