"""What notes keep when they move: strokes and releases of one pitch, and the sound that they begin in. Knows times; no files, no models.

Receivers know a note by its pitch alone: a release that comes after the next stroke ends that one, and nobody hears it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TypeVar

import numpy as np

from companion.humanize.notes import Mask
from shared.written import Floats, Ints

Times = TypeVar("Times", Ints, Floats)


def kept_apart(
    pitch: Ints, old: tuple[Times, Times], new: tuple[Times, Times], still: Mask, least: Times, step: float
) -> tuple[Times, Times]:
    """The `new` onsets and ends (N,) with order and releases as in `old`, for notes of `pitch` (N,); `still`: those that must not move.

    No stroke comes less than `step` after the one before it, and notes that were struck at once still are. No note that ended before a
    stroke sounds into it, and each is `least` (N,) long at the least.
    """
    was_on, was_end, on, end = (times.tolist() for times in (*old, *new))
    shortest = least.tolist()
    for strokes in _strokes(pitch, was_on, step):
        sounding: list[tuple[float, int]] = []
        before: list[int] = []
        for stroke in strokes:
            first = stroke[0]
            if still[first]:
                for index in before:
                    on[index] = min(on[index], on[first] - step)
            begin = max(on[first], on[before[0]] + step) if before else on[first]
            while sounding and sounding[0][0] <= was_on[first] + step / 2:
                ended = heapq.heappop(sounding)[1]
                if still[ended]:
                    begin = max(begin, end[ended])
                end[ended] = min(end[ended], begin)
            for index in stroke:
                on[index] = begin
                end[index] = max(end[index], begin + shortest[index])
                heapq.heappush(sounding, (was_end[index], index))
            before = stroke
    return np.array(on, dtype=new[0].dtype), np.array(end, dtype=new[1].dtype)


def between_changes(on: Times, changes: Times, step: float) -> tuple[Times, Times]:
    """How early and how late notes that began at `on` (N,) may begin so that each stays between the same of `changes` (M,) of sound.

    What changes at once with a note, or within half a `step` of it, has changed for that note, in whatever order the two stand; before what
    changes later a note keeps a `step`.
    """
    far = np.inf if on.dtype.kind == "f" else np.iinfo(np.int64).max
    bounds = np.concatenate(([0], np.unique(changes), [far])).astype(on.dtype)
    place = np.searchsorted(bounds[1:-1], on + step / 2, side="right")
    earliest, latest = np.minimum(bounds[place], on), np.maximum(bounds[place + 1] - step, on)
    return earliest.astype(on.dtype), latest.astype(on.dtype)


def strokes_before(pitch: Ints, on: Ints) -> dict[int, list[int]]:
    """For each note of those of `pitch` that begin at ticks `on` (N,) the last ones of its pitch that began before it, if any."""
    found = {}
    for strokes in _strokes(pitch, on.tolist(), 1):
        for before, stroke in zip([[], *strokes][:-1], strokes, strict=True):
            found.update(dict.fromkeys(stroke, before))
    return found


def _strokes(pitch: Ints, on: list[float], step: float) -> list[list[list[int]]]:
    """Indices by pitch, then by onset: those that begin within half a `step` of each other are one stroke."""
    found: dict[int, list[list[int]]] = defaultdict(list)
    for index in np.argsort(np.array(on), kind="stable").tolist():
        strokes = found[int(pitch[index])]
        if strokes and on[index] - on[strokes[-1][0]] <= step / 2:
            strokes[-1].append(index)
        else:
            strokes.append([index])
    return list(found.values())
