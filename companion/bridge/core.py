"""The bridge without its shell: MIDI and messages in, MIDI and messages out, on any clock. Knows no sockets, ports or threads.

The shell calls `on_midi`, `on_companion` and `on_message` as things happen, and `poll` afterwards and whenever `next_sec`
says so. Seconds are one steady clock's throughout.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal, cast

from companion.bridge.clock import REALTIME, Clock
from companion.bridge.link import Link, Report
from companion.bridge.player import Player, silence_everything
from shared.errors import ProtocolError
from shared.messages import (
    AnyMessage,
    Cancel,
    Chords,
    Error,
    Goodbye,
    Heartbeat,
    Parameter,
    Plan,
    Played,
    Queued,
    Source,
    Stats,
    Status,
    Transport,
    Welcome,
)
from shared.music import SongClock

TRANSPORT_SEC = 0.1
PLAYED_SEC = 0.1
STATS_SEC = 1.0
ERROR_SEC = 1.0
CAUSES_MAX = 256
WAITING = "JamBot: waiting for the companion"


@dataclass(frozen=True, slots=True)
class Output:
    """What is to be sent now: frames to the script, MIDI to the synth, messages to the companion."""

    link: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    messages: list[AnyMessage] = field(default_factory=list)


class BridgeCore:
    """Clock, player and link behind one door.

    `nonce` names this life of the bridge on hop 1 (0..2**21-1). `version`, `ports` and `priority` are told in `Welcome`.
    """

    def __init__(self, nonce: int = 1, version: str = "", ports: tuple[str, ...] = (), priority: str = "normal") -> None:
        self.clock = Clock()
        self.player = Player()
        self.link = Link(nonce, version)
        self._welcome = Welcome(version=version, ports=ports, priority=priority)
        self._connected = False
        self._selected = (0, -1)
        self._audition = False
        self._line: SongClock | None = None
        self._notes: list[bytes] = []
        self._messages: list[AnyMessage] = []
        self._cause = 0
        self._causes: OrderedDict[int, float] = OrderedDict()
        self._told: tuple[object, ...] | None = None
        self._transport_sec = self._played_sec = self._stats_sec = self._error_sec = float("-inf")
        self.link.show(WAITING, False)

    def on_midi(self, data: bytes, now_sec: float) -> None:
        """A MIDI message from FL: clock, or a frame; others are ignored."""
        if data[0] in REALTIME:
            self.clock.on_byte(data[0], now_sec)
            self._follow_clock()
        elif data[0] == 0xF0:
            self._heed(self.link.receive(data, now_sec), now_sec)

    def on_companion(self, connected: bool, now_sec: float) -> None:
        """A companion was admitted, or is gone: then everything that it laid is silenced."""
        self._connected = connected
        self._messages.clear()
        self._causes.clear()
        self._send_notes(self.player.silence())
        self._set_audition(False)
        self.player.take_played()
        if connected:
            self._told = None
            self._stats_sec = self._played_sec = now_sec
            self._messages.append(self._welcome)
            self._messages += self._transport(now_sec)
            self._messages.append(self._chords(now_sec, "keys", (), self.link.held))
        else:
            self.link.show(WAITING, False)

    def on_message(self, message: AnyMessage, now_sec: float) -> None:
        """A message from the admitted companion."""
        if isinstance(message, Plan):
            self._plan(message, now_sec)
        elif isinstance(message, Cancel):
            self.player.cancel(message)
        elif isinstance(message, Heartbeat):
            self._messages.append(Heartbeat(sent_sec=now_sec, echo_sec=message.sent_sec))
        elif isinstance(message, Status):
            self._set_audition(message.audition)
            self.link.show(message.text, message.audition)
        elif isinstance(message, Goodbye):
            self.on_companion(False, now_sec)
        elif not isinstance(message, Error):
            self._refuse(f"{type(message).__name__} is not for the bridge", now_sec)

    def next_sec(self) -> float | None:
        """When `poll` wants to be called if nothing happens before; None: never."""
        wishes = [self.player.next_sec(), self.link.next_sec()]
        if self._connected:
            wishes.append(self._stats_sec + STATS_SEC)
            wishes.append(self._played_sec + PLAYED_SEC if self.player.has_played else None)
        if self.clock.playing:
            wishes.append(self._transport_sec + TRANSPORT_SEC)
        return min((wish for wish in wishes if wish is not None), default=None)

    def poll(self, now_sec: float) -> Output:
        """Let time pass up to now; returns what is to be sent."""
        self.clock.advance(now_sec)
        self._heed(self.link.advance(now_sec), now_sec)
        self._follow_clock()
        self._send_notes(self.player.poll(now_sec))
        # the place comes before the chords that are heard there
        self._messages += self._transport(now_sec)
        for change in self.link.take_chords():
            self._messages.append(self._chords(change.at_sec, change.source, change.struck, change.held))
        self._messages += self._reports(now_sec)
        link = self.link.take(now_sec)
        notes, self._notes = self._notes, []
        messages, self._messages = self._messages, []
        return Output(link, notes, messages if self._connected else [])

    def close(self) -> list[bytes]:
        """Silence for the synth before the bridge ends; the script hears it by the bridge's heartbeat ceasing."""
        return [*self.player.silence(), *silence_everything()]

    def _heed(self, report: Report, now_sec: float) -> None:
        for beacon in report.beacons:
            self._selected = (beacon.pattern, beacon.channel)
            self.clock.on_beacon(beacon, now_sec)
            self._follow_clock()
        for controller, value in report.controllers:
            self._messages.append(Parameter(controller=controller, value=value))
        if report.hello and not self.player.sounding and not self._audition:
            # whoever was connected before may have left notes behind
            self._notes += silence_everything()

    def _follow_clock(self) -> None:
        """Bring the player to the clock's epoch and line."""
        clock = self.clock
        if clock.epoch != self.player.epoch:
            self._send_notes(self.player.begin(clock.epoch, clock.line if clock.playing else None))
        elif clock.playing and clock.line is not self._line:
            self.player.follow(clock.line)
        self._line = clock.line

    def _plan(self, plan: Plan, now_sec: float) -> None:
        try:
            accepted = self.player.plan(plan)
        except ProtocolError as error:
            self._refuse(str(error), now_sec)
            return
        if not (accepted and plan.notes) or plan.cause is None:
            return
        heard_sec = self._causes.pop(plan.cause, None)
        if heard_sec is not None:
            self._messages.append(Queued(cause=plan.cause, ready_ms=max(0.0, (now_sec - heard_sec) * 1000)))

    def _chords(self, at_sec: float, source: Source, struck: tuple[int, ...], held: tuple[int, ...]) -> Chords:
        self._cause += 1
        self._causes[self._cause] = at_sec
        if len(self._causes) > CAUSES_MAX:
            self._causes.popitem(last=False)
        clock = self.clock
        return Chords(
            at_sec=at_sec,
            epoch=clock.epoch,
            beat=clock.line.beat_at(at_sec) if clock.playing else clock.line.beat,
            cause=self._cause,
            source=source,
            struck=struck,
            held=held,
        )

    def _reports(self, now_sec: float) -> list[AnyMessage]:
        """Played every 100 ms, Stats every second."""
        reports: list[AnyMessage] = []
        if not self._connected:
            self.player.take_played()
            return reports
        if now_sec >= self._played_sec + PLAYED_SEC and self.player.has_played:
            self._played_sec = now_sec
            reports.append(Played(notes=self.player.take_played()))
        if now_sec >= self._stats_sec + STATS_SEC:
            self._stats_sec = now_sec
            reports.append(self._stats())
        return reports

    def _transport(self, now_sec: float) -> list[Transport]:
        """Where the song is: on every change, and every 100 ms while it plays."""
        clock = self.clock
        state = (
            clock.epoch,
            None if clock.playing else clock.line.beat,
            clock.line.tempo_bpm,
            clock.meter,
            clock.loop_beats,
            clock.quality,
            self.link.script,
            self._selected,
        )
        if state == self._told and not (clock.playing and now_sec >= self._transport_sec + TRANSPORT_SEC):
            return []
        self._told, self._transport_sec = state, now_sec
        return [
            Transport(
                at_sec=now_sec,
                epoch=clock.epoch,
                playing=clock.playing,
                beat=clock.line.beat_at(now_sec) if clock.playing else clock.line.beat,
                tempo_bpm=clock.line.tempo_bpm,
                numerator=clock.meter.numerator,
                denominator=cast(Literal[2, 4, 8, 16], clock.meter.denominator),
                loop_beats=clock.loop_beats,
                clock=clock.quality,
                script=self.link.script,
                pattern=self._selected[0],
                channel=self._selected[1],
            )
        ]

    def _stats(self) -> Stats:
        return Stats(
            frames_received=self.link.frames_received,
            frames_refused=self.link.frames_refused,
            frames_resent=self.link.frames_resent,
            notes_sent=self.player.notes_sent,
            notes_late=self.player.notes_late,
            notes_dropped=self.player.notes_dropped,
            sounding=self.player.sounding,
            clock_jitter_ms=self.clock.jitter_ms,
        )

    def _refuse(self, text: str, now_sec: float) -> None:
        if now_sec >= self._error_sec + ERROR_SEC:
            self._error_sec = now_sec
            self._messages.append(Error(code="message", text=text[:400]))

    def _set_audition(self, audition: bool) -> None:
        if audition != self._audition:
            self._send_notes(self.player.end_all())
            self._audition = audition

    def _send_notes(self, data: list[bytes]) -> None:
        if self._audition:
            self.link.audition(data)
        else:
            self._notes += data
