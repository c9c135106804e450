"""What the humanizer sees of a written track: codes and numbers for each note. Knows metre and kit; knows nothing of how notes are played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.written import Written

Codes = NDArray[np.int64]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """N notes as a net reads them: `codes` (N, C), each below its column's size in `CODE_SIZES`, and `values` (N, V) by `VALUES`.

    The first value is the onset in quarters from the track's start: the place for attention, of which only differences count.
    """

    codes: Codes
    values: Values

    def __len__(self) -> int:
        return len(self.codes)


def features(written: Written) -> Features:
    """The features of a whole track, any length. Cut into windows afterwards (`shared.phrases`), so that no edge is taken for an end."""
    raise NotImplementedError


def features_hash() -> str:
    """A fingerprint of everything that gives the numbers their meaning: weights of other features are of no use here."""
    raise NotImplementedError
