"""How a player's deviations hang together: drawn by seed, as shares between 0 and 1. Knows onsets and voices; knows no distributions.

Each note's deviation is one standard normal number: a level that hardly changes through a take, a wandering over some beats that all notes
of a chord share, for drums a habit, the same whenever a voice comes to that place in the beat, and a part of its own; their squares add up
to 1, so that however they hang together each note keeps its own distribution (a Gaussian copula, Nelsen 2006). Level and wandering are
autoregressive: what is `beats` away counts exp(-beats / its length).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shared.drum_kit import voices_of
from shared.surroundings import TICKS, ticks_of
from shared.written import Floats, Written

LEVEL_BEATS = 128.0


@dataclass(frozen=True, slots=True)
class Law:
    """What share of a deviation's variance is a take's level, the wandering over `wander_beats`, the habit; the rest is a note's own."""

    level: float
    wander: float
    habit: float
    wander_beats: float


PITCHED = Law(level=0.25, wander=0.25, habit=0.0, wander_beats=4.0)
DRUMS = (
    Law(level=0.10, wander=0.05, habit=0.40, wander_beats=4.0),
    Law(level=0.05, wander=0.40, habit=0.15, wander_beats=2.5),
    PITCHED,
)
"""Velocity, timing, length. Held-out drummers of the Groove MIDI Dataset stray from what the net expects alike: in velocity by .53 where a
voice comes a beat later, .64 a bar later, .50 sixteen bars later, else .17 for one voice, .05 for others; in timing by .53 within a chord,
.44 a beat later, .08 eight bars later. Some of it is the net's own error, which comes again
where the music does: habits count a little less."""


def shares(written: Written, quantities: int, seed: int) -> NDArray[np.float64]:
    """Numbers (quantities, N), each evenly spread over 0..1, alike where notes are near; the same for the same notes and `seed`.

    `quantities`: how many of velocity, timing and length, in this order.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    laws = DRUMS[:quantities] if written.is_drums else (PITCHED,) * quantities
    place, of = np.unique(ticks_of(written.onset_beat), return_inverse=True)
    steps_beats = np.diff(place) / TICKS
    level = _wandering(generator, steps_beats, [LEVEL_BEATS] * len(laws))[:, of]
    wander = _wandering(generator, steps_beats, [law.wander_beats for law in laws])[:, of]
    own = generator.standard_normal((quantities, len(written)))
    habit = _habit(written, generator, quantities) if written.is_drums else np.zeros_like(own)
    told = np.sqrt([[law.level, law.wander, law.habit, 1 - law.level - law.wander - law.habit] for law in laws])  # (quantities, parts)
    normal: Floats = np.einsum("qp,pqn->qn", told, np.stack((level, wander, habit, own)))
    found: NDArray[np.float64] = torch.special.ndtr(torch.from_numpy(normal)).numpy()
    return found


def _habit(written: Written, generator: np.random.Generator, rows: int) -> Floats:
    """Standard normal numbers (rows, N), one for each voice at each place in the felt beat.

    They are spread evenly over a take's notes (systematic sampling): a take of a few strokes that come again and again has soft and loud
    ones, as if it had many.
    """
    place = ticks_of(np.mod(written.bar_beat, written.pulse_beats))
    _, of, counts = np.unique(np.column_stack((voices_of(written.pitch), place)), axis=0, return_inverse=True, return_counts=True)
    found = np.empty((rows, len(written)))
    for row in found:
        order = generator.permutation(len(counts))
        share = np.empty(len(counts))
        share[order] = np.cumsum(counts[order]) - counts[order] * generator.random(len(counts))
        even = np.mod(share / max(1, len(written)) + generator.random(), 1.0)
        row[:] = torch.special.ndtri(torch.from_numpy(even)).numpy()[of.reshape(-1)]
    return found


def _wandering(generator: np.random.Generator, steps_beats: Floats, lengths_beats: Sequence[float]) -> Floats:
    """Standard normal numbers (lengths, places), each alike the one before by how near it is beside its row's length."""
    drawn = generator.standard_normal((len(lengths_beats), len(steps_beats) + 1))
    keeps = np.exp(-steps_beats / np.array(lengths_beats)[:, None])
    moves = np.sqrt(1 - keeps**2)
    for place in range(1, drawn.shape[1]):
        drawn[:, place] = keeps[:, place - 1] * drawn[:, place - 1] + moves[:, place - 1] * drawn[:, place]
    return drawn
