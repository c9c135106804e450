"""Choruses laid as a live planner lays them, beat after beat with six bars of foresight, and what their lines are like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from companion.soloist import Soloist, Task
from shared.chords import Chord, parse_symbol
from shared.foresight import ChordChange, Foresight
from shared.music import TICKS_PER_BEAT, Grid
from shared.score import Conditioning, Event, Frame, Note

BAR_TICKS = 4 * TICKS_PER_BEAT
FORESIGHT_TICKS = 6 * BAR_TICKS
PLANNED_TICKS = 2 * BAR_TICKS


@dataclass(frozen=True, slots=True)
class Played:
    """A note with its frame, and with the note before it in the line."""

    note: Note
    frame: Frame
    before: Note | None

    @property
    def place(self) -> int:
        """Ticks since the beat line."""
        return self.frame.tick_in_beat + self.note.tick - self.frame.tick

    @property
    def move(self) -> int | None:
        """Semitones from the note before."""
        return None if self.before is None else self.note.pitch - self.before.pitch


def form(text: str, choruses: int) -> tuple[tuple[ChordChange, ...], int]:
    """(changes, length in ticks) of a 4/4 form repeated."""
    changes: list[ChordChange] = []
    tick = 0
    for bar in [bar.split() for _ in range(choruses) for line in text.strip().splitlines() for bar in line.split("|")]:
        for place, symbol in enumerate(bar):
            chord = changes[-1].chord if symbol == "%" else parse_symbol(symbol)
            if not changes or chord != changes[-1].chord:
                changes.append(ChordChange(tick + place * BAR_TICKS // len(bar), chord))
        tick += BAR_TICKS
    return tuple(changes), tick


def choruses(soloist: Soloist, text: str, count: int, wish: Conditioning, seed: int) -> list[Event]:
    """The score of `count` choruses: two bars first, then a beat a task."""
    changes, end_tick = form(text, count)
    score: list[Event] = [Foresight(Grid(), changes).frame_at(0, wish)]
    generation = 0
    while score[-1].tick < end_tick:
        generation += 1
        now = score[-1].tick
        past = [change for change in changes if change.tick <= now]
        seen = Foresight(Grid(), (past[-1], *(change for change in changes if now < change.tick < now + FORESIGHT_TICKS)))
        until = max(PLANNED_TICKS, now + TICKS_PER_BEAT)
        score += soloist.play(Task(generation, seed, tuple(score), 0, seen.grid, seen, wish, now, until, 1.0, 1.0, "auto"))
    return score


def played(score: list[Event]) -> list[Played]:
    """The notes of a score with their frames."""
    found: list[Played] = []
    frame: Frame | None = None
    for event in score:
        if isinstance(event, Frame):
            frame = event
        else:
            assert frame is not None
            found.append(Played(event, frame, found[-1].note if found else None))
    return found


def phrases(line: list[Played]) -> Iterator[list[Played]]:
    """Stretches of a line between rests of a beat or more."""
    phrase: list[Played] = []
    for one in line:
        if phrase and one.note.tick - phrase[-1].note.end_tick >= TICKS_PER_BEAT:
            yield phrase
            phrase = []
        phrase.append(one)
    yield phrase


def chord_of(one: Played) -> Chord:
    """The chord that a note is played on."""
    assert one.frame.chord is not None
    return one.frame.chord


def share(truths: Iterator[bool]) -> float:
    """How many are true, 0..1."""
    return mean(float(truth) for truth in truths)


def swing_ratios(line: list[Played]) -> list[float]:
    """Beat-upbeat ratios of all pairs of eighths."""
    triples = zip(line[:-2], line[1:-1], line[2:], strict=True)
    return [
        (second.note.tick - first.note.tick) / (third.note.tick - second.note.tick)
        for first, second, third in triples
        if first.place == third.place == 0 and third.note.tick - first.note.tick == TICKS_PER_BEAT and 11 < second.place < 16
    ]


def monophonic(line: list[Played]) -> bool:
    """True where every note ends before the next begins."""
    return all(before.note.end_tick <= after.note.tick for before, after in pairwise(line))
