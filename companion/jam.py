"""What a jam was, on one axis of beats, and its MIDI file. Knows neither how it was played nor how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mido

from shared.errors import DataError
from shared.files import written_whole

TICKS_PER_QUARTER = 480
CHORDS_CHANNEL, CHORDS_PROGRAM = 0, 4
SOLO_CHANNEL, SOLO_PROGRAM = 1, 26
"""General MIDI: electric piano and jazz guitar, so that the two are told apart wherever the file is opened."""


@dataclass(frozen=True, slots=True)
class JamNote:
    """A note as it sounded: onset and length in quarter notes, MIDI pitch 0..127, velocity 1..127."""

    onset_beat: float
    duration_beat: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class ChordName:
    """From `beat` on this chord stood; `NC` is no chord."""

    beat: float
    symbol: str


@dataclass(frozen=True, slots=True)
class TempoChange:
    """From `beat` on the tempo was `bpm` quarter notes a minute."""

    beat: float
    bpm: float


@dataclass(frozen=True, slots=True)
class MeterChange:
    """From `beat` on the metre was `numerator`/`denominator`; the beat begins a bar."""

    beat: float
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Jam:
    """A jam: `title` is the player's name; notes and changes ascend in time, from beat 0."""

    title: str
    chords: tuple[JamNote, ...]
    solo: tuple[JamNote, ...]
    names: tuple[ChordName, ...]
    tempos: tuple[TempoChange, ...]
    meters: tuple[MeterChange, ...]

    @property
    def end_beat(self) -> float:
        """Where the last note ends, 0.0 where there is none."""
        return max((note.onset_beat + note.duration_beat for note in (*self.chords, *self.solo)), default=0.0)


def write_midi(jam: Jam, path: Path) -> None:
    """Write a MIDI file of three tracks: tempo, metre and chord names as markers; the chords; the solo. Whole or not at all."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    metas = [(0, mido.MetaMessage("track_name", name=f"JamBot: {jam.title}"))]
    metas += [(_tick(change.beat), mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(change.bpm))) for change in jam.tempos]
    metas += [
        (_tick(change.beat), mido.MetaMessage("time_signature", numerator=change.numerator, denominator=change.denominator))
        for change in jam.meters
    ]
    metas += [(_tick(name.beat), mido.MetaMessage("marker", text=name.symbol)) for name in jam.names]
    file.tracks.append(_track(metas))
    parts = (("Chords", jam.chords, CHORDS_CHANNEL, CHORDS_PROGRAM), ("Solo", jam.solo, SOLO_CHANNEL, SOLO_PROGRAM))
    for name, notes, channel, program in parts:
        opening = [mido.MetaMessage("track_name", name=name), mido.Message("program_change", channel=channel, program=program)]
        file.tracks.append(_track([*((0, message) for message in opening), *_note_messages(notes, channel)]))
    with written_whole(path) as draft:
        file.save(draft)


def read_midi(path: Path) -> Jam:
    """The jam in a file that `write_midi` wrote. Raises DataError for anything else."""
    try:
        file = mido.MidiFile(path, charset="utf-8")
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as a MIDI file: {error}") from None
    if len(file.tracks) != 3 or file.ticks_per_beat != TICKS_PER_QUARTER:
        raise DataError(f"{path}: this MIDI file is no jam; a jam's has three tracks and {TICKS_PER_QUARTER} ticks a quarter note")
    title, tick = "", 0
    tempos, meters, names = [], [], []
    for message in file.tracks[0]:
        tick += message.time
        beat = tick / TICKS_PER_QUARTER
        match message.type:
            case "track_name":
                title = message.name.removeprefix("JamBot: ")
            case "set_tempo":
                tempos.append(TempoChange(beat, mido.tempo2bpm(message.tempo)))
            case "time_signature":
                meters.append(MeterChange(beat, message.numerator, message.denominator))
            case "marker":
                names.append(ChordName(beat, message.text))
    return Jam(title, _notes(file.tracks[1]), _notes(file.tracks[2]), tuple(names), tuple(tempos), tuple(meters))


def _tick(beat: float) -> int:
    return max(0, round(beat * TICKS_PER_QUARTER))


def _note_messages(notes: tuple[JamNote, ...], channel: int) -> list[tuple[int, mido.Message]]:
    """Note-ons and note-offs; a pitch that is struck while it sounds is released first, struck twice at once it counts once."""
    timed: list[tuple[int, int, mido.Message]] = []
    next_on: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: note.onset_beat, reverse=True):
        on = _tick(note.onset_beat)
        end = max(on + 1, _tick(note.onset_beat + note.duration_beat))
        off = min(end, next_on.get(note.pitch, end))
        if off == on:
            continue
        next_on[note.pitch] = on
        timed.append((on, 1, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)))
        timed.append((off, 0, mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)))
    return [(tick, message) for tick, _, message in sorted(timed, key=lambda entry: entry[:2])]


def _track(timed: list[tuple[int, mido.Message]]) -> mido.MidiTrack:
    track, last = mido.MidiTrack(), 0
    for tick, message in sorted(timed, key=lambda entry: entry[0]):
        track.append(message.copy(time=tick - last))
        last = tick
    track.append(mido.MetaMessage("end_of_track", time=0))
    return track


def _notes(track: mido.MidiTrack) -> tuple[JamNote, ...]:
    notes, sounding, tick = [], dict[int, tuple[int, int]](), 0
    for message in track:
        tick += message.time
        if message.type == "note_on":
            sounding[message.note] = (tick, message.velocity)
        elif message.type == "note_off" and message.note in sounding:
            on, velocity = sounding.pop(message.note)
            notes.append(JamNote(on / TICKS_PER_QUARTER, (tick - on) / TICKS_PER_QUARTER, message.note, velocity))
    return tuple(sorted(notes, key=lambda note: (note.onset_beat, note.pitch)))
