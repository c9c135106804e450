"""The simulated FL Studio live: a process of its own that keeps time and moves bytes. Knows nothing of what they mean."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event as Signal
from typing import Any, BinaryIO, Protocol

import msgspec
import zmq

from companion.sim.scenario import Action, Scenario, bound, read_action
from shared.errors import DataError, PortError

APIS = {
    "auto": "API_UNSPECIFIED",
    "alsa": "API_LINUX_ALSA",
    "jack": "API_UNIX_JACK",
    "coremidi": "API_MACOSX_CORE",
    "winmm": "API_WINDOWS_MM",
}
POLL_MIN_SEC = 0.001
"""Polling a socket is exact to a millisecond; a shorter wait is slept."""


class Ports(Protocol):
    """FL's ports: "link" both ways, "notes" inwards."""

    def send(self, data: bytes) -> None:
        """Send on Link Out."""
        ...

    def poll(self, wait_sec: float) -> list[tuple[str, bytes]]:
        """What has come, after waiting for it at most `wait_sec`: ("link" or "notes", MIDI message)."""
        ...

    def close(self) -> None:
        """Close everything."""
        ...


class SocketPorts:
    """The bridge's socket in place of MIDI ports: ZeroMQ PAIR, the bridge binds."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PAIR)
        self._socket.linger = 0
        self._socket.setsockopt(zmq.RECONNECT_IVL, 20)
        try:
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise PortError(f"{endpoint}: {error.strerror}; expected an address such as tcp://127.0.0.1:17819") from None

    def send(self, data: bytes) -> None:
        """Send on Link Out; without a bridge it goes nowhere, as on a port that nobody opened."""
        try:
            self._socket.send_multipart([b"link", data], zmq.NOBLOCK)
        except zmq.Again:
            return

    def poll(self, wait_sec: float) -> list[tuple[str, bytes]]:
        """What has come."""
        if wait_sec >= POLL_MIN_SEC:
            self._socket.poll(int(wait_sec * 1000))
        elif wait_sec > 0:
            time.sleep(wait_sec)
        received: list[tuple[str, bytes]] = []
        while True:
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return received
            if len(parts) == 2 and parts[0] in (b"link", b"notes") and parts[1]:
                received.append((parts[0].decode(), parts[1]))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        self._context.term()


class RtMidiPorts:
    """Real MIDI ports, which the bridge has made: found by the names that they bear. Raises PortError where one is missing."""

    def __init__(self, link_in: str, link_out: str, notes: str, api_name: str) -> None:
        import rtmidi

        api = getattr(rtmidi, APIS[api_name])
        self._arrived: deque[tuple[str, bytes]] = deque()
        self._signal = Signal()
        self._open: list[Any] = []
        self._out = self._connect(rtmidi.MidiOut(api), link_out)
        for role, name in (("link", link_in), ("notes", notes)):
            port = self._connect(rtmidi.MidiIn(api), name)
            port.ignore_types(sysex=False, timing=False, active_sense=True)
            port.set_callback(self._take, role)

    def _connect(self, port: Any, name: str) -> Any:
        found = [index for index, label in enumerate(port.get_ports()) if name in label]
        if not found:
            raise PortError(f"MIDI port {name} is missing; found: {', '.join(port.get_ports()) or 'none'}; start the bridge first")
        port.open_port(found[0], f"FL {name}")
        self._open.append(port)
        return port

    def _take(self, event: tuple[list[int], float], role: str) -> None:
        """Called in the MIDI system's own thread."""
        self._arrived.append((role, bytes(event[0])))
        self._signal.set()

    def send(self, data: bytes) -> None:
        """Send on Link Out."""
        self._out.send_message(data)

    def poll(self, wait_sec: float) -> list[tuple[str, bytes]]:
        """What has come."""
        if wait_sec > 0:
            self._signal.wait(wait_sec)
        self._signal.clear()
        received = []
        while self._arrived:
            received.append(self._arrived.popleft())
        return received

    def close(self) -> None:
        """Close every port, inputs first, so that no callback meets a closed one."""
        for port in reversed(self._open):
            port.close_port()
            port.delete()
        self._open.clear()


def run(scenario: Scenario, ports: Ports, notes: BinaryIO | None, orders: SimpleQueue[Action], clock: Callable[[], float]) -> list[str]:
    """Play a scenario until it or an order says `quit`; returns what would have hurt a real FL Studio.

    Notes that reach the synth are written to `notes`, a JSON object a line. `orders` are further actions: their `at_sec`
    counts from their arrival. `clock` gives steady seconds.
    """
    machine = scenario.machine(clock())
    quitting = False

    def quit_now() -> None:
        nonlocal quitting
        quitting = True

    def lay(action: Action, begin_sec: float) -> None:
        work = bound(action)
        machine.at(begin_sec + action.at_sec, quit_now if action.do == "quit" else lambda: work(machine))

    begun = scenario.begin == "now"
    for action in scenario.actions if begun else ():
        lay(action, clock())
    written = 0
    while not quitting:
        now_sec = clock()
        for _, data in machine.advance(now_sec):
            ports.send(data)
        if notes is not None and written < len(machine.notes):
            for note in machine.notes[written:]:
                notes.write(msgspec.json.encode(note) + b"\n")
            notes.flush()
            written = len(machine.notes)
        try:
            while True:
                lay(orders.get_nowait(), clock())
        except Empty:
            pass
        for port, data in ports.poll(machine.next_sec() - clock()):
            machine.receive(port, data, clock())
            if not begun and port == "link":
                begun = True
                for action in scenario.actions:
                    lay(action, clock())
    return machine.faults


def read_orders(lines: BinaryIO, orders: SimpleQueue[Action], complain: Callable[[str], None]) -> None:
    """Pass actions on, one JSON object a line; the end of the lines means quit, so that nobody is left behind by a dead parent."""
    for line in lines:
        if line.strip():
            try:
                orders.put(read_action(line))
            except DataError as error:
                complain(str(error))
    orders.put(Action(do="quit"))
