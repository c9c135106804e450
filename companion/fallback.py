"""A soloist by rules: the player until a model is there, and whenever the model is late. Knows no model, no clock, no past but the score.

    score ──► Line (phrase, breath, last notes) ──► onsets of the beat ──► a pitch for each ──► notes
                ▲                                                                        │
                └────────────────────────────────────────────────────────────────────────┘

Tasks are short, often a beat, so nothing is remembered from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from companion.dice import Dice, fixed
from companion.line import Line
from companion.melody import Place, bass_pitch, comp_pitch, next_pitch
from companion.rhythm import beat_cell, hold_ticks, phrase_end_ticks, sounding_ticks, upbeat_tick
from companion.soloist import Task
from shared.chords import Chord
from shared.music import TICKS_PER_BEAT
from shared.score import Event, Frame, Note
from shared.swing import RATIO_MIN, wanted_ratio

READ_EVENTS = 160
"""How much of the score is read: the longest phrase with its frames."""
LEAD_LOW, LEAD_HIGH = 55, 84
REGISTER_CENTRE, REGISTER_DRIFT, REGISTER_BEATS = 68.0, 7.0, 12
ECHO_SHARE = 0.4
"""In how many bars the line takes up what it played a bar before."""
BASS_HOME_SHARE = 0.5
"""How often a walking line goes back to the chord's bass note on a downbeat where the chord stays."""
LATE_BASS_TICKS = 6
"""How late after its beat a bass note may still come."""


class FallbackSoloist:
    """Continues a score as a decent student would: guide tones over the changes, phrases that breathe, motifs that return."""

    @property
    def name(self) -> str:
        """The name that status lines and files show."""
        return "fallback"

    def play(self, task: Task) -> Iterator[Event]:
        """Continue `task.score`, see `Soloist.play`. The same task gives the same events."""
        part = _PARTS[task.conditioning.role](task)
        frame = next(event for event in reversed(task.score) if isinstance(event, Frame))
        while frame.tick < task.until_tick:
            end = task.foresight.next_frame_tick(frame.tick)
            if frame.chord is not None:
                yield from part.fill(frame, frame.chord, end)
            frame = task.foresight.frame_at(end, task.conditioning)
            yield frame


class _Part(Protocol):
    def fill(self, frame: Frame, chord: Chord, end_tick: int) -> Iterator[Note]:
        """The notes of `frame`, which is followed by another at `end_tick`."""
        ...


class _Beat:
    """The line, and the onsets that it plans for the beat it has come to."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.dice = Dice(task.seed, task.generation)
        self.line = Line(task.seed, task.score[-READ_EVENTS:])
        self.onsets: list[int] = []
        self.line_tick: int | None = None
        self.end_tick = 0
        self.hold = 0

    def come_to(self, frame: Frame) -> None:
        """Plan the beat of `frame`, if that has not been done."""
        start = frame.tick - frame.tick_in_beat
        if start == self.line_tick:
            return
        wish, grid, line = self.task.conditioning, self.task.grid, self.line
        # Rules have no swing of their own.
        swing = "auto" if self.task.swing == "free" else self.task.swing
        self.line_tick, self.end_tick = start, grid.next_beat(frame.tick)
        upbeat = upbeat_tick(self.dice, wanted_ratio(swing, frame) or RATIO_MIN)
        before = tuple(tick - start + TICKS_PER_BEAT for tick in line.onsets(start - TICKS_PER_BEAT, start))
        free = max(frame.tick, self.task.min_tick, line.free_tick) - start
        cell = beat_cell(self.dice, wish.role, wish.tempo_bpm, upbeat, before, free)
        self.hold = hold_ticks(self.dice, cell)
        echoed = line.onsets(start - frame.meter.bar_ticks, self.end_tick - frame.meter.bar_ticks) if self.echoes(frame) else []
        self.onsets = [tick + frame.meter.bar_ticks for tick in echoed] or [start + tick for tick in cell if start + tick < self.end_tick]

    def echoes(self, frame: Frame) -> bool:
        """True in bars that take up the one before: the same answer for every beat of a bar, in every task."""
        bar = frame.tick - self.task.grid.tick_in_bar(frame.tick)
        return fixed(self.task.seed, "echo", bar) < ECHO_SHARE

    def playable(self, frame: Frame, end_tick: int) -> Iterator[tuple[int, int]]:
        """(onset, ticks up to what follows it) of the frame's notes; asks the line before each whether it is free."""
        for index, tick in enumerate(self.onsets):
            if max(frame.tick, self.task.min_tick, self.line.free_tick) <= tick < end_tick:
                after = self.onsets[index + 1] if index + 1 < len(self.onsets) else self.end_tick + self.hold
                yield tick, after - tick

    def write(self, note: Note, chord: Chord) -> Note:
        """Take a note into the line."""
        self.line.add(note, chord)
        return note


class _Lead:
    """The melody."""

    def __init__(self, task: Task) -> None:
        self._beat = _Beat(task)

    def fill(self, frame: Frame, chord: Chord, end_tick: int) -> Iterator[Note]:
        """The notes of `frame`, which is followed by another at `end_tick`."""
        beat = self._beat
        beat.come_to(frame)
        line, task = beat.line, beat.task
        change = task.foresight.next_change(frame.tick)
        coming = change.chord if change is not None and change.tick == end_tick else None
        echoing = beat.echoes(frame)
        for tick, room in beat.playable(frame, end_tick):
            ending = line.ending
            # A note that rings into the next chord is heard as that chord's.
            early = coming is not None and tick + room > end_tick and not ending
            harmony = coming if early and coming is not None else chord
            place = Place(
                chord=harmony,
                goal=coming if tick + room == end_tick else None,
                fresh=line.chord != harmony,
                strong=tick == beat.line_tick,
                quick=room <= TICKS_PER_BEAT // 3,
                opening=line.opens_at(tick),
                last=ending,
                motif=line.move_to(tick - frame.meter.bar_ticks) if echoing else None,
                low=LEAD_LOW,
                high=LEAD_HIGH,
                centre=_register(task.seed, tick),
            )
            pitch = next_pitch(beat.dice, place, line.recent)
            ends = line.would_end(pitch, chord)
            yield beat.write(Note(tick, pitch, phrase_end_ticks(beat.dice) if ends else sounding_ticks(beat.dice, room)), chord)


class _Comp:
    """One guide tone at a time, led as smoothly as can be; whole chords are left to the keyboard."""

    def __init__(self, task: Task) -> None:
        self._beat = _Beat(task)

    def fill(self, frame: Frame, chord: Chord, end_tick: int) -> Iterator[Note]:
        """The notes of `frame`, which is followed by another at `end_tick`."""
        beat = self._beat
        beat.come_to(frame)
        for tick, room in beat.playable(frame, end_tick):
            pitch = comp_pitch(beat.dice, chord, beat.line.recent)
            yield beat.write(Note(tick, pitch, sounding_ticks(beat.dice, room)), chord)


class _Bass:
    """A walking line: a note a beat, the bass note where the chord is new, and a way into the next one."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._dice = Dice(task.seed, task.generation)
        self._line = Line(task.seed, task.score[-READ_EVENTS:])

    def fill(self, frame: Frame, chord: Chord, end_tick: int) -> Iterator[Note]:
        """The notes of `frame`, which is followed by another at `end_tick`."""
        line, task = self._line, self._task
        fresh = line.chord != chord
        tick = max(frame.tick, task.min_tick, line.cut_tick)
        if (frame.tick_in_beat and not fresh) or tick >= end_tick or tick > frame.tick + LATE_BASS_TICKS:
            return
        change = task.foresight.next_change(frame.tick)
        coming = change.chord if change is not None and change.tick == end_tick else None
        home = fresh or (frame.beat_in_bar == 0 and self._dice.roll() < BASS_HOME_SHARE)
        pitch = bass_pitch(self._dice, chord, coming, home, line.recent)
        note = Note(tick, pitch, max(1, (end_tick - tick) * 9 // 10))
        line.add(note, chord)
        yield note


_PARTS: dict[str, type[_Lead] | type[_Bass] | type[_Comp]] = {"lead": _Lead, "bass": _Bass, "comp": _Comp}


def _register(seed: int, tick: int) -> float:
    """Where the line lies at a time: wanders slowly between points thrown once for all tasks."""
    span = REGISTER_BEATS * TICKS_PER_BEAT
    index, within = divmod(tick, span)
    left, right = (2 * fixed(seed, "register", point) - 1 for point in (index, index + 1))
    return REGISTER_CENTRE + REGISTER_DRIFT * (left + (right - left) * within / span)
