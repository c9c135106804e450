"""What Stage A's training lowers: the nats of a decoder over windows of lines. Knows tensors; knows no loop and no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from shared.nets.decoder import Decoder, losses_of
from shared.tokens import TARGETS
from trainer.teaching import TAUGHT_SHARE, distance, mean_of
from trainer.windows import Batch

_LOW, _PITCH = TARGETS.index("low"), TARGETS.index("pitch")


@dataclass(frozen=True, slots=True)
class LineTask:
    """A decoder as `trainer.training.Task`: what is lowered is nats a predicted step, what is told is nats a note.

    With `teachers`, `TAUGHT_SHARE` of what is lowered is the distance to the mean of their distributions.
    """

    model: Decoder
    teachers: Sequence[Decoder] = ()

    def weight(self, batch: Batch) -> int:
        """Predicted steps, frames included."""
        return int((batch.targets[..., _LOW] >= 0).sum())

    def notes(self, batch: Batch) -> int:
        """Notes among them."""
        return int((batch.targets[..., _PITCH] >= 0).sum())

    def nats(self, batch: Batch, part: slice, device: torch.device) -> Tensor:
        """Summed nats of the windows `part`: of their notes, and of the decisions to go on without one."""
        rows, targets = (torch.from_numpy(array[part]).to(device, torch.int64, non_blocking=True) for array in (batch.rows, batch.targets))
        decisions = self.model.decisions(rows, targets)
        losses = losses_of(decisions, targets)
        nats = losses.onset + losses.pitch + losses.duration
        if not (self.teachers and self.model.training):
            return nats
        with torch.no_grad():
            told = [teacher.decisions(rows, targets) for teacher in self.teachers]
        means = [mean_of(kind) for kind in zip(*told, strict=True)]
        soft = sum((distance(mean, own) for mean, own in zip(means, decisions, strict=True)), nats.new_zeros(()))
        return (1 - TAUGHT_SHARE) * nats + TAUGHT_SHARE * soft

    def held_out(self, batch: Batch, part: slice, device: torch.device) -> Tensor:
        """The same nats, of the music alone."""
        return self.nats(batch, part, device)
