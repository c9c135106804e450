"""What reading a source for the humanizer gives: tracks, and what was left out with the reason. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.duv.manifest import Track
from trainer.reading import Dropped

# Fewer notes than this tell nothing of how somebody plays.
NOTES_MIN = 8


@dataclass(frozen=True, slots=True)
class TrackReading:
    """All that was found in one source. Tracks whose source does not divide its takes itself have the part `UNDIVIDED`."""

    tracks: tuple[Track, ...]
    dropped: tuple[Dropped, ...] = ()


UNDIVIDED = ""
