"""What the humanizer sees of a written track: codes and numbers for each note. Knows metre and kit; knows nothing of how notes are played.

One function for training and use. It reads the written side alone, so no prediction can copy what it predicts. Places in the bar follow the
metre: by the bar, by the felt beat (three eighths in 6/8), by sixteenths. Shapes: N notes, C codes, V values.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared import surroundings as around
from shared.bins import LAYOUT
from shared.drum_kit import HIGH_TOM, LOW_TOM, VOICE_OF_PITCH, VOICES, voices_of
from shared.written import INSTRUMENTS, PLAYING_STYLES, Floats, Ints, Written

Codes = NDArray[np.int64]
Values = NDArray[np.float32]

VERSION = 1
GAP_EDGES = (1 / 48, 1 / 14, 1 / 10, 1 / 7, 1 / 5, 2 / 7, 0.35, 0.45, 0.6, 0.7, 0.9, 1.2, 1.75, 2.5, 3.5, 6, 12, 24, 1e6)
"""Quarters that part the classes of gaps and lengths; the written ones (1/32 to whole bars, thirds too) lie between them."""
REST_EDGES = (-4.0, -1.0, -0.3, -0.02, 0.02, 0.1, 0.2, 0.3, 0.45, 0.7, 1.2, 2.5, 4.5, 9.0, 1e6)
_GAPS = len(GAP_EDGES) + 1
_RESTS = len(REST_EDGES) + 1
_INTERVAL_MAX = 18
_BARS_MAX = 16
_PULSES_MAX = 16
_PULSE_PARTS = 24
_SIXTEENTHS = 64
_PHRASE_BARS = 8
_CHORD_MAX = 8
_TEMPO_BINS = 32
_TEMPO_LEAST_BPM = 30.0
_TEMPO_BINS_PER_OCTAVE = 6
_ON_THE_LINE_BEATS = 1 / 96
_PHRASE_REST_BEATS = 0.7
_FAR_BEATS = 16.0
_HARMONICS = 4
_REACH_BEATS = (1.0, 4.0)
_DENSITY_BEATS = (0.5, 2.0, 8.0)
_TONES = range(LOW_TOM, HIGH_TOM + 1)

CODE_SIZES = {
    "instrument": 1 + len(INSTRUMENTS),  # 0 where unknown
    "style": len(PLAYING_STYLES),
    "tempo": 1 + _TEMPO_BINS,  # 0 where unknown
    "voice": 1 + len(VOICES),  # 0 for pitched notes, as the next two are for drums
    "pitch_class": 13,
    "pitch": 129,
    "sixteenth": _SIXTEENTHS,  # since the downbeat
    "pulse": _PULSES_MAX,  # felt beats since the downbeat
    "pulse_part": _PULSE_PARTS,
    "pulses": 1 + _PULSES_MAX,  # in the bar
    "is_downbeat": 2,
    "bar_in_phrase": _PHRASE_BARS,
    "bars_done": 1 + _BARS_MAX,
    "bars_left": 1 + _BARS_MAX,
    "gap_before": _GAPS,
    "gap_after": _GAPS,
    "voice_gap_before": _GAPS,
    "voice_gap_after": _GAPS,
    "duration": _GAPS,
    "rest_before": _RESTS,
    "rest_after": _RESTS,
    "chord_size": _CHORD_MAX,
    "chord_rank": _CHORD_MAX,
    "interval_before": 2 * _INTERVAL_MAX + 2,
    "interval_after": 2 * _INTERVAL_MAX + 2,
    "contour": 16,
}
"""The columns of `Features.codes` and how many numbers each can hold. Drums have neither lengths nor intervals: theirs stay at 0."""
TEMPO_VALUES = ("tempo", "tempo_known")
VALUES = (
    "onset_beat",
    *TEMPO_VALUES,
    *(f"bar_{wave}_{times}" for times in range(1, _HARMONICS + 1) for wave in ("sin", "cos")),
    *(f"pulse_{wave}_{times}" for times in range(1, _HARMONICS + 1) for wave in ("sin", "cos")),
    "gap_before", "gap_after", "voice_gap_before", "voice_gap_after", "duration", "gap_share",
    "place", "track_beats", "since_phrase_start", "until_phrase_end",
    *(f"density_{reach:g}" for reach in _DENSITY_BEATS), "chord_size", "chord_place",
    "register", "register_nearby", "above_lowest", "below_highest",
    *(f"{what}_{away}" for away in ("bar_ago", "bar_on", "bars_ago", "bars_on", "pulse_ago", "pulse_on") for what in ("same", "any")),
    *(f"{name} ago" for name in VOICES), *(f"{name} on" for name in VOICES),
    *(f"{name} within {reach:g}" for reach in _REACH_BEATS for name in VOICES), *(f"toms within {reach:g}" for reach in _REACH_BEATS),
    *(f"share of {name}" for name in VOICES), "off_eighths", "off_sixteenths", "track_density",
    *(f"patch {step} {row}" for step in range(around.PATCH_WIDTH) for row in range(around.PATCH_ROWS)),
)  # fmt: skip
"""The columns of `Features.values`, most of them around -1..1."""


@dataclass(frozen=True, slots=True)
class Features:
    """N notes as a net reads them: `codes` (N, C), each below its column's size in `CODE_SIZES`, and `values` (N, V) by `VALUES`.

    The first value is the onset in quarters from the track's start: the place for attention, of which only differences count.
    """

    codes: Codes
    values: Values

    def __len__(self) -> int:
        return len(self.codes)

    def part(self, where: slice) -> Features:
        """The notes at `where`."""
        return Features(self.codes[where], self.values[where])


def features_hash() -> str:
    """A fingerprint of everything that gives the numbers their meaning, read or predicted: other weights are of no use here."""
    table = [
        VERSION, list(CODE_SIZES.items()), VALUES, INSTRUMENTS, PLAYING_STYLES, VOICE_OF_PITCH.tolist(), GAP_EDGES, REST_EDGES,
        _TEMPO_LEAST_BPM, _TEMPO_BINS_PER_OCTAVE, LAYOUT,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(table).encode()).hexdigest()[:16]


def is_downbeat(written: Written) -> NDArray[np.bool_]:
    """Which notes stand on the first beat of their bar, and nowhere else."""
    return np.abs(written.bar_beat) < _ON_THE_LINE_BEATS


def features(written: Written) -> Features:
    """The features of a whole track, any length. Cut into windows afterwards (`shared.phrases`), so that no edge is taken for an end."""
    if not len(written):
        return Features(np.empty((0, len(CODE_SIZES)), np.int64), np.empty((0, len(VALUES)), np.float32))
    sight = _Sight(written)
    codes = {**_name_codes(written), **_metre_codes(written), **sight.codes()}
    values = np.column_stack([written.onset_beat, *_tempo_values(written), *_metre_values(written), *sight.values()])
    return Features(np.column_stack([codes[name] for name in CODE_SIZES]), values.astype(np.float32))


def _name_codes(written: Written) -> dict[str, Ints]:
    tempo = np.rint(_TEMPO_BINS_PER_OCTAVE * np.log2(written.tempo_bpm / _TEMPO_LEAST_BPM))
    drums, pitch = written.is_drums, written.pitch
    nothing = np.zeros_like(pitch)
    return {
        "instrument": np.full_like(pitch, 1 + INSTRUMENTS.index(written.instrument)),
        "style": np.full_like(pitch, PLAYING_STYLES.index(written.style)),
        "tempo": 1 + np.clip(np.nan_to_num(tempo, nan=-1.0), np.where(np.isnan(tempo), -1, 0), _TEMPO_BINS - 1).astype(np.int64),
        "voice": 1 + voices_of(pitch) if drums else nothing,
        "pitch_class": nothing if drums else 1 + pitch % 12,
        "pitch": nothing if drums else 1 + pitch,
    }


def _metre_codes(written: Written) -> dict[str, Ints]:
    parts = np.rint(written.bar_beat / written.pulse_beats * _PULSE_PARTS).astype(np.int64)
    bar = _bars(written)
    return {
        "sixteenth": np.clip(np.rint(4 * written.bar_beat), 0, _SIXTEENTHS - 1).astype(np.int64),
        "pulse": np.clip(parts // _PULSE_PARTS, 0, _PULSES_MAX - 1),
        "pulse_part": parts % _PULSE_PARTS,
        "pulses": np.clip(np.rint(written.bar_beats / written.pulse_beats), 0, _PULSES_MAX).astype(np.int64),
        "is_downbeat": is_downbeat(written).astype(np.int64),
        "bar_in_phrase": bar % _PHRASE_BARS,
        "bars_done": np.minimum(bar, _BARS_MAX),
        "bars_left": np.minimum(bar.max() - bar, _BARS_MAX),
    }


def _bars(written: Written) -> Ints:
    """The bar of each note, from 0 in the track's first: a new one wherever the downbeat below a note has moved on."""
    line = written.onset_beat - written.bar_beat
    passed = np.rint(np.diff(line, prepend=line[:1]) / written.bar_beats)
    return np.cumsum(np.maximum(passed, 0)).astype(np.int64)


def _tempo_values(written: Written) -> list[Floats]:
    known = np.isfinite(written.tempo_bpm)
    return [np.where(known, np.log2(np.where(known, written.tempo_bpm, 120.0) / 120.0), 0.0), known.astype(np.float64)]


def _metre_values(written: Written) -> list[Floats]:
    turns = (written.bar_beat / written.bar_beats, written.bar_beat / written.pulse_beats)
    return [wave(2 * np.pi * times * turn) for turn in turns for times in range(1, _HARMONICS + 1) for wave in (np.sin, np.cos)]


class _Sight:
    """What is seen around each note of a track that has one or more."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.drums, pitch = written.is_drums, written.pitch
        self.voice = voices_of(pitch) if self.drums else pitch
        self.tick = around.ticks_of(written.onset_beat)
        self.chords = around.chords_of(self.tick, self.voice)
        before, after = around.gaps(self.chords.tick)
        self.gap = (before[self.chords.of], after[self.chords.of])
        self.voice_gap = around.gaps_in_voice(self.tick, self.voice)
        # How long a drum is written means nothing.
        length = np.minimum(self.gap[1], 0.25) if self.drums else written.duration_beat
        self.rest = around.rests(self.tick, length, self.chords)

    def codes(self) -> dict[str, Ints]:
        names = ("gap_before", "gap_after", "voice_gap_before", "voice_gap_after")
        found = {name: _classes(gap, GAP_EDGES) for name, gap in zip(names, (*self.gap, *self.voice_gap), strict=True)}
        nothing = np.zeros_like(self.written.pitch)
        found |= {"chord_size": np.minimum(self.chords.size[self.chords.of], _CHORD_MAX) - 1, "chord_rank": nothing}
        if self.drums:
            return found | dict.fromkeys(("duration", "rest_before", "rest_after", "interval_before", "interval_after", "contour"), nothing)
        before, after = self._intervals()
        return found | {
            "duration": _classes(self.written.duration_beat, GAP_EDGES),
            "rest_before": _classes(self.rest[0], REST_EDGES),
            "rest_after": _classes(self.rest[1], REST_EDGES),
            "chord_rank": np.minimum(self.chords.rank, _CHORD_MAX - 1),
            "interval_before": _interval_codes(before),
            "interval_after": _interval_codes(after),
            "contour": 4 * _directions(before) + _directions(after),
        }

    def _intervals(self) -> tuple[Floats, Floats]:
        """Semitones up from the top of the chord before, and up to the top of the next; NaN where there is none."""
        pitch, top = (pitches.astype(np.float64) for pitches in (self.written.pitch, self.chords.high))
        before = np.concatenate(([np.nan], top[:-1]))[self.chords.of]
        after = np.concatenate((top[1:], [np.nan]))[self.chords.of]
        return pitch - before, after - pitch

    def values(self) -> list[Floats]:
        written, (before, after) = self.written, self.gap
        size = self.chords.size[self.chords.of]
        share = np.minimum(after, _FAR_BEATS) / (np.minimum(before, _FAR_BEATS) + np.minimum(after, _FAR_BEATS))
        lasting = np.zeros(len(written)) if self.drums else _log_gap(written.duration_beat)
        return [
            *(_log_gap(gap) for gap in (before, after, *self.voice_gap)), lasting, 2 * share - 1,
            *self._places(), *self._densities(), _log_count(size), self.chords.rank / np.maximum(size - 1, 1),
            *self._registers(), *self._repeats(), *self._kit(), *self._habits(),
            around.patches(self.tick, written.pitch, _voice_row if self.drums else _interval_row).reshape(len(written), -1),
        ]  # fmt: skip

    def _places(self) -> list[Floats]:
        """Where the note stands in its track and in its phrase, which rests part."""
        onset = self.written.onset_beat
        whole = onset[-1] - onset[0]
        starts = self.rest[0] >= _PHRASE_REST_BEATS
        first = np.flatnonzero(starts)[np.cumsum(starts) - 1]  # the very first note follows endless silence
        last = np.append(np.flatnonzero(starts)[1:], len(onset))[np.cumsum(starts) - 1] - 1
        return [
            2 * (onset - onset[0]) / max(whole, 1e-9) - 1,
            np.full(len(onset), _log_count(np.array([whole]))[0]),
            _log_count(onset - onset[first]),
            _log_count(onset[last] - onset),
        ]

    def _densities(self) -> list[Floats]:
        places = self.chords.tick
        found = []
        for reach_beats in _DENSITY_BEATS:
            reach = round(reach_beats * around.TICKS)
            count = np.searchsorted(places, self.tick + reach, "right") - np.searchsorted(places, self.tick - reach, "left")
            found.append(np.log2(count / (2 * reach_beats)) / 2)
        return found

    def _registers(self) -> list[Floats]:
        if self.drums:
            return [np.zeros(len(self.tick))] * 4
        pitch = self.written.pitch.astype(np.float64)
        sums = np.concatenate(([0.0], np.cumsum(pitch)))
        reach = 4 * around.TICKS
        left, right = np.searchsorted(self.tick, self.tick - reach, "left"), np.searchsorted(self.tick, self.tick + reach, "right")
        nearby = (sums[right] - sums[left]) / (right - left)
        return [part / 12 for part in (pitch - pitch.mean(), pitch - nearby, pitch - pitch.min(), pitch.max() - pitch)]

    def _repeats(self) -> list[Floats]:
        bar, pulse = around.ticks_of(self.written.bar_beats), around.ticks_of(self.written.pulse_beats)
        return [
            found.astype(np.float64)
            for away in (-bar, bar, -2 * bar, 2 * bar, -pulse, pulse)
            for found in around.struck_at(self.tick, self.voice, away)
        ]

    def _kit(self) -> list[Floats]:
        """The kit around a stroke: how far each voice is, how often it strikes nearby; zeros for pitched notes."""
        columns = len(VOICES)
        if not self.drums:
            return [np.zeros((len(self.tick), (2 + len(_REACH_BEATS)) * columns + len(_REACH_BEATS)))]
        counts = [around.counts_of_voices(self.tick, self.voice, columns, reach) for reach in _REACH_BEATS]
        return [
            *(_log_gap(gap) for gap in around.gaps_to_voices(self.tick, self.voice, columns)),
            *(_log_count(count) for count in counts),
            *(count[:, _TONES].sum(1) / count.sum(1) for count in counts),
        ]

    def _habits(self) -> list[Floats]:
        """What is the same for the whole track: its share of each voice, of syncopes, and how dense it is."""
        count = len(self.tick)
        shares = np.bincount(self.voice, minlength=len(VOICES))[: len(VOICES)] / count if self.drums else np.zeros(len(VOICES))
        off_eighths, off_sixteenths = ((self.tick % grid != 0).mean() for grid in (around.TICKS // 2, around.TICKS // 4))
        density = np.log2(len(self.chords.tick) / (1 + self.written.onset_beat[-1] - self.written.onset_beat[0])) / 2
        return [np.tile([*shares, off_eighths, off_sixteenths, density], (count, 1))]


def _classes(beats: Floats, edges: tuple[float, ...]) -> Ints:
    return np.searchsorted(np.array(edges), beats).astype(np.int64)


def _log_gap(beats: Floats) -> Floats:
    """Quarters on a logarithmic scale, 0 at an eighth, 1 at a bar of four, at most 2: what lies farther, or nowhere."""
    return np.clip(np.log2(np.maximum(beats, 1 / 32) / 0.5) / 3, -1.5, 2.0)


def _log_count(count: Floats | Ints) -> Floats:
    scaled: Floats = np.log2(1.0 + count) / 4
    return scaled


def _interval_codes(semitones: Floats) -> Ints:
    near = np.clip(semitones, -_INTERVAL_MAX, _INTERVAL_MAX) + _INTERVAL_MAX + 1
    return np.where(np.isnan(near), 0, near).astype(np.int64)


def _directions(semitones: Floats) -> Ints:
    """0 none, 1 down, 2 the same, 3 up."""
    return np.where(np.isnan(semitones), 0, np.sign(semitones) + 2).astype(np.int64)


def _voice_row(own: Ints, other: Ints) -> Ints:
    return voices_of(other)


def _interval_row(own: Ints, other: Ints) -> Ints:
    """Nine classes of intervals, the same pitch in the middle."""
    return np.searchsorted(np.array((-12, -7, -2, 0, 1, 3, 8, 13)), other - own, "right").astype(np.int64)
