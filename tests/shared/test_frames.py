"""Frames and their delivery: every frame round-trips, no bytes hurt, and a bad line leaves no hanging note."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import frames
from shared.frames import GAP_SEC, HEARTBEAT_SEC, KINDS, RESEND_SEC, SEQ_MASK, TO_BRIDGE, TO_FL, Frame, Inbox, Outbox, decode, encode

SAMPLES = settings(deadline=None, max_examples=150)


def field_values(field: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Every value that a field of the table may take."""
    form = field[1]
    if form == frames.NUMBER:
        return st.integers(field[2], field[3])
    if form == frames.CHOICE:
        return st.sampled_from(field[2])
    if form == frames.TEXT:
        return st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=field[2])
    seven_bit = st.integers(0, 127)
    if form == frames.PITCHES:
        return st.sets(seven_bit).map(lambda pitches: tuple(sorted(pitches)))
    return st.lists(st.tuples(seven_bit, seven_bit), max_size=field[2]).map(tuple)


@st.composite
def whole_frames(draw: st.DrawFn) -> tuple[int, int, int, str, dict[str, Any]]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    direction = draw(st.sampled_from([side for side in (TO_BRIDGE, TO_FL) if side & KINDS[kind].direction]))
    fields = {field[0]: draw(field_values(field)) for field in KINDS[kind].fields}
    return direction, draw(st.integers(0, frames.NONCE_MAX)), draw(st.integers(0, SEQ_MASK)), kind, fields


@SAMPLES
@given(whole_frames())
def test_every_frame_comes_back_as_it_was(parts: tuple[int, int, int, str, dict[str, Any]]) -> None:
    data = encode(*parts)
    assert len(data) <= 256
    assert data[0] == 0xF0
    assert data[-1] == 0xF7
    assert max(data[1:-1]) <= 0x7F
    frame = decode(data)
    assert frame is not None
    assert (frame.direction, frame.nonce, frame.seq, frame.kind, frame.fields) == parts


@SAMPLES
@given(whole_frames(), st.data())
def test_a_damaged_frame_is_no_frame(parts: tuple[int, int, int, str, dict[str, Any]], data: st.DataObject) -> None:
    whole = encode(*parts)
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    assert decode(whole[:at]) is None
    assert decode(whole[:at] + bytes((byte,)) + whole[at + 1 :]) is None
    assert decode(whole + whole) is None


@SAMPLES
@given(st.one_of(st.none(), st.binary(max_size=300), st.binary(max_size=250).map(lambda rest: frames._HEAD + rest + b"\xf7")))
def test_garbage_is_no_frame(data: bytes | None) -> None:
    assert decode(data) is None


@pytest.mark.parametrize(
    ("direction", "kind", "fields", "complaint"),
    [
        (TO_BRIDGE, "notes", {"source": "keys", "notes": [(128, 1)]}, "range 0..127"),
        (TO_BRIDGE, "notes", {"source": "drums", "notes": []}, "one of"),
        (TO_BRIDGE, "notes", {"source": "keys", "notes": [(1, 1)] * 65}, "at most 64"),
        (TO_BRIDGE, "notes", {"source": "keys"}, "expected the fields"),
        (TO_BRIDGE, "status", {"text": "", "audition": False}, "no such frame"),
        (TO_FL, "status", {"text": "na\u00efve", "audition": False}, "printable ASCII"),
        (TO_FL, "status", {"text": "x" * 81, "audition": False}, "at most 80"),
        (TO_FL, "nonsense", {}, "no such frame"),
    ],
)
def test_wrong_values_are_refused_with_their_range(direction: int, kind: str, fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        encode(direction, 0, 0, kind, fields)


PLAYING = st.lists(st.tuples(st.integers(0, 8), st.integers(60, 66), st.booleans()), max_size=80)


class Side:
    """A sender of notes and a receiver that follows them, on one simulated line."""

    def __init__(self, seed: int, nonce: int = 7) -> None:
        self.random = random.Random(seed)
        self.outbox = Outbox(TO_BRIDGE, nonce, pace=1)
        self.inbox = Inbox(nonce)
        self.held: set[int] = set()
        self.heard: set[int] = set()
        self.seen: list[int] = []
        self.controllers: list[int] = []
        self.line: list[tuple[float, bytes]] = []
        self.next_snapshot_sec = 0.0

    def play(self, pitch: int, on: bool) -> None:
        (self.held.add if on else self.held.discard)(pitch)
        self.outbox.push("notes", {"source": "keys", "notes": [(pitch, 100 if on else 0)]})

    def step(self, now_sec: float, bad: bool, acks: bool) -> None:
        """Send what is due over a line that, if `bad`, loses, doubles, delays and spoils a third of it."""
        if now_sec >= self.next_snapshot_sec:
            self.next_snapshot_sec = now_sec + HEARTBEAT_SEC
            self.outbox.push("held", {"after": self.outbox.after, "keys": sorted(self.held), "song": ()})
        for data in self.outbox.take(now_sec):
            luck = self.random.random() if bad else 1.0
            if luck > 0.1:
                self.line.append((now_sec + (self.random.random() if luck < 0.2 else 0.0), data))
            if luck < 0.15:
                self.line.append((now_sec, data))
            elif luck < 0.3:
                self.line.append((now_sec, data[: self.random.randrange(len(data))] + bytes(self.random.randrange(256) for _ in range(3))))
        ready = self.inbox.poll(now_sec)
        for _, data in sorted(item for item in self.line if item[0] <= now_sec):
            frame = decode(data)
            ready += [] if frame is None else self.inbox.receive(frame, now_sec)
        self.line = [item for item in self.line if item[0] > now_sec]
        for frame in ready:
            self.act(frame)
        fields = self.inbox.ack_due()
        if fields is not None and acks and not (bad and self.random.random() < 0.3):
            self.outbox.acked(fields, now_sec)

    def act(self, frame: Frame) -> None:
        if frame.kind == "held":
            self.heard = set(frame.fields["keys"])
        elif frame.kind == "controller":
            self.controllers += [value for _, value in frame.fields["values"]]
        for pitch, velocity in frame.fields.get("notes", ()):
            self.seen.append(frame.seq)
            (self.heard.add if velocity else self.heard.discard)(pitch)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32), PLAYING, st.booleans(), st.integers())
def test_after_a_bad_line_the_receiver_holds_what_the_sender_holds(
    seed: int, playing: list[tuple[int, int, bool]], acks: bool, start: int
) -> None:
    side = Side(seed)
    side.outbox._seq = start & SEQ_MASK
    now_ticks = 0
    for wait_ticks, pitch, on in playing:
        for _ in range(wait_ticks):
            now_ticks += 1
            side.step(now_ticks * 0.05, bad=True, acks=acks)
        side.play(pitch, on)
    side.line.clear()
    backlog = len(side.outbox._fresh) + len(side.outbox._unacked) * (1 + len(RESEND_SEC))
    for _ in range(backlog + int((HEARTBEAT_SEC + GAP_SEC) / 0.05) + 2):
        now_ticks += 1
        side.step(now_ticks * 0.05, bad=False, acks=acks)
    assert side.heard == side.held
    order = [(seq - start) & SEQ_MASK for seq in side.seen]
    assert order == sorted(set(order))


def test_a_clean_line_delivers_every_frame_once_and_resends_nothing() -> None:
    side = Side(1)
    for number in range(300):
        side.outbox.push("controller", {"values": [(1, number % 128)]})
        side.step(number * 0.05, bad=False, acks=True)
    for number in range(300, 310):
        side.step(number * 0.05, bad=False, acks=True)
    assert side.controllers == [number % 128 for number in range(300)]
    assert (side.outbox.resent, side.outbox.given_up, side.inbox.lost) == (0, 0, 0)
    assert side.outbox.round_trip_sec == pytest.approx(0.0)


def test_frames_are_paced_and_come_in_the_order_of_pushing() -> None:
    outbox = Outbox(TO_BRIDGE, 1, pace=2)
    for pitch in range(5):
        outbox.push("notes", {"source": "song", "notes": [(pitch, 90)]})
    batches = [[decode(data) for data in outbox.take(0.0)] for _ in range(3)]
    pitches = [[frame.fields["notes"][0][0] for frame in batch if frame is not None] for batch in batches]
    assert pitches == [[0, 1], [2, 3], [4]]


def test_without_acks_the_sender_gives_up_and_falls_silent() -> None:
    outbox = Outbox(TO_BRIDGE, 1, pace=1)
    outbox.push("notes", {"source": "keys", "notes": [(60, 90)]})
    sent = [len(outbox.take(step * 0.05)) for step in range(40)]
    assert sum(sent) == 1 + len(RESEND_SEC)
    assert outbox.given_up == 1
    assert outbox.next_sec() is None


def test_a_flood_keeps_memory_bounded() -> None:
    outbox = Outbox(TO_BRIDGE, 1, pace=1)
    for step in range(2000):
        outbox.push("notes", {"source": "keys", "notes": [(60, 90)]})
        outbox.take(step * 0.001)
    assert len(outbox._fresh) + len(outbox._unacked) <= 3 * frames.WINDOW
    assert outbox.given_up > 1500


def test_a_lost_frame_is_repaired_at_once_by_a_snapshot_and_its_late_copy_is_void() -> None:
    inbox = Inbox(3)
    late = decode(encode(TO_BRIDGE, 3, 0, "notes", {"source": "keys", "notes": [(60, 90)]}))
    snapshot = decode(encode(TO_BRIDGE, 3, 0, "held", {"after": 2, "keys": (64,), "song": ()}))
    newer = decode(encode(TO_BRIDGE, 3, 2, "notes", {"source": "keys", "notes": [(67, 90)]}))
    assert late is not None
    assert snapshot is not None
    assert newer is not None
    assert inbox.receive(snapshot, 0.0) == [snapshot]
    assert inbox.receive(late, 0.1) == []
    assert inbox.receive(newer, 0.2) == []
    assert inbox.next_sec() is not None
    assert inbox.poll(0.2 + GAP_SEC) == [newer]


def test_a_peer_met_in_the_middle_of_its_life_is_heard_at_once() -> None:
    inbox = Inbox(3)
    frame = decode(encode(TO_BRIDGE, 3, 5000, "notes", {"source": "keys", "notes": [(60, 90)]}))
    assert frame is not None
    assert inbox.receive(frame, 0.0) == [frame]
    assert inbox.ack_due() == {"nonce": 3, "next": 5001}
    assert inbox.ack_due() is None


def test_a_waiting_beacon_gives_way_to_a_newer_one() -> None:
    outbox = Outbox(TO_FL, 1, pace=8)
    for pitch in (60, 61):
        outbox.push("heartbeat", {"after": 0, "sounding": (pitch,)})
    sent = [decode(data) for data in outbox.take(0.0)]
    assert [frame.fields["sounding"] for frame in sent if frame is not None] == [(61,)]
