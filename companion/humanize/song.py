"""What is to be done with which tracks in which bars: told by the command line, or by a song's file. Knows settings; knows no notes.

    sections:
      verse:
        bars: 1-8
        instruments:
          drums: {controls: {flams: {chance: 0.1}}, duv: {style: funk, intensity: 0.7}}
          bass: {include: "(?i)sub", duv: {like: my_bass.mid}}

Where bars of a track belong to two sections the first counts; one instrument in two ways is two sections with the same bars.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from companion.humanize.control_settings import Controls, laid_controls, usual_controls
from companion.humanize.like import Take, read_take
from companion.humanize.notes import Intensity
from companion.humanize.parts import Part
from shared.duv_settings import DuvUse, Share
from shared.errors import ConfigError
from shared.settings import LongName, read_values
from shared.written import INSTRUMENTS, PLAYING_STYLES, UNKNOWN_STYLE

_BARS = re.compile(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?")


class DuvWish(msgspec.Struct, frozen=True, kw_only=True):
    """The humanizer for one instrument; what is not said is as `config/duv` says. `intensity` is for quantities without their own.

    `like`: a MIDI file of a player's own bars, sought from the folder of the song's file.
    """

    model: LongName | None = None
    style: str = UNKNOWN_STYLE
    intensity: Share | None = None
    velocity: Share | None = None
    duration: Share | None = None
    timing: Share | None = None
    keep_accents: bool = False
    like: LongName | None = None

    def __post_init__(self) -> None:
        if self.style not in PLAYING_STYLES:
            raise ValueError(f"style {self.style}: expected one of {', '.join(PLAYING_STYLES)}")

    @property
    def model_name(self) -> str | None:
        """The model's name, also where a folder is said."""
        return None if self.model is None else Path(self.model).name

    def strength(self, use: DuvUse) -> Intensity:
        """How much of each quantity is taken, where `use` says what is usual."""
        usual, own = use.intensities, (self.velocity, self.duration, self.timing)
        shares = []
        for said, shipped in zip(own, (usual.velocity, usual.duration, usual.timing), strict=True):
            otherwise = self.intensity if self.intensity is not None else use.intensity if shipped is None else shipped
            shares.append(otherwise if said is None else said)
        return Intensity(*shares)


class InstrumentWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is done for an instrument. Without `include` to the tracks that are taken for it, with it to all whose names match; not to
    those that `exclude` matches. Without `controls` no rules, without `duv` no humanizer; `{}` is the shipped ones.
    """

    include: LongName | None = None
    exclude: LongName | None = None
    controls: Controls | None = None
    duv: DuvWish | None = None


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Bars from the first to the last, such as 1-8, and what is done in them."""

    bars: Annotated[str, msgspec.Meta(max_length=20)] | int
    instruments: dict[str, InstrumentWish]


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """A song's file."""

    sections: dict[str, Section]


@dataclass(frozen=True, slots=True)
class BarRange:
    """Bars from `first` to `last`, which belongs to them, both from 0; `last` None: to the end."""

    first: int = 0
    last: int | None = None

    def __contains__(self, bar: int) -> bool:
        return self.first <= bar and (self.last is None or bar <= self.last)


@dataclass(frozen=True, slots=True)
class Job:
    """What is done to the parts that fit. `any_kind`: whatever instrument they are taken for, but for those that are `spared`. `like`:
    whose playing the humanizer's is calibrated to.
    """

    instrument: str
    bars: BarRange
    include: str | None
    exclude: str | None
    any_kind: bool
    controls: Controls | None
    duv: DuvWish | None
    like: Take | None = None
    spared: frozenset[str] = frozenset()

    def fits(self, part: Part, regexes: Mapping[str, str]) -> bool:
        """Whether the part is one that the job is for; `regexes` say which names mean which instrument."""
        kind = part.instrument(regexes)
        return (kind == self.instrument or (self.any_kind and kind not in self.spared)) and self.allows(part)

    def asks(self, uses: Mapping[str, DuvUse]) -> bool:
        """Whether anything is to be done at all."""
        return self.controls is not None or (self.duv is not None and not self.duv.strength(uses[self.instrument]).is_nothing)

    def allows(self, part: Part) -> bool:
        """Whether the part is one of those that are asked for by name."""
        if self.include is not None and not re.search(self.include, part.name):
            return False
        return self.exclude is None or not re.search(self.exclude, part.name)

    @property
    def key_switches(self) -> tuple[tuple[int, int], ...]:
        """Between which pitches nothing is touched, with rules or without."""
        return (usual_controls(self.instrument) if self.controls is None else self.controls).key_switches


def duv_wish(model: str | None, style: str, keep_accents: bool, **shares: float | None) -> DuvWish:
    """A checked wish; `shares` are its intensities by name. Raises ConfigError for a style or a share that cannot be."""
    try:
        return msgspec.convert({"model": model, "style": style, "keep_accents": keep_accents, **shares}, DuvWish)
    except msgspec.ValidationError as error:
        reason, _, at = str(error).replace("`", "").partition(" - at $.")
        raise ConfigError(f"{at + ': ' if at else ''}{reason[:1].lower()}{reason[1:]}") from None


def parse_bars(text: str, where: str) -> BarRange:
    """Bars as people count them, from 1: `5-12` or `7`. Raises ConfigError, which names `where`."""
    found = _BARS.fullmatch(text)
    if found is None:
        raise ConfigError(f"{where} {text}: expected bars such as 5-12, or one bar such as 7")
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last:
        raise ConfigError(f"{where} {text}: bars count from 1, and the last is no less than the first")
    return BarRange(first - 1, last - 1)


def check_regex(text: str | None, where: str) -> str | None:
    """`text` as it is. Raises ConfigError, which names `where`, unless it is a regular expression or None."""
    try:
        re.compile(text or "")
    except re.error as error:
        raise ConfigError(f"{where} {text}: no regular expression ({error})") from None
    return text


def load_song(path: Path) -> list[Job]:
    """The jobs of the song's file at `path`, section by section. Raises ConfigError for anything wrong in it, DataError for a take's file
    that is damaged or empty.
    """
    sections = {}
    for section, said in _mapping(read_values(Song, path).get("sections"), f"{path}: sections").items():
        where = f"{path}: sections.{section}"
        wishes = _mapping(_mapping(said, where).get("instruments"), f"{where}.instruments")
        # Built anew: what stands once in a file, and is named again by an alias, is one object.
        whole = {name: _with_rules(name, wish, f"{where}.instruments.{name}") for name, wish in wishes.items()}
        sections[section] = {**said, "instruments": whole}
    try:
        song = msgspec.convert({"sections": sections}, Song)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {str(error).replace('`', '')}") from None
    jobs: list[Job] = []
    takes: dict[str, Take] = {}
    for name, part in song.sections.items():
        bars = parse_bars(str(part.bars), f"{path}: sections.{name}.bars")
        for instrument, told in part.instruments.items():
            here = f"{path}: sections.{name}.instruments.{instrument}"
            include, exclude = (check_regex(text, f"{here}:") for text in (told.include, told.exclude))
            like = None if told.duv is None else told.duv.like
            if like is not None and like not in takes:
                takes[like] = read_take(path.parent / like)
            take = None if like is None else takes[like]
            jobs.append(Job(instrument, bars, include, exclude, include is not None, told.controls, told.duv, take))
    return jobs


def _with_rules(instrument: str, wish: object, where: str) -> dict[str, Any]:
    """What is wished for an instrument, its rules whole. Raises ConfigError."""
    if instrument not in INSTRUMENTS:
        raise ConfigError(f"{where}: expected one of {', '.join(INSTRUMENTS)}")
    said = _mapping(wish, where)
    rules = said.get("controls")
    return said if rules is None else {**said, "controls": laid_controls(instrument, rules, f"{where}.controls")}


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected `key: value` lines")
    return value
