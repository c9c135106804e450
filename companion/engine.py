"""A trained net as a soloist: keeps what it has read, rolls back where the score changed, samples on. Knows no threads, no clock.

    score ── window ── read what is new ──► hidden ──► onset ─► pitch ─► duration ──► note
                ▲                                        └─► frame (the beat is done)  │
                └───────────────────── one step of the net for each event ◄────────────┘

Going back costs nothing (the cache's length is set), and a new chord is one step: its frame. When a window fills up, the
next one is read ahead in quiet moments into a second cache, so that a chord never waits for a long prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from companion.runner import Runner, Scores
from companion.soloist import Task
from companion.window import Window
from shared.foresight import ChordChange, Foresight
from shared.grammar import Opening, opening
from shared.leaning import leaning
from shared.music import TICKS_PER_BEAT, Grid
from shared.sampling import draw
from shared.score import Conditioning, Event, Frame
from shared.span import Span
from shared.swing import wanted_ratio
from shared.tokens import DURATIONS, NEXT

CHUNK = 8
"""Steps read in one pass at most: the time that a cancelled pass may still take, 1 to 3 ms on a CPU core."""


class ModelSoloist:
    """Continues scores with a net. One thread at a time."""

    def __init__(self, runner: Runner, name: str) -> None:
        self._context = runner.context
        self._name = name
        self._span = Span(runner.context)
        self._window = Window(runner.reader())
        self._spare = Window(runner.reader())
        self._interrupted: Callable[[], bool] = lambda: False
        self._warm_up()

    @property
    def name(self) -> str:
        """The name that status lines and files show."""
        return self._name

    def heed(self, interrupted: Callable[[], bool]) -> None:
        """Ask `interrupted` between the passes of a long prompt, and give up where it says so."""
        self._interrupted = interrupted

    def play(self, task: Task) -> Iterator[Event]:
        """Continue `task.score`, see `Soloist.play`. Raises DataError where the score breaks the grammar of tokens."""
        first = self._span.beat_line(task.score, self._span.start(task.score_start + len(task.score)) - task.score_start)
        if not self._open(task.score_start + first, task.score[first:]):
            return
        chance = np.random.Generator(np.random.Philox(key=[task.seed % 2**64, task.generation]))
        while self._window.cursor.frame.tick < task.until_tick:
            event = self._continue(task, chance.random(3))
            yield event
            if isinstance(event, Frame) and event.tick >= task.until_tick:
                return
            if not self._read_on(event):
                return

    def idle(self) -> bool:
        """Read a little of the window that will be needed next. False where there is nothing to do."""
        window, spare, span = self._window, self._spare, self._span
        if len(window.events) <= span.room - span.block // 2:
            return False
        coming = span.start(window.start + span.room + 1)
        first = span.beat_line(window.events, coming - window.start)
        spare.match(window.start + first, window.events[first:])
        after = first + len(spare.events)
        if after == len(window.events):
            return False
        spare.read(window.events[after : after + CHUNK])
        return True

    def _warm_up(self) -> None:
        """Play a beat once: the first pass sets up the libraries beneath, for ten times the usual time."""
        seen = Foresight(Grid(), (ChordChange(0, None),))
        wish = Conditioning()
        score = tuple(seen.frame_at(beat * TICKS_PER_BEAT, wish) for beat in range(min(2 * CHUNK, self._span.room)))
        tick = score[-1].tick
        for _ in self.play(Task(0, 0, score, 0, seen.grid, seen, wish, tick, tick + 4 * TICKS_PER_BEAT, 1.0, 1.0, "auto")):
            pass

    def _open(self, start: int, events: Sequence[Event]) -> bool:
        """Bring a window to stand at the end of `events`; False where interrupted, with a window that is short but right."""
        if self._window.start != start:
            self._window, self._spare = self._spare, self._window
        window = self._window
        window.match(start, events)
        while len(window.events) < len(events):
            if self._interrupted():
                return False
            window.read(events[len(window.events) : len(window.events) + CHUNK])
        return True

    def _read_on(self, event: Event) -> bool:
        window = self._window
        if len(window.events) < self._context:
            window.read([event])
            return True
        events = [*window.events, event]
        first = self._span.beat_line(events, self._span.start(window.start + len(events)) - window.start)
        return self._open(window.start + first, events[first:])

    def _continue(self, task: Task, chance: NDArray[np.float64]) -> Event:
        """The next event: three decisions, one number of `chance` (3,) each."""
        room = opening(self._window.cursor, task.foresight, task.min_tick)
        reader, daring = self._window.reader, (task.temperature, task.top_p)
        onset = NEXT if room.is_closed else draw(self._onsets(task, room), room.onset_floor, NEXT, *daring, chance[0])
        if room.is_frame(onset):
            return task.foresight.frame_at(room.frame_tick, task.conditioning)
        pitch = draw(reader.pitch(onset), *room.pitches(onset), *daring, chance[1])
        return room.note(onset, pitch, draw(reader.duration(onset, pitch), 0, DURATIONS - 1, *daring, chance[2]))

    def _onsets(self, task: Task, room: Opening) -> Scores:
        ratio = wanted_ratio(task.swing, self._window.cursor.frame)
        return leaning(self._window.reader.onset(), room.onset_floor, task.temperature, ratio)
