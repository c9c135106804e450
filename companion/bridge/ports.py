"""The bridge's doors to FL Studio: real MIDI ports, or one socket for the simulated FL Studio. Knows bytes, no music.

FL -> bridge: `JamBot Link Out` (frames, keys, clock). Bridge -> FL: `JamBot Link In` (frames) and `JamBot Notes`.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import zmq

from companion.keys import is_loopback
from shared.errors import PortError

SOCKET_BYTES_MAX = 1024
INBOX_MAX = 8192
CLIENT_NAME = "JamBot"


@dataclass(frozen=True, slots=True)
class PortNames:
    """The MIDI ports' names as FL Studio shows them."""

    link_in: str = "JamBot Link In"
    link_out: str = "JamBot Link Out"
    notes: str = "JamBot Notes"


class MidiPorts(Protocol):
    """Where MIDI bytes come from and go to."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is open, for people to read."""
        ...

    @property
    def waitable(self) -> Any:
        """A socket that a zmq.Poller finds readable when `poll` has something."""
        ...

    def poll(self) -> list[tuple[bytes, float]]:
        """What has come from FL: (MIDI message, arrival in seconds of `perf_counter`), oldest first."""
        ...

    def send_link(self, data: bytes) -> None:
        """Send to the script."""
        ...

    def send_notes(self, data: bytes) -> None:
        """Send to the synth."""
        ...

    def close(self) -> None:
        """Close every port; a second call does nothing."""
        ...


class SocketPorts:
    """A ZeroMQ PAIR on loopback in place of MIDI ports: parts [b"link" or b"notes", MIDI bytes]; the peer sends b"link" only.

    Raises PortError where the address is taken or is none of this machine.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        if not is_loopback(endpoint):
            raise PortError(f"{endpoint}: MIDI over a socket stays on this machine; use tcp://127.0.0.1:PORT")
        self._socket = context.socket(zmq.PAIR)
        self._socket.linger = 200
        self._socket.sndhwm = 0
        self._socket.setsockopt(zmq.MAXMSGSIZE, SOCKET_BYTES_MAX)
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self._socket.close(0)
            raise PortError(f"{endpoint}: {zmq.strerror(error.errno or 0)}; choose another port for the simulated FL Studio") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The address that the simulated FL Studio connects to."""
        endpoint: bytes = self._socket.getsockopt(zmq.LAST_ENDPOINT)  # type: ignore[assignment]
        return (endpoint.rstrip(b"\0").decode(),)

    @property
    def waitable(self) -> Any:
        """The socket."""
        return self._socket

    def poll(self) -> list[tuple[bytes, float]]:
        """What has come; anything but link messages is passed over."""
        received: list[tuple[bytes, float]] = []
        while True:
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return received
            if len(parts) == 2 and parts[0] == b"link" and parts[1]:
                received.append((parts[1], perf_counter()))

    def send_link(self, data: bytes) -> None:
        """Send to the script."""
        self._send(b"link", data)

    def send_notes(self, data: bytes) -> None:
        """Send to the synth."""
        self._send(b"notes", data)

    def close(self) -> None:
        """Close, after what was sent has gone out (at most 0.2 s)."""
        self._socket.close()

    def _send(self, door: bytes, data: bytes) -> None:
        try:
            self._socket.send_multipart([door, data], zmq.NOBLOCK)
        except zmq.Again:
            # no FL there: like a MIDI port that nobody listens to
            return


class RtMidiPorts:
    """Real MIDI ports: made where the system can (macOS, ALSA, JACK), found by name on Windows.

    Raises PortError with the one thing to do where the system has no MIDI or a port is missing or busy.
    """

    def __init__(self, api: str = "auto", names: PortNames | None = None) -> None:
        import rtmidi

        self._names = names or PortNames()
        self._error = rtmidi.RtMidiError
        self._inbox: deque[tuple[bytes, float]] = deque(maxlen=INBOX_MAX)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._open: list[Any] = []
        try:
            chosen = _choose_api(rtmidi, api)
            self._link_in = self._open_port(rtmidi, rtmidi.MidiOut, chosen, self._names.link_in)
            self._notes = self._open_port(rtmidi, rtmidi.MidiOut, chosen, self._names.notes)
            link_out = self._open_port(rtmidi, rtmidi.MidiIn, chosen, self._names.link_out)
            link_out.ignore_types(sysex=False, timing=False, active_sense=True)
            link_out.set_callback(self._arrived)
        except PortError:
            self.close()
            raise

    @property
    def names(self) -> tuple[str, ...]:
        """The three ports' names."""
        return (self._names.link_in, self._names.link_out, self._names.notes)

    @property
    def waitable(self) -> Any:
        """A socket that the MIDI thread writes to."""
        return self._wake_read

    def poll(self) -> list[tuple[bytes, float]]:
        """What has come."""
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass
        received: list[tuple[bytes, float]] = []
        while self._inbox:
            received.append(self._inbox.popleft())
        return received

    def send_link(self, data: bytes) -> None:
        """Send to the script."""
        self._send(self._link_in, data)

    def send_notes(self, data: bytes) -> None:
        """Send to the synth."""
        self._send(self._notes, data)

    def close(self) -> None:
        """Close every port, the input first so that no callback meets a closed port."""
        while self._open:
            port = self._open.pop()
            if hasattr(port, "cancel_callback"):
                port.cancel_callback()
            port.close_port()
            port.delete()
        self._wake_read.close()
        self._wake_write.close()

    def _send(self, port: Any, data: bytes) -> None:
        try:
            port.send_message(data)
        except self._error as error:
            raise PortError(f"MIDI port gone: {_one_line(error)}; restart the MIDI system, then JamBot") from None

    def _arrived(self, event: tuple[list[int], float], _: object = None) -> None:
        """Called in the MIDI system's own thread."""
        self._inbox.append((bytes(event[0]), perf_counter()))
        try:
            self._wake_write.send(b"\0")
        except BlockingIOError:
            # the reader has wake-ups enough
            return

    def _open_port(self, rtmidi: Any, kind: Any, api: int, name: str) -> Any:
        try:
            port = kind(rtapi=api, name=CLIENT_NAME)
            if api != rtmidi.API_WINDOWS_MM:
                port.open_virtual_port(name)
            else:
                port.open_port(find_port(port.get_ports(), name), name)
        except rtmidi.RtMidiError as error:
            mend = "close the other program that uses it, or restart the MIDI system"
            raise PortError(f"MIDI port {name!r}: {_one_line(error)}; {mend}") from None
        self._open.append(port)
        return port


def open_ports(context: zmq.Context[zmq.Socket[bytes]], ports: str, api: str = "auto", names: PortNames | None = None) -> MidiPorts:
    """The ports that `ports` asks for: `midi`, or `tcp://127.0.0.1:PORT` for the simulated FL Studio."""
    return RtMidiPorts(api, names) if ports == "midi" else SocketPorts(context, ports)


def _choose_api(rtmidi: Any, api: str) -> int:
    """The MIDI system to use; `auto` takes the first that answers."""
    known = {
        "coremidi": rtmidi.API_MACOSX_CORE,
        "winmm": rtmidi.API_WINDOWS_MM,
        "alsa": rtmidi.API_LINUX_ALSA,
        "jack": rtmidi.API_UNIX_JACK,
    }
    if api != "auto" and api not in known:
        raise PortError(f"MIDI system {api!r}: expected auto, {', '.join(known)}")
    compiled = rtmidi.get_compiled_api()
    reasons = []
    for name, number in known.items():
        if api not in ("auto", name) or number not in compiled:
            continue
        try:
            rtmidi.MidiIn(rtapi=number, name=CLIENT_NAME).delete()
        except rtmidi.RtMidiError as error:
            reasons.append(f"{name}: {_one_line(error)}")
        else:
            return int(number)
    if not reasons:
        raise PortError(f"MIDI system {api!r} is not on this computer; use --api auto")
    linux_mend = "start a JACK server or load ALSA's sequencer (modprobe snd-seq)"
    mend = linux_mend if sys.platform == "linux" else "restart the computer's MIDI service"
    raise PortError(f"no MIDI system answers ({'; '.join(reasons)}); {mend}")


def find_port(offered: list[str], name: str) -> int:
    """The index of a port named `name`; Windows adds a number behind it. Raises PortError."""
    for index, port in enumerate(offered):
        if port == name or (port.startswith(name + " ") and port[len(name) + 1 :].isdigit()):
            return index
    there = ", ".join(offered) or "none"
    raise PortError(f"MIDI port {name!r} is missing (there are: {there}); create it in loopMIDI under exactly this name")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
