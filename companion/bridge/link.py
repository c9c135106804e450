"""Hop 1's endpoint at the bridge: script instances, what they hold, and frames to FL. Pure: knows no ports, no clock, no plan.

Several script instances may speak at once, each under its own nonce: one on the link's port, one for each keyboard. The
notes that any of them holds are held. An instance that says bye or falls silent releases what it held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from companion.bridge.clock import Beacon
from shared.frames import HEARTBEAT_SEC, LOST_SEC, NOTES_MAX, TEXT_MAX, TO_BRIDGE, TO_FL, Frame, Inbox, Outbox, decode
from shared.messages import Source
from shared.music import Meter

PACE_FRAMES = 4
PACE_SEC = 0.010
STATUS_SEC = 0.5
INSTANCES_MAX = 16
SOURCES: tuple[Source, ...] = ("keys", "song")


@dataclass(frozen=True, slots=True)
class ChordChange:
    """What one poll's frames changed: `struck` by `source`, `held` now over all sources, from `at_sec` on."""

    at_sec: float
    source: Source
    struck: tuple[int, ...]
    held: tuple[int, ...]


@dataclass(slots=True)
class Report:
    """What frames told besides notes: beacons, controllers, and whether a script is new."""

    beacons: list[Beacon] = field(default_factory=list)
    controllers: list[tuple[int, int]] = field(default_factory=list)
    hello: bool = False


@dataclass(slots=True)
class _Instance:
    inbox: Inbox
    heard_sec: float
    present: bool = True
    role: str = ""
    held: dict[Source, set[int]] = field(default_factory=lambda: {source: set() for source in SOURCES})


class Link:
    """Frames in, frames out. `nonce` names this life of the bridge; `version` is told to the script."""

    def __init__(self, nonce: int, version: str) -> None:
        self.frames_received = 0
        self.frames_refused = 0
        self._version = version
        self._outbox = Outbox(TO_FL, nonce, PACE_FRAMES)
        self._instances: dict[int, _Instance] = {}
        self._struck: dict[Source, list[int]] = {source: [] for source in SOURCES}
        self._changed_sec: dict[Source, float] = {}
        self._sounding: set[int] = set()
        self._status: tuple[str, bool] | None = None
        self._status_sent: tuple[str, bool] | None = None
        self._status_sec = float("-inf")
        self._take_sec = float("-inf")
        self._heartbeat_sec = float("-inf")

    @property
    def script(self) -> bool:
        """True while a script is heard."""
        return any(instance.present for instance in self._instances.values())

    @property
    def frames_resent(self) -> int:
        """Frames to FL that were sent again."""
        return self._outbox.resent

    @property
    def held(self) -> tuple[int, ...]:
        """The pitches held now, ascending."""
        held: set[int] = set()
        for instance in self._instances.values():
            held = held.union(*instance.held.values())
        return tuple(sorted(held))

    def receive(self, data: bytes, at_sec: float) -> Report:
        """Take in one SysEx message; whatever is no frame for the bridge is counted and passed over."""
        report = Report()
        frame = decode(data)
        if frame is None or frame.direction != TO_BRIDGE:
            self.frames_refused += 1
            return report
        self.frames_received += 1
        instance = self._instance(frame.nonce, at_sec)
        instance.heard_sec = at_sec
        for ready in instance.inbox.receive(frame, at_sec):
            # a frame sent again after the bye is delivered no second time, and so brings nobody back
            if not instance.present:
                self._enter(instance, report)
            self._act(instance, ready, at_sec, report)
        return report

    def advance(self, now_sec: float) -> Report:
        """Give up gaps, and let go of instances that fell silent."""
        report = Report()
        for instance in self._instances.values():
            for ready in instance.inbox.poll(now_sec):
                self._act(instance, ready, now_sec, report)
            if instance.present and now_sec - instance.heard_sec > LOST_SEC:
                self._leave(instance, now_sec)
        return report

    def take_chords(self) -> list[ChordChange]:
        """What changed since the last call: at most one change a source."""
        changes = [
            ChordChange(self._changed_sec[source], source, tuple(sorted(set(self._struck[source]))), self.held)
            for source in SOURCES
            if source in self._changed_sec
        ]
        self._changed_sec.clear()
        self._struck = {source: [] for source in SOURCES}
        return changes

    def show(self, text: str, audition: bool) -> None:
        """Put a line into FL's hint bar (made ASCII, cut to fit), at most twice a second."""
        plain = "".join(mark if " " <= mark <= "~" else "?" for mark in text)
        self._status = (plain[:TEXT_MAX], audition)

    def audition(self, messages: Iterable[bytes]) -> None:
        """Let FL's selected channel play note-ons and note-offs; other MIDI messages are left out."""
        pairs = [(data[1], data[2] if data[0] & 0xF0 == 0x90 else 0) for data in messages if data[0] & 0xE0 == 0x80]
        for pitch, velocity in pairs:
            (self._sounding.add if velocity else self._sounding.discard)(pitch)
        for start in range(0, len(pairs), NOTES_MAX):
            self._outbox.push("audition", {"notes": tuple(pairs[start : start + NOTES_MAX])})

    def next_sec(self) -> float | None:
        """When `advance` and `take` have something to do; None while no script is heard."""
        wishes: list[float | None] = [instance.inbox.next_sec() for instance in self._instances.values()]
        wishes += [instance.heard_sec + LOST_SEC + 0.001 for instance in self._instances.values() if instance.present]
        if self.script:
            wishes.append(self._heartbeat_sec + HEARTBEAT_SEC)
            wishes.append(self._status_due_sec())
            outbox_sec = self._outbox.next_sec()
            if outbox_sec is not None:
                wishes.append(max(outbox_sec, self._take_sec + PACE_SEC))
        return min((wish for wish in wishes if wish is not None), default=None)

    def take(self, now_sec: float) -> list[bytes]:
        """The frames to send to FL now."""
        for instance in self._instances.values():
            ack = instance.inbox.ack_due()
            if ack is not None:
                self._outbox.push("ack", ack)
        if not self.script:
            return []
        status_sec = self._status_due_sec()
        if self._status is not None and status_sec is not None and status_sec <= now_sec:
            self._status_sent, self._status_sec = self._status, now_sec
            self._outbox.push("status", {"text": self._status[0], "audition": self._status[1]})
        out = []
        if now_sec >= self._heartbeat_sec + HEARTBEAT_SEC:
            self._heartbeat_sec = now_sec
            out.append(self._outbox.at_once("heartbeat", {"after": self._outbox.after, "sounding": tuple(sorted(self._sounding))}))
        if now_sec >= self._take_sec + PACE_SEC:
            sent = self._outbox.take(now_sec)
            if sent:
                self._take_sec = now_sec
            out += sent
        return out

    def _status_due_sec(self) -> float | None:
        return None if self._status is None or self._status == self._status_sent else self._status_sec + STATUS_SEC

    def _instance(self, nonce: int, at_sec: float) -> _Instance:
        instance = self._instances.get(nonce)
        if instance is None:
            if len(self._instances) >= INSTANCES_MAX:
                oldest = min(self._instances, key=lambda known: self._instances[known].heard_sec)
                self._leave(self._instances[oldest], at_sec)
                del self._instances[oldest]
            instance = self._instances[nonce] = _Instance(Inbox(nonce), at_sec, present=False)
        return instance

    def _enter(self, instance: _Instance, report: Report) -> None:
        instance.present = True
        report.hello = True
        # a script that is new or comes back knows nothing of the hint
        self._status_sent = None

    def _act(self, instance: _Instance, frame: Frame, at_sec: float, report: Report) -> None:
        fields = frame.fields
        if frame.kind == "notes":
            self._play(instance, fields["source"], fields["notes"], at_sec)
        elif frame.kind == "held":
            for source in SOURCES:
                self._hold(instance, source, set(fields[source]), at_sec)
        elif frame.kind == "beacon":
            if self._is_leader(instance):
                report.beacons.append(_beacon(fields))
        elif frame.kind == "controller":
            report.controllers += fields["values"]
        elif frame.kind == "ack":
            self._outbox.acked(fields, at_sec)
        elif frame.kind == "hello":
            instance.role = fields["role"]
            self._outbox.push("welcome", {"bridge": self._version[:16]})
        elif frame.kind == "bye":
            self._leave(instance, at_sec)

    def _is_leader(self, instance: _Instance) -> bool:
        """Beacons count from the link's own script; from a keyboard's only while there is no other."""
        return instance.role != "keys" or not any(other.present and other.role != "keys" for other in self._instances.values())

    def _play(self, instance: _Instance, source: Source, pairs: Iterable[tuple[int, int]], at_sec: float) -> None:
        for pitch, velocity in pairs:
            if velocity:
                instance.held[source].add(pitch)
                self._struck[source].append(pitch)
            elif pitch in instance.held[source]:
                instance.held[source].remove(pitch)
            else:
                continue
            self._changed_sec.setdefault(source, at_sec)

    def _hold(self, instance: _Instance, source: Source, held: set[int], at_sec: float) -> None:
        """A snapshot: notes it has and we lack were struck unheard, notes we have and it lacks were released unheard."""
        missed = held - instance.held[source]
        if held != instance.held[source]:
            self._struck[source] += sorted(missed)
            instance.held[source] = held
            self._changed_sec.setdefault(source, at_sec)

    def _leave(self, instance: _Instance, at_sec: float) -> None:
        instance.present = False
        for source in SOURCES:
            self._hold(instance, source, set(), at_sec)


def _beacon(fields: dict[str, Any]) -> Beacon:
    ppq = fields["ppq"]
    return Beacon(
        playing=fields["playing"],
        song_mode=fields["loop_mode"] == "song",
        position_beat=fields["position_ppq_ticks"] / ppq,
        tempo_bpm=fields["tempo_millibpm"] / 1000,
        meter=meter_of(fields["bar_ppq_ticks"], ppq),
        pattern_beats=float(fields["pattern_beats"]) or None,
        pattern=fields["pattern"],
        channel=fields["channel"],
    )


def meter_of(bar_ppq_ticks: int, ppq: int) -> Meter | None:
    """The metre of a bar's length: over 4 where it fits, else over 8 or 16 (FL does not tell 6/8 from 3/4); None if none fits."""
    for denominator in (4, 8, 16):
        numerator, rest = divmod(bar_ppq_ticks * denominator, 4 * ppq)
        if rest == 0 and 1 <= numerator <= 32:
            return Meter(numerator, denominator)
    return None
