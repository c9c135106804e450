"""The bridge as users have it: its own process, real sockets, companions that die, strangers that knock."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest
import zmq

from companion.bridge.server import Ready
from companion.keys import client_keys, make_keys
from companion.link import BridgeLink
from shared.errors import PortError
from shared.messages import TAG, Chords, Error, Hello, Plan, PlannedNote, Queued, Transport, Welcome, decode, encode
from tests.companion.bridge.house import PATIENCE_SEC, Companion, context, house, spawn, until

ENDS = [signal.SIGTERM, signal.SIGINT, "stdin"]


def stranger(sockets: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> zmq.Socket[bytes]:
    dealer = sockets.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.connect(endpoint)
    return dealer


def answer(dealer: zmq.Socket[bytes]) -> Error:
    assert dealer.poll(int(PATIENCE_SEC * 1000))
    message = decode(dealer.recv_multipart())
    assert isinstance(message, Error)
    return message


def test_chords_go_up_and_notes_come_down() -> None:
    with house() as (sockets, process, fl):
        companion = Companion(sockets, process)
        assert companion.told(Welcome)[0].ports == process.port_names
        until(lambda: companion.playing, fl.tend, companion.tend)
        fl.send(fl.script.notes(0.0, (62, 90), (65, 90)))
        until(lambda: any(chords.struck == (62, 65) for chords in companion.told(Chords)), fl.tend, companion.tend)
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), fl.tend, companion.tend)
        assert companion.link.round_trip_sec is not None
        assert abs(companion.link.offset_sec) < 0.05
        companion.link.close()
        until(lambda: not fl.sounding(), fl.tend)


CHILD_COMPANION = """
import sys, zmq
from companion.link import BridgeLink
from shared.messages import Plan, PlannedNote, Transport
link = BridgeLink(zmq.Context(), sys.argv[1], sys.argv[2])
heard = link.connect(20)
while not any(isinstance(message, Transport) and message.playing for message, _ in heard):
    heard = link.receive(0.1)
now = next(message for message, _ in reversed(heard) if isinstance(message, Transport))
note = PlannedNote(1, now.beat + 0.4, 400.0, 72, 90, 0.0, 0)
later = PlannedNote(2, now.beat + 400.0, 1.0, 74, 90, 0.0, 0)
link.send(Plan(epoch=now.epoch, generation=1, from_beat=now.beat, until_beat=now.beat + 500, notes=(note, later)))
while True:
    link.receive(0.1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_companion_killed_while_its_note_sounds_leaves_silence() -> None:
    with house() as (sockets, process, fl):
        child = spawn("-c", CHILD_COMPANION, process.endpoint, process.token)
        try:
            until(lambda: 72 in fl.sounding(), fl.tend)
            child.kill()
            until(lambda: not fl.sounding(), fl.tend)
        finally:
            child.kill()
            child.communicate()
        # and the bridge is there for the next one
        companion = Companion(sockets, process)
        companion.link.close()


@pytest.mark.parametrize("end", ENDS)
def test_the_bridges_own_end_leaves_silence(end: signal.Signals | str) -> None:
    if sys.platform == "win32" and end != "stdin":
        pytest.skip("Windows ends processes without a signal")
    with house() as (sockets, process, fl):
        companion = Companion(sockets, process)
        until(lambda: companion.playing, fl.tend, companion.tend)
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), fl.tend, companion.tend)
        if isinstance(end, str):
            process.stop()
        else:
            os.kill(process.pid, end)
        until(lambda: not fl.sounding(), fl.tend)
        until(lambda: companion.link.state == "connecting", companion.tend)
        companion.link.close()


def test_without_a_companion_the_script_is_answered() -> None:
    with house() as (_, _process, fl):
        fl.send(fl.script.hello(0.0))
        until(lambda: fl.frames.count("heartbeat") >= 2 and "welcome" in fl.frames, fl.tend)


def test_strangers_are_answered_sparingly_and_sound_nothing() -> None:
    with house() as (sockets, process, fl):
        companion = Companion(sockets, process)
        until(lambda: companion.playing, fl.tend, companion.tend)
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), fl.tend, companion.tend)
        transport = companion.transport()
        assert transport is not None
        dealer = stranger(sockets, process.endpoint)
        rng = random.Random(1)
        plan = Plan(epoch=transport.epoch, generation=99, from_beat=0, until_beat=9999, notes=())
        for size in range(300):
            dealer.send_multipart([rng.randbytes(rng.randrange(8)), rng.randbytes(size)])
            dealer.send_multipart([TAG, rng.randbytes(size)])
            dealer.send_multipart([rng.randbytes(3)] * rng.randrange(1, 6))
            dealer.send_multipart(encode(plan))
        dealer.send_multipart([TAG, b"\x91" * 200_000])
        raw = socket.create_connection(("127.0.0.1", int(process.endpoint.rsplit(":", 1)[1])))
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n" + rng.randbytes(5000))
        assert answer(dealer).code == "message"
        before = len(companion.messages)
        until(lambda: len(companion.messages) > before + 10, fl.tend, companion.tend)
        raw.close()
        answers = 1
        while dealer.poll(0):
            dealer.recv_multipart()
            answers += 1
        assert answers < 200
        assert fl.sounding() == {72}
        companion.lay(75)
        until(lambda: {72, 75} <= fl.sounding(), fl.tend, companion.tend)
        dealer.close()
        companion.link.close()


def test_a_second_companion_is_told_that_the_place_is_taken() -> None:
    with house() as (sockets, process, _):
        first = Companion(sockets, process)
        second = BridgeLink(sockets, process.endpoint, process.token)
        with pytest.raises(PortError, match="another companion plays here"):
            second.connect(PATIENCE_SEC)
        first.link.close()
        until(lambda: second.state == "connected", lambda: second.receive(0.1))
        second.close()


def test_a_wrong_token_is_refused() -> None:
    with house() as (sockets, process, _):
        link = BridgeLink(sockets, process.endpoint, "guessed")
        with pytest.raises(PortError, match="the token is not this bridge's"):
            link.connect(PATIENCE_SEC)
        link.close()


def test_another_protocol_version_is_refused_by_name() -> None:
    with house() as (sockets, process, _):
        dealer = stranger(sockets, process.endpoint)
        dealer.send_multipart([b"JB9", encode(Hello(version="9", token=process.token))[1]])
        refusal = answer(dealer)
        assert refusal.code == "version"
        assert "JB9" in refusal.text
        dealer.close()


def test_an_endpoint_in_use_is_one_line_and_exit_2() -> None:
    with house() as (_, process, _fl):
        other = spawn("-m", "companion.bridge", "--endpoint", process.endpoint, "--ports", "tcp://127.0.0.1:0")
        out, err = other.communicate(timeout=PATIENCE_SEC)
    assert other.returncode == 2
    assert out == b""
    mend = "stop the other bridge that runs there, or choose another endpoint"
    assert err.decode().splitlines() == [f"error: {process.endpoint}: Address already in use; {mend}"]


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (("--endpoint", "tcp://0.0.0.0:0"), "companion keys"),
        (("--endpoint", "here"), "expected tcp://HOST:PORT"),
        (("--endpoint", "tcp://127.0.0.1:0", "--ports", "tcp://0.0.0.0:0"), "stays on this machine"),
        (("--endpoint", "tcp://127.0.0.1:0", "--ports", "midi", "--api", "drums"), "expected auto"),
        (("--endpoint", "tcp://127.0.0.1:0", "--keys", "/nowhere"), "companion keys"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(arguments: tuple[str, ...], mend: str) -> None:
    process = spawn("-m", "companion.bridge", *arguments)
    _, err = process.communicate(timeout=PATIENCE_SEC)
    assert process.returncode == 2
    assert err.decode().startswith("error: ")
    assert len(err.decode().splitlines()) == 1
    assert mend in err.decode()


def test_keys_let_in_whom_they_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_keys(tmp_path / "ours")
    make_keys(tmp_path / "theirs")
    carried = tmp_path / "carried"
    carried.mkdir()
    for name in ("bridge.key", "companion.key_secret"):
        (carried / name).write_bytes((tmp_path / "ours" / name).read_bytes())
    capsys.readouterr()
    anywhere = "tcp://127.0.0.1:0"
    process = spawn("-m", "companion.bridge", "--endpoint", anywhere, "--ports", anywhere, "--keys", str(tmp_path / "ours"))
    assert process.stdout is not None
    ready = msgspec.json.decode(process.stdout.readline(), type=Ready)
    try:
        with context() as sockets:
            ours = BridgeLink(sockets, ready.endpoint, "any", client_keys(carried))
            assert isinstance(ours.connect(PATIENCE_SEC)[0][0], Welcome)
            ours.close()
            (carried / "companion.key_secret").write_bytes((tmp_path / "theirs" / "companion.key_secret").read_bytes())
            for keys in (client_keys(carried), None):
                foreign = BridgeLink(sockets, ready.endpoint, "any", keys)
                with pytest.raises(PortError, match="no bridge answers"):
                    foreign.connect(1.5)
                foreign.close()
    finally:
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE_SEC)
    assert b"Traceback" not in err


def test_the_process_loads_neither_torch_nor_numpy() -> None:
    code = "import sys, companion.bridge.__main__, companion.bridge.server; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    out, _ = spawn("-c", code).communicate(timeout=PATIENCE_SEC)
    assert out.strip() == b"[]"


def test_the_answer_is_timed_across_processes() -> None:
    with house() as (sockets, process, fl):
        companion = Companion(sockets, process)
        until(lambda: companion.playing, fl.tend, companion.tend)
        fl.send(fl.script.notes(0.0, (62, 90)))
        until(lambda: any(chords.struck for chords in companion.told(Chords)), fl.tend, companion.tend)
        cause = companion.told(Chords)[-1].cause
        transport = companion.told(Transport)[-1]
        note = PlannedNote(1, transport.beat + 4, 1.0, 72, 90, 0.0, 0)
        companion.link.send(
            Plan(epoch=transport.epoch, generation=1, from_beat=note.onset_beat, until_beat=9999, notes=(note,), cause=cause)
        )
        until(lambda: companion.told(Queued), fl.tend, companion.tend)
        assert companion.told(Queued)[0].cause == cause
        companion.link.close()
