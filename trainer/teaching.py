"""Learning from other nets beside the music: the mean of what they say, and how far a net is from it. Knows scores; knows no music.

On little music several nets together know more than each alone, and most of that one net can learn (Hinton, Vinyals and Dean,
*Distilling the Knowledge in a Neural Network*, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

TAUGHT_SHARE = 0.7
"""How much of what is lowered is the distance to the teachers; the rest is the music's."""


def mean_of(scores: Sequence[Tensor]) -> Tensor:
    """The mean of the distributions whose logits are `scores`, each (N, classes) -> (N, classes)."""
    return torch.stack([one.float().softmax(-1) for one in scores]).mean(0)


def distance(wanted: Tensor, scores: Tensor) -> Tensor:
    """Summed nats of logits `scores` (N, classes) for distributions `wanted`; what is forbidden to both (-inf) counts nothing."""
    return -(wanted * scores.float().log_softmax(-1).masked_fill(scores == -torch.inf, 0.0)).sum()
