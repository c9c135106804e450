"""The interpolated n-grams that the net must beat: the same decisions on the same steps. Knows steps; knows no net, no training data.

Two of them, of the same make. The *plain* one looks back along the stream as it stands: the decision just before, then the one before
that, one an order. The *informed* one was helped by us: for each kind of decision what tells most stands first, with the chord as
the last note's degree in it, and what tells little is left out. Neither sees tempo, style or next chord. Pitches are counted as
intervals from the note before: counting once is counting in all twelve keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from shared.checkpoint import FORMAT, Card, read_header, steady
from shared.errors import CheckpointError, DataError
from shared.files import written_whole
from shared.music import TICKS_PER_BEAT
from shared.tokens import COLUMN, DURATIONS, NEXT, NOTE, ONSETS, PITCHES, SIZES, TARGETS, Steps, targets, vocabulary_hash
from trainer.nats import KINDS, Nats
from trainer.ngram_table import BUCKETS, Floats, Ints, Level, NGramTable, counted, weighed

FILE_NAME = "ngram.safetensors"
KIND = "ngram"
# Contexts seen once take two thirds of the room and tell next to nothing.
SEEN_MIN = 2
CHUNK = 8192
INTERVALS = 2 * PITCHES - 1
FIRST_PITCH = 64  # the first note's interval is counted from here
NO_PLACE, NO_INTERVAL, NO_ROOT, NO_NOTE = 2 * TICKS_PER_BEAT, INTERVALS, 12, 13
# What may stand in a context, and how many values it has. The number after it says how far back: 0 is the latest.
VALUES = {
    "place": 2 * TICKS_PER_BEAT + 1,  # ticks since the beat line, of a frame or of a note
    "duration": DURATIONS + 1,  # of a note
    "interval": INTERVALS + 1,  # of a note from the one before
    "degree": 14,  # of the last note over the chord's root
    "quality": int(SIZES[COLUMN["quality"]]),
    "onset": ONSETS,  # of the note whose pitch or duration is wanted
}
Contexts = Mapping[str, tuple[str, ...]]
CONTEXTS: dict[str, Contexts] = {
    "plain": {
        "onset": ("place0", "duration0", "interval0", "place1", "duration1"),
        "pitch": ("onset", "duration0", "interval0", "place0", "duration1"),
        "duration": ("interval0", "onset", "duration0", "interval1", "place0"),
    },
    # In the order that makes held-out solos of the Weimar Jazz Database likeliest, among those tried.
    "informed": {
        "onset": ("place0", "duration0", "place1", "place2", "place3", "place4"),
        "pitch": ("interval0", "interval1", "degree", "quality", "interval2", "interval3"),
        "duration": ("onset", "place0", "place1", "duration0", "duration1"),
    },
}
CLASSES = {"onset": ONSETS, "pitch": INTERVALS, "duration": DURATIONS}
_FLOOR, _LOW, _HIGH, _PITCH_FLOOR, _PITCH, _DURATION = (TARGETS.index(name) for name in TARGETS)


@dataclass(frozen=True)
class NGram:
    """A table for each kind of decision, and the contexts of each."""

    contexts: Contexts
    tables: dict[str, NGramTable]

    def onset(self, steps: Steps) -> Floats:
        """(N, ONSETS): how likely each onset class is after each of the N steps but the last."""
        floor = targets(steps)[:-1, _FLOOR]
        return _masked(_in_chunks(self.tables["onset"], self._values(steps, "onset")), floor)

    def pitch(self, steps: Steps) -> Floats:
        """(M, PITCHES): how likely each pitch is for each of the M notes, its onset known."""
        wanted = targets(steps)
        notes = wanted[:, _PITCH] >= 0
        intervals = _in_chunks(self.tables["pitch"], self._values(steps, "pitch"))
        places = np.arange(PITCHES) - _past(steps)[notes][:, None] + PITCHES - 1
        return _masked(np.take_along_axis(intervals, places, 1), wanted[notes, _PITCH_FLOOR])

    def duration(self, steps: Steps) -> Floats:
        """(M, DURATIONS): how likely each duration class is for each of the M notes, its onset and pitch known."""
        return _in_chunks(self.tables["duration"], self._values(steps, "duration"))

    def _values(self, steps: Steps, kind: str) -> Ints:
        return _values(steps, kind, self.contexts[kind])

    def nats(self, steps: Steps) -> Nats:
        """Nats of every decision in a piece."""
        wanted = targets(steps).astype(np.int64)
        after, notes = wanted[wanted[:, _LOW] >= 0], wanted[wanted[:, _PITCH] >= 0]
        # What lies at or past the coming frame is one decision: its probabilities add up.
        summed = np.pad(np.cumsum(self.onset(steps), 1), ((0, 0), (1, 0)))
        row = np.arange(len(after))
        onset = summed[row, after[:, _HIGH] + 1] - summed[row, after[:, _LOW]]
        note = np.arange(len(notes))
        pitch, duration = self.pitch(steps)[note, notes[:, _PITCH]], self.duration(steps)[note, notes[:, _DURATION]]
        return Nats(_nats(onset), _nats(pitch), _nats(duration), len(notes))


def fit(pieces: Sequence[Steps], held_out: Sequence[Steps], contexts: Contexts, seen_min: int = SEEN_MIN) -> NGram:
    """Count `pieces` in `contexts`, and weigh the orders on `held_out` ones. Raises DataError where either holds no note."""
    for what, steps in (("to count", pieces), ("to weigh the orders on", held_out)):
        if not any(_is_note(piece).any() for piece in steps):
            raise DataError(f"no notes {what}: an n-gram needs a train and a val part; prepare more pieces")
    tables = {}
    for kind in KINDS:
        sizes, classes = _sizes(contexts[kind]), CLASSES[kind]
        levels = counted(*_examples(pieces, kind, contexts[kind]), sizes, classes, seen_min)
        tables[kind] = weighed(levels, *_examples(held_out, kind, contexts[kind]), sizes, classes)
    return NGram(contexts, tables)


def save(path: Path, ngrams: Mapping[str, NGram], card: Card) -> None:
    """Write the n-grams, one for each of `CONTEXTS`, to `path`, whole or not at all."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for which, kind in product(CONTEXTS, KINDS):
        table = ngrams[which].tables[kind]
        arrays[f"{which}.{kind}.weights"] = table.weights
        for order, level in enumerate(table.levels):
            for name in ("keys", "types", "classes", "counts"):
                array = getattr(level, name)
                arrays[f"{which}.{kind}.{order}.{name}"] = array.astype(np.min_scalar_type(int(array.max(initial=0))))
    meta = {
        "jambot_format": str(FORMAT),
        "vocabulary": vocabulary_hash(),
        "kind": KIND,
        "architecture": json.dumps(_architecture()),
        "card": json.dumps(asdict(card)),
    }
    with written_whole(path) as draft:
        draft.write_bytes(steady(save_arrays(arrays, meta)))


def load(path: Path) -> dict[str, NGram]:
    """The n-grams in `path`, by the names of `CONTEXTS`. Raises CheckpointError for any other file, or one of other contexts."""
    header = read_header(path)
    if header.kind != KIND:
        raise CheckpointError(f"{path}: holds a {header.kind}, a {KIND} is needed here; name the other file")
    if header.architecture != _architecture():
        raise CheckpointError(f"{path}: counted in other contexts; count it again with this version: trainer ngram")
    try:
        arrays = load_arrays(path.read_bytes())
        return {which: NGram(contexts, {kind: _table(which, kind, arrays) for kind in KINDS}) for which, contexts in CONTEXTS.items()}
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged or cut short ({error}); count it again: trainer ngram") from None


def _table(which: str, kind: str, arrays: dict[str, NDArray[np.generic]]) -> NGramTable:
    """The table of a kind. Raises KeyError and ValueError where it could not have been written by `save`."""
    levels = []
    for order in range(len(CONTEXTS[which][kind]) + 1):
        keys, types, classes, counts = (
            arrays[f"{which}.{kind}.{order}.{name}"].astype(np.int64) for name in ("keys", "types", "classes", "counts")
        )
        fits = (
            len(keys) == len(types) and len(classes) == len(counts) == types.sum() and bool((np.diff(keys) > 0).all())
            and types.min(initial=1) > 0 and counts.min(initial=1) > 0 and classes.max(initial=0) < CLASSES[kind]
        )  # fmt: skip
        if not fits:
            raise ValueError(f"order {order} of {kind} does not fit together")
        levels.append(Level(keys, types, classes, counts))
    weights = arrays[f"{which}.{kind}.weights"].astype(np.float64)
    if weights.shape != (len(levels), BUCKETS) or not bool(((weights > 0) & (weights < 1)).all()):
        raise ValueError(f"weights of {kind}")
    return NGramTable(_sizes(CONTEXTS[which][kind]), CLASSES[kind], tuple(levels), weights)


def _architecture() -> dict[str, dict[str, list[str]]]:
    return {which: {kind: list(names) for kind, names in contexts.items()} for which, contexts in CONTEXTS.items()}


def _sizes(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(VALUES[name.rstrip("0123456789")] for name in names)


def _in_chunks(table: NGramTable, values: Ints) -> Floats:
    parts = [table.probabilities(values[start : start + CHUNK]) for start in range(0, len(values), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, table.classes))


def _nats(likely: Floats) -> float:
    return -float(np.log(likely).sum())


def _masked(likely: Floats, floor: Steps) -> Floats:
    """Rows of `likely` with nothing below their `floor`, summing to 1."""
    open_ones: Floats = np.where(np.arange(likely.shape[1]) < floor[:, None], 0.0, likely)
    shares: Floats = open_ones / open_ones.sum(1, keepdims=True)
    return shares


def _examples(pieces: Sequence[Steps], kind: str, names: tuple[str, ...]) -> tuple[Ints, Ints]:
    """Contexts (N, K) and decisions (N,) of all pieces."""
    values, decided = zip(*((_values(steps, kind, names), _decided(steps, kind)) for steps in pieces), strict=True)
    return np.concatenate(values), np.concatenate(decided)


def _decided(steps: Steps, kind: str) -> Ints:
    """(N,) what was decided, as a class of the kind's table."""
    wanted = targets(steps).astype(np.int64)
    notes = wanted[:, _PITCH] >= 0
    if kind == "onset":
        known = wanted[wanted[:, _LOW] >= 0]
        decided: Ints = np.where(known[:, _LOW] == known[:, _HIGH], known[:, _LOW], NEXT)
    elif kind == "pitch":
        decided = wanted[notes, _PITCH] - _past(steps)[notes] + PITCHES - 1
    else:
        decided = wanted[notes, _DURATION]
    return decided


def _past(steps: Steps) -> Ints:
    """(N,) the last pitch up to each step, `FIRST_PITCH` before the first note."""
    pitches = steps[:, COLUMN["pitch"]].astype(np.int64) - 1
    return _back(pitches[_is_note(steps)], np.cumsum(_is_note(steps)) - 1, FIRST_PITCH)


def _values(steps: Steps, kind: str, names: tuple[str, ...]) -> Ints:
    """(N, K) the contexts `names` of a kind of decision, after every step but the last, or only where a note follows."""
    wanted = targets(steps).astype(np.int64)
    rows = wanted[:, _LOW] >= 0 if kind == "onset" else wanted[:, _PITCH] >= 0
    look = _Look(steps, wanted)
    return np.stack([look.back(name)[rows] for name in names], 1)


class _Look:
    """What a piece of N steps shows from each step backwards."""

    def __init__(self, steps: Steps, wanted: Ints) -> None:
        columns = {name: steps[:, COLUMN[name]].astype(np.int64) for name in ("tick_in_beat", "pitch", "duration", "root", "quality")}
        note = _is_note(steps)
        self._here = np.arange(len(steps))
        self._note = np.cumsum(note) - 1  # (N,) number of the last note
        self._places = columns["tick_in_beat"] + TICKS_PER_BEAT * note
        self._durations = columns["duration"][note]
        self._intervals = np.diff(columns["pitch"][note]) + PITCHES - 1  # the second note has the first interval
        degree = np.where(columns["root"] > 0, (_past(steps) - columns["root"] + 1) % 12, NO_ROOT)
        self._degree = np.where(self._note >= 0, degree, NO_NOTE)
        self._quality = columns["quality"]
        self._onset = wanted[:, _LOW]

    def back(self, name: str) -> Ints:
        """(N,) the values that `name` in `CONTEXTS` stands for."""
        what, ago = name.rstrip("0123456789"), int(name[-1]) if name[-1].isdigit() else 0
        match what:
            case "place":
                return _back(self._places, self._here - ago, NO_PLACE)
            case "duration":
                return _back(self._durations, self._note - ago, 0)
            case "interval":
                return _back(self._intervals, self._note - 1 - ago, NO_INTERVAL)
            case "degree":
                return self._degree
            case "quality":
                return self._quality
            case "onset":
                return self._onset
        raise KeyError(name)


def _is_note(steps: Steps) -> NDArray[np.bool_]:
    noted: NDArray[np.bool_] = steps[:, COLUMN["kind"]] == NOTE
    return noted


def _back(values: Ints, places: Ints, before: int) -> Ints:
    """`values` at `places`, and `before` where a place lies before the first."""
    found: Ints = np.concatenate([[before], values])[np.maximum(places, -1) + 1]
    return found
