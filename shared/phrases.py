"""Tracks cut into windows that overlap, and windows stacked into a batch. Knows places in a track; knows no music and no net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.features import CODE_SIZES, VALUES, Codes, Features, Values

MARGIN_SHARE = 0.125  # of a window, on either side: read, and left to the neighbour to predict


@dataclass(frozen=True, slots=True)
class Window:
    """Notes `start`..`end` of a track are read at once; what is predicted of `keep_start`..`keep_end` is kept."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def windows(count: int, context: int) -> list[Window]:
    """Windows of at most `context` notes over a track of `count`, each note kept once, with a margin on either side where there are notes.

    All are full where the track is long enough: the last one ends with the track.
    """
    if count <= context:
        return [Window(0, count, 0, count)] if count else []
    margin = int(MARGIN_SHARE * context)
    starts = [*range(0, count - context, max(1, context - 2 * margin)), count - context]
    cuts = [0, *(start + margin for start in starts[1:]), count]
    return [Window(start, start + context, *cuts[place : place + 2]) for place, start in enumerate(starts)]


@dataclass(frozen=True, slots=True)
class Stack:
    """B windows of up to T notes: `codes` (B, T, C), `values` (B, T, V), `mask` (B, T), true where there is a note."""

    codes: Codes
    values: Values
    mask: NDArray[np.bool_]


def stack(parts: Sequence[Features]) -> Stack:
    """One batch of `parts`, filled up with zeros to the longest."""
    shape = (len(parts), max((len(part) for part in parts), default=0))
    codes = np.zeros((*shape, len(CODE_SIZES)), dtype=np.int64)
    values = np.zeros((*shape, len(VALUES)), dtype=np.float32)
    mask = np.zeros(shape, dtype=np.bool_)
    for row, part in enumerate(parts):
        codes[row, : len(part)], values[row, : len(part)], mask[row, : len(part)] = part.codes, part.values, True
    return Stack(codes, values, mask)
