"""The humanizer's net: a bidirectional transformer over notes with three heads of bins. Knows features and bins; knows no files.

    codes, values -> note vectors -> blocks, which attend by distance in beats -> bins of velocity, onset and length

Attention is turned by onset time, not by place in the row (Su et al. 2021 turn by place): its periods are musical ones, so that "a bar ago"
is one angle however many notes lie between. Shapes: B batch, T notes, C codes, V values, W width, H heads, D head width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from shared.bins import log_ratio_edges, onset_ms_edges, velocity_edges
from shared.features import CODE_SIZES, TEMPO_VALUES, VALUES
from shared.nets.decoder import INIT_STD, Attention, DecoderConfig, FeedForward, Head

PERIODS_BEATS = (0.5, 1, 2, 4, 8, 16, 32, 64, 0.75, 1.5, 3, 6, 12, 24, 48, 128)
"""What a turn of attention's angles takes, the most useful first: halves and doubles of the beat, and of three beats."""
SMOOTHING_BINS = 0.6
"""Standard deviation, in bins, of what a played value teaches: its bin, and a little of the neighbours."""
UNKNOWN_SHARE = 0.15
"""How often in training a window's style, tempo or instrument is unknown."""
_UNKNOWN_CODES = tuple(list(CODE_SIZES).index(name) for name in ("instrument", "style", "tempo"))
_TEMPO_CODE = 2  # of the three
_TEMPO_VALUES = [VALUES.index(name) for name in TEMPO_VALUES]
QUANTITIES = ("velocity", "timing", "ratio")
VELOCITY = QUANTITIES[0]


@dataclass(frozen=True, slots=True)
class PhraseConfig:
    """The net's shape: `width` W, `layers`, `heads` H, `feed_width` inside the feed-forward, `context` notes in a window; in training
    `dropout` of what is inside, and `field_dropout` of what is read, each field by itself, of single notes and as often of a whole window;
    bins of velocity, onset in ms and log ratio of length. Raises ValueError where values do not fit each other."""

    width: int = 160
    layers: int = 4
    heads: int = 5
    feed_width: int = 432
    context: int = 128
    dropout: float = 0.1
    field_dropout: float = 0.0
    velocity_bins: int = 64
    timing_bins: int = 48
    ratio_bins: int = 48

    def __post_init__(self) -> None:
        self.block()
        for name in ("velocity_bins", "timing_bins", "ratio_bins"):
            if not 2 <= getattr(self, name) <= 1024:
                raise ValueError(f"{name} {getattr(self, name)}: expected 2..1024")
        if self.width // self.heads > 2 * len(PERIODS_BEATS):
            raise ValueError(f"width {self.width}, heads {self.heads}: expected heads of at most {2 * len(PERIODS_BEATS)}")

    def block(self) -> DecoderConfig:
        """The shape of one block, as the decoder's parts want it."""
        return DecoderConfig(self.width, self.layers, self.heads, self.heads, self.feed_width, self.context, self.dropout)


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
    def total(self) -> Tensor:
        """Nats over all known values."""
        return self.velocity + self.timing + self.ratio

    @property
    def mean(self) -> Tensor:
        """Nats for each known value, the three quantities added: what training lowers."""
        return self.velocity / max(1, self.velocity_notes) + self.timing / max(1, self.timing_notes) + self.ratio / max(1, self.ratio_notes)


class PhraseAttention(Attention):
    """Attention in both directions, turned by onset time."""

    def attend(self, x: Tensor, cos: Tensor, sin: Tensor, seen: Tensor | None) -> Tensor:
        """(B, T, W), angles (B, T, 1, D), and where there are notes (B, 1, 1, T), None for everywhere -> (B, T, W)."""
        q, k, v = (part.transpose(1, 2) for part in self.project(x, cos, sin))  # (B, H, T, D)
        mixed = functional.scaled_dot_product_attention(q, k, v, seen)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class PhraseBlock(nn.Module):
    """One layer: attention, then feed-forward, each on a normed copy added back."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, bias=False)
        self.attention = PhraseAttention(config)
        self.feed_norm = nn.LayerNorm(config.width, bias=False)
        self.feed = FeedForward(config)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, seen: Tensor | None) -> Tensor:
        """(B, T, W) -> (B, T, W), see `PhraseAttention.attend`."""
        x = x + self.drop(self.attention.attend(self.attention_norm(x), cos, sin, seen))
        fed: Tensor = self.drop(self.feed(self.feed_norm(x)))
        return x + fed


class PhraseNet(nn.Module):
    """The whole net. `unknown_share`: how often training hides style, tempo and instrument, each by itself."""

    def __init__(self, config: PhraseConfig) -> None:
        super().__init__()
        self.config = config
        self.unknown_share = UNKNOWN_SHARE
        sizes = np.array(list(CODE_SIZES.values()))
        self.codes = nn.Embedding(int(sizes.sum()), config.width)  # the columns' tables one under another
        self.values = nn.Linear(len(VALUES) - 1, config.width)
        self.note = FeedForward(config.block())
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(PhraseBlock(config.block()) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, bias=False)
        self.velocity = Head(config.width, config.velocity_bins)
        self.timing = Head(config.width, config.timing_bins)
        self.ratio = Head(config.width, config.ratio_bins)
        self.register_buffer("offsets", torch.from_numpy(np.cumsum(sizes) - sizes), persistent=False)  # (C,)
        turns = 1.0 / torch.tensor(PERIODS_BEATS[: config.width // config.heads // 2])
        self.register_buffer("turns", 2 * math.pi * turns, persistent=False)  # (D/2,) radians for each quarter
        for name, edges in self.edges().items():
            self.register_buffer(f"{name}_edges", torch.from_numpy(edges).float(), persistent=False)
        self._initialise()

    def edges(self) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        """The edges of each quantity's bins, by its name in `QUANTITIES`."""
        config = self.config
        counts = (config.velocity_bins, config.timing_bins, config.ratio_bins)
        makers = (velocity_edges, onset_ms_edges, log_ratio_edges)
        return {name: make(count) for name, make, count in zip(QUANTITIES, makers, counts, strict=True)}

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=INIT_STD)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        for name, weight in self.named_parameters():
            if name.endswith(("attention.out.weight", "feed.down.weight")):
                nn.init.normal_(weight, std=INIT_STD / (2 * self.config.layers) ** 0.5)

    def forward(self, codes: Tensor, values: Tensor, mask: Tensor) -> Heads:
        """int64 (B, T, C), float32 (B, T, V) and bool (B, T), true where there is a note -> logits.

        In training each window's style, tempo and instrument are now and then hidden, by torch's own generator.
        """
        if self.training and self.unknown_share > 0:
            codes, values = self._hide(codes, values)
        kept_codes, kept_values = self._kept(codes), self._kept(values[..., 1:])
        rows = (codes + self.get_buffer("offsets")).flatten(0, 1)
        weights = None if kept_codes is None else kept_codes.flatten(0, 1)
        embedded = functional.embedding_bag(rows, self.codes.weight, mode="sum", per_sample_weights=weights)
        x = embedded.view(*codes.shape[:2], -1) + self.values(values[..., 1:] if kept_values is None else values[..., 1:] * kept_values)
        x = self.drop(x + self.note(x))
        # Only differences count; from the window's first note on they are small enough for single precision.
        angles = ((values[..., :1] - values[:, :1, :1]) * self.get_buffer("turns")).repeat(1, 1, 2)[:, :, None]
        cos, sin = angles.cos(), angles.sin()
        seen = None if bool(mask.all()) else mask[:, None, None]
        for block in self.blocks:
            x = block(x, cos, sin, seen)
        x = self.norm(x)
        return Heads(self.velocity(x), self.timing(x), self.ratio(x))

    def _kept(self, fields: Tensor) -> Tensor | None:
        """How much each of the fields (B, T, F) counts in training: none, or more, so that their sum stays as it was. None: all alike."""
        dropped = self.config.field_dropout
        if not (self.training and dropped):
            return None
        # What is the same all through a track would tell tracks apart that are to be understood.
        shapes = (fields[:, :1].shape, fields.shape)
        in_window, in_note = (torch.rand(shape, device=fields.device) >= dropped for shape in shapes)
        return (in_window & in_note) / (1 - dropped) ** 2

    def _hide(self, codes: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.rand(len(codes), len(_UNKNOWN_CODES), device=codes.device) < self.unknown_share  # (B, 3)
        codes, values = codes.clone(), values.clone()
        for place, column in enumerate(_UNKNOWN_CODES):
            codes[..., column].masked_fill_(hidden[:, place, None], 0)
        for column in _TEMPO_VALUES:
            values[..., column].masked_fill_(hidden[:, _TEMPO_CODE, None], 0.0)
        return codes, values

    def losses(self, codes: Tensor, values: Tensor, mask: Tensor, velocity: Tensor, onset_ms: Tensor, log_ratio: Tensor) -> PhraseLosses:
        """Cross entropy against what was played, float32 (B, T) each, NaN where not known."""
        return self.losses_of(self(codes, values, mask), mask, (velocity, onset_ms, log_ratio))

    def losses_of(self, heads: Heads, mask: Tensor, performance: tuple[Tensor, Tensor, Tensor]) -> PhraseLosses:
        """The same for what this net has said already."""
        nats, notes = [], []
        for name, played in zip(QUANTITIES, performance, strict=True):
            known = mask & ~played.isnan()
            wanted = soft_bins(played[known], self.get_buffer(f"{name}_edges"))
            nats.append(-(wanted * getattr(heads, name)[known].float().log_softmax(-1)).sum())
            notes.append(int(known.sum()))
        return PhraseLosses(*nats, *notes)


def soft_bins(played: Tensor, edges: Tensor) -> Tensor:
    """What values (M,) teach, (M, bins): a bell of SMOOTHING_BINS around each one's place, what lies beyond the range in the outer bins."""
    bins = len(edges) - 1
    played = played.clamp(edges[0], edges[-1])
    left = (torch.searchsorted(edges, played, right=True) - 1).clamp(0, bins - 1)
    place = left + (played - edges[left]) / (edges[left + 1] - edges[left])
    inner = torch.arange(1, bins, device=edges.device)
    below = torch.special.ndtr((inner - place[:, None]) / SMOOTHING_BINS)
    return torch.diff(functional.pad(functional.pad(below, (1, 0)), (0, 1), value=1.0))
