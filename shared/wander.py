"""How a player's deviations hang together: slow wanderings, drawn by seed, as shares between 0 and 1. Knows onsets; knows no distributions.

Each note's deviation is one standard normal number: a level that hardly changes through a take, a wandering over some beats that all notes
of a chord share, and a part of its own; their squares add up to 1, so that however they hang together each note keeps its own distribution
(a Gaussian copula, Nelsen 2006). Both slow parts are autoregressive: what is `beats` away counts exp(-beats / its length).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from shared.surroundings import TICKS, ticks_of
from shared.written import Floats, Written

LEVEL_BEATS = 128.0
WANDER_BEATS = 4.0
LEVEL_SHARE = 0.25
WANDER_SHARE = 0.25
"""What share of a deviation's variance is the take's level, and the wandering; the rest is the note's own."""


def shares(written: Written, quantities: int, seed: int) -> NDArray[np.float64]:
    """Numbers (quantities, N), each evenly spread over 0..1, alike where notes are near; the same for the same onsets and `seed`."""
    generator = np.random.Generator(np.random.PCG64(seed))
    place, of = np.unique(ticks_of(written.onset_beat), return_inverse=True)
    steps_beats = np.diff(place) / TICKS
    parts = [
        math.sqrt(share) * _wandering(generator, quantities, steps_beats, length, len(place))[:, of]
        for share, length in ((LEVEL_SHARE, LEVEL_BEATS), (WANDER_SHARE, WANDER_BEATS))
    ]
    own = math.sqrt(1 - LEVEL_SHARE - WANDER_SHARE) * generator.standard_normal((quantities, len(written)))
    normal: Floats = parts[0] + parts[1] + own
    found: NDArray[np.float64] = torch.special.ndtr(torch.from_numpy(normal)).numpy()
    return found


def _wandering(generator: np.random.Generator, rows: int, steps_beats: Floats, length_beats: float, places: int) -> Floats:
    """Standard normal numbers (rows, places), each alike the one before by how near it is."""
    drawn = generator.standard_normal((rows, places))
    keeps = np.exp(-steps_beats / length_beats)
    moves = np.sqrt(1 - keeps**2)
    for place in range(1, places):
        drawn[:, place] = keeps[place - 1] * drawn[:, place - 1] + moves[place - 1] * drawn[:, place]
    return drawn
