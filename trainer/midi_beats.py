"""Where a MIDI file's beats are: file ticks -> ticks of 24 a beat. Knows onsets and the tempo map; knows no chords and no parts.

Most files lie on their own grid of quarter notes. A performance that was recorded without a click does not, though its file
names a tempo; its beats are tracked: tempo by the autocorrelation of the onsets, then the best chain of beats by dynamic
programming (D. Ellis, *Beat Tracking by Dynamic Programming*, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors import DataError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter
from trainer.midi_file import MidiFile, Ticks

Times = NDArray[np.float64]
NO_BEATS = "no beats found"
ONSETS_MIN = 24
# How clearly onsets must lie at halves, thirds and quarters of the beat: 1 all of them, 0 anywhere.
GRID_CLEARNESS_MIN, TRACKED_CLEARNESS_MIN = 0.3, 0.4
GRID_CHANCE = 2.5
# So far onsets may lie behind the beat; a file with so many tempos was laid on its beats by hand.
LAG_BEATS_MAX = 0.1
TEMPOS_MAPPED_MIN = 16
SHIFT_RATIO = 1.5
DRUM_PITCH = 60
EXACT_SHARE_MIN = 0.9
ON_BEAT_TICKS = 2
# The tracker's frames a second, its usual tempo and how many octaves it strays from it, and how strictly it keeps time.
FRAMES_PER_SEC, USUAL_BPM, OCTAVES, TIGHTNESS = 60, 100.0, 0.8, 15.0
SLOWEST_BPM, FASTEST_BPM = 50.0, 240.0


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The grid of a stretch of music in one metre: quarter note i lies at file tick `at[i]`, number 0 on a downbeat.

    `exact`: onsets lie on the grid as a sequencer writes them. `tracked`: the file told no beats, they were estimated.
    """

    meter: Meter
    tempo_bpm: float
    at: Times
    exact: bool
    tracked: bool

    def ticks(self, file_ticks: Ticks) -> Times:
        """Ticks of 24 a beat since the first downbeat, with fractions; the first and the last beat's length go on beyond the ends."""
        place = np.clip(np.searchsorted(self.at, file_ticks, side="right") - 1, 0, len(self.at) - 2)
        length = self.at[place + 1] - self.at[place]
        return np.asarray((place + (file_ticks - self.at[place]) / length) * TICKS_PER_BEAT)

    def onset_ticks(self, file_ticks: Ticks) -> Ticks:
        """The ticks at which onsets are written: the nearest, and in played music the beat line itself where it is near."""
        ticks = np.rint(self.ticks(file_ticks)).astype(np.int64)
        if self.exact:
            return ticks
        off = (ticks + TICKS_PER_BEAT // 2) % TICKS_PER_BEAT - TICKS_PER_BEAT // 2
        return np.where(np.abs(off) <= ON_BEAT_TICKS, ticks - off, ticks)


def find_beats(midi: MidiFile) -> Beats:
    """The beats of the longest stretch in one metre. Raises DataError with the reason where there are none to rely on."""
    onsets = np.sort(np.concatenate([track.onset for track in midi.tracks])) if midi.tracks else np.zeros(0, dtype=np.int64)
    if len(onsets) < ONSETS_MIN:
        raise DataError(f"fewer than {ONSETS_MIN} notes")
    first, last, meter = _longest_stretch(midi, onsets)
    onsets = onsets[(onsets >= first) & (onsets < last)]
    beats = (onsets - first) / midi.ticks_per_quarter
    clear, offset, parts = clearness(beats)
    mapped = len(midi.tempos) >= TEMPOS_MAPPED_MIN
    if len(onsets) < ONSETS_MIN or (not mapped and clear < max(GRID_CLEARNESS_MIN, GRID_CHANCE / np.sqrt(len(onsets)))):
        return _tracked(midi)
    shift = 0.0 if mapped else _shift(midi, first, offset, parts)
    # A metre of one or two quarters is what programs write who know of none.
    known_bars = shift == 0.0 and meter.bar_beats > 2
    at = np.asarray(first + (np.arange(int(beats[-1]) + 3) + shift) * midi.ticks_per_quarter, dtype=np.float64)
    if not known_bars:
        meter = meter if meter.bar_beats > 2 else Meter()
        ticks, pitches = _onsets(midi)
        at = at[_downbeat((ticks - at[0]) / midi.ticks_per_quarter, pitches, max(1, round(meter.bar_beats))) :]
    return Beats(meter, _tempo(midi, at), at, _is_exact((onsets - at[0]) / midi.ticks_per_quarter), False)


def clearness(beats: Times) -> tuple[float, float, int]:
    """How clearly onsets (in beats) lie at the beat or at its halves, thirds or quarters: 1 all of them, about 0 anywhere.

    Also by which part of a beat these places lie off the beat line, and into how many parts they divide it.
    """
    means = [(complex(np.exp(2j * np.pi * parts * beats).mean()), parts) for parts in (1, 2, 3, 4)]
    mean, parts = max(means, key=lambda entry: abs(entry[0]))
    return abs(mean), float(np.angle(mean)) / (2 * np.pi * parts), parts


def _longest_stretch(midi: MidiFile, onsets: Ticks) -> tuple[int, int, Meter]:
    """First and last file tick, and metre, of the stretch in one metre with the most onsets."""
    starts = [tick for tick, _ in midi.meters]
    ends = [*starts[1:], int(onsets[-1]) + 1]
    counts = [int(((onsets >= start) & (onsets < end)).sum()) for start, end in zip(starts, ends, strict=True)]
    best = int(np.argmax(counts))
    return starts[best], ends[best], midi.meters[best][1]


def _shift(midi: MidiFile, first: int, offset: float, parts: int) -> float:
    """By which part of a beat the beats that are heard lie behind the file's own; 0.0 unless clearly off.

    Onsets lie `offset` beyond one of the `parts` of the beat: the one with the most low notes is the beat line.
    """
    ticks, pitches = _onsets(midi)
    beats, accent = (ticks - first) / midi.ticks_per_quarter, _accent(pitches)
    shifts = [(offset + part / parts) % 1.0 for part in range(parts)]
    heard = [float(accent[np.abs(beats - shift - np.rint(beats - shift)) < LAG_BEATS_MAX].sum()) for shift in shifts]
    best = int(np.argmax(heard))
    own = max((weight for shift, weight in zip(shifts, heard, strict=True) if min(shift, 1 - shift) <= LAG_BEATS_MAX), default=0.0)
    return shifts[best] if heard[best] > SHIFT_RATIO * own else 0.0


def _onsets(midi: MidiFile) -> tuple[Ticks, Ticks]:
    """Onset in file ticks and pitch of every note, ascending; drums count as notes that are neither low nor high."""
    ticks = np.concatenate([track.onset for track in midi.tracks])
    pitches = np.concatenate([np.full(len(track), DRUM_PITCH) if track.is_drum else track.pitch for track in midi.tracks])
    order = np.argsort(ticks, kind="stable")
    return ticks[order], pitches[order]


def _accent(pitches: Ticks) -> Times:
    """How much a note marks the beat: low ones most."""
    return 1.0 + 1.5 * (pitches < 55) + 3.0 * (pitches < 48)


def _is_exact(beats: Times) -> bool:
    ticks = beats * TICKS_PER_BEAT
    # 1/24 beat, or the sixteenth triplets and 32nds of a sequencer's finer grid.
    return bool((np.abs(ticks * 2 - np.rint(ticks * 2)) < 0.1).mean() >= EXACT_SHARE_MIN)


def _tempo(midi: MidiFile, at: Times) -> float:
    """The median tempo over beats at file ticks `at`. Raises DataError outside 20..400 BPM."""
    sec = midi.seconds(np.rint(at).astype(np.int64))
    tempo_bpm = float(60.0 / np.median(np.diff(sec)))
    if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
        raise DataError(f"tempo out of range ({tempo_bpm:.0f} BPM, expected {TEMPO_BPM_MIN:g} to {TEMPO_BPM_MAX:g})")
    return tempo_bpm


def _tracked(midi: MidiFile) -> Beats:
    ticks, pitches = _onsets(midi)
    sec = midi.seconds(ticks)
    beat_sec = beat_times(sec, pitches)
    beats = np.interp(sec, beat_sec, np.arange(len(beat_sec)))
    inside = (sec >= beat_sec[0]) & (sec <= beat_sec[-1])
    if clearness(beats[inside])[0] < TRACKED_CLEARNESS_MIN:
        raise DataError(f"{NO_BEATS} (played without a click, and its pulse is not clear)")
    at = np.interp(beat_sec, *_rising(sec, ticks))
    # Beats before the first onset and after the last one lie at these on the map.
    at = at[np.concatenate((np.diff(at) > 0, [True]))]
    downbeat = _downbeat(np.interp(ticks[inside], at, np.arange(len(at))), pitches[inside], 4)
    if len(at) < downbeat + 4:
        raise DataError(f"{NO_BEATS} (too short)")
    # Where the first bar is not whole, bars begin with the next one.
    return Beats(Meter(), _tempo(midi, at), at[downbeat:], False, True)


def _rising(sec: Times, ticks: Ticks) -> tuple[Times, Times]:
    """The map from seconds to file ticks at the onsets, each moment once."""
    kept, index = np.unique(sec, return_index=True)
    return kept, ticks[index].astype(np.float64)


def beat_times(sec: Times, pitches: Ticks) -> Times:
    """Times of the beats in music with onsets at ascending `sec`. Raises DataError where it is too short to tell."""
    frames = int((sec[-1] - sec[0]) * FRAMES_PER_SEC) + 1
    if frames < 8 * FRAMES_PER_SEC:
        raise DataError(f"{NO_BEATS} (too short)")
    # Low notes and notes struck together mark the beat.
    weights = 1.0 + (pitches < 52) + 0.5 * (pitches < 45)
    strength = np.zeros(frames + 1)
    np.add.at(strength, np.rint((sec - sec[0]) * FRAMES_PER_SEC).astype(np.int64), weights)
    strength = np.sqrt(strength)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    strength = np.convolve(strength, kernel, mode="same")
    strength /= strength.std() + 1e-9
    period = _period(strength)
    chain = _chain(strength, period)
    times = sec[0] + chain / FRAMES_PER_SEC
    return _settled(times, sec, weights)


def _period(strength: Times) -> float:
    """Frames a beat: the lag at which the onsets repeat best, moderate tempos preferred."""
    centred = strength - strength.mean()
    size = 1 << int(np.ceil(np.log2(2 * len(centred))))
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    repeats = np.fft.irfft(spectrum)[: len(centred)]
    shortest, longest = (round(60.0 * FRAMES_PER_SEC / bpm) for bpm in (FASTEST_BPM, SLOWEST_BPM))
    lags = np.arange(shortest, longest + 1)
    usual = np.exp(-0.5 * (np.log2(60.0 * FRAMES_PER_SEC / lags / USUAL_BPM) / OCTAVES) ** 2)
    around = [repeats[lags * factor] for factor in (1, 2) if lags[-1] * factor < len(repeats)]
    return float(lags[int(np.argmax(usual * np.sum(around, axis=0)))])


def _chain(strength: Times, period: float) -> Times:
    """Frames of the chain of beats that gathers most strength while it keeps `period`."""
    back = np.arange(-round(2 * period), -round(period / 2) + 1)
    cost = TIGHTNESS * np.log(-back / period) ** 2
    total, before = strength.copy(), np.full(len(strength), -1, dtype=np.int64)
    for frame in range(-int(back[0]), len(strength)):
        scores = total[frame + back] - cost
        best = int(np.argmax(scores))
        if scores[best] > 0:
            total[frame] += scores[best]
            before[frame] = frame + back[best]
    frame = len(total) - round(period) + int(np.argmax(total[-round(period) :]))
    chain = []
    while frame >= 0:
        chain.append(frame)
        frame = int(before[frame])
    return np.array(chain[::-1], dtype=np.float64)


def _settled(times: Times, sec: Times, weights: Times) -> Times:
    """Beats moved to the notes struck around them (60 ms either side), the others between their neighbours."""
    settled, known = times.copy(), np.zeros(len(times), dtype=bool)
    for index, at in enumerate(times):
        low, high = np.searchsorted(sec, (at - 0.06, at + 0.06))
        if high > low:
            settled[index] = np.average(sec[low:high], weights=weights[low:high])
            known[index] = True
    if known.sum() >= 2:
        places = np.arange(len(times))
        settled[~known] = np.interp(places[~known], places[known], settled[known])
    # Beats before the first and after the last known one keep their own times.
    ascending: Times = np.maximum.accumulate(settled) + np.arange(len(settled)) * 1e-6
    return ascending


def _downbeat(beats: Times, pitches: Ticks, bar_beats: int) -> int:
    """The beat of the bar, from 0, from which bars of `bar_beats` count best: low notes and many at once stand on downbeats."""
    near = np.rint(beats).astype(np.int64)
    on_beat = np.abs(beats - near) < 0.12
    accent = _accent(pitches)
    return int(np.argmax([accent[on_beat & (near % bar_beats == phase)].sum() for phase in range(bar_beats)]))
