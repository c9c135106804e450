"""The parts of a MIDI file: one channel's notes in one track, and what tells their instrument. Knows events and beats, no models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from companion.humanize.apart import between_changes
from companion.humanize.midi_file import CONTROL, META, META_METRE, META_TEMPO, PROGRAM, WHEEL, MidiFile, NoteEvents, Track, note_events
from companion.humanize.notes import Mask, Notes
from companion.humanize.timeline import Timeline
from shared.errors import DataError
from shared.written import Ints

DRUM_CHANNEL = 9
_BANK = (0, 32)
_WHEEL_AT_REST = b"\x00\x40"
SUSTAIN = 64
# General MIDI's programs by family; organs are left out, since they know no touch, and so is what no model plays: harp, timpani, choir.
_PROGRAMS = {
    "keys": (range(0, 16),),
    "guitar": (range(24, 32),),
    "bass": (range(32, 40),),
    "strings": (range(40, 46), range(48, 52)),
    "lead": (range(56, 88),),  # brass, reeds, pipes, synthesizer leads
}
# In this order names are tried: what is called a lead guitar or a solo violin is a guitar, a violin.
_NAME_ORDER = ("drums", "guitar", "bass", "keys", "strings", "lead")
_WINDS = re.compile(r"(?i)sax|clarinet|trombone|trumpet|horn|flute|bassoon")


@dataclass(frozen=True, slots=True)
class Part:
    """Notes of `channel` 0..15 in the chunk at `chunk`, ascending by onset. `program` 0..127, None where the file names none.

    `events` and the arrays of `notes` are of one order; `on_tick` and `end_tick` (N,) are the file's own, and `earliest_tick` and
    `latest_tick` (N,) where each note may begin without passing a change of sound: a program, a bank, the pitch wheel. `has_end` (N,):
    whether the note is ever released. `is_alone`: whether the track holds no other channel's notes. `has_pedal`: whether the file works the
    sustain pedal of that channel, in whichever track: two hands may be two tracks, and their foot stands in one.
    """

    chunk: int
    channel: int
    name: str
    program: int | None
    has_pedal: bool
    notes: Notes
    events: tuple[NoteEvents, ...]
    on_tick: Ints
    end_tick: Ints
    earliest_tick: Ints
    latest_tick: Ints
    has_end: Mask
    is_alone: bool

    def between(self, ticks: Ints) -> Part:
        """The part with more changes of sound, at `ticks` (M,), that no note may pass."""
        earliest, latest = between_changes(self.on_tick, ticks, 1)
        return replace(self, earliest_tick=np.maximum(self.earliest_tick, earliest), latest_tick=np.minimum(self.latest_tick, latest))

    @property
    def is_drums(self) -> bool:
        """Whether the part plays on General MIDI's drum channel."""
        return self.channel == DRUM_CHANNEL

    def instrument(self, regexes: Mapping[str, str]) -> str | None:
        """The instrument that the part is taken for, see `instrument_of`. A track of several channels bears the name of them all, such as
        the song's: there a program tells more.
        """
        is_named = self.is_alone or self.program is None
        return instrument_of(self.name if is_named else "", self.program, self.is_drums, regexes)


def read_parts(file: MidiFile) -> list[Part]:
    """The file's parts in order. A track with several channels gives several, which carry the channel's number in their names."""
    parts: list[Part] = []
    number = 0
    pedals = {
        (track.port, event.status & 0x0F)
        for track in file.tracks for event in track.events if event.status & 0xF0 == CONTROL and event.data[0] == SUSTAIN
    }  # fmt: skip
    for chunk, track in enumerate(file.chunks):
        if not isinstance(track, Track):
            continue
        number += 1
        by_channel = note_events(track)
        for channel in sorted(by_channel):
            name = track.name or f"track {number}"
            if len(by_channel) > 1:
                name = f"{name} (channel {channel + 1})"
            parts.append(
                _part(
                    track, chunk, channel, name, by_channel[channel], file.ticks_per_beat,
                    has_pedal=(track.port, channel) in pedals, is_alone=len(by_channel) == 1,
                )
            )  # fmt: skip
    return parts


def read_timeline(file: MidiFile) -> Timeline:
    """The file's tempos and metres. Raises DataError for a tempo or a metre that cannot be."""
    tempos, meters = [], []
    for track in file.tracks:
        for event in track.events:
            if event.status != META:
                continue
            beat = event.tick / file.ticks_per_beat
            if event.kind == META_TEMPO and len(event.data) == 3:
                us = int.from_bytes(event.data, "big")
                tempos.append((beat, 60e6 / us if us else 0.0))
            elif event.kind == META_METRE and len(event.data) >= 2:
                if event.data[1] > 6:
                    raise DataError(f"damaged: a metre of {event.data[0]} over 2 to the {event.data[1]}")
                meters.append((beat, event.data[0], 1 << event.data[1]))
    try:
        return Timeline.of(tempos, meters)
    except ValueError as error:
        raise DataError(f"damaged: {error}") from None


def instrument_of(name: str, program: int | None, is_drums: bool, regexes: Mapping[str, str]) -> str | None:
    """The instrument that a part is taken for: by the drum channel, by its name (`regexes` by instrument), then by its program; or None."""
    if is_drums:
        return "drums"
    named = instrument_named(name, regexes)
    if named is not None or program is None:
        return named
    return next((instrument for instrument, spans in _PROGRAMS.items() if any(program in span for span in spans)), None)


def instrument_named(name: str, regexes: Mapping[str, str]) -> str | None:
    """The instrument that a name speaks of, by `regexes` of each; None where it tells of none.

    A bass guitar is a bass, a bass clarinet a wind; else what a lead or a solo is played on counts more than that it is one.
    """
    named = [instrument for instrument in _NAME_ORDER if instrument in regexes and re.search(regexes[instrument], name)]
    if "bass" in named[:2] and named[0] in ("bass", "guitar"):
        return "lead" if "lead" in named and _WINDS.search(name) else "bass"
    return next(iter(named), None)


def _part(
    track: Track, chunk: int, channel: int, name: str, found: list[NoteEvents], ticks_per_beat: int, *, has_pedal: bool, is_alone: bool
) -> Part:
    events, last = track.events, track.events[-1].tick
    on = np.array([events[note.on].tick for note in found], dtype=np.int64)
    # Where nothing releases a note, it sounds until the track ends.
    end = np.array([events[note.off].tick if note.off is not None else last for note in found], dtype=np.int64)
    pitch = np.array([events[note.on].data[0] for note in found], dtype=np.int64)
    velocity = np.array([events[note.on].data[1] for note in found], dtype=np.float64)
    order = np.lexsort((pitch, on))
    changes, programs, bends, wheel = [], [], [], _WHEEL_AT_REST
    for index, event in enumerate(events):
        if event.status == PROGRAM | channel:
            programs.append(event.data[0])
            changes.append(index)
        elif event.status == CONTROL | channel and event.data[0] in _BANK:
            changes.append(index)
        elif event.status == WHEEL | channel and event.data != wheel:
            wheel = event.data
            bends.append(event.tick)
    before = np.searchsorted(np.array(changes, dtype=np.int64), [note.on for note in found])
    change_ticks = np.array([0, *(events[index].tick for index in changes), np.iinfo(np.int64).max], dtype=np.int64)
    length = np.maximum(end - on, 1)[order] / ticks_per_beat
    part = Part(
        chunk, channel, name, programs[0] if programs else None, has_pedal,
        Notes(on[order] / ticks_per_beat, length, pitch[order], velocity[order]),
        tuple(found[index] for index in order), on[order], end[order], change_ticks[before][order], change_ticks[before + 1][order],
        np.array([note.off is not None for note in found])[order], is_alone,
    )  # fmt: skip
    return part.between(np.array(bends, dtype=np.int64))
