"""How each instrument's humanizer is used: its model, which tracks it is for, how much of it is taken. Knows no nets and no training.

The values stand in `config/duv/default.yaml` and, laid over it, `config/duv/<instrument>.yaml`, beside those for training.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from shared.settings import LongName, Name, shipped_part

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
DUV_INSTRUMENTS = ("drums", "bass", "guitar", "keys", "strings")
"""The instruments that have a model of their own."""
PITCHED = "pitched"
"""Names the settings of the model of all pitched instruments, which plays those that have none of their own: solo winds and the like."""


class Intensities(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each quantity's prediction is taken; null: as `intensity` says."""

    velocity: Share | None
    duration: Share | None
    timing: Share | None


class DuvUse(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's humanizer: the model's `name`, the `intensity` of its predictions, and the names of tracks that it is for.

    `keep_level`: a track stays as loud on average as it is, and the model shapes it; for models whose loudness is no player's.
    """

    name: Name
    instrument: Name
    intensity: Share
    intensities: Intensities
    include_regex: LongName
    keep_level: bool

    def __post_init__(self) -> None:
        try:
            re.compile(self.include_regex)
        except re.error as error:
            raise ValueError(f"include_regex: {error}") from None


def load_duv_use(instrument: str) -> DuvUse:
    """The shipped settings of an instrument's humanizer. Raises ConfigError."""
    return shipped_part(DuvUse, "duv/default.yaml", f"duv/{instrument}.yaml")


def load_duv_uses() -> dict[str, DuvUse]:
    """The shipped settings of every instrument that may be humanized, by instrument. Raises ConfigError."""
    return {use.instrument: use for use in map(load_duv_use, (*DUV_INSTRUMENTS, PITCHED))}
