"""Which chord stands and which will come: by chart, by a learned loop, or unknown. Pure; knows ticks, no clock and no notes.

What is heard now outweighs what was expected, until the next expected change.
"""

from __future__ import annotations

from companion.loops import NEAR_TICKS, LoopMemory
from shared.charts import Chart, RepeatingChanges
from shared.chords import Chord
from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter


class Outlook:
    """The chords of a session. Ticks are unwrapped; `grid` tells the loop."""

    def __init__(self, chart: Chart | None) -> None:
        self._chart = chart
        self._changes: RepeatingChanges | None = None
        self._changes_meter = Meter()
        self._memory = LoopMemory()
        self._held: Chord | None = None
        self._heard: ChordChange | None = None

    @property
    def has_chart(self) -> bool:
        """True where a chart tells every change beforehand."""
        return self._chart is not None

    def begin(self, tick: int, grid: Grid, holding: bool, pattern: int) -> None:
        """Playing starts at `tick` of FL's pattern number `pattern`; `holding`: the last chord's keys are still down."""
        self._heard = ChordChange(tick, self._held) if holding and self._held is not None else None
        if grid.loop_ticks is not None:
            self._memory.begin(tick, grid.loop_ticks, pattern)

    def hold(self, chord: Chord | None) -> None:
        """A chord is held while the song stands still."""
        self._held = chord

    def heard(self, chord: Chord | None, tick: int, grid: Grid) -> bool:
        """A chord was struck at `tick`. True where this is not what the plan counted on, so that it must be laid anew.

        A chord that was expected within the next half beat is that chord, played a little early. Where a chart tells the
        chords, another voicing of the one it names is that one.
        """
        self._held = chord
        plan = self.foresight(tick, tick + NEAR_TICKS + 1, grid)
        coming = plan.next_change(tick)
        expected = [plan.chord_at(tick)] if coming is None else [plan.chord_at(tick), coming.chord]
        known = any(chord == other or (self.has_chart and _voices(chord, other)) for other in expected)
        if grid.loop_ticks is not None:
            self._memory.hear(chord, tick, grid.loop_ticks)
        if not known:
            self._heard = ChordChange(tick, chord)
        return not known

    def chord_at(self, tick: int, grid: Grid) -> Chord | None:
        """The chord that stands at `tick`, None before any is known."""
        return self.foresight(tick, tick + 1, grid).chord_at(tick)

    def foresight(self, from_tick: int, to_tick: int, grid: Grid) -> Foresight:
        """What is known from `from_tick` up to `to_tick`."""
        changes = list(self._expected(from_tick, to_tick, grid))
        if self._heard is not None:
            earlier = [change for change in changes if change.tick < self._heard.tick - NEAR_TICKS]
            later = [change for change in changes if change.tick > self._heard.tick + NEAR_TICKS]
            changes = [*earlier, self._heard, *later]
        return Foresight(grid, _joined(changes or [ChordChange(from_tick, None)]))

    def _expected(self, from_tick: int, to_tick: int, grid: Grid) -> tuple[ChordChange, ...]:
        """The change in force at `from_tick` and the later ones, by chart or memory; empty where neither knows.

        A chart begins at the song's first tick and goes round, through the passes of a loop as well.
        """
        if self._chart is not None:
            return self._by_chart(self._chart, from_tick, to_tick, grid.meter)
        if grid.loop_ticks is not None:
            return self._memory.changes_between(from_tick, to_tick, grid.loop_ticks)
        return ()

    def _by_chart(self, chart: Chart, from_tick: int, to_tick: int, meter: Meter) -> tuple[ChordChange, ...]:
        if self._changes is None or self._changes_meter != meter:
            self._changes, self._changes_meter = RepeatingChanges(chart.in_meter(meter)), meter
        length = chart.in_meter(meter).length_ticks
        told = [ChordChange(tick, chord) for tick, chord in self._changes.between(from_tick - length, to_tick)]
        before = [change for change in told if change.tick <= from_tick][-1:]
        # a chart of one chord never changes
        before = before or [ChordChange(from_tick - length, self._changes.chord_at(from_tick))]
        return tuple(before + [change for change in told if change.tick > from_tick])


def _voices(chord: Chord | None, named: Chord | None) -> bool:
    """True where `chord` is what a player may strike for `named`: its notes lie in the scale and tell most of the chord."""
    if chord is None or named is None:
        return False
    return chord.tones <= named.scale and len(chord.tones & named.tones) >= min(3, len(chord.tones))


def _joined(changes: list[ChordChange]) -> tuple[ChordChange, ...]:
    """Without changes to the chord that stands already."""
    kept = changes[:1]
    for change in changes[1:]:
        if change.chord != kept[-1].chord and change.tick > kept[-1].tick:
            kept.append(change)
    return tuple(kept)
