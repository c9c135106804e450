"""A player's own few bars, to which models are calibrated. Knows parts, instruments and keys that switch sounds; knows no nets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from companion.humanize.controls import is_key_switch
from companion.humanize.midi_file import read_midi
from companion.humanize.notes import Score, take_of
from companion.humanize.parts import Part, read_parts, read_timeline
from companion.humanize.timeline import Timeline
from shared.errors import DataError


@dataclass(frozen=True, eq=False)
class Take:
    """The parts of a player's file at `path`; two takes are the same only if they are one object."""

    path: Path
    timeline: Timeline
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def parts_for(self, instrument: str, regexes: Mapping[str, str], is_sole: bool) -> list[Part]:
        """The parts that are taken for `instrument`. `is_sole`: nothing else is asked for, so an only part that tells of no instrument
        need not be named after it.
        """
        taken = [part.instrument(regexes) for part in self.parts]
        if is_sole and taken == [None]:
            return list(self.parts)
        return [part for part, found in zip(self.parts, taken, strict=True) if found == instrument]

    def scores(self, parts: list[Part], instrument: str, style: str, key_switches: tuple[tuple[int, int], ...]) -> list[Score]:
        """What `parts` of the take were written as and how they were played, without keys that switch sounds and parts of them alone."""
        played = [part.notes.part(~is_key_switch(part.notes.pitch, key_switches)) for part in parts]
        return [take_of(notes, self.timeline, instrument, style) for notes in played if len(notes)]


def read_take(path: Path) -> Take:
    """The take in the MIDI file at `path`. Raises DataError, with the path, where it is damaged or holds no notes."""
    file = read_midi(path)
    try:
        timeline = read_timeline(file)
    except DataError as error:
        raise DataError(f"{path}: {error}; export it again from your sequencer") from None
    parts = tuple(read_parts(file))
    if not parts:
        raise DataError(f"{path}: holds no notes to be like; record a few bars in it")
    return Take(path, timeline, parts)
