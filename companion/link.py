"""The companion's end of hop 2: starts a bridge, stays connected to one, and knows its clock. Knows no music.

`BridgeProcess` runs a bridge as a child; `BridgeLink` speaks with any bridge. The link introduces itself again whenever
the bridge was restarted or went silent; messages meant for a bridge that is not there are dropped, because they are late.
"""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Literal

import msgspec
import zmq
from zmq.utils.monitor import recv_monitor_message

from companion import __version__
from companion.bridge.ports import PortNames
from companion.bridge.server import Ready
from companion.keys import TOKEN_VARIABLE, ClientKeys, is_loopback
from shared.errors import ConfigError, PortError, ProtocolError
from shared.messages import PAYLOAD_MAX_BYTES, AnyMessage, Error, Goodbye, Heartbeat, Hello, Welcome, decode, encode

START_SEC = 15.0
STOP_SEC = 3.0
HELLO_SEC = 0.25
HEARTBEAT_SEC = 0.5
SILENCE_SEC = 4.0
PING_MS = 1000
PING_LOST_MS = 5000
ROUND_TRIPS = 16
RESTARTS_MAX = 5
RESTARTS_SEC = 60.0

State = Literal["connecting", "connected"]


class BridgeProcess:
    """A bridge of our own, as a child process. Its token is drawn here and known to nobody else.

    `endpoint` and `port_names` are where it listens and what it opened, known once it answers. Raises PortError with the
    bridge's own line where it cannot start.
    """

    def __init__(self, endpoint: str, ports: str = "midi", api: str = "auto", names: PortNames | None = None) -> None:
        self.token = secrets.token_hex(16)
        self._names = names or PortNames()
        self._api = api
        self._starts_sec: deque[float] = deque(maxlen=RESTARTS_MAX)
        self._stopped = False
        self._child, ready = self._start(endpoint, ports)
        self.endpoint = ready.endpoint
        self.port_names = ready.ports
        # a restarted bridge is found where the first one was, also where that was any free port
        self._ports = ports if ports == "midi" else ready.ports[0]

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def check(self) -> bool:
        """Start the bridge again if it has died; True if so. Raises PortError where it dies again and again."""
        if self._stopped or self._child.poll() is None:
            return False
        if len(self._starts_sec) == RESTARTS_MAX and perf_counter() - self._starts_sec[0] < RESTARTS_SEC:
            raise PortError(f"the bridge died {RESTARTS_MAX} times within a minute; run `companion doctor`")
        self._reap()
        self._child, _ = self._start(self.endpoint, self._ports)
        return True

    def stop(self) -> None:
        """End the bridge; nothing of it stays behind. A second call does nothing."""
        self._stopped = True
        self._reap()

    def _reap(self) -> None:
        child = self._child
        assert child.stdin is not None
        child.stdin.close()
        for end in (child.terminate, child.kill):
            try:
                child.wait(STOP_SEC)
                break
            except subprocess.TimeoutExpired:
                end()
        child.wait()

    def _start(self, endpoint: str, ports: str) -> tuple[subprocess.Popen[bytes], Ready]:
        self._starts_sec.append(perf_counter())
        # -P: no module of the current folder may stand in for ours
        command = [sys.executable, "-P", "-m", "companion.bridge", "--child", "--endpoint", endpoint, "--ports", ports, "--api", self._api]
        command += ["--link-in", self._names.link_in, "--link-out", self._names.link_out, "--notes", self._names.notes]
        group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        # a group of its own: Ctrl-C reaches the companion alone, which then ends the bridge in order
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {TOKEN_VARIABLE: self.token, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            **group,
        )
        first_line: queue.Queue[bytes] = queue.Queue()
        complaints: deque[str] = deque(maxlen=20)
        readers = [
            threading.Thread(target=_read_lines, args=arguments, daemon=True)
            for arguments in ((child.stdout, first_line.put), (child.stderr, lambda line: complaints.append(line.decode(errors="replace"))))
        ]
        for reader in readers:
            reader.start()
        try:
            return child, msgspec.json.decode(first_line.get(timeout=START_SEC), type=Ready)
        except (queue.Empty, msgspec.DecodeError):
            self._child = child
            self._reap()
            for reader in readers:
                reader.join(STOP_SEC)
            reason = next((line for line in reversed(complaints) if line.startswith("error: ")), "error: it gave no answer")
            raise PortError(f"the bridge does not start: {reason.removeprefix('error: ').strip()}") from None


class BridgeLink:
    """A DEALER to the bridge at `endpoint`. Seconds are those of `now`, a steady clock of this machine; `bridge_sec` converts.

    `keys` are needed for a bridge on another machine. `refusal` is the bridge's last Error that keeps us out, None once
    connected. Closing says goodbye.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        token: str,
        keys: ClientKeys | None = None,
        now: Callable[[], float] = perf_counter,
    ) -> None:
        if keys is None and not is_loopback(endpoint):
            raise ConfigError(f"{endpoint}: a bridge on another machine is reached with keys; make them there with `companion keys FOLDER`")
        self.state: State = "connecting"
        self.refusal: Error | None = None
        self._now = now
        self._hello = Hello(version=__version__, token=token)
        self._hello_sec = self._heartbeat_sec = self._heard_sec = float("-inf")
        self._heard: list[tuple[AnyMessage, float]] = []
        self._trips: deque[tuple[float, float]] = deque(maxlen=ROUND_TRIPS)
        self._offset_sec = 0.0
        self._dealer = dealer = context.socket(zmq.DEALER)
        dealer.linger = 200
        # nothing waits for a bridge that is away: a plan kept for later would be wrong
        dealer.immediate = True
        dealer.setsockopt(zmq.MAXMSGSIZE, PAYLOAD_MAX_BYTES)
        dealer.setsockopt(zmq.RECONNECT_IVL, 50)
        dealer.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        dealer.setsockopt(zmq.HEARTBEAT_IVL, PING_MS)
        dealer.setsockopt(zmq.HEARTBEAT_TIMEOUT, PING_LOST_MS)
        dealer.setsockopt(zmq.IPV6, endpoint.startswith("tcp://["))
        if keys is not None:
            dealer.curve_serverkey = keys.server
            dealer.curve_publickey = keys.public
            dealer.curve_secretkey = keys.secret
        self._monitor = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._poller = zmq.Poller()
        for waitable in self.waitables:
            self._poller.register(waitable, zmq.POLLIN)
        self._endpoint = endpoint
        try:
            dealer.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            expected = "expected tcp://HOST:PORT such as tcp://127.0.0.1:17817"
            raise PortError(f"{endpoint}: {zmq.strerror(error.errno or 0)}; {expected}") from None

    @property
    def waitables(self) -> tuple[Any, ...]:
        """Sockets for a poller of the caller's: when one is readable, `receive(0)` has work."""
        return (self._dealer, self._monitor)

    @property
    def offset_sec(self) -> float:
        """The bridge's clock minus ours, from the quickest of the last heartbeats."""
        return self._offset_sec

    @property
    def round_trip_sec(self) -> float | None:
        """The quickest of the last heartbeats' round trips; None before any."""
        return min(self._trips)[0] if self._trips else None

    def bridge_sec(self, our_sec: float) -> float:
        """Our time as the bridge's clock shows it."""
        return our_sec + self.offset_sec

    def connect(self, timeout_sec: float) -> list[tuple[AnyMessage, float]]:
        """Wait until the bridge admits us and its clock is known; returns what it said.

        Raises PortError where it refuses or does not answer.
        """
        end_sec = self._now() + timeout_sec
        self.refusal = None
        heard: list[tuple[AnyMessage, float]] = []
        while self.state != "connected" or not self._trips:
            left_sec = end_sec - self._now()
            if self.refusal is not None:
                raise PortError(f"the bridge at {self._endpoint} refuses: {self.refusal.text}")
            if left_sec <= 0:
                raise PortError(f"no bridge answers at {self._endpoint}; start one there with `python -m companion.bridge`")
            heard += self.receive(min(left_sec, HELLO_SEC))
        return heard

    def send(self, message: AnyMessage) -> bool:
        """Send to the bridge; False where it is not there to hear."""
        return self.state == "connected" and self._send(message)

    def receive(self, timeout_sec: float) -> list[tuple[AnyMessage, float]]:
        """What has come, each with its arrival in our seconds; waits up to `timeout_sec` for the first. Keeps the link alive.

        Call it at least every 0.25 s. Heartbeats are used up here; a `Welcome` tells that everything begins anew. It and what
        follows are held back until the first heartbeat is answered: before that nobody can say what the bridge's seconds mean.
        """
        self._tend(self._now())
        self._poller.poll(max(0, int(timeout_sec * 1000)))
        now_sec = self._now()
        while self._monitor.poll(0):
            if recv_monitor_message(self._monitor)["event"] == zmq.EVENT_DISCONNECTED:
                self.state = "connecting"
            self._hello_sec = float("-inf")
        while True:
            try:
                parts = self._dealer.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            message = self._heed(parts, now_sec)
            if message is not None:
                self._heard.append((message, now_sec))
        # only now: whoever was kept from reading finds here what came meanwhile
        if self.state == "connected" and now_sec - self._heard_sec > SILENCE_SEC:
            self.state = "connecting"
        self._tend(now_sec)
        if not self._trips:
            return []
        heard, self._heard = self._heard, []
        return heard

    def close(self) -> None:
        """Say goodbye and close."""
        self.send(Goodbye())
        self.state = "connecting"
        self._dealer.disable_monitor()
        self._monitor.close(0)
        self._dealer.close()

    def _tend(self, now_sec: float) -> None:
        if self.state == "connecting" and now_sec - self._hello_sec >= HELLO_SEC and self._send(self._hello):
            self._hello_sec = now_sec
        if self.state == "connected" and now_sec - self._heartbeat_sec >= HEARTBEAT_SEC:
            self._heartbeat_sec = now_sec
            self._send(Heartbeat(sent_sec=now_sec))

    def _heed(self, parts: Sequence[bytes], now_sec: float) -> AnyMessage | None:
        """The message for the caller, if it is one. A bridge of another version refuses us by itself; garbage is passed over."""
        try:
            message = decode(list(parts))
        except ProtocolError as error:
            if self.state == "connecting":
                self.refusal = Error(code="version", text=str(error)[:400])
            return None
        self._heard_sec = now_sec
        if isinstance(message, Welcome):
            self.state, self.refusal = "connected", None
            if not self._trips:
                # what a bridge said whose clock was never known
                self._heard.clear()
            self._trips.clear()
            self._heartbeat_sec = float("-inf")
        elif isinstance(message, Heartbeat):
            if message.echo_sec is not None:
                trip_sec = now_sec - message.echo_sec
                self._trips.append((trip_sec, message.sent_sec - (message.echo_sec + trip_sec / 2)))
                self._offset_sec = min(self._trips)[1]
            return None
        elif isinstance(message, Error) and message.code == "hello":
            # it gave us up, and we did not hear of it
            self.state = "connecting"
            return None
        elif isinstance(message, Error) and self.state == "connecting":
            self.refusal = message
        elif isinstance(message, Goodbye):
            self.state = "connecting"
        return message

    def _send(self, message: AnyMessage) -> bool:
        try:
            self._dealer.send_multipart(encode(message), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True


def _read_lines(stream: Any, take: Any) -> None:
    with stream:
        for line in stream:
            take(line)
    take(b"")
