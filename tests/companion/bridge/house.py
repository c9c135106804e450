"""Real parts for the process tests: a bridge process, an FL Studio at its socket ports, a companion at its endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import zmq

from companion.bridge.door import Door, Event, Joined
from companion.link import BridgeLink, BridgeProcess
from shared.frames import decode
from shared.messages import AnyMessage, Heartbeat, Plan, PlannedNote, Transport, Welcome
from tests.companion.bridge.fl import Script

PATIENCE_SEC = 20.0
TOKEN = "a token"
Context = zmq.Context[zmq.Socket[bytes]]


class Fl:
    """FL Studio's end of the socket ports: a song that plays, and the notes that it receives."""

    def __init__(self, context: Context, endpoint: str) -> None:
        self._socket = context.socket(zmq.PAIR)
        self._socket.linger = 0
        self._socket.connect(endpoint)
        self.script = Script()
        self.notes: list[tuple[bytes, float]] = []
        self.frames: list[str] = []
        self._beacon_sec = 0.0
        self._start_sec = perf_counter()

    def send(self, data: list[bytes]) -> None:
        for item in data:
            self._socket.send_multipart([b"link", item], zmq.NOBLOCK)

    def tend(self, timeout_ms: int = 10) -> None:
        """A playing beacon every 0.1 s; take in what came."""
        now_sec = perf_counter()
        if now_sec - self._beacon_sec > 0.1:
            self._beacon_sec = now_sec
            ticks = round((now_sec - self._start_sec) * 192)
            self.send(self.script.beacon(now_sec, playing=True, position_ppq_ticks=ticks))
        if self._socket.poll(timeout_ms):
            while self._socket.poll(0):
                door, data = self._socket.recv_multipart()
                if door == b"notes":
                    self.notes.append((data, perf_counter()))
                else:
                    frame = decode(data)
                    self.frames.append(frame.kind if frame is not None else "?")

    def sounding(self) -> set[int]:
        held: set[int] = set()
        for data, _ in self.notes:
            if data[0] == 0x90:
                held.add(data[1])
            elif data[0] == 0x80:
                held.discard(data[1])
        return held

    def struck(self) -> list[int]:
        return [data[1] for data, _ in self.notes if data[0] == 0x90]

    def close(self) -> None:
        self._socket.close()


def until(done: Callable[[], object], *tend: Callable[[], object]) -> None:
    """Keep things going until `done`; fails after 20 s."""
    end_sec = perf_counter() + PATIENCE_SEC
    while not done():
        assert perf_counter() < end_sec, "waited in vain"
        for step in tend:
            step()


@contextmanager
def context() -> Iterator[Context]:
    made: Context = zmq.Context()
    try:
        yield made
    finally:
        made.destroy(linger=0)


@contextmanager
def house() -> Iterator[tuple[Context, BridgeProcess, Fl]]:
    """A bridge process with FL connected to it."""
    with context() as sockets:
        process = BridgeProcess("tcp://127.0.0.1:0", "tcp://127.0.0.1:0")
        fl = Fl(sockets, process.port_names[0])
        try:
            yield sockets, process, fl
        finally:
            fl.close()
            process.stop()


class Companion:
    """A companion that lays long notes on the song's next beats, on a clock of its own."""

    def __init__(self, sockets: Context, process: BridgeProcess, now: Callable[[], float] = perf_counter) -> None:
        self._now = now
        self.link = BridgeLink(sockets, process.endpoint, process.token, now=now)
        self.messages: list[AnyMessage] = [message for message, _ in self.link.connect(PATIENCE_SEC)]
        self._generation = 0

    def tend(self) -> None:
        self.messages += [message for message, _ in self.link.receive(0.0)]

    def told(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    def transport(self) -> Transport | None:
        return next(reversed(self.told(Transport)), None)

    @property
    def playing(self) -> bool:
        transport = self.transport()
        return transport is not None and transport.playing

    def lay(self, pitch: int, duration_beat: float = 400.0) -> None:
        """A note on the spot."""
        transport = self.transport()
        assert transport is not None
        self._generation += 1
        beat = transport.beat + (self.link.bridge_sec(self._now()) - transport.at_sec) * transport.tempo_bpm / 60 + 0.1
        note = PlannedNote(self._generation, beat, duration_beat, pitch, 90, 0.0, pitch % 16)
        self.link.send(
            Plan(epoch=transport.epoch, generation=self._generation, from_beat=beat, until_beat=beat + 1, notes=(note,))
        )


class Doorkeeper:
    """A door in the test's own process, that welcomes who is admitted and answers heartbeats."""

    def __init__(self, sockets: Context) -> None:
        self.door = Door(sockets, "tcp://127.0.0.1:0", TOKEN)
        self.events: list[Event] = []

    def tend(self) -> None:
        for event in self.door.poll(perf_counter()):
            self.events.append(event)
            if isinstance(event, Joined):
                self.door.send(Welcome(version="", ports=(), priority=""))
            elif isinstance(event, Heartbeat):
                self.door.send(Heartbeat(sent_sec=perf_counter(), echo_sec=event.sent_sec))


def spawn(*arguments: str, token: str = TOKEN) -> subprocess.Popen[bytes]:
    """A process of this project: `python ARGUMENTS`."""
    environment = os.environ | {"JAMBOT_TOKEN": token, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
