"""Adapters: they begin at nothing, learn without touching the net beneath, and merge without a change."""

from __future__ import annotations

import pytest
import torch

from shared.errors import ConfigError
from shared.nets.decoder import Decoder
from shared.nets.lora import LoraConfig, LoraLinear, add_lora, lora_state, merge_lora
from tests.shared.melody import batch, learn, line, tiny

EXAMPLES = batch([line(8, 1)])


def answer(model: Decoder) -> torch.Tensor:
    with torch.inference_mode():
        hidden = model(EXAMPLES[0])
    assert isinstance(hidden, torch.Tensor)
    return hidden


def test_a_fresh_adapter_changes_nothing() -> None:
    model = tiny()
    before = answer(model)
    add_lora(model, LoraConfig(rank=4))
    assert torch.equal(answer(model), before)


def test_an_adapter_learns_while_the_net_beneath_stays_and_merges_to_the_same() -> None:
    model, untouched = tiny(), tiny()
    before = answer(model)
    add_lora(model, LoraConfig(rank=4))
    first = float(model.losses(*EXAMPLES).per_step.detach())
    assert learn(model, EXAMPLES, rounds=20, rate=1e-2) < first - 0.2
    assert not torch.allclose(answer(model), before, atol=1e-2)
    unmerged = answer(model)
    merge_lora(model)
    assert not lora_state(model)
    assert model.state_dict().keys() == untouched.state_dict().keys()
    assert torch.allclose(answer(model), unmerged, atol=1e-5)
    for name, tensor in untouched.state_dict().items():
        adapted = name.startswith("blocks.") and "norm" not in name
        assert torch.equal(model.state_dict()[name], tensor) != adapted


def test_every_block_has_its_adapters() -> None:
    model = tiny()
    add_lora(model, LoraConfig(rank=4))
    assert len(lora_state(model)) == 2 * 4 * model.config.layers
    assert {name for name, tensor in model.named_parameters() if tensor.requires_grad} == set(lora_state(model))


@pytest.mark.parametrize("target", ["attention.q_proj", "qkv2", "onset", "blocks.0.attention.qkv", "attention_norm"])
def test_a_target_that_misses_a_layer_is_refused(target: str) -> None:
    with pytest.raises(ConfigError, match=r"attention\.qkv"):
        add_lora(tiny(), LoraConfig(targets=("feed.up", target)))


def test_settings_that_make_no_adapter_are_refused() -> None:
    with pytest.raises(ConfigError, match="rank"):
        LoraConfig(rank=0)


def test_the_same_seed_gives_the_same_adapter_in_every_process() -> None:
    # Drawn target by target, in each from the first block to the last: in the order of a set it would change with the process.
    model = tiny()
    torch.manual_seed(3)
    add_lora(model, LoraConfig(rank=2))
    torch.manual_seed(3)
    for target in LoraConfig().targets:
        for block in range(model.config.layers):
            layer = model.get_submodule(f"blocks.{block}.{target}")
            assert isinstance(layer, LoraLinear)
            drawn = torch.empty_like(layer.lora_down)
            torch.nn.init.kaiming_uniform_(drawn, a=5**0.5)
            assert torch.equal(layer.lora_down, drawn)
