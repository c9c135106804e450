"""Plays a decoder through PyTorch, on a GPU or as the reference. Knows tensors and a cache; knows no events, no sampling."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from companion.runner import Reader, Scores
from shared.nets.decoder import Cache, Decoder
from shared.tokens import Steps, pitch_context


class TorchRunner:
    """The decoder as it was trained on `device`."""

    def __init__(self, decoder: Decoder, device: torch.device | None = None) -> None:
        self._device = torch.device("cpu") if device is None else device
        self._decoder = decoder.to(self._device).eval().requires_grad_(False)
        _lay_out_for_playing(self._decoder)

    @property
    def kind(self) -> str:
        """`torch-` and the device's type."""
        return f"torch-{self._device.type}"

    @property
    def context(self) -> int:
        """The decoder's context in steps."""
        return self._decoder.config.context

    def reader(self) -> Reader:
        """A reader with a cache on the device."""
        return _TorchReader(self._decoder, self._device)


class _TorchReader:
    def __init__(self, decoder: Decoder, device: torch.device) -> None:
        self._decoder = decoder
        self._device = device
        self._cache = Cache(decoder.config, device)
        self._pitch_context = np.zeros((decoder.config.context, 2), np.int64)

    @property
    def length(self) -> int:
        return self._cache.length

    @length.setter
    def length(self, length: int) -> None:
        self._cache.length = length

    def read(self, steps: Steps) -> None:
        with torch.inference_mode():
            start, rows = self._cache.length, torch.from_numpy(steps).to(self._device, torch.int64)
            self._decoder.advance(rows, self._cache)
            self._pitch_context[start : self._cache.length] = pitch_context(steps)

    def onset(self) -> Scores:
        return self._scores(self._decoder.onset)

    def pitch(self, onset: int) -> Scores:
        return self._scores(self._decoder.pitch, onset, *self._pitch_context[self.length - 1].tolist())

    def duration(self, onset: int, pitch: int) -> Scores:
        return self._scores(self._decoder.duration, onset, pitch)

    def _scores(self, head: nn.Module, *decisions: int) -> Scores:
        with torch.inference_mode():
            hidden = self._cache.hidden[self.length - 1 : self.length]
            scores: Tensor = head(hidden, *(torch.tensor([decision], device=self._device) for decision in decisions))
            of_last: Scores = scores[0].float().cpu().numpy()
            return of_last


def _lay_out_for_playing(decoder: Decoder) -> None:
    """Store every weight the way its product reads it: a third off the time of a prompt, and the same figures."""
    for module in decoder.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = module.weight.data.t().contiguous().t()
