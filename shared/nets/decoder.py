"""The line model: a causal transformer over compound steps with three heads. Knows the token table; knows no time, no sampling.

    step (fields) -> sum of field embeddings -> blocks -> hidden
    hidden -> onset;   hidden + onset -> pitch;   hidden + onset + pitch -> duration

A pitch is scored three times, as itself, as a degree above the chord's root and as an interval from the last note, so that what is
learned in one key helps in all.

Shapes: B batch, T steps, F fields, W width, H heads, G key/value heads, D head width, C context.
Rotary positions: Su et al. 2021. SwiGLU: Shazeer 2020. Grouped heads: Ainslie et al. 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from shared.tokens import COLUMN, DURATIONS, INTERVAL_MAX, ONSETS, PITCHES, SIZES

ROPE_BASE = 10000.0
INIT_STD = 0.02
SIZE_MAX = 8192
ROOTS = 13
DEGREES = 12
INTERVALS = 2 * INTERVAL_MAX + 1
_ROOT, _PITCH, _LAST_PITCH = (COLUMN[name] for name in ("root", "pitch", "last_pitch"))


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The net's shape: `width` W, `layers`, `heads` H, `kv_heads` G (a divisor of H), `feed_width` inside the
    feed-forward, `context` C in steps; in training `dropout` of what is inside, and `field_dropout` of what is read, each field of a step
    by itself. Raises ValueError where they do not fit each other."""

    width: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 8
    feed_width: int = 688
    context: int = 512
    dropout: float = 0.0
    field_dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("width", "layers", "heads", "kv_heads", "feed_width", "context"):
            if not 1 <= getattr(self, name) <= SIZE_MAX:
                raise ValueError(f"{name} {getattr(self, name)}: expected 1..{SIZE_MAX}")
        if self.width % (2 * self.heads) or self.heads % self.kv_heads:
            raise ValueError(
                f"width {self.width}, heads {self.heads}, kv_heads {self.kv_heads}: "
                "expected an even width for each head, and heads a multiple of kv_heads"
            )
        for name in ("dropout", "field_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: expected 0..1, 1 excluded")

    @property
    def head_width(self) -> int:
        """Width D of one head."""
        return self.width // self.heads


class Cache:
    """Keys and values of the steps read so far, and their hidden states; going back is setting `length`."""

    def __init__(self, config: DecoderConfig, device: torch.device | None = None) -> None:
        layers, groups, context, width = config.layers, config.kv_heads, config.context, config.head_width
        self.keys = torch.zeros(layers, groups, width, context, device=device)  # standing ready for the product with queries
        self.values = torch.zeros(layers, groups, context, width, device=device)
        self.hidden = torch.zeros(config.context, config.width, device=device)  # (C, W)
        self.length = 0


class Attention(nn.Module):
    """Causal self-attention, one fused projection, rotary positions."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_width = config.heads, config.kv_heads, config.head_width
        self.scale = config.head_width**-0.5
        self.qkv = nn.Linear(config.width, (config.heads + 2 * config.kv_heads) * config.head_width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(..., T, W) -> queries (..., T, H, D), keys and values (..., T, G, D), turned by `cos` and `sin` (T, 1, D)."""
        qkv = self.qkv(x).unflatten(-1, (-1, self.head_width))
        qk = qkv[..., : self.heads + self.kv_heads, :]
        first, second = qk.chunk(2, -1)
        qk = qk * cos + torch.cat((-second, first), -1) * sin
        return qk[..., : self.heads, :], qk[..., self.heads :, :], qkv[..., self.heads + self.kv_heads :, :]

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Training: (B, T, W) -> (B, T, W)."""
        q, k, v = (part.transpose(1, 2) for part in self.project(x, cos, sin))  # (B, H or G, T, D)
        # No dropout here: with it a CPU forms every weight by itself, and training takes twice as long.
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.heads != self.kv_heads)
        projected: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return projected

    def advance(self, x: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, start: int, mask: Tensor) -> Tensor:
        """Playing: (T, W) -> (T, W). Writes into `keys` (G, D, C) and `values` (G, C, D) from `start` on.

        `mask` (1, H/G x T, start + T) is added to the scores.
        """
        steps, end = len(x), start + len(x)
        q, k, v = self.project(x, cos, sin)
        keys[:, :, start:end] = k.permute(1, 2, 0)
        values[:, start:end] = v.transpose(0, 1)
        # Queries that share a key head stand one under another, so that one product serves a group.
        q = q.view(steps, self.kv_heads, -1, self.head_width).permute(1, 2, 0, 3).reshape(self.kv_heads, -1, self.head_width)
        scores = torch.baddbmm(mask, q, keys[:, :, :end], alpha=self.scale)  # (G, H/G x T, start + T)
        mixed = torch.bmm(torch.softmax(scores, -1), values[:, :end])
        mixed = mixed.view(self.kv_heads, -1, steps, self.head_width).permute(2, 0, 1, 3).reshape(steps, -1)
        projected: Tensor = self.out(mixed)
        return projected


class FeedForward(nn.Module):
    """SwiGLU with gate and value in one projection."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, 2 * config.feed_width, bias=False)
        self.down = nn.Linear(config.feed_width, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., W) -> (..., W)."""
        gate, value = self.up(x).chunk(2, -1)
        out: Tensor = self.down(functional.silu(gate) * value)
        return out


class Block(nn.Module):
    """One layer: attention, then feed-forward, each on a normed copy added back."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.attention_norm = _norm(config.width)
        self.attention = Attention(config)
        self.feed_norm = _norm(config.width)
        self.feed = FeedForward(config)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Training: (B, T, W) -> (B, T, W)."""
        x = x + self.drop(self.attention(self.attention_norm(x), cos, sin))
        fed: Tensor = self.drop(self.feed(self.feed_norm(x)))
        return x + fed

    def advance(self, x: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, start: int, mask: Tensor) -> Tensor:
        """Playing: (T, W) -> (T, W), see `Attention.advance`."""
        x = x + self.attention.advance(self.attention_norm(x), cos, sin, keys, values, start, mask)
        fed: Tensor = self.feed(self.feed_norm(x))
        return x + fed


class Head(nn.Module):
    """Scores for one decision, given the hidden state and the decisions already taken at this step."""

    def __init__(self, width: int, classes: int, given: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.given = nn.ModuleList(nn.Embedding(size, width) for size in given)
        self.inner = nn.Linear(width, width)
        self.out = nn.Linear(width, classes)

    def forward(self, hidden: Tensor, *decisions: Tensor) -> Tensor:
        """(N, W) and decisions (N,) each -> (N, classes)."""
        for embedding, decision in zip(self.given, decisions, strict=True):
            hidden = hidden + embedding(decision)
        scores: Tensor = self.out(functional.gelu(self.inner(hidden)))
        return scores


class PitchHead(Head):
    """Scores of pitches, the sum of three: the pitch as itself, its degree above the chord's root, its interval from the last note."""

    def __init__(self, width: int) -> None:
        super().__init__(width, PITCHES, given=(ONSETS,))
        self.degree = nn.Linear(width, DEGREES)
        self.interval = nn.Linear(width, INTERVALS)
        self.register_buffer("degrees", torch.from_numpy(degrees_above()), persistent=False)  # (ROOTS, PITCHES)
        self.register_buffer("intervals", torch.from_numpy(intervals_from()), persistent=False)  # (1 + PITCHES, PITCHES)

    def forward(self, hidden: Tensor, *decisions: Tensor) -> Tensor:
        """(N, W), onsets (N,), roots and last pitches (N,) as `shared.tokens.pitch_context` has them -> (N, PITCHES)."""
        onset, root, last = decisions
        inner = functional.gelu(self.inner(hidden + self.given[0](onset)))
        scores: Tensor = self.out(inner)
        for relative, table, place in ((self.degree, "degrees", root), (self.interval, "intervals", last)):
            # without a root, or a last note, nothing counts
            scores = scores + functional.pad(relative(inner), (0, 1)).gather(-1, self.get_buffer(table)[place])
        return scores


def degrees_above() -> NDArray[np.int64]:
    """The degree 0..11 of each pitch above each root as a step's field says it, shape (ROOTS, PITCHES); 12 where there is no root."""
    table = (np.arange(PITCHES)[None] - (np.arange(ROOTS) - 1)[:, None]) % 12
    table[0] = DEGREES
    return table


def intervals_from() -> NDArray[np.int64]:
    """The interval of each pitch from each last pitch as a step's field says it, shape (1 + PITCHES, PITCHES), from 0 for the farthest
    down; INTERVALS where there is no last note."""
    semitones = np.arange(PITCHES)[None] - (np.arange(1 + PITCHES) - 1)[:, None]
    table: NDArray[np.int64] = np.clip(semitones, -INTERVAL_MAX, INTERVAL_MAX) + INTERVAL_MAX
    table[0] = INTERVALS
    return table


@dataclass(frozen=True, slots=True)
class Losses:
    """Negative log-likelihood in nats, summed over a batch by kind of decision, and how many steps and notes it counts."""

    onset: Tensor
    pitch: Tensor
    duration: Tensor
    steps: int
    notes: int

    @property
    def per_step(self) -> Tensor:
        """Nats for each predicted step, frames included: what training lowers."""
        return (self.onset + self.pitch + self.duration) / max(1, self.steps)

    @property
    def per_note(self) -> Tensor:
        """Nats for each note, the decisions to go on to the next frame included."""
        return (self.onset + self.pitch + self.duration) / max(1, self.notes)


class Decoder(nn.Module):
    """The whole net. Rows are int64 (..., F) as `shared.tokens.encode` writes them."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.fields = nn.Embedding(int(SIZES.sum()), config.width)  # the fields' tables one under another
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = _norm(config.width)
        self.onset = Head(config.width, ONSETS)
        self.pitch = PitchHead(config.width)
        self.duration = Head(config.width, DURATIONS, given=(ONSETS, PITCHES))
        self.register_buffer("offsets", torch.from_numpy(np.cumsum(SIZES) - SIZES), persistent=False)  # (F,)
        angles = torch.arange(config.context)[:, None] * ROPE_BASE ** (-torch.arange(0, config.head_width, 2) / config.head_width)
        self.register_buffer("cos", angles.cos().repeat(1, 2)[:, None], persistent=False)  # (C, 1, D)
        self.register_buffer("sin", angles.sin().repeat(1, 2)[:, None], persistent=False)
        self.apply(_initialise)
        for block in self.layers():
            for last in (block.attention.out, block.feed.down):
                nn.init.normal_(last.weight, std=INIT_STD / (2 * config.layers) ** 0.5)

    def layers(self) -> list[Block]:
        """The blocks, the first that reads first."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def embed(self, rows: Tensor) -> Tensor:
        """The sum of the fields' embeddings: (N, F) -> (N, W)."""
        table, dropped = self.fields.weight, self.config.field_dropout
        # A net that now and then misses a field learns no solo by heart, and leans on several at once.
        kept = (torch.rand(rows.shape, device=rows.device) >= dropped) / (1 - dropped) if self.training and dropped else None
        return functional.embedding_bag(rows + self.get_buffer("offsets"), table, mode="sum", per_sample_weights=kept)

    def forward(self, rows: Tensor) -> Tensor:
        """Hidden states (B, T, W) of rows (B, T, F), T at most C."""
        steps = rows.shape[1]
        x = self.embed(rows.flatten(0, 1)).view(*rows.shape[:2], -1)
        cos, sin = self.get_buffer("cos")[:steps], self.get_buffer("sin")[:steps]
        for block in self.blocks:
            x = block(x, cos, sin)
        hidden: Tensor = self.norm(x)
        return hidden

    def advance(self, rows: Tensor, cache: Cache) -> Tensor:
        """Read rows (T, F) after what `cache` holds; hidden states (T, W). Raises ValueError where the context is full."""
        start, end = cache.length, cache.length + len(rows)
        if end > self.config.context:
            raise ValueError(f"{end} steps: the context holds {self.config.context}")
        x = self.embed(rows)
        cos, sin = self.get_buffer("cos")[start:end], self.get_buffer("sin")[start:end]
        mask = self._mask(start, end, x)
        for layer, block in enumerate(self.layers()):
            x = block.advance(x, cos, sin, cache.keys[layer], cache.values[layer], start, mask)
        hidden: Tensor = self.norm(x)
        cache.hidden[start:end] = hidden
        cache.length = end
        return hidden

    def _mask(self, start: int, end: int, like: Tensor) -> Tensor:
        """(1, H/G x T, end): minus infinity where a step would see a later one. A single step sees everything."""
        if end - start == 1:
            return like.new_zeros(1, 1, 1)
        mask = like.new_full((end - start, end), -torch.inf).triu_(start + 1)
        return mask.repeat(self.config.heads // self.config.kv_heads, 1)[None]

    def decisions(self, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of what is decided in rows (B, T, F), as `targets` (B, T, targets) tell; minus infinity where the grammar forbids.

        Onsets after each of the K steps that something follows (K, ONSETS), and of the M notes pitches (M, PITCHES) and durations
        (M, DURATIONS).
        """
        hidden = self(rows).flatten(0, 1)
        floor, low, _, pitch_floor, pitch, _ = targets.flatten(0, 1).unbind(-1)
        known, is_note = low >= 0, pitch >= 0
        h, at = hidden[is_note], low[is_note]
        root = rows[..., _ROOT].flatten()[is_note]
        last = (rows[..., _PITCH] + rows[..., _LAST_PITCH]).flatten()[is_note]
        return (
            _possible(self.onset(hidden[known]), floor[known]),
            _possible(self.pitch(h, at, root, last), pitch_floor[is_note]),
            self.duration(h, at, pitch[is_note]).float(),
        )

    def losses(self, rows: Tensor, targets: Tensor) -> Losses:
        """Losses over rows (B, T, F) and what `shared.tokens.targets` says of them (B, T, targets), -1 where nothing is learned."""
        return losses_of(self.decisions(rows, targets), targets)


def losses_of(decisions: tuple[Tensor, Tensor, Tensor], targets: Tensor) -> Losses:
    """The losses of a net's `decisions` on `targets`."""
    onset, pitch, duration = decisions
    _, low, high, _, wanted_pitch, wanted_duration = targets.flatten(0, 1).unbind(-1)
    known, is_note = low >= 0, wanted_pitch >= 0
    return Losses(
        onset=_nats(onset, low[known], high[known]),
        pitch=functional.cross_entropy(pitch, wanted_pitch[is_note], reduction="sum"),
        duration=functional.cross_entropy(duration, wanted_duration[is_note], reduction="sum"),
        steps=int(known.sum()),
        notes=int(is_note.sum()),
    )


def _possible(scores: Tensor, floor: Tensor) -> Tensor:
    """Scores (N, classes) with minus infinity below `floor`."""
    classes = torch.arange(scores.shape[-1], device=scores.device)
    return scores.float().masked_fill(classes < floor[:, None], -torch.inf)


def _nats(scores: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Summed -log p(low..high) of scores (N, classes)."""
    classes = torch.arange(scores.shape[-1], device=scores.device)
    wanted = scores.masked_fill((classes < low[:, None]) | (classes > high[:, None]), -torch.inf)
    return (scores.logsumexp(-1) - wanted.logsumexp(-1)).sum()


def _norm(width: int) -> nn.LayerNorm:
    """Layer norm without bias: on a CPU one fused operation, where RMS norm takes eight."""
    return nn.LayerNorm(width, eps=1e-5, bias=False)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INIT_STD)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)

