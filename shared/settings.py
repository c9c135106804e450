"""Settings: what may be set, in which range, and how a YAML file becomes checked values. Knows no command line.

The shipped file in `config/` names every setting and is the only place where its usual value stands. A user's file is
laid over it and names only what it changes; whatever it names must exist.
"""

from __future__ import annotations

import difflib
import importlib.resources
import math
import re
import types
import typing
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

from shared.errors import ConfigError
from shared.score import Conditioning
from shared.swing import swing_wish

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
LongName = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
"""A path, or a regular expression: longer than anybody would call a thing."""
TempoTable = Annotated[tuple[tuple[float, float], ...], msgspec.Meta(min_length=1)]
MidiApi = Literal["auto", "alsa", "jack", "coremidi", "winmm"]
_ENDPOINT = r"^tcp://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}$"


class _Section(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every group of settings; none of them has a default."""


class LinkSettings(_Section, frozen=True):
    """`endpoint`: the ZeroMQ address `tcp://HOST:PORT` where bridge and companion meet."""

    endpoint: str

    def __post_init__(self) -> None:
        check_endpoint(self.endpoint)


class PortSettings(_Section, frozen=True):
    """Names of the three MIDI ports, which must differ, and the MIDI system that makes them."""

    link_in: Name
    link_out: Name
    notes: Name
    api: MidiApi

    def __post_init__(self) -> None:
        if len({self.link_in, self.link_out, self.notes}) < 3:
            raise ValueError("link_in, link_out and notes need three different names")


class PlanSettings(_Section, frozen=True):
    """How far the plan reaches: in bars, at least `floor_beats` quarter notes, never nearer to now than `guard_ms`."""

    bars_ahead: Annotated[int, msgspec.Meta(ge=1, le=8)]
    floor_beats: Annotated[float, msgspec.Meta(ge=0, le=4)]
    guard_ms: Annotated[float, msgspec.Meta(ge=0, le=200)]


class HarmonySettings(_Section, frozen=True):
    """When held notes become a chord: milliseconds to wait for its other notes, and in which notes are one rolled chord."""

    settle_ms: Annotated[float, msgspec.Meta(ge=0, le=100)]
    roll_ms: Annotated[float, msgspec.Meta(ge=0, le=1000)]


class SoloSettings(_Section, frozen=True):
    """What is played (`role`, `feel`, `style` as in `shared.score`) and how daringly (`temperature`, `top_p`).

    `swing`: how far upbeats swing where the feel does, `auto` as soloists do at the tempo, `free` as the model has it, or a ratio.
    """

    role: str
    feel: str
    style: str
    swing: str | float
    temperature: Annotated[float, msgspec.Meta(ge=0.05, le=5)]
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)]

    def __post_init__(self) -> None:
        self.conditioning(120.0)
        swing_wish(self.swing)

    def conditioning(self, tempo_bpm: float) -> Conditioning:
        """What the player is asked to be at a tempo. Raises ValueError for an unknown role, feel or style."""
        return Conditioning(role=self.role, tempo_bpm=tempo_bpm, feel=self.feel, style=self.style)


class TouchIntensities(_Section, frozen=True):
    """How far each quantity goes from what the rules say (0) to what the humanizer says (1)."""

    velocity: Annotated[float, msgspec.Meta(ge=0, le=1)]
    duration: Annotated[float, msgspec.Meta(ge=0, le=1)]
    timing: Annotated[float, msgspec.Meta(ge=0, le=1)]


class TouchSettings(_Section, frozen=True):
    """How notes are played. `humanizer`: who says it, `auto`, the name of an installed humanizer or `rules`; `intensities`: how much.

    The rules' loudness (MIDI velocity) and lag behind the beat: `lag_ms` holds pairs of tempo in BPM and milliseconds, tempo ascending.
    """

    humanizer: Name
    intensities: TouchIntensities
    velocity: Annotated[int, msgspec.Meta(ge=1, le=127)]
    accent: Annotated[int, msgspec.Meta(ge=0, le=63)]
    lag_ms: TempoTable

    def __post_init__(self) -> None:
        tempos = [tempo for tempo, _ in self.lag_ms]
        if any(after <= before for before, after in pairwise(tempos)):
            raise ValueError("lag_ms: expected tempos that ascend")
        if any(not 0 <= lag <= 190 for _, lag in self.lag_ms):
            raise ValueError("lag_ms: expected 0..190 milliseconds behind the beat")

    def lag_ms_at(self, tempo_bpm: float) -> float:
        """Milliseconds behind the beat at a tempo: linear between the table's rows, constant beyond its ends."""
        tempos = [tempo for tempo, _ in self.lag_ms]
        after = bisect_left(tempos, tempo_bpm)
        if after == 0:
            return self.lag_ms[0][1]
        if after == len(tempos):
            return self.lag_ms[-1][1]
        (low_bpm, low_ms), (high_bpm, high_ms) = self.lag_ms[after - 1], self.lag_ms[after]
        return low_ms + (high_ms - low_ms) * (tempo_bpm - low_bpm) / (high_bpm - low_bpm)


class RecordSettings(_Section, frozen=True):
    """Whether jams are kept, and in which folder (`~` is the user's home)."""

    keep: bool
    folder: Name

    @property
    def path(self) -> Path:
        """The folder, with the home folder filled in."""
        return Path(self.folder).expanduser()


class Settings(_Section, frozen=True):
    """Everything that `companion.yaml` sets."""

    link: LinkSettings
    ports: PortSettings
    plan: PlanSettings
    harmony: HarmonySettings
    solo: SoloSettings
    touch: TouchSettings
    record: RecordSettings


SettingsKind = TypeVar("SettingsKind", bound=msgspec.Struct)


def load_settings(path: Path | None = None) -> Settings:
    """The companion's settings: the shipped ones, with the user's file at `path` laid over them.

    Raises ConfigError for a file that cannot be read, an unknown key, or a value of the wrong type or range.
    """
    return load(Settings, "companion.yaml", path)


def load(kind: type[SettingsKind], shipped: str, path: Path | None, preset: str | None = None) -> SettingsKind:
    """Settings of any `kind`: `config/<shipped>`, over it `config/<preset>`, over that the user's file at `path`. Raises ConfigError."""
    values: dict[str, Any] = {}
    for name in (shipped, preset):
        if name is not None:
            values = _laid_over(values, _read(kind, _shipped_text(name), f"config/{name}"))
    if path is None:
        return _checked(kind, values, f"config/{preset or shipped}")
    return _checked(kind, _laid_over(values, read_values(kind, path)), str(path))


def read_values(kind: type[msgspec.Struct], path: Path) -> dict[str, Any]:
    """What the user's file at `path` says, its keys known to `kind`, its values not yet checked. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text file in UTF-8"
        raise ConfigError(f"{path}: cannot be read as settings: {reason}") from None
    return _read(kind, text, str(path))


def laid_on_shipped(kind: type[SettingsKind], shipped: str, values: dict[str, Any], where: str) -> SettingsKind:
    """Settings of any `kind`: `config/<shipped>` with `values` laid over it. Raises ConfigError, which names `where`."""
    return _checked(kind, _laid_over(_read(kind, _shipped_text(shipped), f"config/{shipped}"), values), where)


def shipped_part(kind: type[SettingsKind], *shipped: str) -> SettingsKind:
    """What the files `config/<shipped>`, each laid over the one before, say of `kind`; they may say more. Raises ConfigError."""
    values: dict[str, Any] = {}
    for name in shipped:
        values = _laid_over(values, yaml.safe_load(_shipped_text(name)))
    return _checked(kind, {key: value for key, value in values.items() if key in kind.__struct_fields__}, f"config/{shipped[-1]}")


def check_endpoint(endpoint: str) -> None:
    """Raise ValueError unless `endpoint` is `tcp://HOST:PORT` with a port 1..65535."""
    if re.match(_ENDPOINT, endpoint) is None or not 1 <= int(endpoint.rsplit(":", 1)[1]) <= 65535:
        raise ValueError(f"endpoint {endpoint!r}: expected tcp://HOST:PORT such as tcp://127.0.0.1:17817")


def _shipped_text(name: str) -> str:
    try:
        return importlib.resources.files("config").joinpath(name).read_text(encoding="utf-8")
    except (OSError, ModuleNotFoundError):
        raise ConfigError(f"config/{name} is missing from the installation; install JamBot again: pip install .") from None


def _read(kind: type[msgspec.Struct], text: str, where: str) -> dict[str, Any]:
    """The values of one YAML text, its keys checked against `kind`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ConfigError(f"{where}{place}: this is no YAML: {getattr(error, 'problem', None) or error}") from None
    if node is None:
        return {}
    _check_keys(kind, node, where, "")
    checked: dict[str, Any] = values
    return checked


def _check_keys(kind: type[msgspec.Struct], node: yaml.Node, where: str, path: str) -> None:
    place = f"{where} line {node.start_mark.line + 1}"
    accepted = ", ".join(kind.__struct_fields__)
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{place}: {path or 'the file'} needs `key: value` lines with keys from {accepted}")
    sections = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for key, here, place, value_node in _named(node, where, path, "keep one of the two"):
        if key not in sections:
            near = difflib.get_close_matches(key, sections, n=1)
            hint = f"; did you mean {near[0]}?" if near else ";"
            raise ConfigError(f"{place}: {here} is no setting{hint} Accepted: {accepted}")
        _check_value(sections[key], value_node, where, here)


def _check_value(kind: Any, node: yaml.Node, where: str, path: str) -> None:
    """Check the keys inside a value that is a group of settings, such a group or null, or several groups by name."""
    if isinstance(kind, types.UnionType):
        if node.tag == "tag:yaml.org,2002:null":
            return
        kind = next((option for option in kind.__args__ if option is not types.NoneType), kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        _check_keys(kind, node, where, path)
    elif typing.get_origin(kind) is dict and isinstance(node, yaml.MappingNode):
        for _, here, _, value_node in _named(node, where, path, "keep one, or put the other into a group of another name"):
            _check_value(typing.get_args(kind)[1], value_node, where, here)


def _named(node: yaml.MappingNode, where: str, path: str, mend: str) -> Iterator[tuple[str, str, str, yaml.Node]]:
    """Key, path, file with line, and value of each line in `node`. Raises ConfigError, with `mend`, for a key that is there twice: of those
    YAML keeps the last and says nothing.
    """
    seen = set()
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here, place = f"{path}.{key}" if path else key, f"{where} line {key_node.start_mark.line + 1}"
        if key in seen:
            raise ConfigError(f"{place}: {here} is set twice; {mend}")
        seen.add(key)
        yield key, here, place, value_node


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` with every value that `above` names, group by group."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        merged[key] = _laid_over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _checked(kind: type[SettingsKind], values: dict[str, Any], where: str) -> SettingsKind:
    infinite = _not_finite(values, "")
    if infinite is not None:
        raise ConfigError(f"{where}: {infinite}: expected a finite number")
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        reason, _, at = str(error).replace("`", "").partition(" - at $.")
        found = _value_at(values, at)
        shown = "" if isinstance(found, dict) or found is None else f", found {found!r}"
        raise ConfigError(f"{where}: {at + ': ' if at else ''}{reason[:1].lower()}{reason[1:]}{shown}") from None


def _not_finite(value: object, path: str) -> str | None:
    """The path of the first float that is infinite or no number; range checks let NaN through."""
    if isinstance(value, float) and not math.isfinite(value):
        return path
    children: list[tuple[str, object]] = []
    if isinstance(value, dict):
        children = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        children = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    found = (_not_finite(item, at) for at, item in children)
    return next((at for at in found if at is not None), None)


def _value_at(values: object, path: str) -> object:
    """The value at a path such as `touch.lag_ms[0][1]`, None where there is none."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(values, dict):
            values = values.get(step)
        elif isinstance(values, list) and step.isdigit() and int(step) < len(values):
            values = values[int(step)]
        else:
            return None
    return values
