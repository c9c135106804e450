"""The chords of a MIDI file that was made to be played over. Knows the file's own beats; knows no roles and no training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shared.errors import DataError
from shared.music import TICKS_PER_BEAT, ticks_to_beats
from shared.score import Note
from trainer.midi_beats import Beats
from trainer.midi_chords import find_chords
from trainer.midi_file import MidiFile, MidiTrack, read_midi
from trainer.midi_parts import CHORDS, LEAD_FIRST, Parts
from trainer.piece import playable, whole_bars
from trainer.reading import printable
from trainer.song import Song


def read_midi_song(path: Path) -> Song:
    """The chords of a MIDI file that was made to be played over: texts first, else its chord track, else what sounds.

    Its own quarter notes are the beats, its beginning a downbeat. A track that is named as a lead is the song's line.
    Raises DataError where no chords are to be found.
    """
    midi = read_midi(path)
    meter, tempo_bpm = midi.meters[0][1], midi.tempos[0][1]
    last = max([int((track.onset + track.length).max()) for track in midi.tracks] + [tick + 1 for tick, _ in midi.texts], default=1)
    end_tick = whole_bars(-(-last * TICKS_PER_BEAT // midi.ticks_per_quarter), meter)
    at = np.arange(end_tick // TICKS_PER_BEAT + 2, dtype=np.float64) * midi.ticks_per_quarter
    beats = Beats(meter, tempo_bpm, at, True, False)
    parts, line = _parts(midi)
    try:
        changes, _ = find_chords(midi, beats, parts, end_tick)
    except DataError as error:
        raise DataError(f"{path}: {error}; write chord symbols as markers, or a track named Chords") from None
    ends = [*(change.tick for change in changes[1:]), end_tick]
    chords = tuple((change.chord, ticks_to_beats(end - change.tick)) for change, end in zip(changes, ends, strict=True))
    name = printable(path.stem)
    return Song(name, chords, title=name, meter=meter, tempo_bpm=tempo_bpm, line=_line(line, beats))


def _parts(midi: MidiFile) -> tuple[Parts, MidiTrack]:
    """What chords are read from, and the lead's track, which is empty where there is none."""
    empty = MidiTrack("", 0, False, *(np.zeros(0, dtype=np.int64) for _ in range(4)))
    tracks = [track for track in midi.tracks if not track.is_drum]
    named = next((track for track in tracks if CHORDS.search(track.name)), None)
    line = next((track for track in tracks if track is not named and LEAD_FIRST.search(track.name)), empty)
    others = tuple(track for track in tracks if track is not line)
    return Parts(line, others, named or (others[0] if len(others) == 1 else None)), line


def _line(track: MidiTrack, beats: Beats) -> tuple[Note, ...]:
    onsets, ends = beats.onset_ticks(track.onset), beats.onset_ticks(track.onset + track.length)
    notes = zip(onsets.tolist(), track.pitch.tolist(), ends.tolist(), strict=True)
    return playable((Note(onset, pitch, max(1, end - onset)) for onset, pitch, end in notes), "lead")
