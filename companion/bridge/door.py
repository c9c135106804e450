"""The bridge's door to its companion: a ROUTER that admits one, and heeds nobody else. Knows no music.

A companion is admitted by a Hello with the token (or, where keys are used, by its key), and begins anew with another Hello.
Its end is noticed at once: the operating system closes its connection, and the ROUTER's monitor names the file descriptor that
its messages came from. ZMTP heartbeats find a peer that hangs or whose machine is gone.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Any, Literal

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

from companion.keys import ServerKeys, is_loopback
from shared.errors import PortError, ProtocolError
from shared.messages import PAYLOAD_MAX_BYTES, TAG, AnyMessage, Error, Goodbye, Hello, decode, encode

MESSAGES_A_ROUND = 32
STRANGERS_BYTES_MAX = 2048
ERRORS_A_SECOND = 10
PING_MS = 1000
PING_LOST_MS = 5000
LINGER_MS = 200


@dataclass(frozen=True, slots=True)
class Joined:
    """A companion was admitted, or the admitted one begins anew."""


@dataclass(frozen=True, slots=True)
class Left:
    """The admitted companion is gone."""


Event = Joined | Left | AnyMessage


class Door:
    """Binds `endpoint` (port 0: any free one). Raises PortError where the address is taken or would be open to the world."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, token: str, keys: ServerKeys | None = None) -> None:
        if not re.fullmatch(r"tcp://[^/]+:\d+", endpoint):
            raise PortError(f"endpoint {endpoint!r}: expected tcp://HOST:PORT such as tcp://127.0.0.1:17817")
        if keys is None and not is_loopback(endpoint):
            raise PortError(f"{endpoint}: can be reached from other machines, so it needs keys; make them with `companion keys FOLDER`")
        self._token = token
        self._keys = keys
        self._peer: bytes | None = None
        self._peer_fd = -1
        self._greeted = False
        self._gone = False
        self._errors = 0
        self._errors_sec = 0.0
        self._authenticator: ThreadAuthenticator | None = None
        self._router = router = context.socket(zmq.ROUTER)
        router.linger = LINGER_MS
        router.setsockopt(zmq.MAXMSGSIZE, PAYLOAD_MAX_BYTES)
        # a companion that is gone, or reads nothing, shows as an error of `send`
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        router.setsockopt(zmq.HEARTBEAT_IVL, PING_MS)
        router.setsockopt(zmq.HEARTBEAT_TIMEOUT, PING_LOST_MS)
        router.setsockopt(zmq.HEARTBEAT_TTL, PING_LOST_MS)
        router.setsockopt(zmq.IPV6, endpoint.startswith("tcp://["))
        self._monitor = router.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        try:
            if keys is not None:
                self._lock(context, keys)
            router.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            mend = "stop the other bridge that runs there, or choose another endpoint"
            raise PortError(f"{endpoint}: {zmq.strerror(error.errno or 0)}; {mend}") from None

    @property
    def endpoint(self) -> str:
        """Where companions connect to."""
        raw: bytes = self._router.getsockopt(zmq.LAST_ENDPOINT)  # type: ignore[assignment]
        return raw.rstrip(b"\0").decode()

    @property
    def waitables(self) -> tuple[Any, ...]:
        """The sockets to poll for reading."""
        return (self._router, self._monitor)

    def poll(self, now_sec: float) -> list[Event]:
        """What happened since the last call: at most 32 messages, so that no flood keeps the player waiting."""
        events: list[Event] = []
        for _ in range(MESSAGES_A_ROUND):
            try:
                frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            event = self._receive(frames, now_sec)
            if event is not None:
                events.append(event)
        while self._monitor.poll(0):
            notice = recv_monitor_message(self._monitor)
            if self._peer is not None and notice["value"] == self._peer_fd:
                self._gone = True
        if self._gone:
            self._peer, self._gone = None, False
            events.append(Left())
        return events

    def send(self, message: AnyMessage) -> None:
        """Send to the admitted companion; without one the message is nobody's and is dropped."""
        if self._peer is not None and not self._send(self._peer, message):
            self._gone = True

    def close(self) -> None:
        """Say goodbye and close; what is under way goes out within 0.2 s."""
        self.send(Goodbye())
        self._router.disable_monitor()
        self._monitor.close(0)
        self._router.close()
        if self._authenticator is not None:
            self._authenticator.stop()

    def _lock(self, context: zmq.Context[zmq.Socket[bytes]], keys: ServerKeys) -> None:
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve(domain="*", location=keys.clients)
        self._router.curve_server = True
        self._router.curve_publickey = keys.public
        self._router.curve_secretkey = keys.secret

    def _receive(self, frames: list[zmq.Frame], now_sec: float) -> Event | None:
        sender = frames[0].bytes
        parts = [frame.bytes for frame in frames[1:]]
        if sender != self._peer and sum(map(len, parts)) > STRANGERS_BYTES_MAX:
            self._refuse(sender, "hello", "say Hello first", now_sec)
            return None
        try:
            message = decode(parts)
        except ProtocolError as error:
            foreign = len(parts) == 2 and parts[0] != TAG and parts[0].startswith(b"JB")
            self._refuse(sender, "version" if foreign else "message", str(error), now_sec)
            return None
        if sender == self._peer:
            if isinstance(message, Goodbye):
                self._peer = None
                return Left()
            greeted, self._greeted = self._greeted, isinstance(message, Hello)
            if isinstance(message, Hello):
                # said again before the first was answered, or anew by one that heard nothing for long
                return None if greeted else Joined()
            return message
        if not isinstance(message, Hello):
            if not isinstance(message, Goodbye):
                self._refuse(sender, "hello", "say Hello first", now_sec)
        elif self._keys is None and not hmac.compare_digest(message.token.encode(), self._token.encode()):
            self._refuse(sender, "token", "the token is not this bridge's; start both as the same user", now_sec)
        elif self._peer is not None:
            self._refuse(sender, "busy", "another companion plays here; stop it first", now_sec)
        else:
            self._peer, self._peer_fd, self._greeted = sender, int(frames[0].get(zmq.SRCFD)), True
            return Joined()
        return None

    def _refuse(self, sender: bytes, code: Literal["hello", "busy", "token", "version", "message"], text: str, now_sec: float) -> None:
        if now_sec - self._errors_sec >= 1.0:
            self._errors, self._errors_sec = 0, now_sec
        self._errors += 1
        if self._errors <= ERRORS_A_SECOND:
            self._send(sender, Error(code=code, text=text[:400]))

    def _send(self, receiver: bytes, message: AnyMessage) -> bool:
        try:
            self._router.send_multipart([receiver, *encode(message)], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return False
            raise
        return True
