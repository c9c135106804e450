"""Several scores read at once, each at its own place: a decoder with a cache of slots. Knows tensors; knows no events, no sampling.

Every slot has a length of its own: a new step stands at its slot's place (rotary positions a slot), and sees what that slot
has read and nothing else (a mask a slot). One product with the weights serves all slots. Computes what `Decoder.forward` does.

Shapes: S slots, N of them in one pass, T steps, F fields, W width, H heads, G key/value heads, D head width, C context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from shared.nets.decoder import Attention, Decoder
from shared.tokens import FIELDS, Steps, pitch_context

Scores = NDArray[np.float32]


class BatchDecoder:
    """`slots` scores under way with one decoder on `device`. `lengths[slot]` steps are read; lowering it goes back, at no cost."""

    def __init__(self, decoder: Decoder, slots: int, device: torch.device | None = None) -> None:
        config = decoder.config
        self._device = torch.device("cpu") if device is None else device
        self._decoder = decoder.to(self._device).eval()
        self._context = config.context
        self._grouped = config.heads != config.kv_heads
        # One place more than the context: what idle slots compute beside the others is written there and never seen.
        shape = (config.layers, slots, config.context + 1, config.kv_heads, config.head_width)
        self._keys = torch.zeros(shape, device=self._device)
        self._values = torch.zeros(shape, device=self._device)
        self._last = torch.zeros(slots, config.width, device=self._device)  # (S, W): hidden states after each slot's last step
        self._pitch_context = [[0, 0]] * slots  # of each slot's last step
        self.lengths = [0] * slots

    def read(self, steps: Mapping[int, Steps]) -> None:
        """Read rows (T, F), T at least 1, after the first `lengths[slot]` of each slot. Raises ValueError where a context is full."""
        for slot, rows in steps.items():
            if self.lengths[slot] + len(rows) > self._context:
                raise ValueError(f"slot {slot}: {self.lengths[slot] + len(rows)} steps: the context holds {self._context}")
        for slot, rows in steps.items():
            self._pitch_context[slot] = pitch_context(rows[-1:])[0].tolist()
            if len(rows) > 1:
                self._read_many(slot, rows)
        single = {slot: rows for slot, rows in steps.items() if len(rows) == 1}
        if single:
            self._read_one_each(single)

    def onset(self, slots: Sequence[int]) -> Scores:
        """Scores (N, ONSETS) of the next note's onset in each of `slots`, or of going on to the next frame."""
        return self._scores(self._decoder.onset, slots)

    def pitch(self, slots: Sequence[int], onsets: Sequence[int]) -> Scores:
        """Scores (N, PITCHES) of its pitch, given its onset."""
        roots, last_pitches = ([self._pitch_context[slot][place] for slot in slots] for place in range(2))
        return self._scores(self._decoder.pitch, slots, onsets, roots, last_pitches)

    def duration(self, slots: Sequence[int], onsets: Sequence[int], pitches: Sequence[int]) -> Scores:
        """Scores (N, DURATIONS) of its duration class, given the other two."""
        return self._scores(self._decoder.duration, slots, onsets, pitches)

    @torch.inference_mode()
    def _scores(self, head: nn.Module, slots: Sequence[int], *decisions: Sequence[int]) -> Scores:
        of, *given = (torch.tensor(numbers, dtype=torch.int64, device=self._device) for numbers in (slots, *decisions))
        scores: Tensor = head(self._last[of], *given)
        found: Scores = scores.float().cpu().numpy()
        return found

    def _read_many(self, slot: int, rows: Steps) -> None:
        start, end = self.lengths[slot], self.lengths[slot] + len(rows)
        self._last[slot] = self._pass(slice(slot, slot + 1), rows[None], np.arange(start, end)[None], end)[0, -1]
        self.lengths[slot] = end

    def _read_one_each(self, steps: Mapping[int, Steps]) -> None:
        """One pass over the slots from the first to the last that has something to read."""
        first, count = min(steps), max(steps) + 1 - min(steps)
        rows = np.zeros((count, 1, len(FIELDS)), dtype=np.int16)
        at = np.full((count, 1), self._context)
        for slot, step in steps.items():
            rows[slot - first], at[slot - first] = step, self.lengths[slot]
            self.lengths[slot] += 1
        hidden = self._pass(slice(first, first + count), rows, at, max(self.lengths[slot] for slot in steps))
        read = torch.tensor(sorted(steps), device=self._device)
        self._last[read] = hidden[read - first, 0]

    @torch.inference_mode()
    def _pass(self, part: slice, steps: Steps, places: NDArray[np.int64], end: int) -> Tensor:
        """Hidden states (N, T, W) of rows (N, T, F) at `places` (N, T) in the slots of `part`; `end` places of the cache are in use."""
        decoder = self._decoder
        rows = torch.from_numpy(steps).to(self._device, torch.int64)
        at = torch.from_numpy(places).to(self._device)
        x = decoder.embed(rows.flatten(0, 1)).view(*rows.shape[:2], -1)
        turn = at.clamp(max=self._context - 1)
        cos, sin = decoder.get_buffer("cos")[turn], decoder.get_buffer("sin")[turn]  # (N, T, 1, D)
        seen = (torch.arange(end, device=self._device) <= at[..., None])[:, None]  # (N, 1, T, end)
        for layer, block in enumerate(decoder.layers()):
            keys, values = self._keys[layer, part], self._values[layer, part]
            x = x + self._attend(block.attention, block.attention_norm(x), cos, sin, keys, values, at, seen)
            x = x + block.feed(block.feed_norm(x))
        hidden: Tensor = decoder.norm(x)
        return hidden

    def _attend(
        self, attention: Attention, x: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, at: Tensor, seen: Tensor
    ) -> Tensor:
        """(N, T, W) -> (N, T, W). Writes into `keys` and `values` (N, C + 1, G, D) at places `at` (N, T); sees where `seen` says."""
        q, k, v = attention.project(x, cos, sin)
        slot = torch.arange(len(x), device=self._device)[:, None]
        keys[slot, at] = k
        values[slot, at] = v
        end = seen.shape[-1]
        mixed = functional.scaled_dot_product_attention(
            q.transpose(1, 2), keys[:, :end].transpose(1, 2), values[:, :end].transpose(1, 2), seen, enable_gqa=self._grouped
        )  # (N, H, T, D)
        out: Tensor = attention.out(mixed.transpose(1, 2).flatten(2))
        return out
