"""Anybody's MIDI files as pieces: one for each role that somebody plays. Knows MIDI; knows no other source and no folders."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import TICKS_PER_BEAT
from shared.score import Conditioning, Note
from shared.tokens import POLYPHONIC_ROLES
from trainer.midi_beats import Beats, find_beats
from trainer.midi_chords import find_chords
from trainer.midi_file import MidiFile, MidiTrack, parse_midi
from trainer.midi_parts import NOTES_MIN, SPLIT_PITCH, choose
from trainer.piece import Piece, file_name, names_take, playable, tune_key, whole_bars
from trainer.reading import Dropped, Reading
from trainer.swing import UPBEAT_FROM

NAME = "midi"
BARS_MAX = 2000
# Swing begins between straight eighths and the least that soloists swing; fewer upbeats than these tell nothing.
SWUNG_FROM_TICK = 12.75
UPBEATS_MIN = 6
# Later ones are sixteenths after dotted eighths.
SWUNG_TO = 0.72
NAME_CHARS_MAX = 60


def read_pieces(data: bytes, path: Path, roles: Sequence[str], split_pitch: int = SPLIT_PITCH) -> Reading:
    """The parts for `roles` in the MIDI file `data`, named after its `path`; for each that it has not, the reason."""
    pieces, dropped = [], []
    try:
        midi = parse_midi(data)
        beats = find_beats(midi)
    except DataError as error:
        return Reading((), (Dropped(path.as_posix(), str(error)),))
    name = f"{file_name(path.stem)[:NAME_CHARS_MAX]}-{hashlib.blake2b(data, digest_size=4).hexdigest()}"
    for role in roles:
        try:
            piece = _piece(name, tune_of(path), midi, beats, role, split_pitch)
            pieces.append(replace(piece, is_take=names_take(path.stem)))
        except DataError as error:
            dropped.append(Dropped(path.as_posix(), str(error)))
    return Reading(tuple(pieces), tuple(dropped))


def _piece(name: str, tune: str, midi: MidiFile, beats: Beats, role: str, split_pitch: int) -> Piece:
    parts = choose(midi, role, split_pitch)
    line = playable(_without_graces(_notes(parts.target, beats), role), role)
    if len(line) < NOTES_MIN:
        raise DataError(f"fewer than {NOTES_MIN} notes for {role}")
    meter = beats.meter
    end_tick = whole_bars(line[-1].tick + 1, meter)
    changes, _ = find_chords(midi, beats, parts, end_tick)
    others = tuple(note for track in parts.harmony if track is not parts.target for note in _notes(track, beats))
    # Bars begin with the one in which the player begins.
    shift = line[0].tick - line[0].tick % meter.bar_ticks
    if end_tick - shift > BARS_MAX * meter.bar_ticks:
        raise DataError(f"longer than {BARS_MAX} bars")
    wish = Conditioning(role, beats.tempo_bpm, feel_of(line, others))
    return Piece(
        name, tune, NAME, wish, meter, _from(changes, shift), _moved(line, -shift, end_tick), end_tick - shift,
        _moved(sorted(others, key=lambda note: (note.tick, note.pitch)), -shift, end_tick),
    )  # fmt: skip


def tune_of(path: Path) -> str:
    """The tune that a file's name tells; a name of digits only tells no more than itself."""
    tune = tune_key(path.stem)
    return tune if any(char.isalpha() for char in tune) else file_name(path.stem).lower()


def feel_of(line: Sequence[Note], others: Sequence[Note] = ()) -> str:
    """`swing` where the upbeats come late: by the line's own eighths, or where it has too few, by everybody's."""
    upbeats = _upbeats(line)
    if len(upbeats) < UPBEATS_MIN:
        upbeats = _upbeats([*line, *others])
    return "swing" if len(upbeats) >= UPBEATS_MIN and median(upbeats) >= SWUNG_FROM_TICK else "even"


def _upbeats(notes: Sequence[Note]) -> list[int]:
    """Ticks in the beat of the upbeats: the only onset between two beats on which notes are struck."""
    by_beat: dict[int, set[int]] = {}
    for note in notes:
        beat, tick = divmod(note.tick, TICKS_PER_BEAT)
        by_beat.setdefault(beat, set()).add(tick)
    found = []
    for beat, ticks in by_beat.items():
        inner = ticks - {0}
        if 0 in ticks and len(inner) == 1 and 0 in by_beat.get(beat + 1, ()):
            (tick,) = inner
            if UPBEAT_FROM <= tick / TICKS_PER_BEAT <= SWUNG_TO:
                found.append(tick)
    return found


def _notes(track: MidiTrack, beats: Beats) -> list[Note]:
    """A track's notes on the grid, those from the first downbeat on."""
    onsets = beats.onset_ticks(track.onset)
    lengths = np.maximum(1, np.rint(beats.ticks(track.onset + track.length) - beats.ticks(track.onset))).astype(np.int64)
    notes = zip(onsets.tolist(), track.pitch.tolist(), lengths.tolist(), strict=True)
    return [Note(onset, pitch, length) for onset, pitch, length in notes if onset >= 0]


def _without_graces(notes: list[Note], role: str) -> list[Note]:
    """Notes without those that lead into another one within a tick, unless the role plays chords."""
    if role in POLYPHONIC_ROLES:
        return notes
    onsets = {note.tick for note in notes}
    return [note for note in notes if note.tick + 1 not in onsets]


def _from(changes: Sequence[ChordChange], tick: int) -> tuple[ChordChange, ...]:
    """The changes as seen from `tick`, which becomes 0."""
    before = [change for change in changes if change.tick <= tick]
    later = [ChordChange(change.tick - tick, change.chord) for change in changes if change.tick > tick]
    return (ChordChange(0, before[-1].chord if before else None), *later)


def _moved(notes: Sequence[Note], ticks: int, end_tick: int) -> tuple[Note, ...]:
    return tuple(replace(note, tick=note.tick + ticks) for note in notes if -ticks <= note.tick < end_tick)
