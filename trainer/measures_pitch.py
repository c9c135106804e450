"""What a line's pitches are like: over its chords, from note to note, and within bars. Knows lines; knows no files and no verdict.

Conventions
    Every measure takes one `Line` and gives one number, None where the line has nothing to measure (no chord, too few notes).
    Shares are of 1. Intervals are signed semitones from a note to the next, across rests as well.
References
    Wu, Yang: *The Jazz Transformer on the Front Line*, ISMIR 2020 (entropies).
    Madaghiele, Lisena, Troncy: *MINGUS*, ISMIR 2021 (chord and scale shares).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from trainer.line import EARLY_BEATS, Line

STEP_MAX = 2
LEAP_MIN = 8


def chord_tone_share(line: Line) -> float | None:
    """Share of the notes over a chord whose pitch class is one of the chord's own (root, third, fifth, seventh or sixth).

    By chance 0.32; humans 0.50.
    """
    return _mean(pitch % 12 in chord.tones for pitch, chord in zip(line.pitch, line.chords, strict=True) if chord is not None)


def chord_scale_share(line: Line) -> float | None:
    """Share of the notes over a chord whose pitch class lies in the chord's scale, `shared.chords.Chord.scale`.

    With these scales humans have 0.79. A published 0.72 for the same solos counts with other scales, which are not told;
    scales without their avoid notes come nearest (0.74).
    """
    return _mean(pitch % 12 in chord.scale for pitch, chord in zip(line.pitch, line.chords, strict=True) if chord is not None)


def on_minus_off_beat_chord_tones(line: Line) -> float | None:
    """Chord-tone share of the notes on a beat less that of the others; on a beat means within 1/16 of a quarter note of it."""
    on_beat = np.abs(line.onset_beat - np.round(line.onset_beat)) <= EARLY_BEATS + 1e-9
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for pitch, chord, on in zip(line.pitch, line.chords, on_beat, strict=True):
        if chord is not None:
            hits[bool(on)].append(pitch % 12 in chord.tones)
    on, off = _mean(hits[True]), _mean(hits[False])
    return None if on is None or off is None else on - off


def steps(line: Line) -> float | None:
    """Share of the intervals that are a semitone or a whole tone, up or down; a repeated note is none."""
    return _mean(0 < abs(interval) <= STEP_MAX for interval in np.diff(line.pitch))


def leaps(line: Line) -> float | None:
    """Share of the intervals larger than a fifth (more than 7 semitones)."""
    return _mean(abs(interval) >= LEAP_MIN for interval in np.diff(line.pitch))


def immediate_repeats(line: Line) -> float | None:
    """Share of the notes after the first that repeat the pitch before them."""
    return _mean(interval == 0 for interval in np.diff(line.pitch))


def h1(line: Line) -> float | None:
    """Pitch-class entropy over one bar in bits, the mean over the bars that hold a note (Wu and Yang 2020, section 5.1)."""
    return _entropy(line, 1)


def h4(line: Line) -> float | None:
    """Pitch-class entropy over four bars in bits, the mean over all windows of four bars that hold a note (Wu and Yang 2020)."""
    return _entropy(line, 4)


def repeated_interval_trigrams(line: Line) -> float | None:
    """Share of the rows of three intervals (four notes) that occurred before in the same solo: 1 - distinct / all.

    It grows with a solo's length: whole human solos have 0.32, their stretches of 32 bars 0.21.
    """
    intervals = np.diff(line.pitch).tolist()
    rows = list(zip(intervals, intervals[1:], intervals[2:], strict=False))
    return 1 - len(set(rows)) / len(rows) if rows else None


def _entropy(line: Line, bars: int) -> float | None:
    classes: dict[int, list[int]] = defaultdict(list)
    for bar, pitch in zip(line.bars.tolist(), line.pitch.tolist(), strict=True):
        classes[bar].append(pitch % 12)
    if not classes:
        return None
    # A line shorter than the window is one window.
    starts = range(min(classes), max(min(classes), max(classes) - bars + 1) + 1)
    windows = [[one for bar in range(start, start + bars) for one in classes.get(bar, [])] for start in starts]
    return _mean(_bits(window) for window in windows if window)


def _bits(values: list[int]) -> float:
    shares = [count / len(values) for count in Counter(values).values()]
    return -sum(share * math.log2(share) for share in shares)


def _mean(values: Iterable[float]) -> float | None:
    counted = list(values)
    return float(np.mean(counted)) if counted else None
