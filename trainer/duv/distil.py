"""A humanizer's touch taught to small trees, which FL Studio can run by itself. Knows tracks and tables; knows no files and no net.

The trees learn the model's point readout, from what `shared.touch_trees` sees of the notes. How far players stray from that, and how much
of it the next note keeps, is learned from players that the trees did not learn from, and from the model's own samples where no player
was measured. Half of the lessons are short cuts of a track, since most patterns in FL Studio have a few bars.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from shared.drum_kit import VOICE_OF_PITCH
from shared.touch_table import QUANTITIES, Quantity, TouchTable, Trees
from shared.touch_trees import Dice, answer, shaped, surroundings, wander
from shared.written import DRUMS, UNKNOWN_STYLE, Floats, Performance, Written
from trainer.duv.ladder_boosting import Trees as Forest
from trainer.duv.ladder_boosting import fit_trees
from trainer.duv.manifest import Track

MIDDLE = {"num_leaves": 64, "learning_rate": 0.2, "min_data_in_leaf": 60, "bagging_fraction": 0.7}
TREES = 78
"""For the middles of all quantities together: a script stays below 100 KB."""
SPREAD = {"num_leaves": 12, "learning_rate": 0.2, "min_data_in_leaf": 200}
SPREAD_TREES = 12
NOTES_MAX = 150_000
CUT_BARS = (1, 2, 4, 8)
SHAPE_PLACES = 25
USUAL_TEMPO_BPM = 120.0
"""Stands in the rows where nobody knows the tempo; inside FL Studio it is always known."""
_LEAF_DIGITS, _THRESHOLD_DIGITS, _NOTHING = 3, 4, 1e-9
_EDGE = 0.002
_LEAST_SPREAD = {"velocity": 1.0, "onset_ms": 1.0, "log_ratio": 0.02}
_MEAN_TO_DEVIATION = math.sqrt(math.pi / 2)

Rows = NDArray[np.float32]  # half the memory; what is played is worked out from exact rows, as in FL Studio


@dataclass(frozen=True, slots=True)
class Lesson:
    """A track as written, what the trees are to say of it (`taught`), and what was played; NaN in both where it is not known."""

    written: Written
    taught: Performance
    played: Performance


def drawn(tracks: Sequence[Track], seed: int) -> list[Track]:
    """Whole tracks in chance order, about NOTES_MAX notes: enough for small trees."""
    order = np.random.default_rng(seed).permutation(len(tracks))
    notes = np.cumsum([0, *(len(tracks[place].written) for place in order)])
    return [tracks[place] for place, before in zip(order, notes[:-1], strict=True) if before < NOTES_MAX]


def completed(played: Performance, sampled: Performance) -> Performance:
    """What was played, and where nobody knows it what a model plays."""
    sides = ((getattr(played, name), getattr(sampled, name)) for name in QUANTITIES)
    return Performance(*(np.where(np.isfinite(known), known, guessed) for known, guessed in sides))


def distilled(lessons: Sequence[Lesson], others: Sequence[Lesson], model: str, seed: int, advance: Callable[[int], None]) -> TouchTable:
    """The table that answers as `lessons` teach and strays from that as players in `others` do; calls `advance` with 1 for each of `STEPS`.

    All are of one instrument. Raises ConfigError where LightGBM is not at hand.
    """
    dice = np.random.default_rng(seed)
    instrument = lessons[0].written.instrument
    styles = (UNKNOWN_STYLE, *sorted({lesson.written.style for lesson in lessons} - {UNKNOWN_STYLE}))
    taught, strayed = (_material(some, styles, dice) for some in (lessons, others))
    advance(1)
    # How long a stroke on a drum was held says nothing.
    asked = [name for name in QUANTITIES if not (instrument == DRUMS and name == "log_ratio")]
    known = [name for name in asked if np.isfinite(taught.of(name)[0]).any() and np.isfinite(strayed.of(name)[1]).any()]
    quantities = {}
    for name in QUANTITIES:
        if name in known:
            quantities[name] = _quantity(name, taught, strayed, seed, TREES // len(known))
        advance(1)
    voices = tuple(VOICE_OF_PITCH.tolist()) if instrument == DRUMS else ()
    return TouchTable(1, model, instrument, styles, voices, quantities)


STEPS = 1 + len(QUANTITIES)
"""How often `distilled` calls `advance`."""


def perform(table: TouchTable, written: Written, seed: int | None = None) -> Performance:
    """What the table plays, as the script in FL Studio does: the middle, or with a `seed` one full variation of it."""
    rows = rows_of(written, table.styles)
    found = {name: np.full(len(written), np.nan) for name in QUANTITIES}
    for name, quantity in table.quantities.items():
        middle = quantity.middle.grown()
        found[name] = np.array([answer(middle, row) for row in rows])
        if seed is not None:
            spread = quantity.spread.grown()
            normals = wander(len(rows), quantity.carry, Dice(seed, sorted(table.quantities).index(name)))
            strays = [max(0.0, answer(spread, row)) * shaped(normal, quantity.shape) for row, normal in zip(rows, normals, strict=True)]
            found[name] = found[name] + np.array(strays)
    return Performance(np.clip(found["velocity"], 1.0, 127.0), found["onset_ms"], found["log_ratio"])


def rows_of(written: Written, styles: Sequence[str]) -> list[list[float]]:
    """What the trees see of each note, a row each in the columns of `TouchTable.sees`."""
    arrays = (written.onset_beat, written.duration_beat, written.pitch, written.bar_beat, written.bar_beats, written.pulse_beats)
    known = written.tempo_bpm[np.isfinite(written.tempo_bpm)]
    tempo_bpm = float(np.median(known)) if len(known) else USUAL_TEMPO_BPM
    voices = VOICE_OF_PITCH.tolist() if written.is_drums else ()
    seen = surroundings(list(zip(*(array.tolist() for array in arrays), strict=True)), tempo_bpm, voices)
    style = [float(written.style == name) for name in styles]
    return [[*row, *style] for row in seen]


@dataclass(frozen=True, slots=True)
class _Material:
    """Lessons cut to pieces: `rows` (N, F) of all their notes, and the notes at which a piece begins."""

    pieces: Sequence[Lesson]
    rows: Rows

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.cumsum([0, *(len(piece.written) for piece in self.pieces)])[:-1]

    def of(self, name: str) -> tuple[Floats, Floats]:
        """What is taught and what was played of a quantity, (N,) each."""
        taught = np.concatenate([getattr(piece.taught, name) for piece in self.pieces])
        return taught, np.concatenate([getattr(piece.played, name) for piece in self.pieces])


def _material(lessons: Sequence[Lesson], styles: Sequence[str], dice: np.random.Generator) -> _Material:
    pieces = [piece for lesson in lessons for piece in _cut(lesson, dice)]
    rows = [np.array(rows_of(piece.written, styles), dtype=np.float32) for piece in pieces]
    return _Material(pieces, np.concatenate([_hidden(one, len(styles), dice) for one in rows]))


def _quantity(name: str, lessons: _Material, others: _Material, seed: int, trees: int) -> Quantity:
    taught, _ = lessons.of(name)
    known = np.isfinite(taught)
    middle = fit_trees(lessons.rows[known], taught[known], seed, trees, over=MIDDLE)
    if name == "onset_ms":
        middle = _drawn_in(middle, middle.answer(others.rows), others.of(name)[1])
    stray = others.of(name)[1] - middle.answer(others.rows)
    measured = np.isfinite(stray)
    spread = fit_trees(others.rows[measured], _MEAN_TO_DEVIATION * np.abs(stray[measured]), seed, SPREAD_TREES, over=SPREAD)
    shares = np.clip(np.linspace(0, 1, SHAPE_PLACES), _EDGE, 1 - _EDGE)
    deviations = stray / np.maximum(spread.answer(others.rows), _LEAST_SPREAD[name])
    shape = tuple(np.round(np.quantile(deviations[measured], shares), 3).tolist())
    return Quantity(_trees(middle.column, middle.number), _trees(spread.column, spread.number), shape, _carry(deviations, others.starts))


def _drawn_in(middle: Forest, said: Floats, played: Floats) -> Forest:
    """The trees, nearer to one value for all notes by as much as players call for whom they did not learn from: small trees overshoot
    where little can be known, which is timing."""
    known = np.isfinite(played)
    if not known.any():
        return middle
    said, played = said[known], played[known]
    errors = {share: np.abs(_centred(played - share * said)).mean() for share in np.linspace(0.0, 1.0, 21).tolist()}
    share = min(errors, key=lambda each: errors[each])
    leaves = middle.column < 0
    number = np.where(leaves, share * middle.number, middle.number)
    first = np.arange(len(number)) < (middle.starts[1] if len(middle.starts) > 1 else len(number))
    number = np.where(leaves & first, number + np.median(played - share * said), number)
    return Forest(middle.column, number.astype(np.float32))


def _centred(values: Floats) -> Floats:
    centred: Floats = values - np.median(values)
    return centred


def _trees(column: NDArray[np.int16], number: NDArray[np.float32]) -> Trees:
    # LightGBM tells 0 from more by a threshold of 1e-35.
    near = np.where(np.abs(number) < _NOTHING, 0.0, number).tolist()
    digits = np.where(column < 0, _LEAF_DIGITS, _THRESHOLD_DIGITS).tolist()
    return Trees(tuple(column.tolist()), tuple(float(f"{value:.{places}g}") for value, places in zip(near, digits, strict=True)))


def _carry(deviations: Floats, starts: NDArray[np.int64]) -> float:
    """How much of a note's straying the next one keeps: the correlation of neighbours, each straying as a normal number."""
    known = np.isfinite(deviations)
    normals = np.full(len(deviations), np.nan)
    ranks = np.argsort(np.argsort(deviations[known]))
    normal = NormalDist()
    places = np.array([normal.inv_cdf(share) for share in np.linspace(0.001, 0.999, 999)])
    normals[known] = places[(ranks * len(places)) // max(1, len(ranks))]
    pairs = np.ones(len(deviations), dtype=np.bool_)
    pairs[starts] = False
    product = (normals[1:] * normals[:-1])[pairs[1:]]
    product = product[np.isfinite(product)]
    return round(float(np.clip(product.mean() if len(product) else 0.0, 0.0, 0.95)), 3)


def _cut(lesson: Lesson, dice: np.random.Generator) -> list[Lesson]:
    """The lesson whole, or as consecutive parts of a few bars."""
    if dice.random() < 0.5:
        return [lesson]
    written = lesson.written
    length = float(dice.choice(CUT_BARS)) * written.bar_beats[0]
    parts = np.floor_divide(written.onset_beat, length)
    return [
        Lesson(written.part(where), lesson.taught.part(where), lesson.played.part(where))
        for where in (parts == part for part in np.unique(parts))
    ]


def _hidden(rows: Rows, styles: int, dice: np.random.Generator) -> Rows:
    """The rows, one time in six with the style unknown."""
    if styles > 1 and dice.random() < 1 / 6:
        rows[:, -styles:] = 0.0
        rows[:, -styles] = 1.0
    return rows
