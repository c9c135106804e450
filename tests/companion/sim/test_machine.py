"""The simulated FL Studio behaves as FL does: clock, positions, callbacks, and the same seed gives the same session."""

from __future__ import annotations

import itertools

import pytest

from companion.install_fl import script_files
from companion.sim.machine import CLOCK, START, STOP, Machine
from companion.sim.studio import PPQ
from shared.frames import decode
from shared.music import Meter

CHORDS = [(0.0, 2.0, (60, 64, 67), 90), (2.5, 1.0, (62, 65), 70)]


def timeline(machine: Machine, until_sec: float, begin_sec: float = 0.0) -> list[tuple[float, bytes]]:
    """(time, message) of all that FL sends, on the machine's own moments."""
    out = []
    while (moment := machine.next_sec()) <= until_sec:
        out += [(max(moment, begin_sec), data) for _, data in machine.advance(moment)]
    machine.advance(until_sec)
    return out


def song_notes(out: list[tuple[float, bytes]]) -> list[tuple[float, int, bool]]:
    return [(sec, data[1], data[0] & 0xF0 == 0x90) for sec, data in out if data[0] & 0xE0 == 0x80]


def test_the_clock_runs_at_24_a_beat_with_a_little_lateness_and_only_while_playing() -> None:
    machine = Machine(seed=3, tempo_bpm=150.0, jitter_ms=1.0)
    machine.at(0.5, machine.play)
    machine.at(4.5, machine.stop)
    out = timeline(machine, 6.0)
    clocks = [sec for sec, data in out if data == CLOCK]
    period_sec = 60.0 / 150.0 / 24
    late = [sec - (0.5 + index * period_sec) for index, sec in enumerate(clocks)]
    assert len(clocks) in (240, 241)
    assert min(late) >= 0.0
    assert 0.0001 < max(late) <= 0.0031
    assert [data for _, data in out if data in (START, STOP)] == [START, STOP]
    before_start = [data for _, data in itertools.takewhile(lambda item: item[1] != START, out)]
    assert sum(data[0] & 0xF0 == 0xB0 and data[1] == 123 for data in before_start) == 16


def test_a_tempo_change_bends_the_clock_at_once() -> None:
    machine = Machine(seed=3, tempo_bpm=120.0, jitter_ms=0.0)
    machine.play()
    machine.at(1.0, lambda: machine.set_tempo(240.0))
    clocks = [sec for sec, data in timeline(machine, 2.0) if data == CLOCK]
    assert sum(sec < 1.0 - 1e-9 for sec in clocks) == 48
    assert sum(1.0 - 1e-9 <= sec < 2.0 - 1e-9 for sec in clocks) == 96


def test_a_pattern_s_chords_come_again_at_every_pass() -> None:
    machine = Machine(seed=1, tempo_bpm=120.0, song=CHORDS, pattern_beats=4)
    machine.play()
    ons = [(sec, pitch) for sec, pitch, on in song_notes(timeline(machine, 5.9)) if on]
    assert [pitch for _, pitch in ons] == [60, 64, 67, 62, 65] * 3
    for pass_index, (sec, _) in enumerate(ons[::5]):
        assert 0.0 <= sec - pass_index * 2.0 <= 0.0101


def test_in_song_mode_the_song_is_played_once_and_a_seek_finds_its_place() -> None:
    machine = Machine(seed=1, song=CHORDS, song_mode=True, pattern_beats=4)
    machine.seek(2.0)
    machine.play()
    ons = [pitch for _, pitch, on in song_notes(timeline(machine, 10.0)) if on]
    assert ons == [62, 65]


@pytest.mark.parametrize("action", [lambda m: m.stop(), lambda m: m.seek(1.0), lambda m: m.open_project(), lambda m: m.set_loop_mode(True)])
def test_whatever_the_user_does_every_song_note_ends(action: object) -> None:
    assert callable(action)
    machine = Machine(seed=1, song=[(0.0, 50.0, (60, 64), 90)])
    machine.play()
    machine.at(1.0, lambda: action(machine))
    machine.at(1.1, machine.stop)
    sounding: set[int] = set()
    for _, pitch, on in song_notes(timeline(machine, 3.0)):
        (sounding.add if on else sounding.discard)(pitch)
    assert sounding == set()


def test_positions_move_in_steps_of_the_audio_buffer_and_wrap_with_the_pattern() -> None:
    machine = Machine(seed=1, tempo_bpm=120.0, pattern_beats=4)
    machine.play()
    seen = []
    for step in range(1, 801):
        machine.advance(step * 0.005)
        seen.append(machine.studio.position_ppq_ticks)
    assert max(seen) < 4 * PPQ
    assert sum(after < before for before, after in itertools.pairwise(seen)) == 2
    assert len(set(seen[:100])) <= 51


def test_heard_notes_know_the_place_in_the_song() -> None:
    machine = Machine(seed=1, tempo_bpm=120.0, pattern_beats=4)
    machine.play()
    machine.receive("notes", b"\x90\x3c\x40", 2.5)
    assert machine.sounding() == {(0, 60)}
    machine.receive("notes", b"\x90\x3c\x00", 2.75)
    on, off = machine.notes
    assert [on.beat, on.song_beat] == pytest.approx([5.0, 1.0])
    assert (on.pitch, on.velocity) == (60, 64)
    assert off.velocity == 0
    assert machine.sounding() == set()


def test_the_same_seed_gives_the_same_session() -> None:
    def session(seed: int) -> list[tuple[float, bytes]]:
        machine = Machine(seed, song=CHORDS, meter=Meter(3, 4))
        machine.at(0.1, machine.play)
        return timeline(machine, 4.0)

    assert session(1) == session(1)
    assert session(1) != session(2)


def test_a_modal_dialog_stops_the_window_but_not_the_song() -> None:
    machine = Machine(seed=1, song=CHORDS)
    machine.play()
    machine.advance(0.9)
    machine.freeze(1.9)
    out = timeline(machine, 2.7, begin_sec=0.9)
    kinds = {frame.kind for _, data in out if (frame := decode(data)) is not None}
    assert kinds <= {"notes", "beacon"}
    assert any(data == CLOCK for sec, data in out if sec > 2.0)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (b"raise ValueError('no')", "module body: ValueError"),
        (b"import os", "ModuleNotFoundError"),
        (b"def OnIdle():\n    pass", "OnIdle: TypeError"),
        (b"import device\ndef OnIdle(*a):\n    for i in range(2): device.midiOutSysex(b'\\xf0\\x7d\\xf7')", "flood"),
        (b"import device\ndef OnIdle(*a):\n    device.midiOutSysex(b'\\xf0' + b'a' * 300 + b'\\xf7')", "bad SysEx"),
        (b"import device\ndef OnRefresh(*a):\n    device.midiOutSysex(b'\\xf0\\x7d\\xf7')", "while a project loads"),
        (b"def OnMidiMsg(event, *a):\n    event.handled = True", "kept a key"),
    ],
)
def test_what_would_hurt_fl_is_found_out(code: bytes, fault: str) -> None:
    machine = Machine(seed=1, script={**script_files(), "device_JamBot.py": code}, extra_args=True)
    machine.keys(True, 60)
    machine.open_project(load_sec=0.2)
    machine.advance(1.0)
    assert any(fault in found for found in machine.faults)


def test_nothing_of_the_script_leaks_into_our_own_modules() -> None:
    import sys

    Machine(seed=1).advance(1.0)
    assert not {"link", "frames", "sounding", "transport", "mixer", "device"} & set(sys.modules)
