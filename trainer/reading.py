"""What reading a source gives: the pieces, and what was left out with the reason. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.piece import Piece


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
