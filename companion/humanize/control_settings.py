"""What the rules before the humanizer may do, and in which range: `config/controls/<instrument>.yaml` holds every value. Knows no notes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from shared.errors import ConfigError
from shared.settings import laid_on_shipped, read_values

USUAL = "usual"
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=200)]
Shift = Annotated[float, msgspec.Meta(ge=-100, le=100)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Pitch = Annotated[int, msgspec.Meta(ge=0, le=127)]


class _Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every rule's settings; none of them has a default."""


class Quantise(_Rule, frozen=True):
    """Notes go `strength` of the way to the nearest grid place; the grid holds the beat's `divisions` (4: sixteenths, 3: triplets)."""

    strength: Share
    divisions: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=24)], ...], msgspec.Meta(min_length=1, max_length=8)]


class Swing(_Rule, frozen=True):
    """Upbeats of `unit` come later, `amount` times as far as human soloists place them at the tempo; 0 straight, 1 human."""

    amount: Annotated[float, msgspec.Meta(ge=0, le=4)]
    unit: Literal["eighth", "sixteenth"]


class Strum(_Rule, frozen=True):
    """Notes that begin within `within_ms` are one chord, spread over `spread_ms` with up to `jitter_ms` of chance for each note."""

    within_ms: Milliseconds
    spread_ms: Milliseconds
    jitter_ms: Milliseconds
    direction: Literal["low_first", "high_first", "alternate"]


class PedalLift(_Rule, frozen=True):
    """The sustain pedal goes down `down_ms` after a chord, as the chord comes out at last, and is lifted `lift_ms` before the next, after
    `hold_beats` at the latest.
    """

    within_ms: Milliseconds
    lift_ms: Milliseconds
    down_ms: Milliseconds
    hold_beats: Annotated[float, msgspec.Meta(gt=0, le=64)]


class Lag(_Rule, frozen=True):
    """One lag for the whole track, drawn between `from_ms` and `to_ms`."""

    from_ms: Shift
    to_ms: Shift

    def __post_init__(self) -> None:
        if self.to_ms < self.from_ms:
            raise ValueError("to_ms: expected no less than from_ms")


class Ghosts(_Rule, frozen=True):
    """A note is preceded by a soft one with chance `chance`, `before_ms` before it, `velocity` times as loud, where `room_ms` are free."""

    chance: Share
    before_ms: Milliseconds
    length_ms: Annotated[float, msgspec.Meta(gt=0, le=200)]
    room_ms: Milliseconds
    velocity: Share


class Push(_Rule, frozen=True):
    """Kick and snare ahead of (-) or behind (+) the beat."""

    kick_ms: Shift
    snare_ms: Shift


class Flams(_Rule, frozen=True):
    """A snare stroke is preceded by a softer one with chance `chance`, `from_ms` to `to_ms` before it, where `room_ms` are free."""

    chance: Share
    from_ms: Milliseconds
    to_ms: Milliseconds
    room_ms: Milliseconds
    velocity: Share

    def __post_init__(self) -> None:
        if self.to_ms < self.from_ms:
            raise ValueError("to_ms: expected no less than from_ms")


class Controls(_Rule, frozen=True):
    """All rules of one instrument, null where one is off. Notes between the pitches of `key_switches` are never touched by anything."""

    key_switches: Annotated[tuple[tuple[Pitch, Pitch], ...], msgspec.Meta(max_length=16)]
    quantise: Quantise | None
    swing: Swing | None
    strum: Strum | None
    pedal: PedalLift | None
    lag: Lag | None
    ghosts: Ghosts | None
    push: Push | None
    flams: Flams | None


class ControlFile(msgspec.Struct, frozen=True, kw_only=True):
    """A user's file: the rules for each instrument that is to have any, laid over the shipped ones."""

    drums: Controls | None = None
    bass: Controls | None = None
    guitar: Controls | None = None
    keys: Controls | None = None
    strings: Controls | None = None
    lead: Controls | None = None


INSTRUMENTS = ControlFile.__struct_fields__


@cache
def usual_controls(instrument: str) -> Controls:
    """The shipped rules of an instrument. Raises ConfigError."""
    return laid_controls(instrument, {}, f"config/controls/{instrument}.yaml")


def laid_controls(instrument: str, values: dict[str, Any], where: str) -> Controls:
    """The shipped rules of an instrument with `values` laid over them. Raises ConfigError, which names `where`."""
    if instrument not in INSTRUMENTS:
        raise ConfigError(f"{where}: no rules for {instrument}; there are {', '.join(INSTRUMENTS)}")
    return laid_on_shipped(Controls, f"controls/{instrument}.yaml", values, where)


def load_controls(name: str) -> dict[str, Controls]:
    """Rules by instrument: the shipped ones of all instruments for `usual`, else those of the file of that path. Raises ConfigError."""
    if name == USUAL:
        return {instrument: usual_controls(instrument) for instrument in INSTRUMENTS}
    values = read_values(ControlFile, Path(name))
    return {instrument: laid_controls(instrument, said or {}, f"{name}: {instrument}") for instrument, said in values.items()}
