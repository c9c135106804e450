"""The bridge's process: one loop around the core, with the door to the companion and the MIDI ports. Knows no music.

The loop sleeps in one poll over all sockets, wakes a millisecond before the player's next moment, and sleeps and spins the
rest, so that a note leaves within a fraction of a millisecond of its time. Whatever ends the process, the synth is silenced.
"""

from __future__ import annotations

import gc
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep

import msgspec
import zmq

from companion import __version__
from companion.bridge.core import BridgeCore, Output
from companion.bridge.door import Door, Joined, Left
from companion.bridge.player import silence_everything
from companion.bridge.ports import MidiPorts, PortNames, open_ports
from companion.keys import server_keys, user_token
from companion.priority import play_first, stop_collecting
from shared.frames import NONCE_MAX

WAKE_SEC = 0.001
SPIN_SEC = 0.0003
IDLE_SEC = 1.0
SWITCH_SEC = 0.0005
STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK", "SIGHUP")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a bridge runs.

    `ports` is `midi` or the loopback endpoint of the simulated FL Studio; `keys` the folder that a bridge open to other
    machines needs. A `child` ends when its standard input does.
    """

    endpoint: str
    ports: str
    api: str = "auto"
    names: PortNames = field(default_factory=PortNames)
    keys: Path | None = None
    child: bool = False


class Ready(msgspec.Struct, frozen=True):
    """The one line that a bridge prints, as JSON: where it listens, and the names of its ports."""

    endpoint: str
    ports: tuple[str, ...]
    priority: str


class StopSignal:
    """Turns signals, and the end of standard input, into one readable socket and one flag."""

    def __init__(self) -> None:
        self.set = False
        self.waitable, self._wake = socket.socketpair()
        self.waitable.setblocking(False)
        self._wake.setblocking(False)

    def catch_signals(self) -> None:
        """From now on a stop signal ends the loop instead of the process."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for name in STOP_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, lambda *_: self._stop())

    def watch_stdin(self) -> None:
        """Stop when whoever started the bridge closes its standard input or dies."""
        threading.Thread(target=self._read_stdin, daemon=True).start()

    def close(self) -> None:
        """Let signals be."""
        signal.set_wakeup_fd(-1)
        self.waitable.close()
        self._wake.close()

    def _read_stdin(self) -> None:
        # not sys.stdin: its lock, held by a thread that waits, would stop the interpreter's end
        while os.read(0, 64):
            pass
        self._stop()
        self._wake.send(b"\0")

    def _stop(self) -> None:
        self.set = True


class Server:
    """Moves things between core, door and ports. `now` is a steady clock in seconds."""

    def __init__(self, core: BridgeCore, door: Door, ports: MidiPorts, stop: StopSignal, now: Callable[[], float] = perf_counter) -> None:
        self._core = core
        self._door = door
        self._ports = ports
        self._stop = stop
        self._now = now
        self._poller = zmq.Poller()
        for waitable in (*door.waitables, ports.waitable, stop.waitable):
            self._poller.register(waitable, zmq.POLLIN)

    def run(self) -> None:
        """Serve until told to stop."""
        while not self._stop.set:
            self._wait()
            self._take_in()
            self._send(self._core.poll(self._now()))

    def _wait(self) -> None:
        """Until something comes or something is due; exact for notes, to the millisecond for the rest."""
        now_sec = self._now()
        note_sec = self._core.player.next_sec()
        due_sec = self._core.next_sec()
        if note_sec is not None and note_sec - now_sec < 2 * WAKE_SEC:
            if note_sec - now_sec > SPIN_SEC:
                sleep(note_sec - now_sec - SPIN_SEC)
            while self._now() < note_sec:
                pass
            return
        wait_sec = IDLE_SEC if due_sec is None else min(IDLE_SEC, due_sec - now_sec)
        if note_sec is not None:
            wait_sec = min(wait_sec, note_sec - now_sec - WAKE_SEC)
        # rounded up, but never into the player's last millisecond
        wait_ms = int(wait_sec * 1000) + (note_sec is None or wait_sec < note_sec - now_sec - 2 * WAKE_SEC)
        self._poller.poll(max(0, wait_ms))

    def _take_in(self) -> None:
        for data, at_sec in self._ports.poll():
            self._core.on_midi(data, at_sec)
        now_sec = self._now()
        for event in self._door.poll(now_sec):
            if isinstance(event, Joined):
                self._core.on_companion(True, now_sec)
            elif isinstance(event, Left):
                self._core.on_companion(False, now_sec)
                self._send(self._core.poll(now_sec))
                gc.collect()
            else:
                self._core.on_message(event, now_sec)

    def _send(self, output: Output) -> None:
        for data in output.notes:
            self._ports.send_notes(data)
        for data in output.link:
            self._ports.send_link(data)
        for message in output.messages:
            self._door.send(message)


def serve(options: ServerOptions) -> None:
    """Run a bridge until a signal, or for a child the end of its standard input.

    Raises PortError where an address or a MIDI port is missing or busy, ConfigError where keys are.
    """
    priority = play_first()
    sys.setswitchinterval(SWITCH_SEC)
    with ExitStack() as stack:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stack.callback(context.term)
        stop = StopSignal()
        stack.callback(stop.close)
        stop.catch_signals()
        keys = None if options.keys is None else server_keys(options.keys)
        door = Door(context, options.endpoint, user_token(), keys)
        stack.callback(door.close)
        ports = open_ports(context, options.ports, options.api, options.names)
        stack.callback(ports.close)
        core = BridgeCore(secrets.randbelow(NONCE_MAX + 1), __version__, ports.names, priority)
        for data in silence_everything():
            ports.send_notes(data)
        if options.child:
            stop.watch_stdin()
        print(msgspec.json.encode(Ready(door.endpoint, ports.names, priority)).decode(), flush=True)
        stop_collecting()
        try:
            Server(core, door, ports, stop).run()
        finally:
            for data in core.close():
                ports.send_notes(data)
