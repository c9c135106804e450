"""A MIDI file as arrays: tracks, tempos, metres and texts in the file's own ticks. Knows the format; knows no beats and no parts.

symusic reads a file some fifty times faster than mido, but leaves out plain text events; where a file seems to have chord
symbols in them, mido reads it for these.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import mido
import numpy as np
from numpy.typing import NDArray
from symusic.core import ScoreTick, TrackTick

from shared.errors import DataError
from shared.music import Meter

Ticks = NDArray[np.int64]
Value = TypeVar("Value")
SUFFIXES = (".mid", ".midi")
FILE_BYTES_MAX = 1 << 24
USUAL_TEMPO_BPM = 120.0
BROKEN = "broken MIDI file"
_TEXT_CHORD = re.compile(rb"\xff\x01[\x01-\x10][A-G][#b]?(?:m|min|maj|dim|aug|sus|[-+o0-9^/(])")
_TEXT_CHORDS_MIN = 4


@dataclass(frozen=True, slots=True, eq=False)
class MidiTrack:
    """A track's notes, ascending by onset, then pitch: file ticks of onset and length, MIDI pitch and velocity; all shape (notes,)."""

    name: str
    program: int
    is_drum: bool
    onset: Ticks
    length: Ticks
    pitch: Ticks
    velocity: Ticks

    def __len__(self) -> int:
        return len(self.onset)


@dataclass(frozen=True, slots=True, eq=False)
class MidiFile:
    """A file's contents. `tempos` (quarter notes a minute) and `meters` each begin at tick 0; `texts` are markers, lyrics and texts."""

    ticks_per_quarter: int
    tracks: tuple[MidiTrack, ...]
    tempos: tuple[tuple[int, float], ...]
    meters: tuple[tuple[int, Meter], ...]
    texts: tuple[tuple[int, str], ...]

    def seconds(self, ticks: Ticks) -> NDArray[np.float64]:
        """File ticks as seconds from the file's beginning."""
        starts = np.array([tick for tick, _ in self.tempos], dtype=np.float64)
        per_tick = np.array([60.0 / bpm / self.ticks_per_quarter for _, bpm in self.tempos])
        at = np.concatenate(([0.0], np.cumsum(np.diff(starts) * per_tick[:-1])))
        place = np.searchsorted(starts, ticks, side="right") - 1
        return np.asarray(at[place] + (ticks - starts[place]) * per_tick[place])


def read_midi(path: Path) -> MidiFile:
    """The contents of the file at `path`. Raises DataError as `parse_midi` does, and where the file cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return parse_midi(data)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def parse_midi(data: bytes) -> MidiFile:
    """The contents of a MIDI file's bytes. Raises DataError with the reason why they are no usable MIDI file."""
    if len(data) > FILE_BYTES_MAX:
        raise DataError(f"{BROKEN} ({len(data) >> 20} MB; no music is that long)")
    if not data.startswith(b"MThd"):
        raise DataError(f"{BROKEN} (empty)" if not data else f"{BROKEN} (it does not begin as MIDI files do)")
    try:
        score = ScoreTick.from_midi(data)
    except (RuntimeError, ValueError) as error:
        first = (str(error).splitlines() or ["unreadable"])[0].removeprefix("MiniMidi: ")
        raise DataError(f"{BROKEN} ({first[:80]})") from None
    texts = [(text.time, text.text) for text in score.markers]
    texts += [(text.time, text.text) for track in score.tracks for text in track.lyrics]
    if len(_TEXT_CHORD.findall(data)) >= _TEXT_CHORDS_MIN:
        texts += _plain_texts(data)
    try:
        meters = [(sign.time, Meter(sign.numerator, sign.denominator)) for sign in score.time_signatures]
    except ValueError as error:
        raise DataError(f"{BROKEN} ({error})") from None
    tempos = [(tempo.time, float(tempo.qpm)) for tempo in score.tempos]
    if not all(0 < bpm < float("inf") for _, bpm in tempos):
        raise DataError(f"{BROKEN} (a tempo of zero)")
    return MidiFile(
        score.ticks_per_quarter,
        tuple(_track(track) for track in score.tracks if len(track.notes)),
        _steps(tempos, USUAL_TEMPO_BPM),
        _steps(meters, Meter()),
        tuple(sorted({(tick, text.strip()) for tick, text in texts if text.strip()})),
    )


def _track(track: TrackTick) -> MidiTrack:
    columns = track.notes.numpy()
    onset, length, pitch, velocity = (np.asarray(columns[name], dtype=np.int64) for name in ("time", "duration", "pitch", "velocity"))
    order = np.lexsort((pitch, onset))
    notes = (onset[order], np.maximum(length[order], 1), pitch[order], velocity[order])
    return MidiTrack(track.name.strip(), int(track.program), bool(track.is_drum), *notes)


def _steps(changes: Iterable[tuple[int, Value]], usual: Value) -> tuple[tuple[int, Value], ...]:
    """Changes in order, one a tick (the last counts), none that changes nothing, with `usual` until the first."""
    kept: dict[int, Value] = {0: usual}
    for tick, value in sorted(changes, key=lambda change: change[0]):
        kept[tick] = value
    steps: list[tuple[int, Value]] = []
    for tick, value in kept.items():
        if not steps or steps[-1][1] != value:
            steps.append((tick, value))
    return tuple(steps)


def _plain_texts(data: bytes) -> list[tuple[int, str]]:
    try:
        tracks = mido.MidiFile(file=io.BytesIO(data)).tracks
    except (OSError, EOFError, ValueError, KeyError, IndexError, mido.KeySignatureError) as error:
        raise DataError(f"{BROKEN} ({error})") from None
    found = []
    for track in tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "text":
                found.append((tick, str(message.text)))
    return found
