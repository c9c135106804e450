"""The list of ports: what Windows lacks is found, and a MIDI system that does not answer is a line, not an end."""

from __future__ import annotations

from typing import Any

from companion.port_list import MidiSystem, fl_settings, midi_systems, missing_on_windows, where_ports_come_from
from shared.settings import load_settings

PORTS = load_settings().ports


class FakePort:
    """A MIDI port class of python-rtmidi."""

    opened = 0

    def __init__(self, rtapi: int, name: str) -> None:
        if rtapi == 3:
            raise FakeRtMidi.RtMidiError("no server\n is running")
        FakePort.opened += 1

    def get_ports(self) -> list[str]:
        return ["Keys 1", "JamBot Notes 2"]

    def delete(self) -> None:
        FakePort.opened -= 1


class FakeRtMidi:
    """python-rtmidi with two MIDI systems, of which one does not answer."""

    class RtMidiError(Exception):
        """What python-rtmidi raises."""

    MidiIn = MidiOut = FakePort

    @staticmethod
    def get_compiled_api() -> list[int]:
        return [1, 3]

    @staticmethod
    def get_api_name(api: int) -> str:
        return {1: "winmm", 3: "jack"}[api]


def test_every_system_is_listed_also_one_that_does_not_answer() -> None:
    rtmidi: Any = FakeRtMidi
    assert midi_systems(rtmidi) == [
        MidiSystem("winmm", ("Keys 1", "JamBot Notes 2"), ("Keys 1", "JamBot Notes 2")),
        MidiSystem("jack", (), (), "no server is running"),
    ]
    assert FakePort.opened == 0


def test_windows_may_put_a_number_behind_a_ports_name() -> None:
    names = ("JamBot Link In 1", "JamBot Notes", "JamBot Link Out of mine")
    assert missing_on_windows([MidiSystem("winmm", names, ())], PORTS) == ["JamBot Link Out"]
    assert missing_on_windows([], PORTS) == ["JamBot Link In", "JamBot Link Out", "JamBot Notes"]


def test_the_links_two_ports_get_the_same_number_and_the_notes_another() -> None:
    told = {port: words for port, _, words in fl_settings(PORTS)}
    assert "Port: 10" in told["JamBot Link In"]
    assert "Port: 10" in told["JamBot Link Out"]
    assert "Port: 11" in told["JamBot Notes"]
    assert "master sync" in told["JamBot Link Out"]


def test_on_windows_the_user_makes_the_ports() -> None:
    assert "loopMIDI" in where_ports_come_from("win32")
    assert "loopMIDI" not in where_ports_come_from("darwin")
