"""Made-up tracks of made-up players, divided into parts, for tests of the humanizer's training."""

from __future__ import annotations

import numpy as np

from shared.written import Performance
from tests.shared.made_tracks import groove, melody, played
from trainer.duv.manifest import Track


def take(number: int, part: str = "train", style: str = "rock", lag_ms: float = 0.0) -> Track:
    """A drummer's take of a bar or more, as late as `lag_ms`."""
    written = groove(2 + number % 3, style)
    human = played(written, number)
    lagging = Performance(human.velocity, human.onset_ms + lag_ms, np.full(len(written), np.nan))
    return Track(f"{style} {number}", "groove_midi", f"{style} {number}", part, written, lagging, "player")


def takes(count: int = 12, styles: tuple[str, ...] = ("rock", "jazz")) -> list[Track]:
    """Takes of some styles, jazz later than the others, a third of them held out."""
    return [take(n, "val" if n % 3 == 2 else "train", style, 25.0 if style == "jazz" else 0.0) for style in styles for n in range(count)]


def solo(number: int, part: str = "train", source: str = "pop909", velocity_from: str = "player") -> Track:
    """A pianist's line."""
    written = melody(40, number)
    return Track(f"solo {number}", source, f"solo {number}", part, written, played(written, number), velocity_from)
