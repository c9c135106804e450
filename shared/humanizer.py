"""A trained humanizer: written notes in, a performance out. Knows nets and model folders; knows no MIDI files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shared.nets.phrase import PhraseNet
from shared.written import Performance, Written


@dataclass(frozen=True, slots=True)
class Calibration:
    """A player's level: what is added to the predictions, and how far they reach around their own middle."""

    velocity_shift: float = 0.0
    velocity_spread: float = 1.0
    onset_ms_shift: float = 0.0
    onset_ms_spread: float = 1.0
    log_ratio_shift: float = 0.0


class Humanizer:
    """`net` made ready to humanize tracks."""

    def __init__(self, net: PhraseNet, name: str = "") -> None:
        self.net, self.name = net.eval(), name

    def perform(self, written: Written, seed: int | None = None, calibration: Calibration | None = None) -> Performance:
        """How the net would play `written`: `seed` None: the likeliest middle of each note; else sampled, the same each time."""
        raise NotImplementedError

    def calibrate(self, written: Written, performance: Performance) -> Calibration:
        """What leads from the net's own playing of `written` to `performance`, a player's few bars of it; NaN values are left out."""
        raise NotImplementedError


def load_humanizer(name_or_folder: str | Path, adapter: str | Path | None = None) -> Humanizer:
    """The humanizer called `name_or_folder`, or in the folder of that path; `adapter` a style such as `jazz`, or a file.

    Raises ConfigError for an unknown name or style, CheckpointError where files are missing, damaged or of another kind.
    """
    raise NotImplementedError
