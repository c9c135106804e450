"""The line model: it can learn, it listens to the chords, and playing from a cache is the same as reading it all."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from shared.nets.decoder import Cache, Decoder, DecoderConfig
from shared.score import Frame, Note
from shared.tokens import encode
from tests.shared.melody import TINY, batch, learn, line, rows, tiny

GROUPED = dataclasses.replace(TINY, kv_heads=2)


@pytest.fixture(scope="module")
def taught() -> Decoder:
    torch.manual_seed(1)
    model = Decoder(TINY)
    learn(model, batch([line(16, first) for first in range(4)]), rounds=150, rate=6e-3)
    return model


def test_loss_on_one_batch_goes_to_near_zero(taught: Decoder) -> None:
    with torch.inference_mode():
        assert float(taught.losses(*batch([line(16, first) for first in range(4)])).per_step) < 0.05


def test_wrong_chords_make_the_line_unlikely(taught: Decoder) -> None:
    right = [line(16, first) for first in range(4)]
    wrong = [
        [dataclasses.replace(event, chord=other.chord) if isinstance(event, Frame) and isinstance(other, Frame) else event
         for event, other in zip(right[index], right[(index + 1) % 4], strict=True)]
        for index in range(4)
    ]  # fmt: skip
    with torch.inference_mode():
        assert float(taught.losses(*batch(wrong)).per_note) > float(taught.losses(*batch(right)).per_note) + 1.0


def test_fields_are_left_out_in_training_alone() -> None:
    model = Decoder(dataclasses.replace(TINY, dropout=0.0, field_dropout=0.5))
    steps = batch([line(4)])[0]
    with torch.inference_mode():
        assert not torch.equal(model.train()(steps), model(steps))
        assert torch.equal(model.eval()(steps), model(steps))


def test_what_the_grammar_forbids_costs_no_probability() -> None:
    model = tiny()
    with torch.no_grad():
        model.onset.out.weight.zero_()
        model.onset.out.bias.zero_()
    score = [line(1)[0], Note(22, 60, 3)]
    examples = batch([[*score, dataclasses.replace(score[0], tick=24)]])
    with torch.inference_mode():
        losses = model.losses(*examples)
    # Evenly likely onsets: 25 are open after the frame, two after the note on tick 22.
    assert float(losses.onset) == pytest.approx(torch.tensor(25.0).log().item() + torch.tensor(2.0).log().item(), abs=1e-5)
    assert (losses.steps, losses.notes) == (2, 1)


@pytest.mark.parametrize("config", [TINY, GROUPED], ids=["all heads", "grouped heads"])
@pytest.mark.parametrize("chunk", [1, 7, 48])
def test_playing_from_a_cache_equals_reading_it_all(config: DecoderConfig, chunk: int) -> None:
    model = tiny(config=config)
    whole = rows(encode(line(16)))
    cache = Cache(config)
    with torch.inference_mode():
        read = model(whole[None])[0]
        played = torch.cat([model.advance(part, cache) for part in torch.split(whole, chunk)])
    assert torch.allclose(played, read, atol=1e-4)
    assert torch.equal(cache.hidden[: len(whole)], played)


def test_going_back_and_on_equals_a_fresh_prompt() -> None:
    model = tiny()
    first, second = rows(encode(line(16, 0))), rows(encode([*line(8, 0), *line(16, 2)[24:]]))
    used, fresh = Cache(TINY), Cache(TINY)
    with torch.inference_mode():
        model.advance(first, used)
        used.length = 24
        gone_on = model.advance(second[24:], used)
        assert torch.allclose(gone_on, model.advance(second, fresh)[24:], atol=1e-4)


def test_a_full_context_is_refused() -> None:
    model, cache = tiny(), Cache(TINY)
    with torch.inference_mode():
        cache.length = TINY.context
        with pytest.raises(ValueError, match="the context holds 64"):
            model.advance(rows(encode(line(1))), cache)


@pytest.mark.parametrize("wrong", [{"heads": 3}, {"kv_heads": 3}, {"layers": 0}, {"dropout": 1.0}, {"context": 10**9}])
def test_shapes_that_do_not_fit_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        DecoderConfig(**wrong)  # type: ignore[arg-type]
