"""Several scores at once: each is read as if it stood alone, wherever the others stand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from shared.nets.batch import BatchDecoder, Scores
from shared.nets.decoder import Decoder, DecoderConfig
from shared.tokens import Steps, encode, pitch_context
from tests.shared.melody import TINY, line, rows, tiny

GROUPED = dataclasses.replace(TINY, kv_heads=2)
LONG = [encode(line(21, first)) for first in range(3)]  # 63 steps each


def expected(model: Decoder, steps: Steps) -> list[Scores]:
    """The three heads after the last of `steps`, by the net as it is trained."""
    with torch.inference_mode():
        hidden = model(rows(steps)[None])[0, -1:]
        onset, pitch, context = torch.tensor([11]), torch.tensor([62]), rows(pitch_context(steps))[-1:].unbind(-1)
        heads = model.onset(hidden), model.pitch(hidden, onset, *context), model.duration(hidden, onset, pitch)
        return [head[0].numpy() for head in heads]


def found(batch: BatchDecoder, slots: list[int]) -> list[list[Scores]]:
    """The three heads of each slot."""
    onsets, pitches = [11] * len(slots), [62] * len(slots)
    heads = batch.onset(slots), batch.pitch(slots, onsets), batch.duration(slots, onsets, pitches)
    return [list(of_slot) for of_slot in zip(*heads, strict=True)]


def assert_alike(one: list[Scores], other: list[Scores]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


@pytest.mark.parametrize("config", [TINY, GROUPED], ids=["all heads", "grouped heads"])
def test_reading_several_scores_step_by_step_equals_reading_each_whole(config: DecoderConfig) -> None:
    model = tiny(config=config)
    batch = BatchDecoder(model, 3)
    # Each at its own place: 20, 1 and 33 steps are read at once, then one step each.
    batch.read({0: LONG[0][:20], 1: LONG[1][:1], 2: LONG[2][:33]})
    for _ in range(30):
        batch.read({slot: LONG[slot][length : length + 1] for slot, length in enumerate(batch.lengths)})
        for slot, scores in enumerate(found(batch, [0, 1, 2])):
            assert_alike(scores, expected(model, LONG[slot][: batch.lengths[slot]]))
    assert batch.lengths == [50, 31, 63]


def test_a_score_alone_equals_the_same_score_among_others() -> None:
    model = tiny()
    alone, among = BatchDecoder(model, 1), BatchDecoder(model, 3)
    among.read({0: LONG[0][:40], 2: LONG[2][:7]})
    for index in range(30):
        alone.read({0: LONG[1][index : index + 1]})
        among.read({slot: LONG[slot][length : length + 1] for slot, length in enumerate(among.lengths) if length < 60})
        assert_alike(found(among, [1])[0], found(alone, [0])[0])


def test_a_slot_that_reads_nothing_stays_as_it_is() -> None:
    model = tiny()
    batch = BatchDecoder(model, 3)
    batch.read({slot: LONG[slot][:10] for slot in range(3)})
    before = found(batch, [1])[0]
    batch.read({0: LONG[0][10:11], 2: LONG[2][10:11]})
    np.testing.assert_array_equal(np.concatenate(before), np.concatenate(found(batch, [1])[0]))
    batch.read({1: LONG[1][10:11]})
    assert_alike(found(batch, [1])[0], expected(model, LONG[1][:11]))


@pytest.mark.parametrize("chunk", [1, 9])
def test_going_back_and_on_equals_a_fresh_prompt(chunk: int) -> None:
    model = tiny()
    other = encode([*line(8, 0), *line(16, 2)[24:]])
    batch = BatchDecoder(model, 2)
    batch.read({0: LONG[0], 1: LONG[1]})
    batch.lengths[0] = 24
    for start in range(24, 42, chunk):
        batch.read({0: other[start : start + chunk]})
    assert_alike(found(batch, [0])[0], expected(model, other[:42]))
    assert_alike(found(batch, [1])[0], expected(model, LONG[1]))


def test_the_context_can_be_filled_to_the_last_step_and_no_further() -> None:
    model = tiny()
    full = np.concatenate([LONG[0], LONG[0][-1:]])
    batch = BatchDecoder(model, 2)
    batch.read({0: full[:63], 1: full[:2]})
    batch.read({0: full[63:], 1: full[2:3]})
    assert_alike(found(batch, [0])[0], expected(model, full))
    assert_alike(found(batch, [1])[0], expected(model, full[:3]))
    with pytest.raises(ValueError, match="slot 0: 65 steps: the context holds 64"):
        batch.read({0: full[:1], 1: full[3:4]})
    assert batch.lengths == [64, 3]


def test_where_nobody_plays_a_note_there_is_nothing_to_score() -> None:
    batch = BatchDecoder(tiny(), 2)
    batch.read({0: LONG[0][:3], 1: LONG[1][:3]})
    assert [len(scores) for scores in (batch.onset([]), batch.pitch([], []), batch.duration([], [], []))] == [0, 0, 0]
