"""The whole house on one virtual clock: simulated FL Studio, the real script, the bridge's core, the conductor, a soloist.

No threads, no sockets, no waiting: minutes of music pass as fast as they can be computed. Pure but for what the parts do.
"""

from __future__ import annotations

from collections.abc import Iterator

from companion.bridge.core import BridgeCore
from companion.conductor import Conductor
from companion.recorder import Recorder
from companion.sim.machine import Machine
from companion.soloist import Musician, Product, Task
from shared.errors import JamBotError

STEPS_PER_MOMENT_MAX = 1000


class OfflineWorker:
    """Runs a soloist on the virtual clock: every product takes `step_sec`, as it would on some machine."""

    def __init__(self, soloist: Musician, step_sec: float) -> None:
        self._soloist = soloist
        self._step_sec = step_sec
        self._task: Task | None = None
        self._products: Iterator[Product] | None = None
        self._ready_sec: float | None = None

    def submit(self, task: Task) -> None:
        """Begin `task` at the next `take`, cancelling what runs."""
        self.cancel()
        self._task = task

    def cancel(self) -> None:
        """Give up what runs."""
        close = getattr(self._products, "close", None)
        if close is not None:
            close()
        self._task, self._products, self._ready_sec = None, None, None

    def next_sec(self) -> float | None:
        """When the next product will be ready, None while idle; a task just submitted begins at `begin`."""
        return self._ready_sec

    def begin(self, now_sec: float) -> None:
        """Start the clock of a task that was submitted at this moment."""
        if self._task is not None and self._products is None:
            self._products = iter(self._soloist.play(self._task))
            self._ready_sec = now_sec + self._step_sec

    def take(self, now_sec: float) -> tuple[int, Product | None] | None:
        """(generation, product) that is ready by now, product None at the task's end; None where nothing is ready."""
        if self._task is None or self._products is None or self._ready_sec is None or now_sec < self._ready_sec:
            return None
        generation = self._task.generation
        product = next(self._products, None)
        if product is None:
            self._task, self._products, self._ready_sec = None, None, None
        else:
            self._ready_sec += self._step_sec
        return generation, product


class OfflineJam:
    """Drives all parts from moment to moment."""

    def __init__(self, machine: Machine, bridge: BridgeCore, conductor: Conductor, worker: OfflineWorker, recorder: Recorder) -> None:
        self.machine = machine
        self.bridge = bridge
        self.conductor = conductor
        self.worker = worker
        self.recorder = recorder
        self.now_sec = 0.0
        bridge.on_companion(True, 0.0)

    def run_until(self, end_sec: float) -> None:
        """Let time pass up to `end_sec`."""
        while (moment := self._next_sec()) <= end_sec:
            self.now_sec = max(self.now_sec, moment)
            self._settle()
        self.now_sec = end_sec
        self._settle()

    def _next_sec(self) -> float:
        wishes = [self.machine.next_sec(), self.bridge.next_sec(), self.conductor.next_sec(), self.worker.next_sec()]
        return min(wish for wish in wishes if wish is not None)

    def _settle(self) -> None:
        """Let every part do what is due now, until nobody has anything to say to another."""
        for _ in range(STEPS_PER_MOMENT_MAX):
            if not (self._machine() | self._bridge() | self._conductor()):
                return
        raise JamBotError(f"the offline clock stands still at {self.now_sec:.6f} s: a part asks to be called again without end")

    def _machine(self) -> bool:
        emitted = self.machine.advance(self.now_sec)
        for port, data in emitted:
            if port == "link":
                self.bridge.on_midi(data, self.now_sec)
        return bool(emitted)

    def _bridge(self) -> bool:
        output = self.bridge.poll(self.now_sec)
        for data in output.link:
            self.machine.receive("link", data, self.now_sec)
        for data in output.notes:
            self.machine.receive("notes", data, self.now_sec)
        for message in output.messages:
            self.conductor.receive(message, self.now_sec)
        return bool(output.link or output.notes or output.messages)

    def _conductor(self) -> bool:
        due = self.conductor.next_sec()
        if due is not None and due <= self.now_sec:
            self.conductor.poll(self.now_sec)
        self.worker.begin(self.now_sec)
        while (taken := self.worker.take(self.now_sec)) is not None:
            generation, product = taken
            if product is None:
                self.conductor.finished(generation, self.now_sec)
            else:
                self.conductor.produced(generation, product, self.now_sec)
            self.worker.begin(self.now_sec)
        said = bool(self.conductor.outbox)
        for message in self.conductor.outbox:
            self.bridge.on_message(message, self.now_sec)
            self.recorder.sent(message)
        self.conductor.outbox.clear()
        return said
