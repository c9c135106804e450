"""What a musician needs of the script: chords and transport reach the bridge, nothing hangs, FL never comes to harm."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.install_fl import script_files
from companion.sim.machine import Machine
from shared import frames
from shared.frames import GAP_SEC, HEARTBEAT_SEC, LOST_SEC, TO_FL, encode
from shared.music import Meter
from tests.fl_scripts.bridge_end import BridgeEnd

CHORDS = [(0.0, 4.0, (60, 64, 67), 90), (4.0, 4.0, (62, 65, 69), 80)]


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine whose script must have done FL no harm by the end of the test."""
    machine = Machine(seed=1, song=CHORDS, pattern_beats=8)
    yield machine
    assert machine.faults == []
    assert machine.printed == []


@pytest.fixture
def bridge(machine: Machine) -> BridgeEnd:
    return BridgeEnd(machine)


def test_the_song_s_chords_reach_the_bridge_and_end(machine: Machine, bridge: BridgeEnd) -> None:
    machine.play()
    bridge.run(1.0)
    assert bridge.held == {"keys": set(), "song": {60, 64, 67}}
    bridge.run(2.0)
    assert bridge.held["song"] == {62, 65, 69}
    machine.stop()
    bridge.run(0.2)
    assert bridge.held["song"] == set()


def test_keys_reach_the_bridge_and_are_left_to_fl(machine: Machine, bridge: BridgeEnd) -> None:
    for pitch in (48, 52, 55):
        machine.keys(True, pitch, 77)
    bridge.run(0.1)
    assert bridge.held["keys"] == {48, 52, 55}
    assert bridge.last("notes").fields["notes"][-1][1] == 77
    machine.keys(False, 52)
    bridge.run(0.1)
    assert bridge.held["keys"] == {48, 55}


def test_a_held_pedal_keeps_notes_and_its_release_ends_them(machine: Machine, bridge: BridgeEnd) -> None:
    machine.keys(True, 60)
    machine.key_message(0xB0, 64, 127)
    machine.keys(False, 60)
    machine.keys(True, 64)
    bridge.run(0.6)
    assert bridge.held["keys"] == {60, 64}
    machine.key_message(0xB0, 64, 0)
    bridge.run(0.6)
    assert bridge.held["keys"] == {64}
    machine.key_message(0xB0, 123, 0)
    bridge.run(0.6)
    assert bridge.held["keys"] == set()


def test_one_pitch_on_two_channels_ends_with_the_second(machine: Machine, bridge: BridgeEnd) -> None:
    machine.key_message(0x90, 60, 90)
    machine.key_message(0x91, 60, 90)
    machine.key_message(0x80, 60, 0)
    bridge.run(0.1)
    assert bridge.held["keys"] == {60}
    machine.key_message(0x91, 60, 0)
    bridge.run(0.1)
    assert bridge.held["keys"] == set()


def test_a_moved_controller_is_told(machine: Machine, bridge: BridgeEnd) -> None:
    machine.key_message(0xB0, 1, 99)
    bridge.run(0.2)
    assert bridge.last("controller").fields == {"values": ((1, 99),)}


def test_the_script_says_who_it_is(bridge: BridgeEnd) -> None:
    bridge.run(0.5)
    hello = bridge.last("hello").fields
    assert hello["script"]
    assert (hello["role"], hello["port"]) == ("link", 17)


def test_a_beacon_tells_the_song_as_fl_has_it(bridge: BridgeEnd) -> None:
    machine = bridge.machine
    machine.set_tempo(137.5)
    machine.set_meter(Meter(3, 4))
    machine.set_pattern(4, 6)
    machine.select_channel(-1)
    machine.play(recording=True)
    bridge.run(2.0)
    told = bridge.last("beacon").fields
    assert told["tempo_millibpm"] == 137500
    assert told["bar_ppq_ticks"] == 3 * told["ppq"]
    assert (told["pattern"], told["pattern_beats"], told["loop_mode"], told["channel"]) == (4, 6, "pattern", -1)
    assert (told["playing"], told["recording"]) == (True, True)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (lambda machine: machine.play(), frames.START),
        (lambda machine: machine.set_pattern(2, 4), frames.PATTERN),
        (lambda machine: machine.set_loop_mode(True), frames.PATTERN),
        (lambda machine: machine.seek(5.0), frames.JUMP),
        (lambda machine: machine.open_project(0.05), frames.PROJECT),
    ],
)
def test_what_the_user_does_is_told_within_an_idle_callback(bridge: BridgeEnd, action: object, why: int) -> None:
    assert callable(action)
    bridge.run(1.0)
    bridge.frames.clear()
    action(bridge.machine)
    bridge.run(0.2)
    assert any(frame.kind == "beacon" and frame.fields["why"] & why for frame in bridge.frames)


def test_every_beat_brings_a_beacon_and_silence_brings_one_a_second(bridge: BridgeEnd) -> None:
    bridge.machine.play()
    bridge.run(8.0)
    assert sum(frame.fields["why"] & frames.BEAT > 0 for frame in bridge.frames if frame.kind == "beacon") >= 15
    bridge.machine.stop()
    bridge.run(1.0)
    bridge.frames.clear()
    bridge.run(5.0)
    assert 4 <= bridge.count("beacon") <= 6
    assert 9 <= bridge.count("held") <= 11


def test_steady_playing_is_no_jump(bridge: BridgeEnd) -> None:
    bridge.machine.set_loop_mode(True)
    bridge.machine.play()
    bridge.run(1.0)
    bridge.frames.clear()
    bridge.run(20.0)
    assert not any(frame.fields.get("why", 0) & frames.JUMP for frame in bridge.frames)


def test_the_hint_bar_shows_the_companion_s_line_and_changes_only_with_it(bridge: BridgeEnd) -> None:
    bridge.run(1.0)
    for text in ("Dm7, bar 3", "Dm7, bar 3", "G7, bar 4"):
        bridge.outbox.push("status", {"text": text, "audition": False})
        bridge.run(1.0)
    hints = bridge.machine.studio.hints
    assert hints[-2:] == ["Dm7, bar 3", "G7, bar 4"]
    bridge.outbox.push("welcome", {"bridge": "0.1.0"})
    bridge.run(1.0)
    assert bridge.machine.studio.hint == "G7, bar 4"


def test_a_bridge_that_goes_is_told_in_the_hint_bar_and_silences_the_audition(bridge: BridgeEnd) -> None:
    bridge.run(0.5)
    bridge.audition(((60, 90),))
    bridge.run(0.1)
    assert bridge.machine.studio.sounding() == {(0, 60)}
    bridge.answers = False
    bridge.run(LOST_SEC + 0.3)
    assert bridge.machine.studio.sounding() == set()
    assert "companion" in bridge.machine.studio.hint
    successor = BridgeEnd(bridge.machine, nonce=6)
    successor.run(0.5)
    assert successor.count("hello") >= 1
    assert successor.count("held") >= 1


@pytest.mark.parametrize("end", ["status", "unload", "reload"])
def test_every_auditioned_note_ends(bridge: BridgeEnd, end: str) -> None:
    bridge.run(0.5)
    bridge.outbox.push("status", {"text": "", "audition": True})
    bridge.audition(((60, 90), (64, 90), (64, 0)))
    bridge.run(0.1)
    assert bridge.machine.studio.sounding() == {(0, 60)}
    if end == "status":
        bridge.machine.select_channel(3)
        bridge.outbox.push("status", {"text": "", "audition": False})
    elif end == "unload":
        bridge.machine.unload()
    else:
        bridge.machine.reload_script()
        bridge.run(0.6)
        bridge.audition(((60, 0),))
    bridge.run(1.2)
    assert bridge.machine.studio.sounding() == set()


def test_auditioned_notes_wait_for_a_safe_moment(machine: Machine, bridge: BridgeEnd) -> None:
    bridge.run(0.5)
    machine.studio.unsafe = {"OnSysEx", "OnRefresh", "OnMidiMsg", "OnUpdateBeatIndicator"}
    machine.play()
    bridge.audition(((60, 90),))
    bridge.run(0.3)
    assert machine.studio.sounding() == {(0, 60)}
    assert bridge.last("beacon").fields["playing"]


def test_a_callback_that_fl_refuses_is_not_tried_again(machine: Machine, bridge: BridgeEnd) -> None:
    machine.studio.unsafe = {"OnMidiMsg"}
    for _ in range(50):
        machine.keys(True, 60)
        machine.keys(False, 60)
    bridge.run(0.2)
    assert machine.studio.refusals <= 3


def test_while_a_project_loads_nothing_is_sent_and_afterwards_nothing_is_held(machine: Machine, bridge: BridgeEnd) -> None:
    machine.keys(True, 60)
    bridge.run(0.5)
    machine.open_project(load_sec=3.0)
    machine.keys(True, 64)
    bridge.frames.clear()
    bridge.run(2.9)
    assert bridge.frames == []
    bridge.run(0.5)
    assert bridge.held == {"keys": set(), "song": set()}
    assert bridge.count("beacon") >= 1


def test_a_reloaded_script_starts_a_life_of_its_own(machine: Machine, bridge: BridgeEnd) -> None:
    machine.keys(True, 60)
    bridge.run(0.5)
    machine.reload_script()
    bridge.run(0.5)
    machine.keys(True, 64)
    bridge.run(0.5)
    assert len({frame.nonce for frame in bridge.frames}) >= 2
    assert bridge.held["keys"] == {64}


def test_an_unloaded_script_says_bye(machine: Machine, bridge: BridgeEnd) -> None:
    bridge.run(0.5)
    machine.unload()
    bridge.run(0.1)
    assert bridge.last("bye").nonce == bridge.last("hello").nonce


def test_without_an_output_the_hint_tells_what_to_set_and_the_chord_is_not_lost(machine: Machine, bridge: BridgeEnd) -> None:
    machine.set_assigned(False)
    bridge.run(0.3)
    assert "Link Out" in machine.studio.hint
    machine.keys(True, 60)
    bridge.run(0.3)
    assert bridge.held["keys"] == set()
    machine.set_assigned(True)
    bridge.run(0.8)
    assert bridge.held["keys"] == {60}


def test_echoes_and_foreign_sysex_change_nothing(machine: Machine, bridge: BridgeEnd) -> None:
    bridge.run(0.5)
    hint = machine.studio.hint
    echo = encode(frames.TO_BRIDGE, 5, 0, "notes", {"source": "keys", "notes": [(60, 90)]})
    for data in (echo, b"\xf0\x41\x10\xf7", b"\xf0\xf7"):
        machine.receive("link", data, bridge.now_sec)
    bridge.run(0.6)
    assert bridge.held == {"keys": set(), "song": set()}
    assert machine.studio.hint == hint


def test_a_keyboard_s_own_script_gets_no_answers_and_still_repairs_itself() -> None:
    machine = Machine(seed=2, own_keyboard_script=True, extra_args=True)
    bridge = BridgeEnd(machine)
    machine.keys(True, 60)
    machine.keys(True, 64)
    bridge.run(3.0)
    roles = {frame.nonce: frame.fields["role"] for frame in bridge.frames if frame.kind == "hello"}
    assert sorted(roles.values()) == ["keys", "link"]
    keyboard = next(nonce for nonce, role in roles.items() if role == "keys")
    snapshots = [frame.fields["keys"] for frame in bridge.frames if frame.kind == "held" and frame.nonce == keyboard]
    assert snapshots[-1] == (60, 64)
    assert all(frame.kind != "beacon" for frame in bridge.frames if frame.nonce == keyboard)
    assert machine.faults == []


def test_macos_takes_more_frames_in_one_callback() -> None:
    machine = Machine(seed=3, platform="darwin")
    bridge = BridgeEnd(machine)
    bridge.run(0.006)
    assert {"beacon", "held", "hello"} <= {frame.kind for frame in bridge.frames}
    assert machine.faults == []


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(48, 60), st.booleans(), st.floats(0.0, 0.4)), max_size=40))
def test_after_a_bad_line_the_bridge_holds_what_the_keys_hold(seed: int, playing: list[tuple[int, bool, float]]) -> None:
    luck = random.Random(seed)
    machine = Machine(seed)
    bridge = BridgeEnd(machine, loses=lambda: luck.random() < 0.4)
    down: set[int] = set()
    for pitch, on, wait_sec in playing:
        machine.keys(on, pitch)
        (down.add if on else down.discard)(pitch)
        bridge.run(wait_sec)
    bridge.loses = lambda: False
    bridge.run(HEARTBEAT_SEC + GAP_SEC + 1.0)
    assert bridge.held["keys"] == down
    assert machine.faults == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_no_bytes_hurt_the_script(garbage: list[bytes]) -> None:
    machine = Machine(seed=4)
    for data in garbage:
        machine.receive("link", b"\xf0" + data + b"\xf7", 0.1)
        machine.receive("link", encode(TO_FL, 9, 3, "heartbeat", {"after": 9, "sounding": ()})[: len(data) + 3], 0.1)
    machine.advance(1.0)
    assert machine.faults == []
    assert machine.printed == []


def test_an_exception_is_told_once_and_kept_from_fl() -> None:
    broken = b"\n\ndef _fail(self):\n    raise KeyError('x')\n\n\nLink.on_idle = _fail\n"
    files = script_files()
    machine = Machine(seed=5, script={**files, "link.py": files["link.py"] + broken})
    machine.advance(5.0)
    assert machine.faults == []
    assert machine.printed == ["JamBot: OnIdle failed: KeyError: 'x'"]
