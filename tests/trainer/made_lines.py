"""Lines, tables and MIDI files for the tests of what measures them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mido

from shared.chords import parse_symbol
from shared.music import Meter
from trainer.line import Line, line_of


def a_line(
    pitches: Sequence[int],
    chord: str = "C",
    step: float = 0.5,
    length: float = 0.5,
    tempo_bpm: float = 120.0,
    onsets: Sequence[float] | None = None,
    name: str = "made",
) -> Line:
    """`pitches` a `step` apart (or at `onsets`), each `length` quarter notes long, over one chord."""
    places = [index * step for index in range(len(pitches))] if onsets is None else list(onsets)
    notes = [(onset, length, pitch) for onset, pitch in zip(places, pitches, strict=True)]
    return line_of(name, tempo_bpm, Meter(), notes, [(0.0, parse_symbol(chord))])


def write_midi(
    path: Path,
    notes: Sequence[tuple[float, float, int]],
    chords: Sequence[tuple[float, str]] = ((0.0, "C"),),
    tempo_bpm: float = 120.0,
    track: str = "lead",
    held: Sequence[tuple[float, float, int]] = ((0.0, 4.0, 48), (0.0, 4.0, 52), (0.0, 4.0, 55)),
) -> Path:
    """A MIDI file as JamBot writes them: chords as markers, a track of notes (onset and length in beats, pitch), one of held chords."""
    midi = mido.MidiFile(ticks_per_beat=480)
    head = [(0.0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm))), (0.0, mido.MetaMessage("time_signature"))]
    midi.tracks.append(_track([*head, *((beat, mido.MetaMessage("marker", text=symbol)) for beat, symbol in chords)]))
    midi.tracks.append(_track([(0.0, mido.MetaMessage("track_name", name=track)), *_messages(notes, 0)]))
    if held:
        midi.tracks.append(_track([(0.0, mido.MetaMessage("track_name", name="chords")), *_messages(held, 1)]))
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.save(path)
    return path


def _messages(notes: Sequence[tuple[float, float, int]], channel: int) -> list[tuple[float, mido.Message]]:
    found = []
    for onset, length, pitch in notes:
        found.append((onset, mido.Message("note_on", note=pitch, velocity=90, channel=channel)))
        found.append((onset + length, mido.Message("note_off", note=pitch, channel=channel)))
    return sorted(found, key=lambda entry: (entry[0], entry[1].type == "note_on"))


def _track(timed: Sequence[tuple[float, mido.Message]]) -> mido.MidiTrack:
    track, last = mido.MidiTrack(), 0
    for beat, message in timed:
        tick = round(beat * 480)
        track.append(message.copy(time=tick - last))
        last = tick
    return track
