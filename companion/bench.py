"""Measures a live session: chord changes on and off the beat, a simulated FL Studio, real processes and sockets. Shell."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from companion.lateness import LateMs, Watch
from companion.model_store import shown_name
from companion.options import BenchOptions
from companion.rehearsal import Rehearsed, rehearse
from companion.sim.scenario import Action, Chord, Scenario
from shared.chords import QUALITY_NAMES
from shared.chords import Chord as NamedChord
from shared.errors import ConfigError
from shared.files import written_whole
from shared.provenance import machine
from shared.voicings import voice

TEMPO_BPM = 140.0
LEAD_IN_SEC = 0.5
TAIL_SEC = 1.0
OFF_BEAT = (1 / 3, 0.5, 2 / 3, 0.73)
GOALS = {
    "ready_ms p99": (20.0, "at most"),
    "send_error_ms p99": (1.0, "at most"),
    "touch_ms p50": (5.0, "at most"),
    "bars_ahead min": (1.0, "at least"),
    "fallbacks": (0.0, "at most"),
    "unplanned_gaps": (0.0, "at most"),
    "stuck_notes": (0.0, "at most"),
}
BUSY = "while True: pass"


def changes(seconds: float, seed: int) -> tuple[Chord, ...]:
    """Chords that nobody could foresee: every one to four beats another root and quality, half of them off the beat."""
    chance = random.Random(seed)
    beats = seconds * TEMPO_BPM / 60.0
    onsets: list[float] = [0.0]
    while (line := int(onsets[-1]) + chance.randint(1, 4)) < beats:
        onsets.append(line + (chance.choice(OFF_BEAT) if chance.random() < 0.5 else 0.0))
    chords: list[Chord] = []
    last = None
    for onset, after in zip(onsets, [*onsets[1:], beats], strict=True):
        named = last
        while named == last:
            root = chance.randrange(12)
            named = NamedChord(root, chance.choice(QUALITY_NAMES), root)
        last = named
        assert named is not None
        chords.append((onset, max(0.1, after - onset - 0.05), voice(named), 90))
    return tuple(chords)


def run(options: BenchOptions) -> None:
    """Play, measure, print the table and write the JSON file."""
    length_sec = options.seconds
    scenario = Scenario(
        seed=options.seed,
        tempo_bpm=TEMPO_BPM,
        song_mode=True,
        chords=changes(length_sec, options.seed),
        actions=(
            Action(at_sec=LEAD_IN_SEC, do="play"),
            Action(at_sec=LEAD_IN_SEC + length_sec, do="stop"),
            Action(at_sec=LEAD_IN_SEC + length_sec + TAIL_SEC, do="quit"),
        ),
    )
    name, chords = shown_name(options.model), len(scenario.chords)
    click.echo(f"playing {length_sec:g} s at {TEMPO_BPM:g} BPM with {name}: {chords} chords, {options.load} busy processes beside")
    with busy(options.load), Watch() as watch:
        rehearsed = rehearse(options.model, options.device, options.seed, options.settings, scenario, None, "bench")
    figures = measured(options, rehearsed, watch.late_ms)
    show(figures)
    if options.json is not None:
        write_json(figures, options.json)


def measured(options: BenchOptions, rehearsed: Rehearsed, machine_late_ms: LateMs) -> dict[str, Any]:
    """The session's figures with what they were measured on."""
    return {
        "model": shown_name(options.model),
        "touch": rehearsed.touch,
        "seconds": options.seconds,
        "load": options.load,
        "machine": machine(),
        **rehearsed.figures.summary(),
        "stuck_notes": rehearsed.stuck_notes,
        "machine_late_ms": msgspec.structs.asdict(machine_late_ms),
    }


def show(figures: dict[str, Any]) -> None:
    """Print every figure beside its goal."""
    table = Table("figure", "value", "goal", title=f"{figures['model']} on {figures['machine']}")
    flat = {
        f"{name} {part}" if part else name: value
        for name, group in figures.items()
        for part, value in (group.items() if isinstance(group, dict) else [("", group)])
    }
    for name, value in flat.items():
        if name in ("model", "machine"):
            continue
        shown = "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
        goal = ""
        if name in GOALS:
            bound, sense = GOALS[name]
            met = value is not None and (value <= bound if sense == "at most" else value >= bound)
            # where the rules play, no humanizer was measured
            told = "not measured" if name.startswith("touch") and value is None else "met" if met else "missed"
            goal = f"{sense} {bound:g}: {told}"
        table.add_row(name, shown, goal)
    Console().print(table)


def write_json(figures: dict[str, Any], path: Path) -> None:
    """Write the figures, whole or not at all. Raises ConfigError where they cannot be written."""
    try:
        with written_whole(path) as draft:
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep that many cores busy meanwhile."""
    # Ctrl-C ends them as well, without a word
    running = [subprocess.Popen([sys.executable, "-c", BUSY], stderr=subprocess.DEVNULL) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
