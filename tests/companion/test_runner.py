"""The runners: the fast one computes what the decoder computes, and the same bits however a score was read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from companion.model_store import RunnerKind, make_runner
from companion.onnx_graph import suits
from companion.runner import Reader, Runner
from shared.nets.decoder import Decoder, DecoderConfig
from shared.tokens import DURATIONS, ONSETS, PITCHES, Steps, encode, pitch_context
from tests.shared.melody import TINY, batch, learn, line, rows, tiny

SHAPES = (
    dataclasses.replace(TINY, heads=2, kv_heads=2),
    dataclasses.replace(TINY, width=64, heads=4, kv_heads=2, feed_width=72, context=48),
    dataclasses.replace(TINY, width=32, layers=1, heads=1, kv_heads=1),
)
KINDS: tuple[RunnerKind, ...] = ("onnx-fp32", "onnx-q8", "torch-cpu")
ONSET, PITCH = 11, 62
STEPS = encode(line(16))[:40]


def scores(reader: Reader) -> list[NDArray[np.float32]]:
    """The three heads after the last step."""
    return [reader.onset(), reader.pitch(ONSET), reader.duration(ONSET, PITCH)]


def each(runner: Runner, steps: Steps, sizes: Iterator[int]) -> list[list[NDArray[np.float32]]]:
    """All scores after each pass, of as many steps as `sizes` tells."""
    reader, found = runner.reader(), []
    while reader.length < len(steps):
        reader.read(steps[reader.length : reader.length + next(sizes)])
        found.append(scores(reader))
    return found


def sizes(*some: int) -> Iterator[int]:
    while True:
        yield from some


def expected(net: Decoder, steps: Steps) -> list[list[NDArray[np.float32]]]:
    """All scores after each step, by the net as it is trained."""
    with torch.inference_mode():
        hidden = net(rows(steps)[None])[0]
        at, struck = torch.full((len(steps),), ONSET), torch.full((len(steps),), PITCH)
        pitch = net.pitch(hidden, at, *rows(pitch_context(steps)).unbind(-1))
        heads = net.onset(hidden).numpy(), pitch.numpy(), net.duration(hidden, at, struck).numpy()
    return [[head[index] for head in heads] for index in range(len(steps))]


@pytest.mark.parametrize("kind", ["onnx-fp32", "torch-cpu"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_computes_what_the_net_computes_step_by_step_in_passes_and_after_going_back(shape: DecoderConfig, kind: RunnerKind) -> None:
    net = tiny(config=shape)
    wanted = expected(net, STEPS)
    runner = make_runner(net, kind)
    stepwise = each(runner, STEPS, sizes(1))
    for found, right in zip(stepwise, wanted, strict=True):
        for mine, theirs in zip(found, right, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-4)
    reader = runner.reader()
    for start, end in ((0, 9), (9, 10), (10, 40), (7, 20), (20, 21), (3, 40)):
        reader.length = start
        reader.read(STEPS[start:end])
        assert reader.length == end
        for mine, theirs in zip(scores(reader), wanted[end - 1], strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-4)
        reader.length = 2
        for mine, theirs in zip(scores(reader), wanted[1], strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-4)


@pytest.mark.parametrize("kind", ["onnx-fp32", "onnx-q8"])
def test_how_a_score_was_read_changes_no_bit(kind: RunnerKind) -> None:
    runner = make_runner(tiny(config=SHAPES[1]), kind)
    stepwise = each(runner, STEPS, sizes(1))
    for some in ((2,), (8,), (3, 1, 5), (40,)):
        ends = np.cumsum([min(size, 40) for size in islice(sizes(*some), 40)])
        for found, end in zip(each(runner, STEPS, sizes(*some)), ends, strict=False):
            for mine, theirs in zip(found, stepwise[min(end, 40) - 1], strict=True):
                np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_two_readers_of_one_runner_do_not_meet(kind: RunnerKind) -> None:
    runner = make_runner(tiny(config=SHAPES[0]), kind)
    alone = each(runner, STEPS, sizes(4))
    one, other = runner.reader(), runner.reader()
    for index in range(0, 40, 4):
        one.read(STEPS[index : index + 4])
        found = scores(one)
        other.read(STEPS[36 - index : 40 - index])
        for mine, theirs in zip(found, alone[index // 4], strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_the_context_can_be_filled_to_the_last_step_and_no_further(kind: RunnerKind) -> None:
    runner = make_runner(tiny(config=SHAPES[1]), kind)
    steps = np.repeat(STEPS[:1], runner.context, axis=0)
    reader = runner.reader()
    for index in range(runner.context):
        reader.read(steps[index : index + 1])
    assert [len(head) for head in scores(reader)] == [ONSETS, PITCHES, DURATIONS]
    with pytest.raises(ValueError, match=f"holds {runner.context}"):
        reader.read(steps[:1])


def test_eight_bits_leave_a_learned_line_as_it_is() -> None:
    net = tiny(config=SHAPES[0])
    learn(net, batch([line(12, first) for first in range(4)]), 150)
    exact, rounded = (each(make_runner(net, kind), encode(line(12)), sizes(1)) for kind in ("torch-cpu", "onnx-q8"))
    for wanted, found in zip(exact, rounded, strict=True):
        for theirs, mine in zip(wanted, found, strict=True):
            p, q = (torch.from_numpy(head).double().log_softmax(0) for head in (theirs, mine))
            assert float((p.exp() * (p - q)).sum()) < 0.01


def test_heads_that_the_fast_runner_cannot_turn_are_known() -> None:
    assert suits(DecoderConfig())
    assert suits(SHAPES[1])
    assert not suits(TINY)
