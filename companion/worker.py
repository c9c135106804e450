"""The thread that owns a soloist: newest task first, what it writes is handed over at once. Knows no music, no sockets."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from companion.soloist import Musician, Product, Task
from shared.errors import JamBotError
from shared.score import Frame, Note

SWITCH_SEC = 0.0002
"""How long another Python thread may keep the interpreter from the soloist's, and the reverse."""
CLOSE_SEC = 5.0
REST_SEC = 0.00005
"""The soloist's rest after a task's first note: the taker often wakes on its core, and would wait there for the next step's end."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """The soloist handed over `product`."""

    generation: int
    product: Product


@dataclass(frozen=True, slots=True)
class Done:
    """The task of `generation` is complete."""

    generation: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The soloist raised `error`; the generation ends here, and the worker goes on with the next task.

    `generation` is -1 where it happened in a quiet moment, with no task to blame.
    """

    generation: int
    error: Exception


Produced = Wrote | Done | Failed


@runtime_checkable
class Diligent(Protocol):
    """A soloist that can be interrupted in a long pass, and that prepares itself in quiet moments."""

    def heed(self, interrupted: Callable[[], bool]) -> None:
        """Ask `interrupted` now and then, and stop writing where it says so."""
        ...

    def idle(self) -> bool:
        """Do a few milliseconds of useful work; False where there is none."""
        ...


class EngineWorker:
    """Runs `soloist` on a thread of its own.

    `wake` is called from there whenever `take` has something new to act on, which frames alone are not; `begin` once when the
    thread begins.
    """

    def __init__(self, soloist: Musician, wake: Callable[[], None], begin: Callable[[], object] = lambda: None) -> None:
        self._soloist = soloist
        self._wake = wake
        self._begin = begin
        self._change = threading.Condition()
        self._task: Task | None = None
        self._generation: int | None = None
        self._closed = False
        self._produced: deque[Produced] = deque()
        self._pending = threading.Event()
        if isinstance(soloist, Diligent):
            soloist.heed(self._pending.is_set)
        sys.setswitchinterval(SWITCH_SEC)
        self._thread = threading.Thread(target=self._run, name="soloist", daemon=True)
        self._thread.start()

    def submit(self, task: Task) -> None:
        """Begin `task`; what runs stops before its next event, and nothing of it is handed over any more."""
        self._turn_to(task)

    def cancel(self) -> None:
        """Give up what runs; nothing of it is handed over any more."""
        self._turn_to(None)

    def take(self) -> list[Produced]:
        """What was produced since the last call, in order, all of the newest task's generation."""
        with self._change:
            produced = list(self._produced)
            self._produced.clear()
        return produced

    def close(self) -> None:
        """End the thread. Raises JamBotError where it does not end within five seconds."""
        with self._change:
            self._closed = True
        self._turn_to(None)
        self._thread.join(CLOSE_SEC)
        if self._thread.is_alive():
            raise JamBotError(f"the soloist {self._soloist.name} does not stop; end the program")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _turn_to(self, task: Task | None) -> None:
        with self._change:
            self._task = task
            self._generation = None if task is None else task.generation
            self._produced.clear()
            self._pending.set()
            self._change.notify()

    def _run(self) -> None:
        self._begin()
        while True:
            task = self._next_task()
            if task is not None:
                self._play(task)
            elif self._closed:
                return

    def _next_task(self) -> Task | None:
        """Wait for a task, with useful work meanwhile. None where there is none: woken to cancel or to close."""
        busy = isinstance(self._soloist, Diligent)
        while busy and not self._pending.is_set():
            busy = self._prepare()
        with self._change:
            self._change.wait_for(self._pending.is_set)
            self._pending.clear()
            task, self._task = self._task, None
            return task

    def _prepare(self) -> bool:
        assert isinstance(self._soloist, Diligent)
        try:
            return self._soloist.idle()
        except Exception as error:  # a thread's end would be silent: whoever takes the work must hear of it
            with self._change:
                self._produced.append(Failed(-1, error))
            self._wake()
            return False

    def _play(self, task: Task) -> None:
        products = iter(self._soloist.play(task))
        rested = False
        try:
            for product in products:
                if not self._hand_over(Wrote(task.generation, product)):
                    return
                if not rested and isinstance(product, Note):
                    rested = True
                    time.sleep(REST_SEC)
            if not self._pending.is_set():
                self._hand_over(Done(task.generation))
        except Exception as error:  # a thread's end would be silent: whoever takes the work must hear of it
            self._hand_over(Failed(task.generation, error))
        finally:
            if isinstance(products, Generator):
                products.close()

    def _hand_over(self, produced: Produced) -> bool:
        """Queue `produced` and wake its taker; False where a newer task or a cancel has made it void."""
        with self._change:
            if produced.generation != self._generation or self._pending.is_set():
                return False
            self._produced.append(produced)
        if not isinstance(produced, Wrote) or not isinstance(produced.product, Frame):
            self._wake()
        return True
