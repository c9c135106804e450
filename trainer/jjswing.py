"""Reads JJazzLab's walking bass files: phrases end to end, each begun by a marker with its name. Knows no training."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from shared.chords import Chord, parse_symbol
from shared.foresight import ChordChange
from shared.music import TICKS_PER_BEAT, Meter
from shared.score import Conditioning, Note
from trainer.midi_file import MidiFile, read_midi
from trainer.piece import Piece, file_name, playable, whole_bars
from trainer.reading import Dropped, Reading

NAME = "jjswing"
WALKING = "WalkingBassMidiDB.mid"
NOTES_MIN = 24


def read_pieces(folder: Path, role: str = "bass") -> Reading:
    """The walking lines of the file in `folder`; there is only a bass. Raises DataError where it is no MIDI file."""
    if role != "bass":
        return Reading(())
    midi = read_midi(folder / WALKING)
    starts = [(tick, text) for tick, text in midi.texts if text.startswith("_")]
    last = max((int(track.onset[-1]) + 1 for track in midi.tracks), default=0)
    pieces, dropped = [], []
    for (start, name), (end, _) in pairwise([*starts, (last, "")]):
        try:
            pieces.append(_piece(midi, name.strip("_ "), start, end))
        except ValueError as error:
            dropped.append(Dropped(name.strip("_ "), str(error)))
    return Reading(tuple(pieces), tuple(dropped))


def _piece(midi: MidiFile, name: str, start: int, end: int) -> Piece:
    meter = [meter for tick, meter in midi.meters if tick <= start][-1]
    if meter != Meter():
        raise ValueError(f"metre {meter.numerator}/{meter.denominator}")
    scale = TICKS_PER_BEAT / midi.ticks_per_quarter
    changes: list[ChordChange] = []
    for tick, text in midi.texts:
        if start <= tick < end and not text.startswith(("#", "_")):
            change = ChordChange(round((tick - start) * scale), _chord(text))
            if not changes or changes[-1].chord != change.chord:
                changes.append(change)
    # A note struck a little before its phrase belongs to it.
    early = midi.ticks_per_quarter // 8
    line = [
        Note(max(0, round(float(onset - start) * scale)), int(pitch), max(1, round(float(length) * scale)))
        for track in midi.tracks
        for onset, length, pitch in zip(track.onset, track.length, track.pitch, strict=True)
        if start - early <= onset < end - early
    ]
    played = playable(line, "bass")
    if len(played) < NOTES_MIN or not changes or changes[0].tick > 0:
        raise ValueError(f"fewer than {NOTES_MIN} notes for bass" if changes else "no chords")
    wish = Conditioning("bass", midi.tempos[0][1], "swing", "swing")
    # Phrases of one book follow the same changes: they stay together.
    tune = f"{NAME}{name.rsplit('-', 1)[0].lower()}"
    return Piece(file_name(f"{NAME}_{name}"), tune, NAME, wish, meter, tuple(changes), played, whole_bars(played[-1].tick + 1, meter))


def _chord(text: str) -> Chord | None:
    return parse_symbol(text.strip())
