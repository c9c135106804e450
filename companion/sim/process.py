"""The simulated FL Studio live: a process of its own that keeps time and moves bytes. Knows nothing of what they mean."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
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
    """Real MIDI ports, which the bridge has made: found by the names that they bear. Raises PortError where one is missing.

    The inputs are asked, not called back from: JACK ends its thread when a port closes, and were that thread inside Python
    at that moment, it would take the interpreter's lock with it.
    """

    def __init__(self, link_in: str, link_out: str, notes: str, api_name: str) -> None:
        import rtmidi

        api = getattr(rtmidi, APIS[api_name])
        self._open: list[Any] = []
        try:
            self._out = self._connect(rtmidi.MidiOut(api), link_out)
            self._inputs = [(door, self._connect(rtmidi.MidiIn(api), name)) for door, name in (("link", link_in), ("notes", notes))]
        except PortError:
            self.close()
            raise
        except rtmidi.RtMidiError as error:
            self.close()
            raise PortError(f"MIDI system {api_name}: {error}; start it, or choose another with --api") from None
        for _, port in self._inputs:
            port.ignore_types(sysex=False, timing=False, active_sense=True)

    def _connect(self, port: Any, name: str) -> Any:
        found = [index for index, label in enumerate(port.get_ports()) if name in label]
        if not found:
            raise PortError(f"MIDI port {name} is missing; found: {', '.join(port.get_ports()) or 'none'}; start the bridge first")
        port.open_port(found[0], f"FL {name}")
        self._open.append(port)
        return port

    def send(self, data: bytes) -> None:
        """Send on Link Out."""
        self._out.send_message(data)

    def poll(self, wait_sec: float) -> list[tuple[str, bytes]]:
        """What has come; the wait is cut to a millisecond, since nothing tells of a message's coming."""
        if wait_sec > 0:
            time.sleep(min(wait_sec, POLL_MIN_SEC))
        received = []
        for door, port in self._inputs:
            while (message := port.get_message()) is not None:
                received.append((door, bytes(message[0])))
        return received

    def close(self) -> None:
        """Close every port."""
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
