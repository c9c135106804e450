"""The simulated FL Studio as a program: bytes over the bridge's socket, notes to a file, clear words for bad input."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from companion.sim.scenario import Action, Scenario, read_action, read_scenario
from shared.errors import DataError
from shared.frames import TO_FL, decode, encode

DEADLINE_MS = 20000


@pytest.fixture
def socket() -> Iterator[zmq.Socket[bytes]]:
    """The bridge's end of the socket."""
    context = zmq.Context()
    socket = context.socket(zmq.PAIR)
    socket.linger = 0
    yield socket
    socket.close()
    context.term()


def sim(*options: str) -> list[str]:
    return [sys.executable, "-m", "companion.sim", *options]


def test_a_scenario_is_played_over_the_socket(socket: zmq.Socket[bytes], tmp_path: Path) -> None:
    scenario = Scenario(
        chords=((0.0, 0.5, (60, 64), 90),), actions=(Action(do="play"), Action(at_sec=0.5, do="stop"), Action(at_sec=0.7, do="quit"))
    )
    (tmp_path / "jam.json").write_bytes(msgspec.json.encode(scenario))
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    command = sim("--ports", f"tcp://127.0.0.1:{port}", "--scenario", str(tmp_path / "jam.json"), "--notes", str(tmp_path / "notes.jsonl"))
    with subprocess.Popen(command) as process:
        messages: list[bytes] = []
        while b"\xfc" not in messages:
            assert socket.poll(DEADLINE_MS)
            door, data = socket.recv_multipart()
            assert door == b"link"
            if not messages:
                socket.send_multipart([b"link", encode(TO_FL, 1, 0, "welcome", {"bridge": "test"})])
                socket.send_multipart([b"notes", b"\x90\x48\x50"])
            messages.append(data)
        assert process.wait(timeout=20) == 0
    assert b"\xfa" in messages
    assert 20 <= messages.count(b"\xf8") <= 26
    kinds = {frame.kind for data in messages if (frame := decode(data)) is not None}
    assert {"notes", "beacon", "held"} <= kinds
    (note,) = [msgspec.json.decode(line) for line in (tmp_path / "notes.jsonl").read_bytes().splitlines()]
    assert (note["pitch"], note["velocity"]) == (0x48, 0x50)


def test_orders_come_from_standard_input_and_its_end_is_the_end(socket: zmq.Socket[bytes]) -> None:
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    orders = b'{"do": "nonsense"}\n{"do": "play"}\n'
    done = subprocess.run(sim("--ports", f"tcp://127.0.0.1:{port}", "--orders"), input=orders, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    assert b"nonsense" in done.stderr
    messages = []
    while socket.poll(200):
        messages.append(socket.recv_multipart()[1])
    assert b"\xfa" in messages


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"MThd", "no scenario"),
        (b'{"tempo_bpm": 0}', "tempo_bpm"),
        (b'{"tempo": 90}', "tempo"),
        (b'{"meter": [4, 5]}', "expected 1..32 over 2, 4, 8 or 16"),
        (b'{"actions": [{"do": "dance"}]}', "accepted: play"),
        (b'{"actions": [{"do": "seek"}]}', "seek takes 1 values"),
    ],
)
def test_a_bad_scenario_is_refused_with_its_place(text: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(text)
    with pytest.raises(DataError, match=complaint):
        read_scenario(path).machine(0.0)


def test_a_missing_scenario_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    command = sim("--ports", "tcp://127.0.0.1:9", "--scenario", str(tmp_path / "none.json"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "none.json" in done.stderr


def test_an_action_s_values_are_checked_before_it_acts() -> None:
    assert read_action(b'{"do": "set_tempo", "values": [90]}') == Action(do="set_tempo", values=(90,))
    with pytest.raises(DataError, match="expected 1"):
        read_action(b'{"do": "set_meter", "values": [4, 3]}')
