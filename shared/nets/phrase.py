"""The humanizer's net: a bidirectional transformer over notes with three heads of bins. Knows features and bins; knows no files.

Shapes: B batch, T notes, C codes, V values, W width, H heads, D head width.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class PhraseConfig:
    """The net's shape. `context`: notes in a window. Raises ValueError where values do not fit each other."""

    width: int = 160
    layers: int = 4
    heads: int = 5
    feed_width: int = 432
    context: int = 128
    dropout: float = 0.0
    velocity_bins: int = 64
    timing_bins: int = 48
    ratio_bins: int = 48


@dataclass(frozen=True, slots=True)
class Heads:
    """Logits of the bins of each quantity, (B, T, bins): `shared.bins` says which values they stand for."""

    velocity: Tensor
    timing: Tensor
    ratio: Tensor


@dataclass(frozen=True, slots=True)
class PhraseLosses:
    """Nats summed over the notes whose value is known, for each quantity, and how many those are."""

    velocity: Tensor
    timing: Tensor
    ratio: Tensor
    velocity_notes: int
    timing_notes: int
    ratio_notes: int

    @property
    def mean(self) -> Tensor:
        """Nats for each known value of each quantity, the three added: what training lowers."""
        raise NotImplementedError


class PhraseNet(nn.Module):
    """The whole net."""

    def __init__(self, config: PhraseConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, codes: Tensor, values: Tensor, mask: Tensor) -> Heads:
        """int64 (B, T, C), float32 (B, T, V) and bool (B, T), true where there is a note -> logits.

        In training style, instrument and tempo are now and then unknown (`style_unknown`, ... of the call's own draw).
        """
        raise NotImplementedError

    def losses(
        self, codes: Tensor, values: Tensor, mask: Tensor, velocity: Tensor, onset_ms: Tensor, log_ratio: Tensor, weight: Tensor | None = None
    ) -> PhraseLosses:
        """Cross entropy against the played values, float32 (B, T), NaN where not known; `weight` (B, T) counts notes more or less."""
        raise NotImplementedError
