"""Drives a conductor in real time: messages, the soloist's thread and passing time, in the order in which they come. Thin shell.

One thread owns the conductor and the link; the soloist has its own and wakes this one through an inproc socket.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import zmq

from companion.conductor import Conductor
from companion.link import BridgeLink
from companion.priority import stop_collecting, think_early
from companion.recorder import Recorder
from companion.soloist import Musician
from companion.worker import Done, EngineWorker, Failed, Wrote
from shared.messages import AnyMessage, Error

WAIT_SEC_MAX = 0.1


class WakeUp:
    """A bell that one thread rings and another waits for among its sockets."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.waitable: Any = context.socket(zmq.PAIR)
        self._bell = context.socket(zmq.PAIR)
        address = f"inproc://wake-{id(self)}"
        self.waitable.bind(address)
        self._bell.connect(address)

    def ring(self) -> None:
        """Wake the waiting thread. Only one thread may ring; a bell that rings already need not ring again."""
        try:
            self._bell.send(b"", zmq.NOBLOCK)
        except zmq.Again:
            return

    def hush(self) -> None:
        """Take in all rings."""
        while self.waitable.poll(0):
            self.waitable.recv()

    def close(self) -> None:
        """Close both ends, once the ringing thread has ended."""
        self._bell.close(0)
        self.waitable.close(0)


class SoloistThread:
    """An `EngineWorker` with its bell."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], soloist: Musician) -> None:
        self.wake_up = WakeUp(context)
        self.worker = EngineWorker(soloist, self.wake_up.ring, think_early)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.worker.close()
        self.wake_up.close()


class LiveLoop:
    """Runs a jam until `ended` says so.

    `tend` is called a few times a second with the bridge's time, between the things that are urgent. `complain` gets a line
    for the user when the soloist fails, and the fallback player goes on in its place; another when the bridge refuses something.
    """

    def __init__(
        self,
        conductor: Conductor,
        soloist: SoloistThread,
        link: BridgeLink,
        recorder: Recorder,
        tend: Callable[[float], None],
        complain: Callable[[str], None],
    ) -> None:
        self._conductor = conductor
        self._soloist = soloist
        self._link = link
        self._recorder = recorder
        self._tend = tend
        self._complain = complain
        self._complained = False
        self._refused = False
        self._untidy = False
        self._tended_sec = float("-inf")
        self._poller = zmq.Poller()
        for waitable in (*link.waitables, soloist.wake_up.waitable):
            self._poller.register(waitable, zmq.POLLIN)

    def run(self, ended: Callable[[], bool]) -> None:
        """Play until `ended` is true; it is asked at least ten times a second.

        A collection of garbage would stop the music for milliseconds, so it waits until FL is stopped.
        """
        think_early()
        stop_collecting()
        try:
            while not ended():
                self.step()
        finally:
            gc.enable()
            gc.unfreeze()

    def step(self) -> None:
        """Wait for the next thing to do, at most WAIT_SEC_MAX, and do it."""
        self._poller.poll(self._wait_ms())
        for message, our_sec in self._link.receive(0.0):
            self._conductor.receive(message, self._link.bridge_sec(our_sec))
            self._speak()
            if isinstance(message, Error) and not self._refused:
                self._refused = True
                self._complain(f"the bridge refuses: {message.text}")
        self._soloist.wake_up.hush()
        for produced in self._soloist.worker.take():
            match produced:
                case Wrote():
                    self._conductor.produced(produced.generation, produced.product, self._now())
                case Done():
                    self._conductor.finished(produced.generation, self._now())
                case Failed():
                    self._report(produced.error)
            self._speak()
        due = self._conductor.next_sec()
        now_sec = self._now()
        if due is not None and due <= now_sec:
            self._conductor.poll(now_sec)
            self._speak()
        if now_sec - self._tended_sec >= WAIT_SEC_MAX:
            self._tended_sec = now_sec
            self._tend(now_sec)
            self._tidy()

    def _tidy(self) -> None:
        playing = self._conductor.session.playing
        if self._untidy and not playing:
            gc.collect()
        self._untidy = playing

    def _now(self) -> float:
        return self._link.bridge_sec(perf_counter())

    def _wait_ms(self) -> int:
        due = self._conductor.next_sec()
        wait_sec = WAIT_SEC_MAX if due is None else min(WAIT_SEC_MAX, due - self._now())
        # rounded up: a poll that comes a moment early would only spin
        return max(0, int(wait_sec * 1000 + 0.999))

    def _speak(self) -> None:
        said: list[AnyMessage] = self._conductor.outbox
        for message in said:
            self._link.send(message)
            self._recorder.sent(message)
        said.clear()

    def _report(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            self._complain(f"the model failed ({type(error).__name__}: {error}); the fallback player goes on")
