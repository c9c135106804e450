"""What was heard at which place of a loop, so that from its second pass on the future is known. Pure; knows ticks, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.chords import Chord
from shared.foresight import ChordChange
from shared.music import TICKS_PER_BEAT

NEAR_TICKS = TICKS_PER_BEAT // 2
"""Chords heard less than half a beat from a remembered change are that change, played a little earlier or later."""


@dataclass(slots=True)
class _Entry:
    chord: Chord | None
    heard_pass: int


@dataclass(slots=True)
class _Loop:
    """`entries` by song tick; `passes` in which anything was heard, ascending."""

    entries: dict[int, _Entry] = field(default_factory=dict)
    passes: list[int] = field(default_factory=list)


class LoopMemory:
    """Remembers each pattern's chord changes by song tick. `tick` is unwrapped, `loop_ticks` the pattern's length."""

    def __init__(self) -> None:
        self._loops: dict[tuple[int, int], _Loop] = {}
        self._pattern = 0

    def begin(self, tick: int, loop_ticks: int, pattern: int = 0) -> None:
        """Playing starts anew at `tick` of this pattern: what is remembered of it counts as heard in the pass before."""
        self._pattern = pattern
        loop = self._loop(loop_ticks)
        for entry in loop.entries.values():
            entry.heard_pass = tick // loop_ticks - 1
        loop.passes = [tick // loop_ticks - 1] if loop.entries else []

    def hear(self, chord: Chord | None, tick: int, loop_ticks: int) -> None:
        """Remember that `chord` came at `tick`, in place of whatever was remembered nearby.

        What was left out for a whole pass in which others were played is forgotten.
        """
        loop = self._loop(loop_ticks)
        place, here = tick % loop_ticks, tick // loop_ticks
        full_pass = max((number for number in loop.passes if number < here), default=here)
        stale = [other for other, entry in loop.entries.items() if entry.heard_pass < full_pass < here]
        near = [other for other in loop.entries if _apart(other, place, loop_ticks) < NEAR_TICKS]
        for other in {*stale, *near}:
            del loop.entries[other]
        loop.entries[place] = _Entry(chord, here)
        loop.passes = [full_pass, here] if full_pass < here else [here]

    def changes_between(self, from_tick: int, to_tick: int, loop_ticks: int) -> tuple[ChordChange, ...]:
        """The change in force at `from_tick` and all later ones before `to_tick`, as remembered; empty where nothing is.

        A place is known from the moment that taught it.
        """
        entries = self._loop(loop_ticks).entries
        here = from_tick // loop_ticks
        known: list[ChordChange] = []
        for number in range(here - 1, to_tick // loop_ticks + 1):
            for place in sorted(entries):
                if number >= entries[place].heard_pass:
                    known.append(ChordChange(number * loop_ticks + place, entries[place].chord))
        before = [change for change in known if change.tick <= from_tick][-1:]
        return tuple(before + [change for change in known if from_tick < change.tick < to_tick])

    def _loop(self, loop_ticks: int) -> _Loop:
        return self._loops.setdefault((self._pattern, loop_ticks), _Loop())


def _apart(one: int, other: int, loop_ticks: int) -> int:
    """Ticks between two places of a loop, the short way round."""
    distance = abs(one - other)
    return min(distance, loop_ticks - distance)
