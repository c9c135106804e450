"""A jam with the simulated FL Studio, live or on the offline clock, written as MIDI, picture, figures and sound. Shell."""

from __future__ import annotations

import random
import time
from functools import partial
from itertools import pairwise

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from companion.bench import write_json
from companion.bridge.core import BridgeCore
from companion.cast import build_conductor, header_of
from companion.model_store import fingerprint, open_soloist, shown_name
from companion.offline import OfflineJam, OfflineWorker
from companion.options import DemoOptions
from companion.picture import draw_jam
from companion.recorder import Recorder
from companion.rehearsal import Rehearsed, count_stuck, rehearse
from companion.sim.scenario import Action, Chord, Scenario, bound
from companion.sound import render_wav
from companion.touch_store import choose_touch, with_touch
from companion.tunes import medley
from shared.charts import Chart, RepeatingChanges, parse_chart
from shared.music import TICKS_PER_BEAT, beats_to_sec
from shared.voicings import voice

STEP_SEC = 0.004
"""What an event of the solo is taken to cost on the offline clock: about a step of the usual model on a laptop."""
LEAD_IN_SEC = 0.5
TAIL_SEC = 1.0
BAR_BEATS = 4
SHORTER_BEAT = 0.1


def accompaniment(chart: Chart, bars: int, seed: int) -> tuple[Chord, ...]:
    """The chart's chords as a comping player holds them: voiced, each until shortly before the next."""
    end_tick = bars * BAR_BEATS * TICKS_PER_BEAT
    laid = RepeatingChanges(chart)
    changes = [(0, laid.chord_at(0)), *laid.between(1, end_tick), (end_tick, None)]
    chance = random.Random(seed)
    held: list[Chord] = []
    for (tick, chord), (after, _) in pairwise(changes):
        if chord is not None:
            length_beat = (after - tick) / TICKS_PER_BEAT - SHORTER_BEAT
            held.append((tick / TICKS_PER_BEAT, length_beat, voice(chord), chance.randint(64, 80)))
    return tuple(held)


def run(options: DemoOptions) -> None:
    """Play the demo and write jam.mid, jam.png, stats.json, the log and, where it can be rendered, jam.wav."""
    chart = parse_chart(medley(options.bars), "the demo's changes")
    length_sec = beats_to_sec(options.bars * BAR_BEATS, options.tempo_bpm)
    scenario = Scenario(
        seed=options.seed,
        tempo_bpm=options.tempo_bpm,
        song_mode=True,
        chords=accompaniment(chart, options.bars, options.seed),
        actions=(
            Action(at_sec=LEAD_IN_SEC, do="play"),
            Action(at_sec=LEAD_IN_SEC + length_sec, do="stop"),
            Action(at_sec=LEAD_IN_SEC + length_sec + TAIL_SEC, do="quit"),
        ),
    )
    options.out.mkdir(parents=True, exist_ok=True)
    name = shown_name(options.model)
    clock = "offline" if options.offline else f"live: {length_sec:.0f} s"
    click.echo(f"{name} plays {options.bars} bars at {options.tempo_bpm:g} BPM, {clock}")
    started_sec = time.perf_counter()
    with Progress(SpinnerColumn(), TextColumn("playing"), TimeElapsedColumn(), transient=True) as progress:
        progress.add_task("playing", total=None)
        rehearsed = play_offline(options, scenario) if options.offline else _play_live(options, scenario)
    took_sec = time.perf_counter() - started_sec
    write_json(
        {
            "model": name,
            "touch": rehearsed.touch,
            "offline": options.offline,
            "bars": options.bars,
            "tempo_bpm": options.tempo_bpm,
            "seed": options.seed,
            "took_sec": round(took_sec, 2),
            **rehearsed.figures.summary(),
            "stuck_notes": rehearsed.stuck_notes,
        },
        options.out / "stats.json",
    )
    jam = rehearsed.jam
    draw_jam(jam, options.out / "jam.png")
    sounded, what = render_wav(options.out / "jam.mid", options.out / "jam.wav")
    written = ["jam.mid", "jam.png", "stats.json", "jam.jsonl", *(["jam.wav"] if sounded else [])]
    click.echo(f"{len(jam.solo)} notes over {len(jam.names)} chords in {took_sec:.1f} s; wrote {', '.join(written)} to {options.out}")
    click.echo(f"loudness, lag and length by {rehearsed.touch}")
    if not sounded:
        click.echo(f"no jam.wav: {what}")


def play_offline(options: DemoOptions, scenario: Scenario) -> Rehearsed:
    """The same parts on the offline clock, as fast as the machine allows."""
    touch = choose_touch(options.settings)
    soloist = with_touch(open_soloist(options.model, options.device), touch, options.settings, options.seed)
    header = header_of(options.model, fingerprint(options.model, options.device), touch, options.seed, None, options.settings)
    recorder = Recorder(options.out, "jam", header)
    worker = OfflineWorker(soloist, STEP_SEC)
    conductor = build_conductor(options.settings, options.seed, None, worker, recorder)
    machine = scenario.machine(0.0)
    end_sec = 0.0
    for action in scenario.actions:
        end_sec = max(end_sec, action.at_sec)
        machine.at(action.at_sec, partial(bound(action), machine))
    jam = OfflineJam(machine, BridgeCore(), conductor, worker, recorder)
    jam.run_until(end_sec)
    conductor.stop(jam.now_sec)
    return Rehearsed(recorder.close(), touch.name, conductor.figures, machine.notes, count_stuck(machine.notes))


def _play_live(options: DemoOptions, scenario: Scenario) -> Rehearsed:
    return rehearse(options.model, options.device, options.seed, options.settings, scenario, options.out, "jam")
