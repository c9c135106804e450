"""What reading a source gives: the pieces, and what was left out with the reason. Knows no format."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trainer.piece import Piece


def printable(text: str) -> str:
    """`text` as it can be written down: names of files may hold bytes that are no text, each of which becomes U+FFFD."""
    return os.fsencode(text).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A piece that was left out, and why, in words for people."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was found in one source."""

    pieces: tuple[Piece, ...]
    dropped: tuple[Dropped, ...] = ()
