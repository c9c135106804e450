"""The bridge's end of hop 1: what is held, by whom, and what FL is told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from companion.bridge.link import ChordChange, Link, meter_of
from shared.frames import LOST_SEC, TO_FL, encode
from shared.music import Meter
from tests.companion.bridge.fl import Script, frames


def deliver(link: Link, data: list[bytes], now_sec: float) -> None:
    for item in data:
        link.receive(item, now_sec)


def heard(link: Link, now_sec: float) -> list[str]:
    return [frame.kind for frame in frames(link.take(now_sec))]


def test_frames_of_one_poll_make_one_change_a_source() -> None:
    link, script = Link(1, "0.1"), Script()
    deliver(link, script.notes(1.0, (60, 90), (64, 80)), 1.0)
    deliver(link, script.notes(1.002, (67, 85), (60, 0)), 1.002)
    deliver(link, script.notes(1.003, (36, 70), source="song"), 1.003)
    assert link.take_chords() == [
        ChordChange(1.0, "keys", (60, 64, 67), (36, 64, 67)),
        ChordChange(1.003, "song", (36,), (36, 64, 67)),
    ]
    assert link.take_chords() == []


def test_a_note_struck_and_released_between_two_polls_is_still_struck() -> None:
    link, script = Link(1, "0.1"), Script()
    deliver(link, script.notes(1.0, (60, 90), (60, 0)), 1.0)
    assert link.take_chords() == [ChordChange(1.0, "keys", (60,), ())]


def test_held_notes_of_several_scripts_are_merged() -> None:
    link, one, two = Link(1, "0.1"), Script(1), Script(2)
    deliver(link, one.notes(1.0, (60, 90)), 1.0)
    deliver(link, two.notes(1.0, (60, 90), (64, 90)), 1.0)
    deliver(link, one.notes(1.1, (60, 0)), 1.1)
    assert link.held == (60, 64)


def test_a_script_that_vanishes_releases_what_it_held() -> None:
    link, one, two = Link(1, "0.1"), Script(1), Script(2)
    deliver(link, one.notes(1.0, (60, 90)), 1.0)
    deliver(link, two.notes(2.5, (64, 90)), 2.5)
    link.take_chords()
    due_sec = link.next_sec()
    assert due_sec is not None
    link.advance(1.0 + LOST_SEC + 0.01)
    assert link.take_chords() == [ChordChange(1.0 + LOST_SEC + 0.01, "keys", (), (64,))]
    assert link.script
    deliver(link, two.say("bye", 3.2), 3.2)
    assert link.held == ()
    assert not link.script


def test_a_script_that_was_held_up_by_a_dialog_comes_back_with_its_notes() -> None:
    link, script = Link(1, "0.1"), Script()
    deliver(link, script.notes(1.0, (60, 90)), 1.0)
    link.advance(9.0)
    link.take_chords()
    deliver(link, script.held(9.1, keys=(60, 62)), 9.1)
    assert link.take_chords() == [ChordChange(9.1, "keys", (60, 62), (60, 62))]


def test_a_lost_release_is_mended_by_the_next_snapshot() -> None:
    link, script = Link(1, "0.1"), Script()
    deliver(link, script.notes(1.0, (60, 90)), 1.0)
    script.notes(1.1, (60, 0))
    deliver(link, script.held(1.4), 1.4)
    assert link.held == ()


def test_a_loaded_project_that_begins_a_new_life_of_the_script_leaves_no_note() -> None:
    link, old, new = Link(1, "0.1"), Script(1), Script(2)
    deliver(link, old.notes(1.0, (60, 90)), 1.0)
    for step in range(8):
        now_sec = 1.2 + step * 0.5
        deliver(link, new.held(now_sec), now_sec)
        link.advance(now_sec)
    assert link.held == ()


def test_a_script_is_welcomed_acked_and_kept_informed() -> None:
    link, script = Link(1, "0.1"), Script()
    link.show("Dm7 bar 3 \u266d", False)
    assert link.take(0.5) == []
    deliver(link, script.hello(1.0), 1.0)
    deliver(link, script.notes(1.0, (60, 90)), 1.0)
    sent = frames(link.take(1.0))
    assert {frame.kind for frame in sent} == {"heartbeat", "welcome", "ack", "status"}
    told = {frame.kind: frame.fields for frame in sent}
    assert told["status"] == {"text": "Dm7 bar 3 ?", "audition": False}
    script.outbox.acked(told["ack"], 1.0)
    assert script.outbox.next_sec() is None
    assert heard(link, 1.05) == []
    assert "heartbeat" in heard(link, 1.5)


def test_the_hint_bar_is_written_at_most_twice_a_second() -> None:
    link, script = Link(1, "0.1"), Script()
    shown = []
    for step in range(200):
        now_sec = 1.0 + step * 0.01
        link.show(f"bar {step}", False)
        deliver(link, script.held(now_sec), now_sec)
        for frame in frames(link.take(now_sec)):
            if frame.kind == "status":
                shown.append(frame.fields["text"])
                deliver(link, script.say("ack", now_sec, nonce=1, next=frame.seq + 1), now_sec)
    assert len(shown) == 4


def test_frames_to_fl_that_come_back_are_refused() -> None:
    link = Link(1, "0.1")
    link.receive(encode(TO_FL, 1, 0, "heartbeat", {"after": 0, "sounding": ()}), 1.0)
    assert (link.frames_received, link.frames_refused, link.script) == (0, 1, False)


def test_beacons_of_a_keyboards_script_count_only_alone() -> None:
    link, keys, main = Link(1, "0.1"), Script(1), Script(2)
    deliver(link, keys.hello(1.0, role="keys"), 1.0)
    assert len(link.receive(keys.beacon(1.1)[0], 1.1).beacons) == 1
    deliver(link, main.hello(1.2), 1.2)
    assert link.receive(keys.beacon(1.3)[0], 1.3).beacons == []
    (beacon,) = link.receive(main.beacon(1.4, position_ppq_ticks=144, pattern_beats=8)[0], 1.4).beacons
    assert (beacon.position_beat, beacon.pattern_beats, beacon.tempo_bpm, beacon.channel) == (1.5, 8.0, 120.0, 3)


def test_metres_follow_from_the_bars_length() -> None:
    cases = {384: Meter(4, 4), 288: Meter(3, 4), 480: Meter(5, 4), 336: Meter(7, 8), 24: Meter(1, 4 * 4), 7: None}
    assert {ticks: meter_of(ticks, 96) for ticks in cases} == cases


def test_audition_goes_to_fl_as_notes() -> None:
    link, script = Link(1, "0.1"), Script()
    deliver(link, script.hello(1.0), 1.0)
    link.take(1.0)
    link.audition([b"\x90\x3c\x50", b"\xb0\x7b\x00", b"\x80\x3c\x40"])
    (frame,) = [frame for frame in frames(link.take(1.1)) if frame.kind == "audition"]
    assert frame.fields == {"notes": ((60, 80), (60, 0))}


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(st.binary(max_size=300), st.tuples(st.integers(0, 40), st.integers(0, 255))), max_size=60))
def test_garbage_never_raises_and_scripts_without_end_stay_bounded(items: list[bytes | tuple[int, int]]) -> None:
    link = Link(1, "0.1")
    for step, item in enumerate(items):
        now_sec = 1.0 + step * 0.1
        if isinstance(item, bytes):
            link.receive(b"\xf0" + item, now_sec)
            continue
        nonce, place = item
        data = bytearray(Script(nonce).notes(now_sec, (60, 90))[0])
        link.receive(bytes(data), now_sec)
        data[place % len(data)] ^= 0x55
        link.receive(bytes(data), now_sec)
        link.take(now_sec)
        link.advance(now_sec)
    link.advance(1000.0)
    assert link.held == ()
    assert not link.script
