"""Where swung eighths are written: the upbeat's place in the beat, smoothed over its neighbours. Knows beats; knows no files.

A soloist's upbeats come a little later than half of the beat, the more so the slower the tune. That much belongs to the
line and is written in ticks; how each single note strays from it belongs to the humanizer.
Beat-upbeat ratio: Corcoran and Frieler, *Playing It Straight: Analyzing Jazz Soloists' Swing Eighth-Note Distributions with the
Weimar Jazz Database*, 2021.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from statistics import median

from shared.music import TICKS_PER_BEAT

UPBEAT_FROM, UPBEAT_TO = 0.45, 0.7
NEIGHBOURS = 5
NEAR_BEATS = 8
UPBEAT_TICKS_MIN, UPBEAT_TICKS_MAX = 11, 16
# Beat-upbeat ratios of soloists by tempo, quarter notes a minute: medians over the solos of the Weimar Jazz Database.
RATIO_BY_TEMPO = ((110.0, 1.27), (140.0, 1.27), (180.0, 1.25), (220.0, 1.24), (260.0, 1.18), (300.0, 1.12))


def is_upbeat(fraction: float, others: list[float]) -> bool:
    """Whether an onset at `fraction` of a beat is a swung eighth: no other in the beat but one on the beat itself."""
    return UPBEAT_FROM <= fraction <= UPBEAT_TO and all(other == 0.0 for other in others)


def smoothed(beats: list[float], upbeats: list[float], sure: list[bool]) -> list[int]:
    """Ticks in the beat for upbeats played at `upbeats` (fractions of a beat) in ascending `beats`.

    Each is the median of the five nearest in time, itself among them, within a little before straight and triplet eighths. An upbeat
    is `sure` where a note stands on the beats before and after it; the others count only where no sure one is near.
    """
    written: list[int] = []
    for beat in beats:
        near = sorted((abs(other - beat), place) for place, other in enumerate(beats) if abs(other - beat) <= NEAR_BEATS)
        places = [place for _, place in near]
        known = [place for place in places if sure[place]] or places
        level = median(upbeats[place] for place in known[:NEIGHBOURS])
        written.append(max(UPBEAT_TICKS_MIN, min(UPBEAT_TICKS_MAX, round(level * TICKS_PER_BEAT))))
    return written


def lag_at(beats: list[float], lags: list[float], beat: float) -> float:
    """The player's lag behind the beat around `beat`, in beats: the median of up to nine `lags` at ascending `beats`."""
    if not beats:
        return 0.0
    first = max(0, bisect_left(beats, beat) - NEIGHBOURS)
    return median(lags[first : bisect_right(beats, beat) + NEIGHBOURS] or lags[-1:])


def usual_upbeat_tick(tempo_bpm: float) -> int:
    """Where soloists put the upbeat at a tempo, for music written in even eighths that is meant to swing."""
    tempos = [tempo for tempo, _ in RATIO_BY_TEMPO]
    after = bisect_left(tempos, tempo_bpm)
    if after in (0, len(tempos)):
        ratio = RATIO_BY_TEMPO[min(after, len(tempos) - 1)][1]
    else:
        (low, first), (high, second) = RATIO_BY_TEMPO[after - 1], RATIO_BY_TEMPO[after]
        ratio = first + (second - first) * (tempo_bpm - low) / (high - low)
    return round(TICKS_PER_BEAT * ratio / (1 + ratio))
