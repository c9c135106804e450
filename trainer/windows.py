"""Windows of steps to learn from, drawn by chance from prepared pieces. Knows steps and shares; knows no net.

What a window holds follows from (seed, number of the batch, number in the batch) alone, so that a run that was killed goes on with
the very windows it would have seen, and several machines share a batch without speaking to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors import DataError
from shared.score import PITCH_RANGES
from shared.tokens import COLUMN, FIELDS, FRAME, TARGETS, Steps, crop, hidden_next, targets, transposed
from trainer.config import Role
from trainer.shards import Entry, Shards
from trainer.source import SOURCES

NEXT_KNOWN_SHARE, NEXT_UNKNOWN_SHARE = 0.5, 0.25
HORIZON_BEATS_MAX = 8
STYLE_UNKNOWN_SHARE = 0.3
_KIND, _PITCH, _STYLE = COLUMN["kind"], COLUMN["pitch"], COLUMN["style"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows (B, T, F) and targets (B, T, len(TARGETS)), int16; beyond a piece's end rows are 0 and targets -1."""

    rows: Steps
    targets: Steps


@dataclass(frozen=True, slots=True)
class _Piece:
    steps: Steps
    frames: NDArray[np.int64]  # indices of the steps at which a window may begin
    shifts: tuple[int, ...]  # transpositions that stay in the role's range


class Windows:
    """Training windows of `length` steps from `entries`, each entry as likely as its `weight` says."""

    def __init__(self, shards: Shards, entries: Sequence[Entry], weights: Sequence[float], length: int, seed: int) -> None:
        if not entries or sum(weights) <= 0:
            raise DataError(f"{shards.folder}: no piece to learn from in the training part; prepare more music")
        keys = range(-6, 6) if shards.manifest.transpose_all_keys else range(1)
        self._pieces = [_read(shards, entry, keys) for entry in entries]
        self._chances = np.cumsum(weights) / np.sum(weights)
        self._length = length
        self._seed = seed

    def batch(self, number: int, size: int) -> Batch:
        """The `number`-th batch, of `size` windows."""
        drawn = [self._draw(np.random.Generator(np.random.Philox(key=[self._seed, number * size + place]))) for place in range(size)]
        return _stacked(drawn, self._length)

    def _draw(self, chance: np.random.Generator) -> Steps:
        piece = self._pieces[int(np.searchsorted(self._chances, chance.random(), side="right"))]
        # A piece's beginning is drawn more often than its share: live, every solo begins with one.
        start = int(piece.frames[chance.integers(len(piece.frames))]) if chance.random() > 0.1 else 0
        rows = transposed(crop(piece.steps, start, start + self._length), int(chance.choice(piece.shifts)))
        seen = chance.random()
        if seen >= NEXT_KNOWN_SHARE:
            rows = hidden_next(rows, -1 if seen < NEXT_KNOWN_SHARE + NEXT_UNKNOWN_SHARE else int(chance.integers(HORIZON_BEATS_MAX)))
        if chance.random() < STYLE_UNKNOWN_SHARE:
            rows[:, _STYLE] = 0
        return rows


def base_weights(entries: Sequence[Entry], shares: Mapping[Role, float], jazz_share: float) -> list[float]:
    """How likely a window comes from each entry: by its length, within the shares of its role and of jazz in it."""
    groups: dict[tuple[str, bool], int] = {}
    for entry in entries:
        key = entry.role, SOURCES[entry.source].jazz
        groups[key] = groups.get(key, 0) + entry.steps
    by_role = {str(role): share for role, share in shares.items()}
    weights = []
    for entry in entries:
        jazz = SOURCES[entry.source].jazz
        share = (jazz_share if jazz else 1 - jazz_share) if (entry.role, not jazz) in groups else 1.0
        weights.append(by_role.get(entry.role, 0.0) * share * entry.steps / groups[entry.role, jazz])
    return weights


def whole(shards: Shards, entries: Sequence[Entry], length: int, size: int) -> Iterator[Batch]:
    """All of `entries`, one window after another, in their own key with every next chord known; batches of up to `size` windows."""
    windows = []
    for entry in entries:
        steps = shards.steps(entry)
        frames = np.flatnonzero(steps[:, _KIND] == FRAME)
        start = 0
        while start < len(steps) - 1:
            windows.append(crop(steps, start, start + length))
            if start + length >= len(steps):
                break
            # The last steps of a window that ends between two frames come again at the head of the next.
            start = int(frames[np.searchsorted(frames, start + length, side="right") - 1])
    for first in range(0, len(windows), size):
        yield _stacked(windows[first : first + size], length)


def _read(shards: Shards, entry: Entry, keys: range) -> _Piece:
    steps = shards.steps(entry)
    pitches = steps[steps[:, _PITCH] > 0, _PITCH] - 1
    low, high = PITCH_RANGES[entry.role]
    fitting = [shift for shift in keys if not len(pitches) or (low <= pitches.min() + shift and pitches.max() + shift <= high)]
    return _Piece(steps, np.flatnonzero(steps[:, _KIND] == FRAME), tuple(fitting) or (0,))


def _stacked(windows: Sequence[Steps], length: int) -> Batch:
    rows = np.zeros((len(windows), length, len(FIELDS)), dtype=np.int16)
    wanted = np.full((len(windows), length, len(TARGETS)), -1, dtype=np.int16)
    for index, window in enumerate(windows):
        rows[index, : len(window)] = window
        wanted[index, : len(window)] = targets(window)
    return Batch(rows, wanted)
