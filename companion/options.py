"""What a user asked for on the command line, checked: one record for each thing that the companion can do. Knows no parsing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.settings import Settings

Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True, slots=True)
class ChartText:
    """A chord chart that has been read and proved good: its `text`, and `origin` (`--chart` or the file's name) for messages."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """A live jam. `settings` already hold the command line's role, temperature and swing.

    `model` is a name that `companion models` lists. `bridge` is the endpoint of a bridge that runs elsewhere, `keys` the
    folder with the keys that it asks for (None on this machine); `bridge` None: start one. `out` is the folder for the
    jam's files; None: nothing is kept.
    """

    model: str
    chart: ChartText | None
    seed: int
    device: Device
    bridge: str | None
    keys: Path | None
    out: Path | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """A jam with the simulated FL Studio, `bars` long at `tempo_bpm`, written to the folder `out`.

    `offline` plays on the offline clock, as fast as the machine allows.
    """

    model: str
    offline: bool
    bars: int
    tempo_bpm: float
    seed: int
    device: Device
    out: Path
    settings: Settings


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """A measured live session of `seconds`, its figures written to the file `json` if there is one.

    `load` further processes keep other cores busy meanwhile.
    """

    model: str
    seconds: float
    load: int
    seed: int
    device: Device
    json: Path | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Play the event log `log` again and write what comes of it to the folder `out`."""

    log: Path
    device: Device
    out: Path
    settings: Settings
