"""What a humanizer's training lowers: the nats of what players did. Knows tensors; knows no loop and no files."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from shared.nets.phrase import PhraseNet
from trainer.duv.windows import PhraseBatch


@dataclass(frozen=True, slots=True)
class PhraseTask:
    """A humanizer's net as `trainer.training.Task`: lowered and told are nats a note, its velocity, timing and length added, each as often
    as its `importance` says."""

    model: PhraseNet
    importance: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def weight(self, batch: PhraseBatch) -> int:
        """Notes of which something is known."""
        return batch.notes()

    def notes(self, batch: PhraseBatch) -> int:
        """The same."""
        return batch.notes()

    def nats(self, batch: PhraseBatch, part: slice, device: torch.device) -> Tensor:
        """Summed nats of all that is known of the windows `part`."""
        seen = batch.seen
        arrays = (seen.codes, seen.values, seen.mask, batch.velocity, batch.onset_ms, batch.log_ratio)
        losses = self.model.losses(*(torch.from_numpy(array[part]).to(device, non_blocking=True) for array in arrays))
        velocity, timing, ratio = self.importance
        return velocity * losses.velocity + timing * losses.timing + ratio * losses.ratio
