"""The bridge's ports: sockets, names, and real MIDI ports where a JACK server can be started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from time import perf_counter
from typing import Any

import pytest
import zmq

from companion.bridge.ports import PortNames, RtMidiPorts, SocketPorts, find_port, open_ports
from companion.link import BridgeProcess
from shared.errors import PortError
from shared.messages import Welcome
from tests.companion.bridge.fl import Script
from tests.companion.bridge.house import PATIENCE_SEC, Companion, context, until


def test_socket_ports_carry_both_doors_down_and_one_up() -> None:
    with context() as sockets:
        ports = open_ports(sockets, "tcp://127.0.0.1:0")
        ports.send_notes(b"\x90\x3c\x50")
        fl = sockets.socket(zmq.PAIR)
        fl.connect(ports.names[0])
        fl.send_multipart([b"notes", b"\x90\x3c\x50"])
        fl.send_multipart([b"link"])
        fl.send_multipart([b"link", b""])
        fl.send_multipart([b"link", b"\xfa"])
        received: list[tuple[bytes, float]] = []
        until(lambda: received, lambda: received.extend(ports.poll()))
        assert [data for data, _ in received] == [b"\xfa"]
        assert 0 <= perf_counter() - received[0][1] < PATIENCE_SEC
        ports.send_link(b"\xf0\xf7")
        ports.send_notes(b"\x80\x3c\x40")
        assert [fl.recv_multipart() for _ in range(2)] == [[b"link", b"\xf0\xf7"], [b"notes", b"\x80\x3c\x40"]]
        fl.close()
        ports.close()


def test_socket_ports_take_a_new_fl_when_the_old_one_is_gone() -> None:
    with context() as sockets:
        ports = SocketPorts(sockets, "tcp://127.0.0.1:0")
        heard: set[bytes] = set()

        def knock(name: bytes) -> None:
            fl = sockets.socket(zmq.PAIR)
            fl.connect(ports.names[0])
            fl.send_multipart([b"link", name])
            for _ in range(20):
                heard.update(data for data, _ in ports.poll())
                fl.poll(5)
            fl.close(0)

        until(lambda: b"first" in heard, lambda: knock(b"first"))
        until(lambda: b"second" in heard, lambda: knock(b"second"))
        ports.close()


def test_an_address_in_use_names_the_mend() -> None:
    with context() as sockets:
        ports = SocketPorts(sockets, "tcp://127.0.0.1:0")
        with pytest.raises(PortError, match="choose another port"):
            SocketPorts(sockets, ports.names[0])
        ports.close()


def test_ports_are_found_by_name_with_the_number_that_windows_adds() -> None:
    assert find_port(["Microsoft GS", "JamBot Link In 2"], "JamBot Link In") == 1
    assert find_port(["JamBot Link In Two", "JamBot Link In"], "JamBot Link In") == 1
    with pytest.raises(PortError, match=r"'JamBot Notes' is missing \(there are: Microsoft GS 0\); create it in loopMIDI"):
        find_port(["Microsoft GS 0"], "JamBot Notes")


@pytest.fixture(scope="module")
def jack() -> Iterator[str]:
    """A JACK server of our own with the dummy driver; its name."""
    jackd = shutil.which("jackd")
    if jackd is None or sys.platform != "linux":
        pytest.skip("real MIDI ports are tested where jackd is installed (Debian: apt install jackd2)")
    name = f"jambot-test-{os.getpid()}"
    # long periods, and real-time where it is allowed: a client that is late for a period loses or repeats its messages
    command = [jackd, "-t", "10000", "-n", name, "-d", "dummy", "-r", "48000", "-p", "1024"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ |= {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    wait = shutil.which("jack_wait")
    if wait is not None:
        subprocess.run([wait, "-s", name, "-w", "-t", str(int(PATIENCE_SEC))], capture_output=True, check=True)
    yield name
    server.terminate()
    server.wait()
    os.environ.pop("JACK_NO_START_SERVER")
    if before is None:
        os.environ.pop("JACK_DEFAULT_SERVER")
    else:
        os.environ["JACK_DEFAULT_SERVER"] = before


class MidiFl:
    """FL Studio's end of the bridge's MIDI ports."""

    def __init__(self, names: PortNames) -> None:
        import rtmidi

        api = rtmidi.API_UNIX_JACK
        self._out: Any = rtmidi.MidiOut(rtapi=api, name="FL")
        self._notes: Any = rtmidi.MidiIn(rtapi=api, name="FL")
        self._link: Any = rtmidi.MidiIn(rtapi=api, name="FL")
        self._link.ignore_types(sysex=False)
        self.notes: list[bytes] = []
        self.link: list[bytes] = []
        for port, name in ((self._out, names.link_out), (self._notes, names.notes), (self._link, names.link_in)):
            (index,) = [i for i, offered in enumerate(port.get_ports()) if offered.endswith(name)]
            port.open_port(index)
        self.script = Script()
        self._start_sec = perf_counter()
        self._beacon_sec = 0.0

    def send(self, data: list[bytes]) -> None:
        for item in data:
            self._out.send_message(item)

    def tend(self) -> None:
        now_sec = perf_counter()
        if now_sec - self._beacon_sec > 0.1:
            self._beacon_sec = now_sec
            self.send(self.script.beacon(now_sec, playing=True, position_ppq_ticks=round((now_sec - self._start_sec) * 192)))
        for port, received in ((self._notes, self.notes), (self._link, self.link)):
            while (message := port.get_message()) is not None:
                received.append(bytes(message[0]))

    def sounding(self) -> set[int]:
        held: set[int] = set()
        for data in self.notes:
            if data[0] == 0x90:
                held.add(data[1])
            elif data[0] == 0x80:
                held.discard(data[1])
        return held

    def close(self) -> None:
        for port in (self._out, self._notes, self._link):
            port.close_port()
            port.delete()


def test_bytes_and_clock_pass_real_ports(jack: str) -> None:
    ports = RtMidiPorts("jack")
    fl = MidiFl(PortNames())
    sysex = bytes((0xF0, 0x7D, *range(100), 0xF7))
    down = [b"\xfa", *[b"\xf8"] * 24, sysex, b"\xfc"]
    received: list[bytes] = []

    def passed() -> bool:
        # once more where the machine was too busy for JACK
        received.clear()
        fl.send(down)
        end_sec = perf_counter() + 2.0
        while down[-1] not in received and perf_counter() < end_sec:
            received.extend(data for data, _ in ports.poll())
        return received == down

    try:
        until(passed)
        until(lambda: sysex in fl.link, lambda: ports.send_link(sysex), fl.tend)
        until(lambda: b"\x90\x3c\x50" in fl.notes, lambda: ports.send_notes(b"\x90\x3c\x50"), fl.tend)
    finally:
        fl.close()
        ports.close()
        ports.close()


@pytest.mark.parametrize("end", ["companion", "bridge"])
def test_the_bridge_process_plays_and_falls_silent_on_real_ports(jack: str, end: str) -> None:
    process = BridgeProcess("tcp://127.0.0.1:0", "midi", "jack")
    with ExitStack() as stack:
        stack.callback(process.stop)
        fl = MidiFl(PortNames())
        stack.callback(fl.close)
        companion = Companion(stack.enter_context(context()), process)
        assert companion.told(Welcome)[0].ports == ("JamBot Link In", "JamBot Link Out", "JamBot Notes")
        fl.send(fl.script.hello(0.0))
        until(lambda: companion.playing, fl.tend, companion.tend)
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), fl.tend, companion.tend)
        if end == "bridge":
            process.stop()
        companion.link.close()
        until(lambda: not fl.sounding(), fl.tend)
        assert fl.link
