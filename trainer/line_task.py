"""What Stage A's training lowers: the nats of a decoder over windows of lines. Knows tensors; knows no loop and no files."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from shared.nets.decoder import Decoder
from shared.tokens import TARGETS
from trainer.windows import Batch

_LOW, _PITCH = TARGETS.index("low"), TARGETS.index("pitch")


@dataclass(frozen=True, slots=True)
class LineTask:
    """A decoder as `trainer.training.Task`: what is lowered is nats a predicted step, what is told is nats a note."""

    model: Decoder

    def weight(self, batch: Batch) -> int:
        """Predicted steps, frames included."""
        return int((batch.targets[..., _LOW] >= 0).sum())

    def notes(self, batch: Batch) -> int:
        """Notes among them."""
        return int((batch.targets[..., _PITCH] >= 0).sum())

    def nats(self, batch: Batch, part: slice, device: torch.device) -> Tensor:
        """Summed nats of the windows `part`: of their notes, and of the decisions to go on without one."""
        rows, targets = (torch.from_numpy(array[part]).to(device, torch.int64, non_blocking=True) for array in (batch.rows, batch.targets))
        losses = self.model.losses(rows, targets)
        return losses.onset + losses.pitch + losses.duration
