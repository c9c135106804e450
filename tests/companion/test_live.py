"""Live with real processes and sockets: companion, bridge and simulated FL Studio, each on its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import mido
import msgspec
import pytest

from companion.bridge.server import Ready
from companion.recorder import read_log
from companion.sim.machine import HeardNote
from companion.sim.scenario import Action, Scenario
from tests.companion.house import chords

TOKEN = "a-token-for-the-tests"
WAIT_SEC = 30.0
SONG = tuple((beat, length, tuple(pitches), velocity) for beat, length, pitches, velocity in chords("Dm7 G7 Cmaj7 A7 " * 8, 2.0))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"JAMBOT_TOKEN": TOKEN, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@contextmanager
def bridge() -> Iterator[tuple[subprocess.Popen[bytes], Ready]]:
    with started("-m", "companion.bridge", "--endpoint", "tcp://127.0.0.1:0", "--ports", "tcp://127.0.0.1:0") as process:
        assert process.stdout is not None
        yield process, msgspec.json.decode(process.stdout.readline(), type=Ready)


@contextmanager
def studio(ports: str, folder: Path) -> Iterator[Path]:
    """A simulated FL that plays from half a second on, for a minute at most; yields the file of the notes it heard."""
    actions = (Action(at_sec=0.5, do="play"), Action(at_sec=60.0, do="quit"))
    scenario, notes = folder / "scenario.json", folder / "notes.jsonl"
    scenario.write_bytes(msgspec.json.encode(Scenario(tempo_bpm=160.0, song_mode=True, chords=SONG, actions=actions)))
    with started("-m", "companion.sim", "--ports", ports, "--scenario", str(scenario), "--notes", str(notes)):
        yield notes


def heard(notes: Path) -> list[HeardNote]:
    lines = notes.read_bytes().splitlines() if notes.exists() else []
    return [msgspec.json.decode(line, type=HeardNote) for line in lines]


def sounding(notes: list[HeardNote]) -> set[int]:
    on: set[int] = set()
    for note in notes:
        (on.add if note.velocity else on.discard)(note.pitch)
    return on


def wait_for(condition: Callable[[], object]) -> None:
    end_sec = time.monotonic() + WAIT_SEC
    while not condition():
        assert time.monotonic() < end_sec, "waited in vain"
        time.sleep(0.02)


def live(endpoint: str, out: Path) -> list[str]:
    return ["-m", "companion", "--model", "fallback", "--bridge", endpoint, "--out", str(out), "--seed", "7"]


def note_ons(notes: Path) -> int:
    return sum(note.velocity > 0 for note in heard(notes))


@contextmanager
def house(folder: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """All three processes at work: the file of the notes that FL hears, and the companion."""
    with bridge() as (_, ready), studio(ready.ports[0], folder) as notes, started(*live(ready.endpoint, folder / "jams")) as companion:
        yield notes, companion


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_sounding_and_keeps_the_jam(tmp_path: Path, signal_number: int) -> None:
    with house(tmp_path) as (notes, companion):
        wait_for(lambda: note_ons(notes) >= 5)
        companion.send_signal(signal_number)
        out, err = companion.communicate(timeout=WAIT_SEC)
        assert companion.returncode == 0, err.decode()
        wait_for(lambda: not sounding(heard(notes)))
    assert b"Traceback" not in err
    assert b"fallback" in out
    kept = next((tmp_path / "jams").glob("*.mid"))
    midi = mido.MidiFile(kept)
    assert 1.0 < midi.length < WAIT_SEC, "the jam is as long as it was played"
    tracks = {track.name: track for track in midi.tracks}
    assert {"Chords", "Solo"} <= tracks.keys()
    assert any(message.type == "note_on" for message in tracks["Solo"])


def test_a_killed_companion_leaves_nothing_sounding_and_a_log_to_replay(tmp_path: Path) -> None:
    with house(tmp_path) as (notes, companion):
        wait_for(lambda: note_ons(notes) >= 12)
        companion.kill()
        companion.communicate()
        wait_for(lambda: not sounding(heard(notes)))
        silent = len(heard(notes))
        time.sleep(0.5)
        assert note_ons(notes) == sum(note.velocity > 0 for note in heard(notes)[:silent])
    header, _ = read_log(next((tmp_path / "jams").glob("*.jsonl")))
    assert header.model == "fallback"


def test_a_second_companion_is_told_that_the_place_is_taken(tmp_path: Path) -> None:
    with bridge() as (_, ready), studio(ready.ports[0], tmp_path) as notes, started(*live(ready.endpoint, tmp_path / "jams")):
        wait_for(lambda: note_ons(notes) >= 1)
        with started(*live(ready.endpoint, tmp_path / "other")) as second:
            _, err = second.communicate(timeout=WAIT_SEC)
        assert second.returncode == 2
        assert err.decode().count("\n") == 1
        assert "error: " in err.decode()
        before = note_ons(notes)
        wait_for(lambda: note_ons(notes) > before)
    assert not (tmp_path / "other").exists()


def test_a_bridge_that_comes_back_is_found_again(tmp_path: Path) -> None:
    with bridge() as (first, ready):
        ports, endpoint = ready.ports[0], ready.endpoint
        with studio(ports, tmp_path) as notes, started(*live(endpoint, tmp_path / "jams")):
            wait_for(lambda: note_ons(notes) >= 3)
            first.terminate()
            first.communicate(timeout=WAIT_SEC)
            wait_for(lambda: not sounding(heard(notes)))
            before = note_ons(notes)
            with started("-m", "companion.bridge", "--endpoint", endpoint, "--ports", ports):
                wait_for(lambda: note_ons(notes) > before + 3)


def test_a_companion_without_a_bridge_says_so(tmp_path: Path) -> None:
    with started(*live("tcp://127.0.0.1:9", tmp_path / "jams")) as companion:
        _, err = companion.communicate(timeout=WAIT_SEC)
    assert companion.returncode == 2
    assert err.decode().startswith("error: no bridge answers")


def test_ctrl_c_ends_a_measurement_without_a_word() -> None:
    words = ["-m", "companion", "bench", "--seconds", "60", "--model", "fallback", "--load", "1"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    # where a shell runs the tests in the background they ignore interrupts, and so would what they start
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        bench = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, ours)
    try:
        assert bench.stdout is not None
        bench.stdout.readline()
        time.sleep(1.0)
        os.killpg(bench.pid, signal.SIGINT)
        _, err = bench.communicate(timeout=WAIT_SEC)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(bench.pid, signal.SIGKILL)
        bench.communicate()
    # the second where it fell into code that Python had made from text; shells show 130 for both
    assert bench.returncode in (130, -signal.SIGINT)
    assert b"Traceback" not in err


def test_bench_measures_a_session_with_the_engine(tmp_path: Path) -> None:
    with started("-m", "companion", "bench", "--seconds", "5", "--model", "random", "--json", str(tmp_path / "bench.json")) as bench:
        _, err = bench.communicate(timeout=WAIT_SEC * 2)
    assert bench.returncode == 0, err.decode()
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert figures["model"] == "random weights"
    assert figures["ready_ms"]["n"] >= 2
    assert figures["notes"] > 0
    assert figures["stuck_notes"] == 0
    assert set(figures) >= {"send_error_ms", "bars_ahead", "replan_to_full_ms", "fallbacks", "unplanned_gaps"}
    assert (figures["humanized_notes"] == 0) == figures["touch"].startswith("rules")
