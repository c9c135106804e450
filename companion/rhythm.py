"""The rhythm of a soloist by rules: which ticks of a beat get a note, and how long it sounds. Knows no pitches and no chords.

The weights follow what human soloists play (Weimar Jazz Database, 4/4 swing): pairs of eighths rule at speed, sixteenths at
leisure, and the second eighth comes a little late.
"""

from __future__ import annotations

import math
from functools import lru_cache

from companion.dice import Dice
from shared.music import TICKS_PER_BEAT
from shared.swing import upbeat_place

Cell = tuple[int, ...]

UPBEAT = TICKS_PER_BEAT // 2
_TEMPOS_BPM = (75.0, 150.0, 280.0)
# Each cell (ticks of its onsets) with its weight at each of the tempos above.
_LEAD: dict[Cell, tuple[float, float, float]] = {
    (0, UPBEAT): (0.08, 0.40, 0.48),
    (0,): (0.08, 0.16, 0.17),
    (UPBEAT,): (0.04, 0.12, 0.16),
    (0, 8, 16): (0.12, 0.09, 0.05),
    (8, 16): (0.06, 0.03, 0.03),
    (0, 6, 12, 18): (1.00, 0.08, 0.005),
    (6, 12, 18): (0.20, 0.03, 0.0),
    (0, 12, 18): (0.10, 0.03, 0.02),
    (0, 6, 12): (0.10, 0.02, 0.0),
    (12, 18): (0.06, 0.01, 0.0),
    (0, 18): (0.05, 0.03, 0.01),
    (0, 4, 8, 12, 16, 20): (0.08, 0.0, 0.0),
}
_COMP: dict[Cell, tuple[float, float, float]] = {(): (0.4, 0.45, 0.55), (0,): (0.35, 0.3, 0.25), (UPBEAT,): (0.25, 0.25, 0.2)}
CELLS = {"lead": _LEAD, "comp": _COMP}
AGAIN = 1.7
PASSED_OVER = 0.03
"""The weight left to a cell of which the note before leaves nothing to be struck."""
_LONG_HOLD, _SHORT_HOLD = 21, 10
_TIED = {(0,): 0.30, (UPBEAT,): 0.30, (0, UPBEAT): 0.10}
_TIED_ELSE = 0.04
_PHRASE_END_TICKS = (7, 10, 16, 22, 30)
_REST_TICKS = (24, 30, 36, 48, 60, 72)


def beat_cell(dice: Dice, role: str, tempo_bpm: float, upbeat: int, before: Cell, free: int) -> Cell:
    """The onsets of a beat, in ticks 0..23: a swung second eighth stands at `upbeat`.

    `before` is the last beat's cell (runs like to go on), `free` the first tick of this beat that may be struck.
    """
    cells, weights = _weighted(role, round(tempo_bpm))
    level = tuple(UPBEAT if 10 < tick < 15 else tick for tick in before)
    fitting = [
        weight * (AGAIN if cell == level else 1.0) * (PASSED_OVER if cell and cell[-1] < free else 1.0)
        for cell, weight in zip(cells, weights, strict=True)
    ]  # fmt: skip
    cell = cells[dice.pick(fitting)]
    return tuple(upbeat if tick == UPBEAT and len(cell) <= 2 and 18 not in cell else tick for tick in cell)


def upbeat_tick(dice: Dice, ratio: float) -> int:
    """Where the second eighth of a beat falls: one of the two ticks around the place that a beat-upbeat `ratio` means, on average there."""
    tick = math.floor(upbeat_place(ratio))
    share = (ratio - _ratio(tick)) / (_ratio(tick + 1) - _ratio(tick))
    return tick + (dice.roll() < share)


def hold_ticks(dice: Dice, cell: Cell) -> int:
    """How far the last note of a cell rings over the beat line: 0, to the next upbeat, or a whole beat."""
    if dice.roll() >= _TIED.get(tuple(UPBEAT if 12 <= tick <= 14 else tick for tick in cell), _TIED_ELSE):
        return 0
    return _SHORT_HOLD if dice.roll() < 0.75 else _LONG_HOLD


def sounding_ticks(dice: Dice, room: int) -> int:
    """How long a note sounds that has `room` ticks up to the next: quick and tied notes are bound, quarters let go early."""
    low, high = (0.9, 1.0) if room <= 8 else (0.7, 1.0) if room <= 16 else (0.62, 0.95) if room <= TICKS_PER_BEAT else (0.8, 1.0)
    return max(1, round(room * (low + (high - low) * dice.roll())))


def phrase_end_ticks(dice: Dice) -> int:
    """How long the last note of a phrase sounds: clipped or sung out."""
    return _PHRASE_END_TICKS[int(dice.roll() * len(_PHRASE_END_TICKS))]


def rest_ticks(chance: float) -> int:
    """How long to breathe after a phrase: 1 to 3 beats, for `chance` in 0..1, 1 excluded."""
    return _REST_TICKS[int(chance * len(_REST_TICKS))]


@lru_cache(maxsize=64)
def _weighted(role: str, tempo_bpm: int) -> tuple[tuple[Cell, ...], tuple[float, ...]]:
    table = CELLS[role]
    return tuple(table), tuple(_between(math.log(tempo_bpm), [math.log(t) for t in _TEMPOS_BPM], row) for row in table.values())


def _ratio(tick: int) -> float:
    return tick / (TICKS_PER_BEAT - tick)


def _between(at: float, places: tuple[float, ...] | list[float], values: tuple[float, ...]) -> float:
    """The value at a place on straight lines between known ones, level beyond them."""
    if at <= places[0]:
        return values[0]
    for left in range(len(places) - 1):
        if at <= places[left + 1]:
            share = (at - places[left]) / (places[left + 1] - places[left])
            return values[left] + share * (values[left + 1] - values[left])
    return values[-1]
