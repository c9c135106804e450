"""Solos over known chords, several at a time: a net, its grammar and a stream of chance for each. Knows no charts and no files.

    waiting tasks ──► slots ── read one step each ──► onset ─► pitch ─► duration ──► an event a slot ──┐
                        ▲                                                                             │
                        └───────────── its row; or, where a window is full, its last part again ◄─────┘

A solo follows from its task, seed and place in the list alone, up to the rounding of the arithmetic: the companion would
play the same. Nothing is filtered and nothing repaired.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from shared.foresight import Foresight
from shared.grammar import Opening, opening
from shared.leaning import leaning
from shared.nets.batch import BatchDecoder, Scores
from shared.nets.decoder import Decoder
from shared.sampling import draw
from shared.score import Conditioning, Event, Frame
from shared.span import Span
from shared.swing import SwingWish, wanted_ratio
from shared.tokens import DURATIONS, NEXT, Cursor, Steps, encode

Progress = Callable[[int], None]
START_TICK = 0


@dataclass(frozen=True, slots=True)
class SoloTask:
    """A solo to be played from tick 0 until `end_tick`, over what `foresight` tells.

    `primer` is what was played before, at ticks below 0; it begins with a frame. The solo goes on from it.
    """

    foresight: Foresight
    conditioning: Conditioning
    end_tick: int
    primer: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How solos are drawn: `temperature` and `top_p` as in `shared.sampling.draw`, `swing` as in `shared.swing`; `batch` at once."""

    temperature: float = 1.0
    top_p: float = 1.0
    batch: int = 16
    swing: SwingWish = "auto"


AS_USUAL = Sampling()


def sample_solos(
    decoder: Decoder,
    tasks: Sequence[SoloTask],
    sampling: Sampling = AS_USUAL,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> list[list[Event]]:
    """A score for each of `tasks`: from the frame at tick 0 to the last event before its `end_tick`, without its primer.

    `seed` and a task's index decide its chance. `progress` is told the ticks that were finished since it was told last.
    Raises DataError where a primer is no score.
    """
    solos: list[list[Event]] = [[] for _ in tasks]
    slots = max(1, min(sampling.batch, len(tasks)))
    net, span = BatchDecoder(decoder, slots, device), Span(decoder.config.context)
    waiting = deque(enumerate(tasks))
    lines: dict[int, _Line] = {}
    while waiting or lines:
        for slot in range(slots):
            if waiting and slot not in lines:
                lines[slot] = _Line(*waiting.popleft(), seed, span)
        for slot, line in lines.items():
            if line.opened:
                net.lengths[slot] = 0
        net.read({slot: line.unread() for slot, line in lines.items()})
        ticks = 0
        for slot, event in _choose(net, lines, sampling).items():
            line = lines[slot]
            if isinstance(event, Frame):
                ticks += max(START_TICK, min(event.tick, line.task.end_tick)) - max(START_TICK, line.cursor.frame.tick)
                if event.tick >= line.task.end_tick:
                    solos[line.index] = line.solo
                    del lines[slot]
                    continue
            line.add(event)
        if progress is not None and ticks:
            progress(ticks)
    return solos


class _Line:
    """One solo under way: its score, the window of it that is read, and its stream of chance. `opened`: that window begins anew."""

    cursor: Cursor
    opened: bool
    _read: int
    _unread: Steps

    def __init__(self, index: int, task: SoloTask, seed: int, span: Span) -> None:
        self.index = index
        self.task = task
        self.chance = np.random.Generator(np.random.Philox(key=[seed % 2**64, index]))
        self._span = span
        self._events: list[Event] = list(task.primer) or [task.foresight.frame_at(START_TICK, task.conditioning)]
        self._open()

    @property
    def solo(self) -> list[Event]:
        """What was played from tick 0 on."""
        return [event for event in self._events if event.tick >= START_TICK]

    def frame(self, room: Opening) -> Frame:
        """The frame that ends `room`."""
        return self.task.foresight.frame_at(room.frame_tick, self.task.conditioning)

    def add(self, event: Event) -> None:
        """Write `event` behind the score."""
        self._events.append(event)
        if self._read == self._span.context:
            self._open()
            return
        self._unread = encode([event], self.cursor)
        self.cursor = Cursor(event if isinstance(event, Frame) else self.cursor.frame, self._unread[-1].tolist())

    def unread(self) -> Steps:
        """The steps that the net has not read yet; they count as read from now on."""
        self.opened = False
        self._read += len(self._unread)
        return self._unread

    def _open(self) -> None:
        """Begin a window: the last part of the score, from a beat line on."""
        first = self._span.beat_line(self._events, self._span.start(len(self._events)))
        window = self._events[first:]
        self._unread, self._read, self.opened = encode(window), 0, True
        frame = next(event for event in reversed(window) if isinstance(event, Frame))
        self.cursor = Cursor(frame, self._unread[-1].tolist())


def _choose(net: BatchDecoder, lines: dict[int, _Line], sampling: Sampling) -> dict[int, Event]:
    """The next event of each line: three decisions, a number of its chance for each."""
    rooms = {slot: opening(line.cursor, line.task.foresight, START_TICK) for slot, line in lines.items()}
    chances = {slot: line.chance.random(3) for slot, line in lines.items()}

    def drawn(scores: Sequence[Scores] | Scores, slots: list[int], bounds: list[tuple[int, int]], decision: int) -> list[int]:
        return [
            draw(of_slot, *open_to, sampling.temperature, sampling.top_p, chances[slot][decision])
            for slot, of_slot, open_to in zip(slots, scores, bounds, strict=True)
        ]

    asked = [slot for slot, room in rooms.items() if not room.is_closed]
    onset = dict.fromkeys(rooms, NEXT)
    heard = [
        leaning(scores, rooms[slot].onset_floor, sampling.temperature, wanted_ratio(sampling.swing, lines[slot].cursor.frame))
        for slot, scores in zip(asked, net.onset(asked), strict=True)
    ]
    onset |= zip(asked, drawn(heard, asked, [(rooms[slot].onset_floor, NEXT) for slot in asked], 0), strict=True)
    notes = [slot for slot, room in rooms.items() if not room.is_frame(onset[slot])]
    onsets = [onset[slot] for slot in notes]
    pitches = drawn(net.pitch(notes, onsets), notes, [rooms[slot].pitches(onset[slot]) for slot in notes], 1)
    durations = drawn(net.duration(notes, onsets, pitches), notes, [(0, DURATIONS - 1)] * len(notes), 2)
    written = {slot: rooms[slot].note(*decisions) for slot, *decisions in zip(notes, onsets, pitches, durations, strict=True)}
    return {slot: written[slot] if slot in written else lines[slot].frame(room) for slot, room in rooms.items()}
