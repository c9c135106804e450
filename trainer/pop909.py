"""Reads POP909: pop songs as piano arrangements, with beats and chords. Knows its archive; knows no training.

Z. Wang et al., *POP909: A Pop-song Dataset for Music Arrangement Generation*, 2020. `lead` is the melody; `comp` is the piano.
"""

from __future__ import annotations

import io
import zipfile
from bisect import bisect_right
from itertools import groupby, pairwise
from pathlib import Path

import mido

from shared.chords import Chord, pitch_class
from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter
from shared.score import Conditioning, Note
from trainer.piece import Piece, playable, whole_bars
from trainer.reading import Dropped, Reading

NAME = "pop909"
ARCHIVE = "pop909.zip"
TRACKS = {"lead": "MELODY", "comp": "PIANO"}
NOTES_MIN = 24
BARS_MIN = 8
# Sixteenths and eighth triplets: what lies between them in these files is the sequencer's rounding.
PLACES = (0, 6, 8, 12, 16, 18, 24)
_QUALITIES = {"sus4(b7)": "7sus4"}
_DEGREES = {"b2": 1, "2": 2, "b3": 3, "3": 4, "4": 5, "b5": 6, "5": 7, "#5": 8, "b6": 8, "6": 9, "bb7": 9, "b7": 10, "7": 11}

Timed = list[tuple[float, float, int]]  # onset and release in seconds, pitch


def read_pieces(folder: Path, role: str = "lead") -> Reading:
    """The songs of the archive in `folder`. Raises DataError where it is no such archive."""
    if role not in TRACKS:
        return Reading(())
    pieces, dropped = [], []
    try:
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            for name in sorted({path.split("/")[0] for path in archive.namelist() if path.endswith(".mid")}):
                try:
                    pieces.append(_piece(archive, name, role))
                except (KeyError, ValueError, IndexError, EOFError) as error:
                    dropped.append(Dropped(name, str(error)))
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{folder / ARCHIVE}: cannot be read ({error}); fetch the archive again") from None
    return Reading(tuple(pieces), tuple(dropped))


def _piece(archive: zipfile.ZipFile, name: str, role: str) -> Piece:
    tracks = _tracks(mido.MidiFile(file=io.BytesIO(archive.read(f"{name}/{name}.mid"))))
    beats, meter = steady_beats(archive.read(f"{name}/beat_midi.txt").decode())
    tempo_bpm = 60.0 * (len(beats) - 1) / (beats[-1] - beats[0])
    if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
        raise ValueError(f"tempo {tempo_bpm:g}")
    lines = {part: playable(_quantized(tracks[track], beats), part) for part, track in TRACKS.items()}
    notes = lines[role]
    if len(notes) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes for {role}")
    changes = _changes(archive.read(f"{name}/chord_midi.txt").decode(), beats)
    others = lines["comp" if role == "lead" else "lead"]
    # Bars begin with the one in which the player begins.
    shift = notes[0].tick - notes[0].tick % meter.bar_ticks
    notes = tuple(_moved(note, -shift) for note in notes)
    others = tuple(_moved(note, -shift) for note in others if note.tick >= shift)
    wish = Conditioning(role, tempo_bpm, "even", "pop")
    end_tick = whole_bars(notes[-1].tick + 1, meter)
    return Piece(f"{NAME}_{name}", f"{NAME}{name}", NAME, wish, meter, _from(changes, shift), notes, end_tick, others)


def _tracks(midi: mido.MidiFile) -> dict[str, Timed]:
    """Notes of every named track in seconds."""
    tempos = [(0, 500000)]
    tick = 0
    for message in mido.merge_tracks(midi.tracks):
        tick += message.time
        if message.type == "set_tempo":
            tempos.append((tick, message.tempo))
    starts = [0.0]
    for (before, tempo), (after, _) in pairwise(tempos):
        starts.append(starts[-1] + mido.tick2second(after - before, midi.ticks_per_beat, tempo))

    def seconds(at: int) -> float:
        place = bisect_right(tempos, (at, 1 << 30)) - 1
        return float(starts[place] + mido.tick2second(at - tempos[place][0], midi.ticks_per_beat, tempos[place][1]))

    found: dict[str, Timed] = {}
    for track in midi.tracks:
        tick = 0
        held: dict[int, int] = {}
        notes: Timed = []
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity > 0:
                held.setdefault(message.note, tick)
            elif message.type in ("note_on", "note_off") and message.note in held:
                notes.append((seconds(held.pop(message.note)), seconds(tick), message.note))
        found[track.name] = sorted(notes)
    return found


def steady_beats(text: str) -> tuple[list[float], Meter]:
    """Beat times in seconds of the longest stretch of equal bars, from downbeat to downbeat, and its metre."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    times = [float(row[0]) for row in rows]
    lines = [index for index, row in enumerate(rows) if float(row[2]) == 1.0]
    bars = list(pairwise(lines))
    runs = [(length, list(run)) for length, run in groupby(bars, key=lambda bar: bar[1] - bar[0])]
    length, run = max(runs, key=lambda pair: len(pair[1]) * pair[0], default=(0, []))
    if len(run) < BARS_MIN:
        raise ValueError(f"fewer than {BARS_MIN} bars of one length")
    first, end = run[0][0], run[-1][1]
    return times[first : end + 1], Meter(length, 4)


def _tick(sec: float, beats: list[float]) -> float:
    """Ticks since the first beat, which may be negative; the first and the last beat's length go on beyond the ends."""
    place = max(0, min(bisect_right(beats, sec) - 1, len(beats) - 2))
    return (place + (sec - beats[place]) / (beats[place + 1] - beats[place])) * TICKS_PER_BEAT


def _quantized(notes: Timed, beats: list[float]) -> list[Note]:
    line = []
    for onset, release, pitch in notes:
        exact = _tick(onset, beats)
        beat, place = divmod(exact, TICKS_PER_BEAT)
        tick = int(beat) * TICKS_PER_BEAT + min(PLACES, key=lambda known: abs(known - place))
        if 0 <= tick < (len(beats) - 1) * TICKS_PER_BEAT:
            line.append(Note(tick, pitch, max(1, round(_tick(release, beats) - exact))))
    return line


def _changes(text: str, beats: list[float]) -> list[ChordChange]:
    changes: list[ChordChange] = []
    for line in text.splitlines():
        start, _, label = line.split()
        beat = round(_tick(float(start), beats) / TICKS_PER_BEAT)
        change = ChordChange(beat * TICKS_PER_BEAT, _chord(label))
        if changes and changes[-1].tick >= change.tick:
            changes.pop()
        if not changes or changes[-1].chord != change.chord:
            changes.append(change)
    return changes


def _chord(label: str) -> Chord | None:
    """The chord of a Harte label such as `F#:min7/b3`. Raises ValueError for a quality that is not in the table."""
    if label == "N":
        return None
    letter, _, rest = label.partition(":")
    quality, _, degree = rest.partition("/")
    root = pitch_class(letter[0], letter[1:])
    if degree and degree not in _DEGREES:
        raise ValueError(f"chord {label}")
    return Chord(root, _QUALITIES.get(quality, quality), (root + _DEGREES[degree]) % 12 if degree else root)


def _from(changes: list[ChordChange], tick: int) -> tuple[ChordChange, ...]:
    """The changes as seen from `tick`, which becomes 0."""
    before = [change for change in changes if change.tick <= tick]
    first = ChordChange(0, before[-1].chord if before else None)
    return (first, *(ChordChange(change.tick - tick, change.chord) for change in changes if change.tick > tick))


def _moved(note: Note, ticks: int) -> Note:
    return Note(note.tick + ticks, note.pitch, note.duration_ticks)
