"""What Stage A's training lowers: the nats of a decoder over windows of lines. Knows tensors; knows no loop and no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from shared.nets.decoder import Decoder, losses_of
from shared.tokens import TARGETS
from trainer.windows import Batch

TAUGHT_SHARE = 0.7
_LOW, _PITCH = TARGETS.index("low"), TARGETS.index("pitch")


@dataclass(frozen=True, slots=True)
class LineTask:
    """A decoder as `trainer.training.Task`: what is lowered is nats a predicted step, what is told is nats a note.

    With `teachers`, `TAUGHT_SHARE` of what is lowered is the distance to the mean of their distributions: on little music several nets
    together know more than each alone, and most of that one net can learn (Hinton, Vinyals and Dean 2015).
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
        means = [torch.stack([scores.softmax(-1) for scores in kind]).mean(0) for kind in zip(*told, strict=True)]
        soft = sum((_cross(mean, own) for mean, own in zip(means, decisions, strict=True)), nats.new_zeros(()))
        return (1 - TAUGHT_SHARE) * nats + TAUGHT_SHARE * soft

    def held_out(self, batch: Batch, part: slice, device: torch.device) -> Tensor:
        """The same nats, of the music alone."""
        return self.nats(batch, part, device)


def _cross(wanted: Tensor, scores: Tensor) -> Tensor:
    """Summed nats of `scores` (N, classes) for distributions `wanted`; what is forbidden to both counts nothing."""
    return -(wanted * scores.log_softmax(-1).masked_fill(scores == -torch.inf, 0.0)).sum()
