"""What the engine asks of a net: read steps, go back, score the three decisions. Knows no framework, no events, no sampling."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.tokens import Steps

Scores = NDArray[np.float32]


class Reader(Protocol):
    """Steps that a net has read one after another, and what it expects after the last one.

    `length` is how many those are; lowering it goes back, at no cost. Scores are unnormalised logarithms, one a class.
    """

    length: int

    def read(self, steps: Steps) -> None:
        """Read rows (T, F) after the first `length`. Raises ValueError where the context is full."""
        ...

    def onset(self) -> Scores:
        """Scores (ONSETS,) of the next note's onset, or of going on to the next frame."""
        ...

    def pitch(self, onset: int) -> Scores:
        """Scores (PITCHES,) of its pitch, given its onset."""
        ...

    def duration(self, onset: int, pitch: int) -> Scores:
        """Scores (DURATIONS,) of its duration class, given the other two."""
        ...


class Runner(Protocol):
    """A net made ready to play. `kind` names the arithmetic: two kinds may round a score differently and so choose another note."""

    @property
    def kind(self) -> str:
        """Such as `onnx-q8` or `torch-cuda`."""
        ...

    @property
    def context(self) -> int:
        """The most steps that a reader holds."""
        ...

    def reader(self) -> Reader:
        """A new reader that has read nothing. Readers of one runner share its weights and its thread."""
        ...
