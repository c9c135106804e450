"""Solos in MIDI files as lines, exactly as they are written: nothing is snapped, left out or repaired. Knows files; knows no measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.errors import DataError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter
from trainer.line import Change, Line, line_of
from trainer.midi_beats import Beats
from trainer.midi_chords import find_chords, written_chords
from trainer.midi_file import SUFFIXES, MidiFile, MidiTrack, read_midi
from trainer.midi_parts import CHORDS, LEAD_FIRST, choose
from trainer.reading import Dropped, printable

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LineReading:
    """The lines found in a folder, and the files that gave none, with the reason."""

    lines: tuple[Line, ...]
    dropped: tuple[Dropped, ...]


def read_midi_lines(folder: Path, progress: Progress | None = None) -> LineReading:
    """The solo of every MIDI file in `folder` and the folders in it, named by its path there. `progress` gets (files done, files).

    Hidden files are left alone: what a killed run wrote in part is one. A file without notes in its solo gives a line without notes.
    Raises DataError where no file gives a line.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name the one that holds the MIDI files to measure")
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    files = [file for file in found if not file.name.startswith(".")]
    if not files:
        raise DataError(f"{folder}: no MIDI files in it; expected names ending in {' or '.join(SUFFIXES)}")
    lines: list[Line] = []
    dropped: list[Dropped] = []
    for index, file in enumerate(files, 1):
        name = printable(file.relative_to(folder).as_posix())
        try:
            lines.append(midi_line(name, read_midi(file)))
        except DataError as error:
            dropped.append(Dropped(name, str(error).removeprefix(f"{file}: ")))
        if progress is not None:
            progress(index, len(files))
    if not lines:
        raise DataError(f"{folder}: none of its {len(files)} MIDI files holds a solo; the first, {dropped[0].name}: {dropped[0].reason}")
    return LineReading(tuple(lines), tuple(dropped))


def midi_line(name: str, midi: MidiFile) -> Line:
    """The solo of a file: the track named lead, melody or solo; else the only one that is neither drums nor chords; else the likeliest.

    Chords come from the file's texts and markers where these are chord symbols (sections and lyrics are none), else from its other
    tracks. Its quarter notes are the beats, and bars begin where its metre does. Raises DataError where the file has several parts and
    none is a solo.
    """
    target = _solo(midi)
    if target is None:
        return line_of(name, midi.tempos[0][1], midi.meters[0][1], [], [])
    per_beat = midi.ticks_per_quarter
    end = int((target.onset + target.length).max())
    start, meter = _meter(midi, target, end)
    notes = [
        ((int(onset) - start) / per_beat, int(length) / per_beat, int(pitch))
        for onset, length, pitch in zip(target.onset, target.length, target.pitch, strict=True)
        if onset >= start
    ]
    begin_sec, end_sec = midi.seconds(np.array([target.onset[0], end]))
    tempo_bpm = float(np.clip(60.0 * (end - target.onset[0]) / per_beat / (end_sec - begin_sec), TEMPO_BPM_MIN, TEMPO_BPM_MAX))
    changes = _written_chords(midi, start) or _played_chords(midi, start, end, meter.bar_beats, tempo_bpm)
    return line_of(name, tempo_bpm, meter, notes, changes, max((end - start) / per_beat, changes[-1][0] if changes else 0.0))


def _solo(midi: MidiFile) -> MidiTrack | None:
    players = [track for track in midi.tracks if not track.is_drum]
    named = [track for track in players if LEAD_FIRST.search(track.name)]
    others = [track for track in players if not CHORDS.search(track.name)]
    if named or len(others) <= 1:
        return max(named or others, key=len, default=None)
    return choose(midi, "lead").target


def _meter(midi: MidiFile, target: MidiTrack, end: int) -> tuple[int, Meter]:
    """Where the metre of most of the solo's notes begins, and that metre."""
    starts = [tick for tick, _ in midi.meters]
    ends = [*starts[1:], end + 1]
    counts = [int(((target.onset >= first) & (target.onset < last)).sum()) for first, last in zip(starts, ends, strict=True)]
    best = int(np.argmax(counts))
    # Notes before that stretch, or after it, are measured in its bars too; a count-in in another metre has none.
    bar = round(midi.meters[best][1].bar_beats * midi.ticks_per_quarter)
    first = starts[best]
    return first - -(-max(0, first - int(target.onset[0])) // bar) * bar, midi.meters[best][1]


def _written_chords(midi: MidiFile, start: int) -> list[Change]:
    found: list[Change] = []
    for tick, chord in written_chords(midi):
        if not found or chord != found[-1][1]:
            found.append(((tick - start) / midi.ticks_per_quarter, chord))
    return found if any(chord is not None for _, chord in found) else []


def _played_chords(midi: MidiFile, start: int, end: int, bar_beats: float, tempo_bpm: float) -> list[Change]:
    """Chords from a chord track or the accompaniment; none where nothing but the solo plays."""
    try:
        parts = choose(midi, "lead")
        quarters = int((end - start) // midi.ticks_per_quarter + bar_beats + 2)
        at = np.asarray(start + np.arange(quarters) * midi.ticks_per_quarter, dtype=np.float64)
        beats = Beats(midi.meters[0][1], tempo_bpm, at, True, False)
        changes, _ = find_chords(midi, beats, parts, quarters * TICKS_PER_BEAT)
    except DataError:
        # Reported with the set: how many of its lines have no chords.
        return []
    return [(change.tick / TICKS_PER_BEAT, change.chord) for change in changes]
