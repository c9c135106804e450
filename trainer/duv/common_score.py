"""What several recordings of one score have in common: its note values. Knows onsets in seconds; knows no files and no pitches.

Players differ in tempo, and each drifts; how long a note is against its neighbours they share. So gaps are measured against each
player's own, the players' median is taken, and a slowly moving unit is sought of which all gaps are simple multiples.
"""

from __future__ import annotations

import numpy as np

from shared.written import Floats

CHORD_SEC = 0.05
# Multiples of the unit, and what each costs: simple ones are likelier than a slip of the tempo.
MULTIPLES = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 3 / 2, 2, 3, 4, 6, 8, 12, 16])
COSTS = np.array([0.06, 0.1, 0.02, 0.1, 0.08, 0.0, 0.04, 0.0, 0.02, 0.01, 0.04, 0.04, 0.08, 0.08])
DRIFT_GAPS, ROUNDS = 12, 8
QUARTERS = (1 / 4, 1 / 2, 1.0)
SLOWEST_BPM = 45.0
SMOOTH_BEATS = 2.0
_GAP_SEC_MIN = 1e-3


def common_score(onset_sec: Floats) -> Floats:
    """Written onsets in quarters (N,) of N notes that P players played at `onset_sec` (P, N); notes of a chord have one onset.

    The unit that most gaps are multiples of is written as a sixteenth, or longer where the tempo would fall under 45 BPM.
    """
    begin, end = onset_sec.min(axis=1, keepdims=True), onset_sec.max(axis=1, keepdims=True)
    order = np.argsort(np.median((onset_sec - begin) / (end - begin), axis=0), kind="stable")
    gaps = np.maximum(np.diff(onset_sec[:, order], axis=1), 0.0)
    usual = np.median(gaps, axis=0)
    begins = np.concatenate(([True], usual > CHORD_SEC))
    event_sec = onset_sec[:, order[begins]]
    gap_sec = np.maximum(np.diff(event_sec, axis=1), _GAP_SEC_MIN)
    own = np.median(gap_sec, axis=1, keepdims=True)
    multiples = _multiples(np.median(np.log(gap_sec / own), axis=0)) if gap_sec.shape[1] else np.zeros(0)
    unit_sec = float(np.median(gap_sec / multiples)) if len(multiples) else 1.0
    quarters = next((quarter for quarter in QUARTERS if 60.0 * quarter / unit_sec >= SLOWEST_BPM), QUARTERS[-1])
    event_beat = np.concatenate(([0.0], np.cumsum(multiples) * quarters))
    onset_beat = np.empty(onset_sec.shape[1])
    onset_beat[order] = event_beat[np.cumsum(begins) - 1]
    return onset_beat


def local_tempo(onset_beat: Floats, onset_sec: Floats) -> tuple[Floats, Floats]:
    """Where a player's own slowly moving tempo puts notes, and a quarter's length there, both in seconds (N,).

    Lines fitted around each note by least squares, neighbours weighted by a bell of 2 quarters.
    """
    order = np.argsort(onset_beat, kind="stable")
    beat, sec = onset_beat[order], onset_sec[order]
    at_sec, quarter_sec = np.empty(len(beat)), np.empty(len(beat))
    overall = (sec[-1] - sec[0]) / max(1e-6, float(beat[-1] - beat[0]))
    first = np.searchsorted(beat, beat - 4 * SMOOTH_BEATS)
    last = np.searchsorted(beat, beat + 4 * SMOOTH_BEATS, side="right")
    for index in range(len(beat)):
        x, y = beat[first[index] : last[index]] - beat[index], sec[first[index] : last[index]]
        weight = np.exp(-0.5 * (x / SMOOTH_BEATS) ** 2)
        weight /= weight.sum()
        mean_x, mean_y = weight @ x, weight @ y
        spread = weight @ (x - mean_x) ** 2
        slope = weight @ ((x - mean_x) * (y - mean_y)) / spread if spread > 1e-9 else overall
        quarter_sec[index] = slope if slope > 0 else overall
        at_sec[index] = mean_y - slope * mean_x
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return at_sec[back], quarter_sec[back]


def _multiples(log_gap: Floats) -> Floats:
    """The multiple of the unit that each gap is, from gaps as logarithms; the unit may drift."""
    log_multiples = np.log(MULTIPLES)
    kernel = np.ones(2 * DRIFT_GAPS + 1)
    unit = np.zeros(len(log_gap))
    best = np.zeros(len(log_gap), dtype=np.int64)
    for _ in range(ROUNDS):
        off = (log_gap - unit)[:, None] - log_multiples[None, :]
        best = np.argmin(off**2 + COSTS, axis=1)
        # What lies far from every multiple tells nothing of the tempo.
        slip = np.clip(np.take_along_axis(off, best[:, None], axis=1)[:, 0], -0.3, 0.3) + unit
        unit = np.convolve(slip, kernel, mode="same") / np.convolve(np.ones(len(slip)), kernel, mode="same")
    return np.asarray(MULTIPLES[best])
