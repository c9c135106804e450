"""Charts as tasks for soloists: which songs, how many bars, in which tempo and style. Knows songs; knows no files and no net."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from shared.chords import Chord
from shared.errors import DataError
from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter
from shared.score import Conditioning, Event
from trainer.piece import tune_key, whole_bars
from trainer.primers import Lead, lead_in
from trainer.reading import Dropped
from trainer.solos import SoloTask
from trainer.song import Song
from trainer.usual import usual_style, usual_tempo_bpm

TITLE_CHARS_MIN = 6
LeadOf = Callable[[Meter, Chord | None, random.Random], Lead | None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: `solos` of `bars` bars. `tempo_bpm` None and no `styles`: the chart's own, else drawn as human solos have them.

    `styles` are taken in turn. At most `primer_max_steps` steps of a line begin a solo, where there is one.
    """

    solos: int
    bars: int = 32
    role: str = "lead"
    feel: str = "swing"
    tempo_bpm: float | None = None
    styles: tuple[str, ...] = ()
    primer_max_steps: int = 64
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ChartTask:
    """A task with the song that it is played over."""

    song: Song
    task: SoloTask


def whole(songs: Sequence[Song]) -> tuple[list[Song], list[Dropped]]:
    """The songs that can be played round and round, and the others with the reason."""
    kept, dropped = [], []
    for song in songs:
        fault = _fault(song)
        if fault is None:
            kept.append(song)
        else:
            dropped.append(Dropped(song.name, fault))
    return kept, dropped


def unseen(songs: Sequence[Song], tunes: Collection[str]) -> tuple[list[Song], list[Dropped]]:
    """The songs whose tune is not among `tunes` (as `trainer.piece.tune_key` has them), and the others.

    A key that begins or ends with another one counts as the same tune: rather too many are left out than one too few.
    """
    kept, dropped = [], []
    for song in songs:
        key = tune_key(song.title)
        if any(_same_tune(key, tune) for tune in tunes):
            dropped.append(Dropped(song.name, "its tune is in training"))
        else:
            kept.append(song)
    return kept, dropped


def chart_tasks(songs: Sequence[Song], order: Order, lead_of: LeadOf | None = None) -> list[ChartTask]:
    """A task for each solo. Songs are drawn without return until none is left; `order.seed` and a solo's number decide everything.

    `lead_of` gives a line to go on from to a song without one. Raises DataError where there is no song.
    """
    if not songs:
        raise DataError("no chart is left to play over; name other charts")
    drawn: list[Song] = []
    while len(drawn) < order.solos:
        turn = random.Random(f"{order.seed}:songs:{len(drawn)}")
        drawn += turn.sample(songs, len(songs))
    return [ChartTask(song, _task(song, index, order, lead_of)) for index, song in enumerate(drawn[: order.solos])]


def _task(song: Song, index: int, order: Order, lead_of: LeadOf | None) -> SoloTask:
    choice = random.Random(f"{order.seed}:wish:{index}")
    # Always drawn, so that naming one leaves the others as they are.
    usual_bpm, style = usual_tempo_bpm(order.feel, choice), usual_style(order.feel, choice)
    tempo_bpm = order.tempo_bpm or song.tempo_bpm or usual_bpm
    style = order.styles[index % len(order.styles)] if order.styles else style
    wish = Conditioning(order.role, tempo_bpm, order.feel, style)
    meter = _meter(song)
    end_tick = order.bars * meter.bar_ticks
    start_tick = whole_bars(song.line[-1].end_tick, meter) if song.line else 0
    seen = Foresight(Grid(meter), _changes(song, start_tick, start_tick + end_tick))
    lead = None
    if song.line and order.role == "lead":
        lead = Lead(meter, _changes(song, 0, start_tick), song.line, start_tick, seen.changes[0].chord)
    elif lead_of is not None:
        lead = lead_of(meter, seen.changes[0].chord, choice)
    primer: tuple[Event, ...] = ()
    if lead is not None:
        seen, primer = lead_in(lead, seen, wish, order.primer_max_steps)
    return SoloTask(seen, wish, end_tick, primer)


def _changes(song: Song, start_tick: int, end_tick: int) -> tuple[ChordChange, ...]:
    """The song's changes round and round, from `start_tick`, which becomes 0, until `end_tick`."""
    length = song.length_ticks
    first = start_tick // length * length
    changes: list[ChordChange] = []
    for begin in range(first, end_tick, length):
        for tick, chord in song.changes:
            if begin + tick >= end_tick:
                break
            at = max(0, begin + tick - start_tick)
            if changes and changes[-1].tick == at:
                changes.pop()
            if not changes or changes[-1].chord != chord:
                changes.append(ChordChange(at, chord))
    return tuple(changes)


def _same_tune(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= TITLE_CHARS_MIN and (long.startswith(short) or long.endswith(short)))


def _fault(song: Song) -> str | None:
    if song.unread:
        return f"{song.unread} chords could not be read"
    if song.meter is None:
        return "no metre, or more than one"
    if not any(chord is not None for chord, _ in song.chords):
        return "no chords"
    if not song.length_ticks or song.length_ticks % song.meter.bar_ticks:
        return "ends inside a bar"
    return None


def _meter(song: Song) -> Meter:
    assert song.meter is not None, "songs are checked by `whole` first"
    return song.meter
