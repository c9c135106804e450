"""What training a line lowers: with teachers, the way to what they say together; held-out figures are of the music alone."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor

from shared.nets.decoder import Decoder, DecoderConfig
from tests.trainer.made_solos import solo
from trainer.line_task import LineTask
from trainer.shards import write_shards
from trainer.teaching import TAUGHT_SHARE
from trainer.windows import Batch, Windows

HERE = torch.device("cpu")
TINY = DecoderConfig(width=32, layers=1, heads=2, kv_heads=2, feed_width=48, context=64, dropout=0.0, field_dropout=0.0)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder = tmp_path_factory.mktemp("shards")
    shards = write_shards(folder, [solo(seed) for seed in range(40)], [], {}, True)
    entries = shards.part("train", ["lead"])
    return Windows(shards, entries, [1.0] * len(entries), 64, 1).batch(0, 4)


def net(seed: int) -> Decoder:
    torch.manual_seed(seed)
    return Decoder(TINY).train()


def slope(task: LineTask, batch: Batch) -> Tensor:
    """The gradient of what `task` lowers, all weights in a row."""
    weights = list(task.model.parameters())
    slopes = torch.autograd.grad(task.nats(batch, slice(None), HERE), weights, allow_unused=True)
    return torch.cat([slope.flatten() for slope in slopes if slope is not None])


def test_who_says_what_its_teacher_says_learns_from_the_music_alone(batch: Batch) -> None:
    student = net(1)
    taught = slope(LineTask(student, [deepcopy(student).eval()]), batch)
    alone = slope(LineTask(student), batch)
    assert alone.abs().max() > 0.1
    torch.testing.assert_close(taught, (1 - TAUGHT_SHARE) * alone, rtol=1e-3, atol=1e-3)


def test_a_step_along_the_slope_leads_to_the_teachers(batch: Batch) -> None:
    student, teachers = net(1), [net(2).eval(), net(3).eval()]
    task = LineTask(student, teachers)
    before = task.nats(batch, slice(None), HERE).item()
    optimizer = torch.optim.Adam(student.parameters(), 1e-3)
    for _ in range(5):
        optimizer.zero_grad()
        torch.autograd.backward(task.nats(batch, slice(None), HERE))
        optimizer.step()
    assert task.nats(batch, slice(None), HERE).item() < before
    assert all(weight.grad is None for teacher in teachers for weight in teacher.parameters())


def test_held_out_figures_are_of_the_music_alone(batch: Batch) -> None:
    student = net(1).eval()
    with torch.inference_mode():
        taught = LineTask(student, [net(2).eval()]).nats(batch, slice(None), HERE)
        assert torch.equal(taught, LineTask(student).nats(batch, slice(None), HERE))
