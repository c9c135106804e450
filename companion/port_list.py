"""Which MIDI ports this computer has, and what to set in FL Studio. Opens no port; knows no bridge."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.settings import PortSettings

ALSA_SEQUENCER = Path("/dev/snd/seq")


@dataclass(frozen=True, slots=True)
class MidiSystem:
    """A MIDI system of this computer with its ports' names; `trouble` says why it does not answer, empty where it does."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    trouble: str = ""


def midi_systems(rtmidi: Any) -> list[MidiSystem]:
    """Every MIDI system that `rtmidi`, the module of python-rtmidi, was built for."""
    found = []
    for api in rtmidi.get_compiled_api():
        name = str(rtmidi.get_api_name(api))
        if name == "alsa" and not ALSA_SEQUENCER.exists():
            found.append(MidiSystem(name, (), (), "ALSA's sequencer is not loaded (sudo modprobe snd-seq)"))
            continue
        try:
            with _quiet_libraries():
                inputs, outputs = _port_names(rtmidi.MidiIn, api), _port_names(rtmidi.MidiOut, api)
        except (rtmidi.RtMidiError, RuntimeError) as error:
            found.append(MidiSystem(name, (), (), " ".join(str(error).split())))
        else:
            found.append(MidiSystem(name, inputs, outputs))
    return found


def missing_on_windows(systems: list[MidiSystem], ports: PortSettings) -> list[str]:
    """JamBot's ports that Windows does not offer; it shows a port as its name, sometimes with a number behind it."""
    offered = {name for system in systems for name in (*system.inputs, *system.outputs)}
    numberless = {name.rpartition(" ")[0] for name in offered if name.rpartition(" ")[2].isdigit()}
    return [wanted for wanted in (ports.link_in, ports.link_out, ports.notes) if wanted not in offered | numberless]


def fl_settings(ports: PortSettings) -> list[tuple[str, str, str]]:
    """Rows of (port, where in FL Studio, what to set there)."""
    return [
        (ports.link_in, "MIDI Settings, Input", "Enable; Controller type: JamBot; Port: 10"),
        (ports.link_out, "MIDI Settings, Output", "Port: 10 (the same number); Send master sync: on"),
        (ports.notes, "MIDI Settings, Input", "Enable; Controller type: generic controller; Port: 11; your synth's MIDI input port: 11"),
        ("your keyboard", "MIDI Settings, Input", "Enable; Controller type: JamBot; Port: 10, so that your chords are heard"),
        ("MIDI Out plugin", "on the chord track", "Port: 10, so that the song's chords are heard"),
    ]


def where_ports_come_from(platform: str) -> str:
    """Who makes the ports on this system."""
    if platform == "win32":
        return "Windows: make the three ports once in loopMIDI, under exactly these names; companion opens them."
    if platform == "darwin":
        return "macOS: companion makes the three ports while it runs, so start it before you open FL Studio's MIDI settings."
    return "Linux: companion makes the three ports while it runs, with ALSA's sequencer or a JACK server."


def show_ports(ports: PortSettings) -> None:
    """Print what MIDI ports there are and what to set in FL Studio."""
    import rtmidi

    console = Console()
    systems = midi_systems(rtmidi)
    there = Table(title="MIDI ports on this computer", title_justify="left")
    for heading in ("system", "input", "output"):
        there.add_column(heading)
    for system in systems:
        inputs = "\n".join(system.inputs) or system.trouble or "none"
        there.add_row(escape(system.name), escape(inputs), escape("\n".join(system.outputs) or ("" if system.trouble else "none")))
    console.print(there)
    wanted = Table(title="What to set in FL Studio", title_justify="left")
    for heading in ("port", "where", "set"):
        wanted.add_column(heading)
    for row in fl_settings(ports):
        wanted.add_row(*(escape(word) for word in row))
    console.print(wanted)
    console.print("Port numbers may be any from 0 to 255: what matters is which are equal.")
    console.print("Switch on Options > Enable MIDI master sync as well.")
    console.print(where_ports_come_from(sys.platform))
    if sys.platform == "win32":
        missing = missing_on_windows(systems, ports)
        if missing:
            console.print(f"Missing: {escape(', '.join(missing))}", style="bold")


def _port_names(kind: Any, api: int) -> tuple[str, ...]:
    port = kind(rtapi=api, name="JamBot ports")
    try:
        return tuple(str(name) for name in port.get_ports())
    finally:
        port.delete()


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """ALSA and JACK write their own complaints to the terminal; what matters of them comes back as an error."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
