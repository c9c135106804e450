"""What a listener believes the harmony to be: every chord weighed by all that was heard before. Knows no time and no keys.

A hidden Markov model read forward (L. Rabiner, *A Tutorial on Hidden Markov Models*, 1989): a state is a chord and whether the
player leaves roots to the bass player. Chords follow one another as in jazz standards; the habit hardly ever changes, so a
few chords tell it, and from then on F A C E is D minor to one player and F major to another.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared.chords import QUALITY_NAMES, Chord
from shared.recognize import NOISE_NATS, ROOT, TEMPLATES, above_root, change_nats, class_mask

HABIT_STAYS = 0.98
"""How likely a player who strikes roots, or leaves them out, goes on so with the next chord."""
_HABITS = 2
_DIGITS = 9
"""Odds are compared in so many decimals, for a last bit must not decide on another machine."""

Odds = NDArray[np.float64]


class Belief:
    """The odds of every chord, by habit: shape (rootless or rooted, templates x 12 roots). Never changes; `hear` makes the next."""

    def __init__(self, odds: Odds | None = None) -> None:
        self._odds = odds

    def hear(self, pitches: Collection[int]) -> tuple[Chord | None, Belief]:
        """The chord that MIDI `pitches` make after all before, and the belief from then on.

        None, and this belief unchanged, for fewer than two pitch classes and for what is no chord, as in `recognize`.
        """
        mask = class_mask(pitches)
        if mask & (mask - 1) == 0:
            return None, self
        bass = min(pitches) % 12
        likelihood, noise = _likelihood(mask, bass)
        if noise:
            return None, self
        odds = self._expected() * likelihood
        odds /= odds.sum()
        by_chord = np.round(_qualities() @ odds.sum(axis=0).reshape(len(TEMPLATES), 12), _DIGITS)
        quality, root = divmod(int(by_chord.argmax()), 12)
        return Chord(root, QUALITY_NAMES[quality], bass if mask >> root & 1 else root), Belief(odds)

    def _expected(self) -> Odds:
        """The odds before anything is heard."""
        habits = np.array([[1 - ROOT], [ROOT]])
        if self._odds is None:
            return np.broadcast_to(habits, (_HABITS, len(TEMPLATES) * 12))
        moved: Odds = self._odds @ _changes()
        return HABIT_STAYS * moved + (1 - HABIT_STAYS) * moved[::-1]


@lru_cache(maxsize=1)
def _changes() -> Odds:
    """How likely each chord follows each other, against chance: shape (states, states), a state is template x root."""
    table = np.empty((len(TEMPLATES), 12, len(TEMPLATES), 12))
    steps = (np.arange(12)[None, :] - np.arange(12)[:, None]) % 12
    for i, before in enumerate(TEMPLATES):
        for j, after in enumerate(TEMPLATES):
            table[i, :, j, :] = np.exp(-np.array(change_nats(before.quality, after.quality)))[steps]
    return table.reshape(len(TEMPLATES) * 12, len(TEMPLATES) * 12)


@lru_cache(maxsize=1)
def _qualities() -> Odds:
    """Which templates make up each quality: shape (qualities, templates)."""
    return np.array([[float(template.quality == quality) for template in TEMPLATES] for quality in QUALITY_NAMES])


@lru_cache(maxsize=1 << 12)
def _likelihood(mask: int, bass: int) -> tuple[Odds, bool]:
    """How likely each state sounds so, given its habit; True where even the best hardly does."""
    seen = [(above_root(mask, root), (bass - root) % 12) for root in range(12)]
    nats = np.array([template.nats(*notes) for template in TEMPLATES for notes in seen])
    rooted = np.array([bool(above & 1) for above, _ in seen] * len(TEMPLATES))
    # The habit decides on the root, so the template's own chance of a root is taken out again.
    chance = np.exp(-nats)
    return np.stack([np.where(rooted, 0.0, chance / (1 - ROOT)), np.where(rooted, chance / ROOT, 0.0)]), bool(nats.min() > NOISE_NATS)
