"""What a simulated FL Studio shall do: its song and the user's actions, as JSON. Knows no ports and no passing time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from companion.sim.machine import Machine
from shared.errors import DataError
from shared.messages import Pitch, TempoBpm, Velocity
from shared.music import Meter

Beats = Annotated[float, msgspec.Meta(ge=0, le=100000)]
Chord = tuple[Beats, Annotated[float, msgspec.Meta(gt=0, le=4096)], tuple[Pitch, ...], Velocity]


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that the user does, `at_sec` after the timeline's begin. `values` are its arguments, see `_ACTIONS`."""

    at_sec: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0
    do: str
    values: tuple[float, ...] = ()


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A song and a timeline. `chords` are (onset_beat, duration_beat, pitches, velocity).

    The timeline begins when the script first hears the bridge ("connected") or at once ("now"); `quit` ends the program.
    """

    seed: int = 0
    tempo_bpm: TempoBpm = 120.0
    meter: tuple[int, int] = (4, 4)
    song_mode: bool = False
    pattern_beats: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 16
    jitter_ms: Annotated[float, msgspec.Meta(ge=0, le=20)] = 1.0
    own_keyboard_script: bool = False
    chords: tuple[Chord, ...] = ()
    actions: tuple[Action, ...] = ()
    begin: Literal["connected", "now"] = "connected"

    def machine(self, start_sec: float) -> Machine:
        """The machine that this scenario describes. Raises DataError for a metre or an action that cannot be."""
        for action in self.actions:
            bound(action)
        try:
            meter = Meter(*self.meter)
        except ValueError as error:
            raise DataError(f"scenario: {error}") from None
        return Machine(
            seed=self.seed,
            tempo_bpm=self.tempo_bpm,
            meter=meter,
            song=self.chords,
            song_mode=self.song_mode,
            pattern_beats=self.pattern_beats,
            jitter_ms=self.jitter_ms,
            own_keyboard_script=self.own_keyboard_script,
            start_sec=start_sec,
        )


_ACTIONS: dict[str, tuple[int, Callable[..., None]]] = {
    "play": (0, lambda machine: machine.play()),
    "stop": (0, lambda machine: machine.stop()),
    "seek": (1, lambda machine, beat: machine.seek(beat)),
    "set_tempo": (1, lambda machine, bpm: machine.set_tempo(min(400.0, max(20.0, bpm)))),
    "set_meter": (2, lambda machine, numerator, denominator: machine.set_meter(Meter(int(numerator), int(denominator)))),
    "set_pattern": (2, lambda machine, pattern, beats: machine.set_pattern(int(pattern), max(1, int(beats)))),
    "set_loop_mode": (1, lambda machine, song: machine.set_loop_mode(bool(song))),
    "keys": (3, lambda machine, on, pitch, velocity: machine.keys(bool(on), int(pitch) & 127, int(velocity) & 127)),
    "open_project": (1, lambda machine, load_sec: machine.open_project(load_sec)),
    "reload_script": (0, lambda machine: machine.reload_script()),
    "unload": (0, lambda machine: machine.unload()),
    "freeze": (1, lambda machine, sec: machine.freeze(sec)),
    "quit": (0, lambda machine: None),
}


def bound(action: Action) -> Callable[[Machine], None]:
    """What an action does to a machine. Raises DataError for an unknown name or a wrong number of values."""
    known = _ACTIONS.get(action.do)
    if known is None:
        raise DataError(f"scenario: {action.do!r} is no action; accepted: {', '.join(_ACTIONS)}")
    count, work = known
    if len(action.values) != count:
        raise DataError(f"scenario: {action.do} takes {count} values, found {len(action.values)}")
    if action.do == "set_meter":
        try:
            Meter(*map(int, action.values))
        except ValueError as error:
            raise DataError(f"scenario: {error}") from None
    return lambda machine: work(machine, *action.values)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a JSON file. Raises DataError with the place for anything else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Scenario)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: no scenario: {error}") from None


def read_action(line: bytes) -> Action:
    """The action in a line of JSON. Raises DataError for anything else."""
    try:
        action = msgspec.json.decode(line, type=Action)
    except msgspec.DecodeError as error:
        raise DataError(f"action {line[:80]!r}: {error}") from None
    bound(action)
    return action
