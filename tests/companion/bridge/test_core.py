"""The bridge's core on a clock of the test's own: chords in, notes out, reports, silence."""

from __future__ import annotations

from typing import Any

import pytest

from companion.bridge.clock import CLOCK, START, STOP
from companion.bridge.core import BridgeCore, Output
from shared.messages import (
    AnyMessage,
    Cancel,
    Chords,
    Error,
    Goodbye,
    Heartbeat,
    Hello,
    Parameter,
    Plan,
    PlannedNote,
    Played,
    Queued,
    Stats,
    Status,
    Transport,
    Welcome,
    decode,
    encode,
)
from tests.companion.bridge.fl import Script, frames


class Jam:
    """A core, a script and a song at 120 BPM, moved together."""

    def __init__(self, connected: bool = True) -> None:
        self.core = BridgeCore(nonce=5, version="0.1.0", ports=("A", "B"), priority="raised")
        self.script = Script()
        self.now_sec = 10.0
        self.messages: list[AnyMessage] = []
        self.notes: list[tuple[float, bytes]] = []
        self.link: list[bytes] = []
        self._start_sec: float | None = None
        self._ticks = 0
        if connected:
            self.core.on_companion(True, self.now_sec)
        self.midi(self.script.hello(self.now_sec) + self.script.beacon(self.now_sec))

    def midi(self, data: list[bytes]) -> None:
        for item in data:
            self.core.on_midi(item, self.now_sec)
        self.take(self.core.poll(self.now_sec))

    def take(self, output: Output) -> None:
        self.messages += output.messages
        self.link += output.link
        self.notes += [(self.now_sec, data) for data in output.notes]

    def say(self, message: AnyMessage) -> None:
        self.core.on_message(message, self.now_sec)
        self.take(self.core.poll(self.now_sec))

    def start(self) -> None:
        self._start_sec, self._ticks = self.now_sec, 0
        self.midi([bytes((START,))])

    def stop(self) -> None:
        self._start_sec = None
        self.midi([bytes((STOP,))])

    def run(self, seconds: float) -> None:
        """Clock bytes and snapshots on time, the core polled whenever it asks."""
        end_sec = self.now_sec + seconds
        beacon_sec = self.now_sec
        while True:
            tick_sec = self._start_sec + self._ticks / 48 if self._start_sec is not None else end_sec + 1
            due_sec = self.core.next_sec() or end_sec
            self.now_sec = max(self.now_sec, min(tick_sec, due_sec, beacon_sec, end_sec))
            if self.now_sec >= end_sec:
                return
            if self.now_sec >= tick_sec:
                self._ticks += 1
                self.core.on_midi(bytes((CLOCK,)), self.now_sec)
            if self.now_sec >= beacon_sec:
                beacon_sec += 0.25
                playing = self._start_sec is not None
                ticks = round((self.now_sec - self._start_sec) * 192) if self._start_sec is not None else 0
                self.midi(self.script.beacon(self.now_sec, playing=playing, position_ppq_ticks=ticks))
            self.take(self.core.poll(self.now_sec))

    def told(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    def sounding(self) -> set[int]:
        held: set[int] = set()
        for _, data in self.notes:
            if data[0] == 0x90:
                held.add(data[1])
            elif data[0] == 0x80:
                held.discard(data[1])
        return held

    def ons(self) -> list[tuple[float, int]]:
        return [(sec, data[1]) for sec, data in self.notes if data[0] == 0x90]


def plan(epoch: int, *notes: PlannedNote, generation: int = 1, from_beat: float = 0.0, cause: int | None = None) -> Plan:
    return Plan(epoch=epoch, generation=generation, from_beat=from_beat, until_beat=64.0, notes=notes, cause=cause)


def note(id: int, onset_beat: float, pitch: int = 60, duration_beat: float = 0.5, lag_ms: float = 0.0) -> PlannedNote:
    return PlannedNote(id, onset_beat, duration_beat, pitch, 90, lag_ms, 0)


def test_an_admitted_companion_is_told_where_things_stand() -> None:
    jam = Jam(connected=False)
    jam.midi(jam.script.notes(jam.now_sec, (60, 90)))
    assert jam.messages == []
    jam.core.on_companion(True, jam.now_sec)
    jam.take(jam.core.poll(jam.now_sec))
    welcome, transport, chords = jam.messages
    assert welcome == Welcome(version="0.1.0", ports=("A", "B"), priority="raised")
    assert isinstance(transport, Transport)
    assert (transport.playing, transport.script, transport.channel, transport.clock) == (False, True, 3, "beacon")
    assert isinstance(chords, Chords)
    assert (chords.struck, chords.held) == ((), (60,))


def test_a_planned_note_leaves_at_its_moment_and_is_reported() -> None:
    jam = Jam()
    jam.start()
    jam.run(0.3)
    jam.say(plan(1, note(1, 2.0, lag_ms=20)))
    jam.run(3.0)
    ((on_sec, pitch),) = jam.ons()
    assert pitch == 60
    assert on_sec == pytest.approx(11.02, abs=0.0005)
    ((played,),) = [message.notes for message in jam.told(Played)]
    assert played.sent_sec == on_sec
    assert played.sent_sec == pytest.approx(played.due_sec, abs=0.0005)
    assert jam.sounding() == set()


def test_the_answer_to_a_chord_is_timed_from_its_receipt() -> None:
    jam = Jam()
    jam.start()
    jam.run(1.0)
    jam.midi(jam.script.notes(jam.now_sec, (62, 90), (65, 90)))
    chords = jam.told(Chords)[-1]
    assert (chords.struck, chords.held, chords.source) == ((62, 65), (62, 65), "keys")
    assert chords.beat == pytest.approx(2.0, abs=0.01)
    jam.now_sec += 0.007
    jam.say(plan(1, from_beat=2.0, cause=chords.cause))
    assert jam.told(Queued) == []
    jam.say(plan(1, note(1, 3.0), from_beat=2.0, cause=chords.cause))
    jam.say(plan(1, note(2, 5.0), from_beat=4.0, cause=chords.cause))
    (queued,) = jam.told(Queued)
    assert queued.cause == chords.cause
    assert queued.ready_ms == pytest.approx(7.0)


def test_transport_is_told_on_change_and_ten_times_a_second() -> None:
    jam = Jam()
    jam.run(3.0)
    assert len(jam.told(Transport)) == 2
    jam.start()
    jam.run(2.0)
    playing = [message for message in jam.told(Transport) if message.playing]
    assert 18 <= len(playing) <= 24
    for message in playing[2:]:
        assert message.beat == pytest.approx((message.at_sec - 13.0) * 2, abs=0.01)
    jam.stop()
    assert jam.told(Transport)[-1].epoch == 2
    assert not jam.told(Transport)[-1].playing


def test_the_place_is_told_before_the_chords_heard_there() -> None:
    jam = Jam()
    jam.messages.clear()
    jam.core.on_midi(bytes((START,)), jam.now_sec)
    jam.midi(jam.script.notes(jam.now_sec, (62, 90)))
    assert [type(message) for message in jam.messages] == [Transport, Chords]


@pytest.mark.parametrize("end", ["stop", "goodbye", "gone", "silent FL"])
def test_whatever_ends_the_playing_ends_the_notes(end: str) -> None:
    jam = Jam()
    jam.start()
    jam.run(0.3)
    jam.say(plan(1, note(1, 1.0, duration_beat=60.0), note(2, 20.0)))
    jam.run(1.0)
    assert jam.sounding() == {60}
    if end == "stop":
        jam.stop()
    elif end == "goodbye":
        jam.say(Goodbye())
    elif end == "gone":
        jam.core.on_companion(False, jam.now_sec)
        jam.take(jam.core.poll(jam.now_sec))
    else:
        for _ in range(40):
            jam.now_sec += 0.1
            jam.take(jam.core.poll(jam.now_sec))
    assert jam.sounding() == set()
    jam.run(12.0)
    assert len(jam.ons()) == 1


def test_without_a_companion_nothing_is_told_but_fl_is_answered() -> None:
    jam = Jam(connected=False)
    jam.run(2.0)
    assert jam.messages == []
    kinds = [frame.kind for frame in frames(jam.link)]
    assert kinds.count("heartbeat") >= 4
    assert next(frame.fields["text"] for frame in frames(jam.link) if frame.kind == "status") == "JamBot: waiting for the companion"


def test_status_and_audition_reach_fl() -> None:
    jam = Jam()
    jam.start()
    jam.run(0.3)
    jam.say(plan(1, note(1, 1.0, duration_beat=0.25), note(2, 2.0, pitch=64)))
    jam.say(Status(text="Dm7", audition=True))
    jam.run(2.0)
    told = frames(jam.link)
    assert {"text": "Dm7", "audition": True} in [frame.fields for frame in told if frame.kind == "status"]
    pairs = {pair for frame in told if frame.kind == "audition" for pair in frame.fields["notes"]}
    assert pairs == {(60, 90), (60, 0), (64, 90), (64, 0)}
    assert jam.ons() == []


def test_switching_to_audition_ends_what_sounds_on_the_synth() -> None:
    jam = Jam()
    jam.start()
    jam.run(0.3)
    jam.say(plan(1, note(1, 1.0, duration_beat=30.0)))
    jam.run(0.5)
    assert jam.sounding() == {60}
    jam.say(Status(text="", audition=True))
    assert jam.sounding() == set()


def test_stats_and_controllers_are_told() -> None:
    jam = Jam()
    jam.midi(jam.script.say("controller", jam.now_sec, values=((1, 64), (7, 100))))
    jam.core.on_midi(b"\xf0\x01\x02\xf7", jam.now_sec)
    jam.run(2.5)
    assert jam.told(Parameter) == [Parameter(controller=1, value=64), Parameter(controller=7, value=100)]
    stats = jam.told(Stats)
    assert len(stats) == 2
    assert stats[-1].frames_refused == 1
    assert stats[-1].frames_received > 5


def test_heartbeats_are_echoed_and_nonsense_is_answered_sparingly() -> None:
    jam = Jam()
    jam.say(Heartbeat(sent_sec=123.0))
    assert jam.told(Heartbeat) == [Heartbeat(sent_sec=10.0, echo_sec=123.0)]
    for _ in range(50):
        jam.say(Hello(version="1", token=""))
        jam.say(plan(0, note(1, 99.0)))
    assert len(jam.told(Error)) == 1


def test_a_script_that_appears_finds_the_synth_silenced() -> None:
    jam = Jam(connected=False)
    offs = {data[1] for _, data in jam.notes if data[0] == 0x80}
    assert offs == set(range(128))


def test_cancel_reaches_the_queue() -> None:
    jam = Jam()
    jam.start()
    jam.run(0.3)
    jam.say(plan(1, note(1, 4.0)))
    jam.say(Cancel(epoch=1, from_beat=0.0))
    jam.run(3.0)
    assert jam.ons() == []


def test_every_message_fits_the_wire() -> None:
    jam = Jam()
    jam.start()
    jam.run(0.3)
    jam.midi(jam.script.notes(jam.now_sec, (62, 90)))
    jam.say(plan(1, note(1, 2.0), cause=jam.told(Chords)[-1].cause))
    jam.run(2.0)
    assert {type(message) for message in jam.messages} >= {Welcome, Transport, Chords, Queued, Played, Stats}
    for message in jam.messages:
        assert decode(encode(message)) == message
