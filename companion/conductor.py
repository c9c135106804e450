"""The companion's heart: what is heard goes in, windows of the plan come out. Pure: no threads, no sockets, no clock of its own.

Everything that decides a note enters through four doors, in one order, each with the bridge's time: `receive` (a message),
`produced` and `finished` (the soloist's work) and `poll` (time passing). The journal sees each of them, so that the same
journal gives the same notes.
"""

from __future__ import annotations

import math
from typing import Protocol

from companion.figures import Figures
from companion.harmony import ChordTracker, HeardChord
from companion.outlook import Outlook
from companion.planner import Planner
from companion.session import Session
from companion.soloist import Product, Soloist, Task, Touched
from companion.touch import Touch
from shared.messages import AnyMessage, Chords, Played, Queued, Transport, Welcome
from shared.music import TICKS_PER_BEAT, sec_to_beats, ticks_to_beats
from shared.score import Conditioning, Event, Note
from shared.settings import Settings

POLL_SEC = 0.025
BUDGET_SEC = 0.060
"""How long a soloist may take before the fallback player steps in, once the plan is shorter than its floor."""
MISSING_SEC = 1.5
ANSWER_SEC = 0.030
"""How soon an answer to a chord is there at the latest: what would sound before is taken from the player at once."""
REACH_SEC = 0.008
"""A note that is written late is due no sooner than this after now: so long its way to the player takes on a busy machine."""
TOUCH_REACH_SEC = 0.300
"""A humanizer's word comes too late for a note that is due sooner than this: it might ask for it earlier than the player hears of it."""
APART_SEC = 0.070
"""No new note begins sooner than this after one that can no longer be stopped."""
FORESIGHT_BARS = 4


class Worker(Protocol):
    """Whoever runs the soloist: it gets the newest task and gives up any older one."""

    def submit(self, task: Task) -> None:
        """Begin `task`, cancelling what runs."""
        ...

    def cancel(self) -> None:
        """Give up what runs."""
        ...


class Journal(Protocol):
    """Where the conductor's inputs are kept, in their order."""

    def received(self, message: AnyMessage, now_sec: float) -> None:
        """A message came from the bridge."""
        ...

    def produced(self, generation: int, product: Product, now_sec: float) -> None:
        """The soloist handed over something of the current generation."""
        ...

    def finished(self, generation: int, now_sec: float) -> None:
        """The soloist ended the current generation's task."""
        ...

    def polled(self, now_sec: float) -> None:
        """Time passed and something was done."""
        ...

    def ended(self, epoch: int, score: tuple[Event, ...], until_tick: int) -> None:
        """The epoch ended at `until_tick` with this score."""
        ...


class Conductor:
    """Listens, plans ahead, and re-plans at once when the chords, the song's position or its metre change.

    `outbox` collects messages for the bridge; whoever drives the conductor sends and clears them.
    """

    def __init__(self, settings: Settings, seed: int, outlook: Outlook, worker: Worker, fallback: Soloist, journal: Journal) -> None:
        self._settings = settings
        self._touch = Touch(seed, settings.touch)
        self._outlook = outlook
        self._worker = worker
        self._fallback = fallback
        self._journal = journal
        self._tracker = ChordTracker(settle_ms=settings.harmony.settle_ms, roll_ms=settings.harmony.roll_ms)
        self._planner = Planner(self._touch, seed, settings.solo)
        self._guard_sec = settings.plan.guard_ms / 1000.0
        self._working: int | None = None
        self._submitted_sec = 0.0
        self._cause: int | None = None
        self._replan_sec: float | None = None
        self._epoch_tick = 0
        self._epoch_sec = 0.0
        self._holding = False
        self._polled_sec = 0.0
        self.session = Session()
        self.figures = Figures()
        self.outbox: list[AnyMessage] = []

    @property
    def bars_ahead(self) -> float:
        """Bars planned beyond the playhead at the last poll; 0 while nothing is planned."""
        if not self._laying:
            return 0.0
        return max(0.0, (self._planner.planned_until_tick - self.session.tick_at(self._polled_sec)) / self.session.grid.meter.bar_ticks)

    @property
    def chord_symbol(self) -> str:
        """The chord in force, for people to read."""
        chord = self._outlook.chord_at(self.session.tick_at(self._polled_sec), self.session.grid)
        return "-" if chord is None else chord.symbol

    @property
    def score(self) -> tuple[Event, ...]:
        """The score of the current epoch."""
        return self._planner.score

    @property
    def _laying(self) -> bool:
        return self.session.playing and not self._planner.empty

    def receive(self, message: AnyMessage, now_sec: float) -> None:
        """Take in a message from the bridge."""
        self._journal.received(message, now_sec)
        match message:
            case Welcome():
                self.stop(now_sec)
                self.session = Session()
            case Transport():
                self._transport(message, now_sec)
            case Chords():
                self._holding = bool(message.held)
                grid, tempo_bpm = self.session.grid, self.session.clock.tempo_bpm
                self._tracker.hear(message.at_sec, message.beat, message.struck, message.held, message.cause, grid, tempo_bpm)
                self._listen(now_sec)
            case Queued():
                self.figures.ready_ms.append(message.ready_ms)
            case Played():
                for note in message.notes:
                    if self._planner.notes_due.pop(note.id, None) is not None or note.sent_sec is not None:
                        self.figures.played(note.due_sec, note.sent_sec, note.id in self._planner.humanized)
            case _:
                pass

    def produced(self, generation: int, product: Product, now_sec: float) -> None:
        """Take in what the soloist handed over. Work of a generation that is no longer wanted is passed over."""
        if generation != self._working:
            return
        self._journal.produced(generation, product, now_sec)
        if isinstance(product, Touched):
            self._retouch(product, now_sec)
            return
        self._lay(product, now_sec)
        self._note_full(now_sec)

    def finished(self, generation: int, now_sec: float) -> None:
        """The soloist ended its task."""
        if generation != self._working:
            return
        self._journal.finished(generation, now_sec)
        self._working = None
        self._extend(now_sec)

    def stop(self, now_sec: float) -> None:
        """Give up the plan; the next transport message that plays begins a new one."""
        self._worker.cancel()
        self._working = None
        self._cause = None
        self._replan_sec = None
        if self._laying:
            self._journal.ended(self.session.epoch, self._planner.score, self.session.tick_at(now_sec))
        self._planner.begin(self.session.epoch)

    def next_sec(self) -> float | None:
        """When `poll` wants to be called; None: not before the next message."""
        name_sec = self._tracker.next_sec()
        if not self.session.playing:
            return name_sec
        poll_sec = self._polled_sec + POLL_SEC
        return poll_sec if name_sec is None else min(name_sec, poll_sec)

    def poll(self, now_sec: float) -> None:
        """Let time pass: name chords that have settled, keep the plan long, step in where the soloist is late."""
        self._polled_sec = now_sec
        acted = self._listen(now_sec)
        if self._laying:
            self._look_for_missing(now_sec)
            acted = self._fall_back(now_sec) or self._extend(now_sec) or acted
            if self._replan_sec is None:
                self.figures.bars_ahead.append(self.bars_ahead)
        if acted:
            self._journal.polled(now_sec)

    def _conditioning(self) -> Conditioning:
        return self._settings.solo.conditioning(self.session.clock.tempo_bpm)

    def _transport(self, transport: Transport, now_sec: float) -> None:
        if self._laying and (not transport.playing or transport.epoch != self.session.epoch):
            self.stop(now_sec)
        change = self.session.apply(transport)
        if change.started:
            self._planner.begin(transport.epoch)
            self._epoch_tick, self._epoch_sec = self.session.tick_at(transport.at_sec), transport.at_sec
            self._outlook.begin(self._epoch_tick, self.session.grid, self._holding, transport.pattern)
            self._replan(self._epoch_tick, None, now_sec)
        elif self._laying and (change.grid or change.pattern or change.tempo_jump):
            tick = self.session.grid.next_beat(self._commit_tick(now_sec))
            if change.pattern:
                self._outlook.begin(tick, self.session.grid, self._holding, transport.pattern)
            self._replan(tick, None, now_sec)

    def _listen(self, now_sec: float) -> bool:
        heard = self._tracker.poll(now_sec)
        if heard is None:
            return False
        self._answer(heard, now_sec)
        return True

    def _answer(self, heard: HeardChord, now_sec: float) -> None:
        if not self.session.playing:
            self._outlook.hold(heard.chord)
            return
        # a chord begun before the song jumped was struck at a place that is left, maybe far ahead of the new one
        tick = max(heard.tick, self._epoch_tick) if heard.at_sec >= self._epoch_sec else self._epoch_tick
        if self._outlook.heard(heard.chord, tick, self.session.grid):
            self.figures.chord_changes += 1
            self._replan(tick, heard.cause, now_sec)

    def _lay(self, event: Event, now_sec: float) -> None:
        """Take an event into the plan, a note not before it can reach the player."""
        self.outbox.append(self._planner.accept(event, self._cause, self._reach_ms(event.tick, now_sec)))
        if isinstance(event, Note):
            self._cause = None

    def _retouch(self, touched: Touched, now_sec: float) -> None:
        """Take a humanizer's word for the notes that it can still reach."""
        self.figures.touch_ms.append(touched.took_ms)
        plan = self._planner.touch(touched, self._commit_tick(now_sec + TOUCH_REACH_SEC))
        if plan is not None:
            self.outbox.append(plan)

    def _commit_tick(self, now_sec: float) -> int:
        """The first tick whose notes can still be changed: sent after now, the guard, and what the lag gives back."""
        lag_sec = self._touch.lag_ms_least(self.session.clock.tempo_bpm) / 1000.0
        return max(self._epoch_tick, self.session.next_tick_at(now_sec + self._guard_sec - lag_sec))

    def _reach_ms(self, tick: int, now_sec: float) -> float:
        """The least lag with which a note at `tick` that is written now can still reach the player; below 0 where it has time."""
        return (now_sec + REACH_SEC - self.session.clock.sec_at(ticks_to_beats(tick))) * 1000.0

    def _ticks(self, sec: float) -> int:
        """How many ticks cover `sec` seconds at the present tempo."""
        return math.ceil(sec_to_beats(sec, self.session.clock.tempo_bpm) * TICKS_PER_BEAT)

    def _replan(self, heard_tick: int, cause: int | None, now_sec: float) -> None:
        """Void what can still be changed and go on with what is known now."""
        if self._planner.empty and not self._outlook.has_chart and self._outlook.chord_at(heard_tick, self.session.grid) is None:
            return
        commit = self._commit_tick(now_sec)
        foresight = self._outlook.foresight(heard_tick, self._horizon(max(heard_tick, commit)), self.session.grid)
        apart_ticks, void_ticks = self._ticks(APART_SEC), self._ticks(ANSWER_SEC)
        reach_ms = self._reach_ms(max(heard_tick, commit), now_sec)
        self.outbox += self._planner.relay(heard_tick, commit, foresight, self._conditioning(), apart_ticks, void_ticks, reach_ms)
        self._cause = cause
        self._replan_sec = now_sec
        self._submit(now_sec)

    def _horizon(self, tick: int) -> int:
        return tick + (self._settings.plan.bars_ahead + FORESIGHT_BARS) * self.session.grid.meter.bar_ticks

    def _full_tick(self, now_sec: float) -> int:
        """Up to where the plan must reach to be full."""
        return self.session.tick_at(now_sec) + self._settings.plan.bars_ahead * self.session.grid.meter.bar_ticks

    def _submit(self, now_sec: float) -> None:
        grid, planned = self.session.grid, self._planner.planned_until_tick
        until = grid.next_beat(max(planned, self._full_tick(now_sec) + TICKS_PER_BEAT))
        foresight = self._outlook.foresight(planned, self._horizon(planned), grid)
        task = self._planner.task(until, foresight, self._conditioning())
        self._working = task.generation
        self._submitted_sec = now_sec
        self._worker.submit(task)

    def _extend(self, now_sec: float) -> bool:
        if self._working is not None or not self._laying or self._planner.planned_until_tick >= self._full_tick(now_sec):
            return False
        self._catch_up(now_sec)
        self._submit(now_sec)
        return True

    def _catch_up(self, now_sec: float) -> None:
        commit = self._commit_tick(now_sec)
        if self._planner.planned_until_tick < commit:
            foresight = self._outlook.foresight(self._planner.planned_until_tick, self._horizon(commit), self.session.grid)
            self._planner.catch_up(commit, foresight, self._conditioning())

    def _fall_back(self, now_sec: float) -> bool:
        """Continue the line by rule where the soloist is late and the plan is almost played up."""
        floor = self.session.tick_at(now_sec) + round(self._settings.plan.floor_beats * TICKS_PER_BEAT)
        if self._planner.planned_until_tick >= floor or now_sec - self._submitted_sec <= BUDGET_SEC:
            return False
        self._worker.cancel()
        self._catch_up(now_sec)
        grid, planned = self.session.grid, self._planner.planned_until_tick
        foresight = self._outlook.foresight(planned, self._horizon(planned), grid)
        task = self._planner.task(grid.next_beat(floor + TICKS_PER_BEAT), foresight, self._conditioning())
        for event in self._fallback.play(task):
            self._lay(event, now_sec)
        self.figures.fallbacks += 1
        self._submit(now_sec)
        return True

    def _note_full(self, now_sec: float) -> None:
        if self._replan_sec is not None and self._planner.planned_until_tick >= self._full_tick(now_sec):
            if self._cause is not None:
                # The player rests as far as it plans: that is its answer, and the note after the rest is not late.
                self._cause = None
                self.figures.rests += 1
            self.figures.replan_to_full_ms.append((now_sec - self._replan_sec) * 1000.0)
            self._replan_sec = None

    def _look_for_missing(self, now_sec: float) -> None:
        """A note of the plan whose moment has long passed and that nobody played is a gap."""
        clock = self.session.clock
        due = self._planner.notes_due
        for identity in [number for number, note in due.items() if clock.sec_at(ticks_to_beats(note.tick)) < now_sec - MISSING_SEC]:
            due.pop(identity)
            self.figures.missing += 1
