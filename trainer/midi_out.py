"""A score as a MIDI file: the line, the chords voiced, their symbols as markers, tempo and metre. Knows the format; knows no net.

One file tick is 1/480 quarter note, so that every tick of the score (1/24) is whole. Velocity is the same for all notes of a
track: how a line is accented is not in the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido

from shared.chords import Chord
from shared.errors import DataError
from shared.files import written_whole
from shared.foresight import ChordChange
from shared.music import TICKS_PER_BEAT, Meter
from shared.score import Note
from shared.voicings import voice

FILE_TICKS_PER_BEAT = 480
FILE_TICKS = FILE_TICKS_PER_BEAT // TICKS_PER_BEAT
CHORDS_TRACK, CHORDS_CHANNEL, CHORDS_PROGRAM, CHORDS_VELOCITY = "chords", 0, 4, 64
LINE_CHANNEL, LINE_VELOCITY = 1, 90
# General MIDI: jazz guitar, acoustic bass, piano.
PROGRAMS = {"lead": 26, "bass": 32, "comp": 0}
NO_CHORD = "NC"
Timed = tuple[int, mido.Message | mido.MetaMessage]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is written: `notes` of `role` over `changes`, from tick 0, a downbeat, to `end_tick`. Ticks are 1/24 quarter note."""

    title: str
    role: str
    tempo_bpm: float
    meter: Meter
    changes: tuple[ChordChange, ...]
    notes: tuple[Note, ...]
    end_tick: int


def write_sheet(path: Path, sheet: Sheet, *, chords: bool = True, line: bool = True) -> None:
    """Write `sheet` with a track of its voiced `chords` and one of its `line`, named as its role; whole or not at all.

    Markers tell the chord symbols in either case. Raises DataError where the system refuses.
    """
    file = mido.MidiFile(type=1, ticks_per_beat=FILE_TICKS_PER_BEAT, charset="utf-8")
    spans = _spans(sheet)
    heading: list[Timed] = [
        (0, mido.MetaMessage("track_name", name=sheet.title)),
        (0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(sheet.tempo_bpm))),
        (0, mido.MetaMessage("time_signature", numerator=sheet.meter.numerator, denominator=sheet.meter.denominator)),
    ]
    markers = [(tick, mido.MetaMessage("marker", text=NO_CHORD if chord is None else chord.symbol)) for tick, _, chord in spans]
    file.tracks.append(_track([*heading, *markers], sheet.end_tick))
    if chords:
        voiced = [Note(tick, pitch, end - tick) for tick, end, chord in _struck(spans, sheet.meter) for pitch in voice(chord)]
        file.tracks.append(_part(CHORDS_TRACK, CHORDS_CHANNEL, CHORDS_PROGRAM, CHORDS_VELOCITY, voiced, sheet.end_tick))
    if line:
        file.tracks.append(_part(sheet.role, LINE_CHANNEL, PROGRAMS[sheet.role], LINE_VELOCITY, sheet.notes, sheet.end_tick))
    try:
        with written_whole(path) as draft:
            file.save(draft)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); make room or choose another folder") from None


def _spans(sheet: Sheet) -> list[tuple[int, int, Chord | None]]:
    """(from, to, chord) of what stands between tick 0 and the end."""
    changes = [change for change in sheet.changes if change.tick < sheet.end_tick]
    ends = [*(change.tick for change in changes[1:]), sheet.end_tick]
    return [(max(0, change.tick), end, change.chord) for change, end in zip(changes, ends, strict=True) if end > 0]


def _struck(spans: Iterable[tuple[int, int, Chord | None]], meter: Meter) -> list[tuple[int, int, Chord]]:
    """(from, to, chord): chords are struck where they begin, and again on each downbeat."""
    found = []
    for start, end, chord in spans:
        while chord is not None and start < end:
            stop = min(end, (start // meter.bar_ticks + 1) * meter.bar_ticks)
            found.append((start, stop, chord))
            start = stop
    return found


def _part(name: str, channel: int, program: int, velocity: int, notes: Sequence[Note], end_tick: int) -> mido.MidiTrack:
    opening = [mido.MetaMessage("track_name", name=name), mido.Message("program_change", channel=channel, program=program)]
    timed: list[Timed] = [(0, message) for message in opening]
    next_on: dict[int, int] = {}
    sounding: list[tuple[int, bool, mido.Message]] = []
    for note in sorted(notes, key=lambda note: note.tick, reverse=True):
        # A pitch that is struck while it sounds is released first.
        off = min(note.end_tick, next_on.get(note.pitch, note.end_tick))
        next_on[note.pitch] = note.tick
        sounding.append((note.tick, True, mido.Message("note_on", channel=channel, note=note.pitch, velocity=velocity)))
        sounding.append((off, False, mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)))
    timed += [(tick, message) for tick, _, message in sorted(sounding, key=lambda entry: entry[:2])]
    return _track(timed, max(end_tick, max((tick for tick, _ in timed), default=0)))


def _track(timed: Sequence[Timed], end_tick: int) -> mido.MidiTrack:
    track, last = mido.MidiTrack(), 0
    for tick, message in timed:
        track.append(message.copy(time=(tick - last) * FILE_TICKS))
        last = tick
    track.append(mido.MetaMessage("end_of_track", time=(end_tick - last) * FILE_TICKS))
    return track
