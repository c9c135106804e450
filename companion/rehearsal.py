"""A live session with a simulated FL Studio: its process, the bridge's process, real sockets between them. For demo and bench. Shell."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
import zmq

from companion.cast import build_conductor, header_of
from companion.figures import Figures
from companion.jam import Jam
from companion.link import BridgeLink, BridgeProcess
from companion.live_loop import LiveLoop, SoloistThread
from companion.model_store import fingerprint, open_soloist
from companion.options import Device
from companion.recorder import Recorder
from companion.sim.machine import HeardNote
from companion.sim.scenario import Scenario
from companion.touch_store import choose_touch, with_touch
from shared.errors import JamBotError
from shared.settings import Settings

ANY_PORT = "tcp://127.0.0.1:0"
CONNECT_SEC = 5.0
SIM_END_SEC = 5.0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of a session: the jam, who touched its notes, its figures, and what the synth was left with."""

    jam: Jam
    touch: str
    figures: Figures
    heard: list[HeardNote]
    stuck_notes: int


def rehearse(model: str, device: Device, seed: int, settings: Settings, scenario: Scenario, folder: Path | None, stem: str) -> Rehearsed:
    """Play `scenario` with the model live; the jam's log goes to `folder`. Raises JamBotError where a part of it fails."""
    touch = choose_touch(settings)
    soloist = with_touch(open_soloist(model, device), touch, settings, seed)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jambot-")))
        (work / "scenario.json").write_bytes(msgspec.json.encode(scenario))
        context = stack.enter_context(zmq.Context())
        bridge = BridgeProcess(ANY_PORT, ANY_PORT)
        stack.callback(bridge.stop)
        link = BridgeLink(context, bridge.endpoint, bridge.token)
        stack.callback(link.close)
        heard = link.connect(CONNECT_SEC)
        studio = _start_studio(bridge.port_names[0], work)
        stack.callback(_end_studio, studio)
        recorder = Recorder(folder, stem, header_of(model, fingerprint(model, device), touch, seed, None, settings))
        thread = stack.enter_context(SoloistThread(context, soloist))
        conductor = build_conductor(settings, seed, None, thread.worker, recorder)
        for message, our_sec in heard:
            conductor.receive(message, link.bridge_sec(our_sec))
        last_sec = 0.0

        def tend(now_sec: float) -> None:
            nonlocal last_sec
            last_sec = now_sec

        loop = LiveLoop(conductor, thread, link, recorder, tend, lambda line: click.echo(line, err=True))
        loop.run(lambda: studio.poll() is not None)
        conductor.stop(last_sec)
        jam = recorder.close()
        if studio.returncode != 0:
            complaint = studio.stderr.read().decode(errors="replace").strip() if studio.stderr is not None else ""
            raise JamBotError(f"the simulated FL Studio ended with {studio.returncode}: {complaint or 'no word why'}")
        notes = [msgspec.json.decode(line, type=HeardNote) for line in (work / "notes.jsonl").read_bytes().splitlines()]
    return Rehearsed(jam, touch.name, conductor.figures, notes, count_stuck(notes))


def count_stuck(notes: list[HeardNote]) -> int:
    """Note-ons that no note-off followed."""
    sounding: set[tuple[int, int]] = set()
    for note in notes:
        key = (note.channel, note.pitch)
        sounding.add(key) if note.velocity else sounding.discard(key)
    return len(sounding)


def _start_studio(ports: str, work: Path) -> subprocess.Popen[bytes]:
    files = ["--scenario", str(work / "scenario.json"), "--notes", str(work / "notes.jsonl")]
    return subprocess.Popen(
        [sys.executable, "-m", "companion.sim", "--ports", ports, *files],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def _end_studio(studio: subprocess.Popen[bytes]) -> None:
    if studio.poll() is None:
        studio.terminate()
    try:
        studio.wait(SIM_END_SEC)
    except subprocess.TimeoutExpired:
        studio.kill()
        studio.wait()
    if studio.stderr is not None:
        studio.stderr.close()
