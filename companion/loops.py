"""What was heard at which place of a loop, so that from its second pass on the future is known. Pure; knows ticks, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from companion.foresight import ChordChange
from shared.chords import Chord
from shared.music import TICKS_PER_BEAT

NEAR_TICKS = TICKS_PER_BEAT // 2
"""Chords heard within half a beat of a remembered change are that change, played a little earlier or later."""


@dataclass(slots=True)
class _Entry:
    chord: Chord | None
    heard_pass: int


class LoopMemory:
    """Remembers each loop length's chord changes by song tick. `tick` is unwrapped, `loop_ticks` the loop's length."""

    def __init__(self) -> None:
        self._loops: dict[int, dict[int, _Entry]] = {}

    def begin(self, tick: int, loop_ticks: int) -> None:
        """Playing starts anew at `tick`: what is remembered of this loop counts as heard in the pass before."""
        for entry in self._loops.get(loop_ticks, {}).values():
            entry.heard_pass = tick // loop_ticks - 1

    def hear(self, chord: Chord | None, tick: int, loop_ticks: int) -> None:
        """Remember that `chord` came at `tick`, in place of whatever was remembered nearby.

        What was left out for a whole pass, while others were played, is forgotten.
        """
        entries = self._loops.setdefault(loop_ticks, {})
        place, here = tick % loop_ticks, tick // loop_ticks
        stale = [other for other, entry in entries.items() if entry.heard_pass < here - 1]
        near = [other for other in entries if _apart(other, place, loop_ticks) <= NEAR_TICKS]
        for other in {*stale, *near}:
            del entries[other]
        entries[place] = _Entry(chord, here)

    def changes_between(self, from_tick: int, to_tick: int, loop_ticks: int) -> tuple[ChordChange, ...]:
        """The change in force at `from_tick` and all later ones before `to_tick`, as remembered; empty where nothing is.

        A place is known from the moment that taught it.
        """
        entries = self._loops.get(loop_ticks, {})
        here = from_tick // loop_ticks
        known: list[ChordChange] = []
        for number in range(here - 1, to_tick // loop_ticks + 1):
            for place in sorted(entries):
                if number >= entries[place].heard_pass:
                    known.append(ChordChange(number * loop_ticks + place, entries[place].chord))
        before = [change for change in known if change.tick <= from_tick][-1:]
        return tuple(before + [change for change in known if from_tick < change.tick < to_tick])


def _apart(one: int, other: int, loop_ticks: int) -> int:
    """Ticks between two places of a loop, the short way round."""
    distance = abs(one - other)
    return min(distance, loop_ticks - distance)
