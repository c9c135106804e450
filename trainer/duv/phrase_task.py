"""What a humanizer's training lowers: the nats of what players did. Knows tensors; knows no loop and no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from shared.nets.phrase import QUANTITIES, VELOCITY, PhraseNet
from trainer.duv.windows import PhraseBatch
from trainer.teaching import TAUGHT_SHARE, distance, mean_of

ERROR = "error a note"
SPREADS = (20.0, 20.0, 0.2)
"""About how far players stray: in velocities, milliseconds, logarithms of length. Errors are told in these."""


@dataclass(frozen=True, slots=True)
class PhraseTask:
    """A humanizer's net as `trainer.training.Task`: lowered are nats a note, its velocity, timing and length added, each as often as its
    `importance` says. With `teachers`, nets with bins like its own, `TAUGHT_SHARE` of it is the distance to the mean of what they say; of
    imagined windows they alone teach.

    Held out is told how far what it plays (`shared.bins.Distribution.middle`) is from what was played, in SPREADS, added likewise. Nats
    get worse as soon as a net is too sure of itself here and there, long before its playing does.
    """

    model: PhraseNet
    importance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    teachers: Sequence[PhraseNet] = ()

    def weight(self, batch: PhraseBatch) -> int:
        """Notes of which something is known."""
        return batch.notes()

    def notes(self, batch: PhraseBatch) -> int:
        """The same."""
        return batch.notes()

    def nats(self, batch: PhraseBatch, part: slice, device: torch.device) -> Tensor:
        """Summed nats of all that is known of the windows `part`."""
        seen, played = _moved(batch, part, device)
        heads, mask = self.model(*seen), seen[2]
        nobody = torch.from_numpy(batch.imagined[part]).to(device)[:, None]
        velocity, onset_ms, log_ratio = (values.masked_fill(nobody, torch.nan) for values in played)
        losses = self.model.losses_of(heads, mask, (velocity, onset_ms, log_ratio))
        nats = self._added([losses.velocity, losses.timing, losses.ratio])
        if not (self.teachers and self.model.training):
            return nats
        with torch.no_grad():
            told = [teacher(*seen) for teacher in self.teachers]
        away = []
        for name, values in zip(QUANTITIES, played, strict=True):
            known = mask & ~values.isnan()
            away.append(distance(mean_of([getattr(one, name)[known] for one in told]), getattr(heads, name)[known]))
        return (1 - TAUGHT_SHARE) * nats + TAUGHT_SHARE * self._added(away)

    def _added(self, nats: Sequence[Tensor]) -> Tensor:
        velocity, timing, ratio = (counts * one for counts, one in zip(self.importance, nats, strict=True))
        return velocity + timing + ratio

    def held_out(self, batch: PhraseBatch, part: slice, device: torch.device) -> Tensor:
        """Summed errors of all that is known of the windows `part`."""
        seen, played = _moved(batch, part, device)
        heads = self.model(*seen)
        error = seen[1].new_zeros(())
        for name, values, spread, counts in zip(QUANTITIES, played, SPREADS, self.importance, strict=True):
            known = seen[2] & ~values.isnan()
            mass = getattr(heads, name)[known].float().softmax(-1)
            said = middle(mass, self.model.get_buffer(f"{name}_edges"), name == VELOCITY)
            error = error + counts / spread * (said - values[known]).abs().sum()
        return error


def middle(mass: Tensor, edges: Tensor, ceiling: bool) -> Tensor:
    """`shared.bins.Distribution.middle` (M,) of distributions `mass` (M, bins) between `edges`, with or without a `ceiling`."""
    summed = mass.cumsum(-1)
    half = summed[:, -1:] / 2
    place = torch.searchsorted(summed, half).clamp(max=mass.shape[-1] - 1)
    inside, below = mass.gather(-1, place), summed.gather(-1, place)
    median = edges[place] + (half - below + inside) / inside.clamp(min=1e-12) * (edges[place + 1] - edges[place])
    bins = (edges[1:] + edges[:-1]) / 2
    if ceiling:
        median = median.masked_fill(place == mass.shape[-1] - 1, float(edges[-1]))
        bins = torch.cat([bins[:-1], edges[-1:]])
    return (median[:, 0] + mass @ bins) / 2


def _moved(batch: PhraseBatch, part: slice, device: torch.device) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
    """What is seen and what was played in the windows `part`, on `device`."""
    seen = (batch.seen.codes, batch.seen.values, batch.seen.mask)
    played = (batch.velocity, batch.onset_ms, batch.log_ratio)
    codes, values, mask, velocity, onset_ms, log_ratio = (torch.from_numpy(a[part]).to(device, non_blocking=True) for a in (*seen, *played))
    return (codes, values, mask), (velocity, onset_ms, log_ratio)
