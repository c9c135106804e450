"""Negative log-likelihood by kind of decision, and how sure a difference between two models is. Knows no model and no music."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

KINDS = ("onset", "pitch", "duration")
DRAWS = 2000
SEED = 1


@dataclass(frozen=True, slots=True)
class Nats:
    """Nats summed over `notes` notes, by kind of decision. Going on to the next frame is an `onset` decision too."""

    onset: float
    pitch: float
    duration: float
    notes: int

    @property
    def total(self) -> float:
        """Nats of all decisions."""
        return self.onset + self.pitch + self.duration

    @property
    def figures(self) -> dict[str, float]:
        """Nats for each note, in all and by kind (the kinds add up), and the number of notes."""
        shares = {kind: getattr(self, kind) / max(1, self.notes) for kind in KINDS}
        return {"per_note": self.total / max(1, self.notes), **shares, "notes": self.notes}


@dataclass(frozen=True, slots=True)
class Gain:
    """How many percent fewer nats a note one model needs than another, with the bounds of the 95 % interval."""

    percent: float
    low: float
    high: float

    @property
    def shown(self) -> str:
        """For people: `+12.34 % (11.02 to 13.51)`."""
        return f"{self.percent:+.2f} % ({self.low:.2f} to {self.high:.2f})"


def total(pieces: Iterable[Nats]) -> Nats:
    """The sum over pieces."""
    onset, pitch, duration, notes = 0.0, 0.0, 0.0, 0
    for piece in pieces:
        onset, pitch, duration, notes = onset + piece.onset, pitch + piece.pitch, duration + piece.duration, notes + piece.notes
    return Nats(onset, pitch, duration, notes)


def gain(before: Sequence[Nats], after: Sequence[Nats]) -> Gain:
    """What `after` gains over `before`, measured on the same pieces in the same order.

    The interval is that of a percentile bootstrap that draws whole pieces: Efron and Tibshirani, *An Introduction to the
    Bootstrap*, 1993. Notes of one solo resemble each other, so pieces and not notes are what is drawn.
    """
    pairs = np.array([(one.total, other.total) for one, other in zip(before, after, strict=True)])  # (pieces, 2)
    draws = np.random.default_rng(SEED).integers(len(pairs), size=(DRAWS, len(pairs)))
    sums = pairs[draws].sum(1)  # (draws, 2)
    low, high = np.percentile(100.0 * (1.0 - sums[:, 1] / sums[:, 0]), (2.5, 97.5))
    whole = pairs.sum(0)
    return Gain(float(100.0 * (1.0 - whole[1] / whole[0])), float(low), float(high))
