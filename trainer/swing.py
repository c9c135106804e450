"""Where swung eighths are written: the upbeat's place in the beat, smoothed over its neighbours. Knows beats; knows no files.

A soloist's upbeats come a little later than half of the beat, the more so the slower the tune. That much belongs to the
line and is written in ticks; how each single note strays from it belongs to the humanizer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from statistics import median

from shared.music import TICKS_PER_BEAT
from shared.swing import FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK, upbeat_place, usual_ratio

UPBEAT_FROM, UPBEAT_TO = 0.45, 0.7
NEIGHBOURS = 5
NEAR_BEATS = 8


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
        written.append(max(FIRST_UPBEAT_TICK, min(LAST_UPBEAT_TICK, round(level * TICKS_PER_BEAT))))
    return written


def lag_at(beats: list[float], lags: list[float], beat: float) -> float:
    """The player's lag behind the beat around `beat`, in beats: the median of up to nine `lags` at ascending `beats`."""
    if not beats:
        return 0.0
    first = max(0, bisect_left(beats, beat) - NEIGHBOURS)
    return median(lags[first : bisect_right(beats, beat) + NEIGHBOURS] or lags[-1:])


def usual_upbeat_tick(tempo_bpm: float) -> int:
    """Where soloists put the upbeat at a tempo, for music written in even eighths that is meant to swing."""
    return round(upbeat_place(usual_ratio(tempo_bpm)))
