"""When a line plays: density, silence, groove, phrases, swing. Knows lines; knows no files and no verdict.

Conventions
    Every measure takes one `Line` and gives one number, None where the line has nothing to measure.
    Beats are quarter notes. Density and silence count from the first onset to the last release.
References
    Wu, Yang: *The Jazz Transformer on the Front Line*, ISMIR 2020 (grooving similarity).
    Corcoran, Frieler: *Playing It Straight*, Music Perception 2021 (beat-upbeat ratio).
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median_grouped

import numpy as np

from shared.music import beats_to_sec
from trainer.line import EARLY_BEATS, Line

GROOVE_PLACES_PER_BEAT = 12
BREATH_SEC = 0.3
DEAD_AIR_SEC = 0.18
TEMPO_BANDS = ((110.0, 140.0), (140.0, 180.0), (180.0, 220.0), (220.0, 260.0), (260.0, 401.0))
SWING_TICK = 1 / 24


def notes_per_beat(line: Line) -> float | None:
    """Notes in a quarter note of the line's span."""
    return len(line) / line.span_beats if line.span_beats > 0 else None


def notes_per_second(line: Line) -> float | None:
    """Notes in a second of the line's span, at its tempo."""
    return len(line) / beats_to_sec(line.span_beats, line.tempo_bpm) if line.span_beats > 0 else None


def sounding_share(line: Line) -> float | None:
    """Share of the line's span in which a note sounds; a note ends at the latest where the next begins."""
    return float(line.sounding_beats.sum()) / line.span_beats if line.span_beats > 0 else None


def grooving_similarity(line: Line) -> float | None:
    """How alike the bars' onset patterns are: 1 - the share of places at which two bars differ, the mean over all pairs of bars.

    Wu and Yang 2020, section 5.1, over the bars that hold a note. They divide a bar into 64 places, which cannot hold a triplet; here
    a quarter note has 12, the coarsest grid with sixteenths and triplets. So humans have 0.84 on written onsets; with 64 places they
    have 0.88 on written and 0.83 on played ones.
    """
    return _groove(line, GROOVE_PLACES_PER_BEAT)


def grooving_similarity_64(line: Line) -> float | None:
    """Grooving similarity with 16 places a quarter note, 64 in 4/4, exactly as in Wu and Yang 2020."""
    return _groove(line, 16)


def notes_per_phrase(line: Line) -> float | None:
    """Mean number of notes in a phrase; a silence of 0.3 seconds or more ends one.

    Of the silences tried (seconds, beats, both) this one finds best where annotators of the Weimar Jazz Database heard phrases end.
    """
    return len(line) / (1 + int(np.count_nonzero(line.gaps_sec >= BREATH_SEC - 1e-9))) if len(line) else None


def notes_per_annotated_phrase(line: Line) -> float | None:
    """Mean number of notes in a phrase as an annotator heard them; None where nobody has."""
    if line.phrases is None or not len(line):
        return None
    return len(line) / len(np.unique(line.phrases))


def dead_air(line: Line) -> float | None:
    """Share of the gaps between onsets of 180 ms or more: what earlier systems called dead-air ratio.

    For comparison only: a steady eighth-note line at any tempo up to 166 BPM scores 1.
    """
    gaps = np.diff(line.onset_beat) * beats_to_sec(1.0, line.tempo_bpm)
    return float(np.mean(gaps >= DEAD_AIR_SEC - 1e-9)) if len(gaps) else None


def four_gram_repetition(line: Line) -> float | None:
    """Share of the rows of four pitches that occurred before in the same solo, as earlier systems counted it. For comparison only."""
    pitches = line.pitch.tolist()
    rows = list(zip(pitches, pitches[1:], pitches[2:], pitches[3:], strict=False))
    return 1 - len(set(rows)) / len(rows) if rows else None


def note_density(line: Line) -> float | None:
    """Notes a second from the beginning of the piece to the last release, as earlier systems counted it. For comparison only."""
    length = float(line.onset_beat[-1] + line.duration_beat[-1]) if len(line) else 0.0
    return len(line) / beats_to_sec(length, line.tempo_bpm) if length > 0 else None


def upbeat_places(line: Line) -> list[float]:
    """Where the upbeat falls, in parts of its beat, in every beat with exactly three onsets in [beat, next beat].

    These are one on the beat, one inside, one on the next beat. They are found in the written onsets and measured on the
    played ones where these are known.
    """
    beats = np.floor(line.onset_beat + EARLY_BEATS).astype(np.int64)
    on_beat = np.abs(line.onset_beat - beats) <= EARLY_BEATS + 1e-9
    timed = line.onset_beat if line.played_beat is None else line.played_beat
    places = []
    for index in range(len(line) - 2):
        beat = beats[index]
        first_in_beat = index == 0 or beats[index - 1] < beat
        is_figure = beats[index + 1] == beat and beats[index + 2] == beat + 1
        if first_in_beat and on_beat[index] and is_figure and on_beat[index + 2]:
            whole, before = timed[index + 2] - timed[index], timed[index + 1] - timed[index]
            if 0 < before < whole:
                places.append(float(before / whole))
    return places


def beat_upbeat_ratio(places: Iterable[float]) -> float | None:
    """The beat-upbeat ratio at the median of upbeat `places`: 1 for straight, 2 for triplet eighths. None without places.

    Written places are whole ticks, so the median is that of grouped data with a tick (1/24 beat) for a group; for played
    ones it is the usual median to within 0.01.
    """
    ticks = [round(place / SWING_TICK) for place in places]
    if not ticks:
        return None
    middle = min(max(median_grouped(ticks), 0.5), 23.5) * SWING_TICK
    return middle / (1 - middle)


def tempo_band(tempo_bpm: float) -> str | None:
    """The name of the tempo band in which swing is compared, such as `110-140`; None below 110 BPM."""
    for low, high in TEMPO_BANDS:
        if low <= tempo_bpm < high:
            return f"{low:g}-{high:g}" if high <= 260 else f"{low:g}+"
    return None


def _groove(line: Line, places_per_beat: int) -> float | None:
    places = round(line.meter.bar_beats * places_per_beat)
    # What lies in the middle goes to the later place, whatever the rounding of its beat.
    at = np.floor(line.onset_beat * places_per_beat + 0.5 + 1e-6).astype(np.int64)
    played = np.unique(at // places)
    if len(played) < 2:
        return None
    struck = np.zeros((len(played), places), dtype=np.int64)
    struck[np.searchsorted(played, at // places), at % places] = 1
    # At a place struck in k of n bars, k * (n - k) pairs of bars differ.
    bars, counts = len(played), struck.sum(axis=0)
    return float(1 - (counts * (bars - counts)).sum() / places / (bars * (bars - 1) / 2))
