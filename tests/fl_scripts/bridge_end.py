"""A bridge's end of the link, for tests of the script: hears frames, answers them, and can lose them."""

from __future__ import annotations

from collections.abc import Callable

from companion.sim.machine import Machine
from shared.frames import HEARTBEAT_SEC, TO_BRIDGE, TO_FL, Frame, Inbox, Outbox, decode


class BridgeEnd:
    """Follows a machine's script on the machine's own time. `loses` decides for each frame whether the line eats it."""

    def __init__(self, machine: Machine, nonce: int = 5, answers: bool = True, loses: Callable[[], bool] = lambda: False) -> None:
        self.machine = machine
        self.answers = answers
        self.loses = loses
        self.outbox = Outbox(TO_FL, nonce, pace=4)
        self.inboxes: dict[int, Inbox] = {}
        self.frames: list[Frame] = []
        self.midi: list[tuple[float, bytes]] = []
        self.held: dict[str, set[int]] = {"keys": set(), "song": set()}
        self.sounding: set[int] = set()
        self.now_sec = machine.studio.now_sec
        self._heartbeat_sec = float("-inf")

    def run(self, sec: float) -> None:
        """Let `sec` seconds pass, in steps of 5 ms."""
        end_sec = self.now_sec + sec
        while self.now_sec < end_sec:
            self.now_sec = min(end_sec, self.now_sec + 0.005)
            for _, data in self.machine.advance(self.now_sec):
                self._hear(data)
            for inbox in self.inboxes.values():
                for frame in inbox.poll(self.now_sec):
                    self._act(frame)
            if self.answers:
                self._say()

    def audition(self, notes: tuple[tuple[int, int], ...]) -> None:
        """Have FL play (pitch, velocity) pairs."""
        self.outbox.push("audition", {"notes": notes})
        for pitch, velocity in notes:
            (self.sounding.add if velocity else self.sounding.discard)(pitch)

    def last(self, kind: str) -> Frame:
        """The newest frame of a kind."""
        return next(frame for frame in reversed(self.frames) if frame.kind == kind)

    def count(self, kind: str) -> int:
        """How many frames of a kind have come."""
        return sum(frame.kind == kind for frame in self.frames)

    def _hear(self, data: bytes) -> None:
        frame = decode(data)
        if frame is None:
            self.midi.append((self.now_sec, data))
        elif not self.loses():
            assert frame.direction == TO_BRIDGE
            for ready in self.inboxes.setdefault(frame.nonce, Inbox(frame.nonce)).receive(frame, self.now_sec):
                self._act(ready)

    def _act(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame.kind == "ack":
            self.outbox.acked(frame.fields, self.now_sec)
        elif frame.kind == "held":
            self.held = {source: set(frame.fields[source]) for source in self.held}
        elif frame.kind == "notes":
            held = self.held[frame.fields["source"]]
            for pitch, velocity in frame.fields["notes"]:
                (held.add if velocity else held.discard)(pitch)

    def _say(self) -> None:
        for inbox in self.inboxes.values():
            owed = inbox.ack_due()
            if owed is not None:
                self.outbox.push("ack", owed)
        if self.now_sec - self._heartbeat_sec >= HEARTBEAT_SEC:
            self._heartbeat_sec = self.now_sec
            self.outbox.push("heartbeat", {"after": self.outbox.after, "sounding": tuple(self.sounding)})
        for data in self.outbox.take(self.now_sec):
            if not self.loses():
                self.machine.receive("link", data, self.now_sec)
