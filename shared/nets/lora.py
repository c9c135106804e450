"""Low-rank adapters for any net of linear layers. Knows no music and no files.

    x ──┬─ W (frozen) ────────────┬─► y          Hu et al., *LoRA: Low-Rank Adaptation of Large Language Models*, 2021
        └─ down ── up · alpha/rank ┘             `up` begins at zero, so a fresh adapter changes nothing
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from shared.errors import ConfigError

DECODER_TARGETS = ("attention.qkv", "attention.out", "feed.up", "feed.down")


@dataclass(frozen=True, slots=True)
class LoraConfig:
    """`rank` and `alpha` (the adapter counts alpha/rank), `dropout` before it in training, and the layers to adapt.

    A target is the end of a linear layer's path, such as `attention.qkv`: it stands for that layer in every block.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: tuple[str, ...] = DECODER_TARGETS

    def __post_init__(self) -> None:
        if self.rank < 1 or self.alpha <= 0 or not 0 <= self.dropout < 1 or not self.targets:
            raise ConfigError(
                f"LoRA rank {self.rank}, alpha {self.alpha}, dropout {self.dropout}, {len(self.targets)} targets: "
                "expected rank 1 or more, alpha above 0, dropout 0..1, one target or more"
            )


class LoraLinear(nn.Module):
    """A frozen linear layer with an adapter beside it."""

    def __init__(self, base: nn.Linear, config: LoraConfig) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        like = base.weight
        self.lora_down = nn.Parameter(torch.empty(config.rank, base.in_features, device=like.device))
        self.lora_up = nn.Parameter(torch.zeros(base.out_features, config.rank, device=like.device))
        nn.init.kaiming_uniform_(self.lora_down, a=5**0.5)
        self.dropout = nn.Dropout(config.dropout)
        self.scale = config.alpha / config.rank

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        aside: Tensor = functional.linear(functional.linear(self.dropout(x), self.lora_down), self.lora_up)
        straight: Tensor = self.base(x)
        return straight + self.scale * aside

    def merged(self) -> nn.Linear:
        """The plain linear layer that does the same."""
        out = nn.Linear(self.base.in_features, self.base.out_features, self.base.bias is not None, device=self.base.weight.device)
        with torch.no_grad():
            out.weight.copy_(self.base.weight + self.scale * self.lora_up @ self.lora_down)
            if self.base.bias is not None:
                out.bias.copy_(self.base.bias)
        return out


def add_lora(model: nn.Module, config: LoraConfig) -> None:
    """Freeze `model` and lay an adapter beside every layer that `config.targets` name.

    Raises ConfigError where a target names no linear layer, or not one in every block that holds a target.
    """
    # In the order of the net, so that the same seed gives the same adapter everywhere.
    linears = [path for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    found = {target: [path for path in linears if path.endswith("." + target)] for target in config.targets}
    blocks = {path.removesuffix("." + target) for target, paths in found.items() for path in paths}
    for target, paths in found.items():
        if len(paths) != len(blocks) or not paths:
            raise ConfigError(
                f"LoRA target {target!r} matches {len(paths)} layers where {max(1, len(blocks))} are expected; "
                f"name ends of paths such as {', '.join(sorted({'.'.join(path.split('.')[-2:]) for path in linears}))}"
            )
    model.requires_grad_(False)
    for paths in found.values():
        for path in paths:
            _replace(model, path, LoraLinear(_linear(model, path), config))


def merge_lora(model: nn.Module) -> None:
    """Fold every adapter into its layer: `model` becomes a plain net again, and as fast as one."""
    for path, module in [(path, module) for path, module in model.named_modules() if isinstance(module, LoraLinear)]:
        _replace(model, path, module.merged())


def scale_lora(model: nn.Module, strength: float) -> None:
    """Let every adapter count `strength` times what it learned: 0 is the base alone."""
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.scale *= strength


def lora_state(model: nn.Module) -> dict[str, Tensor]:
    """The adapters' tensors by path, nothing of the net beneath."""
    return {name: tensor for name, tensor in model.state_dict().items() if name.endswith(("lora_down", "lora_up"))}


def _linear(model: nn.Module, path: str) -> nn.Linear:
    module = model.get_submodule(path)
    assert isinstance(module, nn.Linear)
    return module


def _replace(model: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)
