"""What became of a part's notes, as edits of its events. Knows ticks and events; knows no models and no rules.

Whatever is asked, every note keeps what makes it heard: it does not pass a change of sound (a program, a key that switches, the pitch
wheel) or another stroke of its pitch, and a pitch is released before it is struck again. A pedal that is added catches no note that was
written to end before it.
"""

from __future__ import annotations

import numpy as np

from companion.humanize.apart import kept_apart, strokes_before
from companion.humanize.midi_file import CONTROL, NOTE_OFF, NOTE_ON, Edit
from companion.humanize.notes import VELOCITY_MAX, VELOCITY_MIN, Outcome
from companion.humanize.parts import SUSTAIN, Part
from shared.written import Floats, Ints

_RELEASE_VELOCITY = 64


def edit_part(part: Part, outcome: Outcome, ticks_per_beat: int, edit: Edit) -> None:
    """Add to `edit`, that of the part's track, what `outcome` makes of the part's notes."""
    on, end = new_ticks(part, outcome, ticks_per_beat)
    velocity = np.clip(_rounded(outcome.velocity), VELOCITY_MIN, VELOCITY_MAX)
    _add_ornaments(part, outcome, ticks_per_beat, on, end, velocity, edit)
    for index in np.flatnonzero(on != part.on_tick):
        edit.ticks[part.events[index].on] = int(on[index])
    for index in np.flatnonzero((end != part.end_tick) & part.has_end):
        off = part.events[index].off
        assert off is not None
        edit.ticks[off] = int(end[index])
    for index in np.flatnonzero(velocity != part.notes.velocity):
        edit.velocities[part.events[index].on] = int(velocity[index])
    _add_pedals(part, outcome, ticks_per_beat, on, end, edit)


def new_ticks(part: Part, outcome: Outcome, ticks_per_beat: int) -> tuple[Ints, Ints]:
    """The notes' new beginnings and ends in file ticks, (N,) each."""
    length = part.end_tick - part.on_tick
    on = np.clip(part.on_tick + _rounded(outcome.onset_shift_beat * ticks_per_beat), part.earliest_tick, part.latest_tick)
    least = np.minimum(length, 1)
    end = on + np.maximum(length + _rounded(outcome.duration_shift_beat * ticks_per_beat), least)
    still = (outcome.onset_shift_beat == 0) & (outcome.duration_shift_beat == 0)
    on, end = kept_apart(part.notes.pitch, (part.on_tick, part.end_tick), (on, end), still, least, 1)
    return on, np.where(part.has_end, end, part.end_tick)


def _add_ornaments(part: Part, outcome: Outcome, ticks_per_beat: int, on: Ints, end: Ints, velocity: Ints, edit: Edit) -> None:
    """Add the ornaments to `edit`; a note of the same pitch that still sounds then gets a new, earlier `end`."""
    if not outcome.ornaments:
        return
    last_before = strokes_before(part.notes.pitch, part.on_tick)
    for ornament in outcome.ornaments:
        parent = ornament.parent
        tick = int(on[parent]) - round(ornament.before_beat * ticks_per_beat)
        stop = min(tick + max(1, round(ornament.duration_beat * ticks_per_beat)), int(on[parent]))
        if tick < part.earliest_tick[parent] or stop <= tick:
            continue
        sounding = [before for before in last_before[parent] if end[before] > tick]
        if any(part.end_tick[before] > part.on_tick[parent] or on[before] >= tick or not part.has_end[before] for before in sounding):
            continue
        end[sounding] = tick
        pitch, near = int(part.notes.pitch[parent]), part.events[parent].on
        soft = max(VELOCITY_MIN, round(ornament.velocity_share * int(velocity[parent])))
        edit.added.append((tick, near, bytes([NOTE_ON | part.channel, pitch, soft])))
        edit.added.append((stop, near, bytes([NOTE_OFF | part.channel, pitch, _RELEASE_VELOCITY])))


def _add_pedals(part: Part, outcome: Outcome, ticks_per_beat: int, on: Ints, end: Ints, edit: Edit) -> None:
    """Add the pedals to `edit`; one for which there is no time is left out."""
    by_end = np.argsort(part.end_tick)
    ends, last_end = part.end_tick[by_end], np.maximum.accumulate(end[by_end])
    for pedal in outcome.pedals:
        wait, lift, hold = (round(beats * ticks_per_beat) for beats in (pedal.down_beat, pedal.lift_beat, pedal.hold_beats))
        chord, after = list(pedal.chord), list(pedal.after)
        down = int(max(on[chord])) + wait
        up = min(down + hold, int(min(on[after])) - lift) if after else down + hold
        over = int(np.searchsorted(ends, max(part.on_tick[chord]) + wait, side="right"))
        if over:
            down = max(down, int(last_end[over - 1]) + 1)
        if down < up:
            near = part.events[chord[0]].on
            edit.added += [(tick, near, bytes([CONTROL | part.channel, SUSTAIN, depth])) for tick, depth in ((down, 127), (up, 0))]


def _rounded(value: Floats) -> Ints:
    # Halves go up, so that rounding keeps every order and moves with its number: round() would part notes of one tick.
    return np.floor(value + 0.5).astype(np.int64)
