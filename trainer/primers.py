"""What is played before a solo begins, so that it goes on from a line instead of from nothing. Knows scores; knows no charts, no net."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shared.chords import Chord
from shared.foresight import ChordChange, Foresight
from shared.music import Meter
from shared.score import Conditioning, Event, Frame, Note
from shared.tokens import decode
from trainer.piece import Piece, score_of
from trainer.shards import Shards


@dataclass(frozen=True, slots=True)
class Lead:
    """A line with its chords: `notes` and `changes` from tick 0, a downbeat, to `end_tick`, a bar line. `then` is the chord after it."""

    meter: Meter
    changes: tuple[ChordChange, ...]
    notes: tuple[Note, ...]
    end_tick: int
    then: Chord | None


def lead_in(lead: Lead, foresight: Foresight, wish: Conditioning, max_steps: int) -> tuple[Foresight, tuple[Event, ...]]:
    """`foresight` with the lead's chords before tick 0, and the lead's last events from a beat line on, at most `max_steps`: the primer."""
    before = tuple(replace(change, tick=change.tick - lead.end_tick) for change in lead.changes)
    seen = Foresight(foresight.grid, before + foresight.changes)
    # The frames know what comes after them: the first chord of the chart.
    whole = tuple(replace(change, tick=change.tick + lead.end_tick) for change in seen.changes)
    events = score_of(Piece("", "", "", wish, lead.meter, whole, lead.notes, lead.end_tick))
    first = max(0, len(events) - max_steps)
    starts = [index for index in range(first, len(events)) if isinstance(events[index], Frame) and _is_beat_line(events[index])]
    primer = events[starts[0] :] if starts else []
    return seen, tuple(replace(event, tick=event.tick - lead.end_tick) for event in primer)


def human_lead(shards: Shards, meter: Meter, role: str, first: Chord | None, choice: random.Random) -> Lead | None:
    """Some bars of a human line of `role` from the held-out part of `shards`, in a key in which it leads to the chord `first`.

    None where no such piece is in `meter`.
    """
    entries = shards.part("val", [role])
    for entry in choice.sample(entries, len(entries)):
        events = decode(shards.steps(entry))
        frames = [event for event in events if isinstance(event, Frame)]
        downbeats = [frame for frame in frames if frame.beat_in_bar == 0 and frame.tick_in_beat == 0]
        if frames[0].meter == meter and len(downbeats) > 2:
            # Not from the first bars, where there is little to go on from.
            end = choice.choice(downbeats[len(downbeats) // 2 :])
            return _transposed(_until(events, end), first)
    return None


def _until(events: Sequence[Event], end: Frame) -> Lead:
    frames = [event for event in events if isinstance(event, Frame) and event.tick < end.tick]
    notes = tuple(event for event in events if isinstance(event, Note) and event.tick < end.tick)
    changes = [frames[0]] + [frame for before, frame in pairwise(frames) if frame.chord != before.chord]
    return Lead(end.meter, tuple(ChordChange(frame.tick, frame.chord) for frame in changes), notes, end.tick, end.chord)


def _transposed(lead: Lead, first: Chord | None) -> Lead:
    if first is None or lead.then is None:
        return lead
    semitones = (first.root - lead.then.root + 5) % 12 - 5
    return replace(
        lead,
        changes=tuple(replace(change, chord=change.chord and change.chord.transposed(semitones)) for change in lead.changes),
        notes=tuple(replace(note, pitch=note.pitch + semitones) for note in lead.notes),
        then=first,
    )


def _is_beat_line(event: Event) -> bool:
    return isinstance(event, Frame) and event.tick_in_beat == 0
