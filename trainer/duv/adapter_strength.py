"""How strong a trained adapter may be: as strong as it can without harm to other styles. Knows nets and held-out tracks; knows no loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from shared.checkpoint import load_adapter, load_phrase, read_header, save_adapter
from shared.nets.lora import LoraConfig, LoraLinear, scale_lora
from shared.nets.phrase import PhraseNet
from trainer.duv.manifest import Track
from trainer.duv.phrase_task import PhraseTask
from trainer.duv.windows import whole
from trainer.training import held_out_per_note

STRENGTHS = (1.0, 0.8, 0.6, 0.4, 0.2)
STRENGTH = "strength"
"""The figure in the adapter's card that says which of them it was given."""
_WINDOWS = 32


@dataclass(frozen=True, slots=True)
class Strength:
    """The `share` of what was learned that is kept, and the held-out error (`trainer.duv.phrase_task`) without the adapter and with it.

    `style`: on the tracks of its style; `elsewhere`: on the others, None where there are none. `harms`: more than was allowed even so.
    """

    share: float
    style: tuple[float, float]
    elsewhere: tuple[float, float] | None
    harms: bool


def weaken(
    base: Path, adapter: Path, lora: LoraConfig, own: Sequence[Track], others: Sequence[Track], allowed_share: float, device: torch.device
) -> Strength:
    """Weaken the file `adapter` over the file `base` until the error on `others` is at most `allowed_share` larger than without it.

    An adapter that was weakened before, as its card says, is measured and left as it is.
    """
    plain, card = load_phrase(base), read_header(adapter).card
    style, elsewhere = _error(plain, own, device), _error(plain, others, device) if others else None
    before = card.figures.get(STRENGTH)
    for share in STRENGTHS if before is None else (before,):
        net = load_phrase(base)
        load_adapter(adapter, net)
        scale_lora(net, share if before is None else 1.0)
        adapted = None if elsewhere is None else _error(net, others, device)
        harms = elsewhere is not None and adapted is not None and adapted > elsewhere * (1 + allowed_share)
        if not harms:
            break
    others_pair = None if elsewhere is None or adapted is None else (elsewhere, adapted)
    found = Strength(share, (style, _error(net, own, device)), others_pair, harms)
    if before is None:
        _fold(net, share)
        save_adapter(adapter, net, lora, replace(card, figures={**card.figures, STRENGTH: share}))
    return found


def _error(net: PhraseNet, tracks: Sequence[Track], device: torch.device) -> float:
    return held_out_per_note(PhraseTask(net.to(device)), whole(tracks, net.config.context, _WINDOWS), device)


def _fold(net: PhraseNet, share: float) -> None:
    """Write the strength into the adapter's own weights."""
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, LoraLinear):
                module.lora_up.mul_(share)
