"""How far upbeats swing: what may be wished for, and where soloists put them at a tempo. Knows beats and ticks; knows no draw and no net.

Swing is told as the beat-upbeat ratio: how many times longer the first eighth of a beat is than the second, 1 for straight and 2 for
triplet eighths (Corcoran and Frieler, *Playing It Straight: Analyzing Jazz Soloists' Swing Eighth-Note Distributions with the Weimar Jazz
Database*, 2021: soloists swing far less than triplets).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, cast

from shared.music import TICKS_PER_BEAT
from shared.score import Frame

RATIO_MIN, RATIO_MAX = 1.0, 2.0
SwingWish = Literal["auto", "free"] | float
"""`auto`: as soloists do at the tempo; `free`: as the net has it; or a ratio."""
RATIO_BY_TEMPO = ((125.0, 1.28), (160.0, 1.26), (200.0, 1.245), (240.0, 1.20), (280.0, 1.12))
"""Tempo in quarters a minute, and the ratio at the median of human soloists' upbeats around it (Weimar Jazz Database)."""
COMPOUND_DENOMINATOR = 8
"""From this denominator on (6/8, 7/8 ...) eighths are the pulse: they do not swing."""
FIRST_UPBEAT_TICK, LAST_UPBEAT_TICK = 11, 16
"""Ticks in the beat that a swung eighth may stand at, from a little before the middle to triplets."""


def swing_wish(value: str | float) -> SwingWish:
    """`value` as a wish. Raises ValueError, which names what is accepted."""
    if value in ("auto", "free"):
        return cast(SwingWish, value)
    try:
        ratio = float(value)
    except ValueError:
        ratio = math.nan
    if RATIO_MIN <= ratio <= RATIO_MAX:
        return ratio
    raise ValueError(f"swing {value}: expected auto, free, or a ratio from {RATIO_MIN:g} (straight) to {RATIO_MAX:g} (triplets)")


def usual_ratio(tempo_bpm: float) -> float:
    """The beat-upbeat ratio of human soloists at a tempo: straight between the table's rows, level beyond them."""
    for (low, slower), (high, faster) in pairwise(RATIO_BY_TEMPO):
        if tempo_bpm <= high:
            share = max(0.0, tempo_bpm - low) / (high - low)
            return slower + share * (faster - slower)
    return RATIO_BY_TEMPO[-1][1]


def upbeat_place(ratio: float) -> float:
    """Where the second eighth of a beat stands at a beat-upbeat ratio, in ticks."""
    return TICKS_PER_BEAT * ratio / (1 + ratio)


def wanted_ratio(wish: SwingWish, frame: Frame) -> float | None:
    """The ratio that `wish` asks for in the beat of `frame`. None where nothing is asked: where it is free, and where eighths are even."""
    if wish == "free" or frame.conditioning.feel != "swing" or frame.meter.denominator >= COMPOUND_DENOMINATOR:
        return None
    return usual_ratio(frame.conditioning.tempo_bpm) if wish == "auto" else float(wish)
