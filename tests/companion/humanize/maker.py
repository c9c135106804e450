"""MIDI files made byte by byte, and a player whose playing a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import msgspec
import numpy as np

from companion.humanize.casting import Session
from companion.humanize.control_settings import Controls, usual_controls
from companion.humanize.midi_file import MidiFile, parse_midi, varint
from companion.humanize.parts import Part, read_parts
from companion.humanize.song import BarRange, Job, duv_wish
from companion.humanize.work import PartReport, humanize
from shared.calibration import Calibration, Line
from shared.duv_settings import DuvUse, load_duv_uses
from shared.written import Floats, Performance, Written

TPB = 480
ALL_BARS = BarRange()
Timed = tuple[int, bytes]
Stroke = tuple[float, float, int, int]
"""Onset and length in quarters, pitch, velocity."""
BPM = 120.0
MS = BPM / 60_000.0
LINE: list[Stroke] = [(beat / 2, 0.5, 38 + 4 * (beat % 2), 100) for beat in range(16)]


def midi(*tracks: Sequence[Timed], layout: int = 1) -> bytes:
    """A file of tracks of (tick, event bytes); each gets its end mark."""
    head = b"MThd" + (6).to_bytes(4, "big") + layout.to_bytes(2, "big") + len(tracks).to_bytes(2, "big") + TPB.to_bytes(2, "big")
    return head + b"".join(chunk(track) for track in tracks)


def chunk(track: Sequence[Timed]) -> bytes:
    body, last = b"", 0
    for tick, event in track:
        body += varint(tick - last) + event
        last = tick
    body += b"\x00\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + varint(len(data)) + data


def name(text: str) -> Timed:
    return 0, meta(0x03, text.encode())


def tempo(bpm: float, tick: int = 0) -> Timed:
    return tick, meta(0x51, round(60e6 / bpm).to_bytes(3, "big"))


def metre(over: int, under: int, tick: int = 0) -> Timed:
    return tick, meta(0x58, bytes([over, under.bit_length() - 1, 24, 8]))


def notes(strokes: Sequence[Stroke], channel: int = 0) -> list[Timed]:
    """Note-ons and note-offs, those that end before those that begin."""
    timed = []
    for onset, length, pitch, velocity in strokes:
        on, off = round(onset * TPB), round((onset + length) * TPB)
        timed += [(on, 1, bytes([0x90 | channel, pitch, velocity])), (off, 0, bytes([0x80 | channel, pitch, 64]))]
    return [(tick, event) for tick, _, event in sorted(timed)]


def song(strokes: Sequence[Stroke], title: str = "Drums", channel: int = 9) -> MidiFile:
    """A tempo track and one part."""
    return parse_midi(midi([tempo(120), metre(4, 4)], [name(title), *notes(strokes, channel)]))


def strokes_of(data: bytes, place: int = 0) -> list[Stroke]:
    """The notes of a part of a file, by onset, then pitch."""
    found = read_parts(parse_midi(data))[place].notes
    columns = (found.onset_beat, found.duration_beat, found.pitch, found.velocity.astype(int))
    return list(zip(*(column.tolist() for column in columns), strict=True))


@dataclass
class Fake:
    """Plays `velocity`, `onset_ms` and `log_ratio`: arrays or numbers made from what is written; keeps what it was asked."""

    velocity: Callable[[Written], Floats | float] = lambda written: 64.0
    onset_ms: Callable[[Written], Floats | float] = lambda written: 0.0
    log_ratio: Callable[[Written], Floats | float] = lambda written: 0.0
    asked: list[tuple[Written, int | None]] = field(default_factory=list)
    heard: list[list[tuple[Written, Performance]]] = field(default_factory=list)

    def perform(self, written: Written, seed: int | None = None, calibration: Calibration | None = None) -> Performance:
        self.asked.append((written, seed))
        chance = np.random.default_rng(seed) if seed is not None else None
        lead = chance.normal(0, 5, len(written)) if chance is not None else 0.0
        values = (np.broadcast_to(side(written), (len(written),)) for side in (self.velocity, self.onset_ms, self.log_ratio))
        velocity, onset_ms, log_ratio = (np.asarray(value, dtype=np.float64) for value in values)
        performance = Performance(velocity, onset_ms + lead, log_ratio)
        return performance if calibration is None else calibration.laid_over(performance)

    def calibrate(self, takes: Sequence[tuple[Written, Performance]]) -> Calibration:
        """As far as the players' means lie from its own."""
        self.heard.append(list(takes))
        played = [(performance, self.perform(written)) for written, performance in takes]
        names = ("velocity", "onset_ms", "log_ratio")
        away = [np.concatenate([getattr(player, name) - getattr(own, name) for player, own in played]) for name in names]
        return Calibration(*(Line(float(by.mean())) for by in away))


@cache
def uses() -> dict[str, DuvUse]:
    return load_duv_uses()


def session(fake: Fake, seed: int = 1, sample: bool = False, keep_level: bool = False) -> Session:
    """Every model is `fake`. `keep_level`: as the settings say which tracks stay as loud as they are; else none does."""
    settings = uses() if keep_level else {name: msgspec.structs.replace(use, keep_level=False) for name, use in uses().items()}
    return Session(settings, "pitched_duv_v3", lambda name: (), lambda name, style: fake, seed, sample)


def job(instrument: str = "drums", bars: BarRange = ALL_BARS, controls: Controls | None = None, **words: float) -> Job:
    """The humanizer, after `controls`, on every part taken for `instrument`; `words` are its intensities."""
    return Job(instrument, bars, None, None, False, controls, duv_wish(None, "unknown", False, **words))


def only_part(file: MidiFile) -> Part:
    (part,) = read_parts(file)
    return part


def played(file: MidiFile, *jobs: Job, fake: Fake | None = None, seed: int = 1, sample: bool = False) -> tuple[bytes, list[PartReport]]:
    return humanize(file, jobs, session(fake or Fake(), seed, sample))


def with_rules(instrument: str, bars: BarRange = ALL_BARS, **words: float) -> Job:
    return job(instrument, bars, usual_controls(instrument), **words)
