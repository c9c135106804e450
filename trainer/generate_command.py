"""`trainer generate`: what may be said on its command line, and what it prints. Knows no music."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN
from shared.score import FEELS, ROLES, STYLES
from shared.swing import SwingWish
from shared.swing_option import SwingChoice

PATH = click.Path(path_type=Path)


@click.command()
@click.option("--model", required=True, metavar="NAME", help="A model's name, or its folder.")
@click.option("--charts", type=PATH, required=True, metavar="PATH", help="An iRb parquet, text chart or MIDI file, or a folder of them.")
@click.option("--n", "solos", type=click.IntRange(1, 9999), default=10, show_default=True, help="How many solos.")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Where the MIDI files go.")
@click.option("--bars", type=click.IntRange(1, 1024), default=32, show_default=True, help="Length of a solo.")
@click.option("--role", type=click.Choice(ROLES), default="lead", show_default=True)
@click.option(
    "--tempo", type=click.FloatRange(TEMPO_BPM_MIN, TEMPO_BPM_MAX), metavar="BPM",
    help="Without it the chart's own, or else drawn as human solos have it.",
)  # fmt: skip
@click.option("--feel", type=click.Choice(FEELS), default="swing", show_default=True)
@click.option(
    "--style", "styles", type=click.Choice(STYLES), multiple=True, help="Several are taken in turn. Without it drawn as in human solos."
)
@click.option("--temperature", type=click.FloatRange(0.05, 5), default=1.0, show_default=True, help="Above 1 wilder, below 1 safer.")
@click.option(
    "--top-p", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True,
    help="Only the likeliest that make up this share are drawn.",
)  # fmt: skip
@click.option(
    "--swing", type=SwingChoice(), default="auto", show_default=True, metavar="auto|free|RATIO",
    help="Beat-upbeat ratio: as soloists have it at the tempo, as the model has it, or a ratio from 1 (straight) to 2 (triplets).",
)  # fmt: skip
@click.option("--adapter-strength", type=click.FloatRange(0, 4), default=1.0, show_default=True, help="How much the adapter counts.")
@click.option("--primers", type=PATH, metavar="DATA", help="Begin each solo after a held-out line of this prepared folder.")
@click.option("--primer-max-steps", type=click.IntRange(0), default=64, show_default=True, help="Steps of such a line that are read.")
@click.option("--unseen-by", type=PATH, metavar="DATA", help="Leave out tunes that are in the training part of this prepared folder.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same solos.")
@click.option("--batch", type=click.IntRange(1, 1024), default=16, show_default=True, help="Solos played at once.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace the solos of an earlier run.")
def generate(
    model: str, charts: Path, solos: int, out: Path, bars: int, role: str, tempo: float | None, feel: str, styles: tuple[str, ...],
    temperature: float, top_p: float, swing: SwingWish, adapter_strength: float, primers: Path | None, primer_max_steps: int,
    unseen_by: Path | None, seed: int, batch: int, device: str, overwrite: bool,
) -> None:  # fmt: skip
    """Play solos over charts, and write them as MIDI files."""
    import time

    from rich.console import Console

    from shared.model_folder import find_folder, load_model
    from shared.score import Note
    from trainer import generate as work
    from trainer.chart_tasks import Order
    from trainer.devices import find_device
    from trainer.shown import shown
    from trainer.solos import Sampling

    console = Console(soft_wrap=True, markup=False, highlight=False)
    order, sampling = Order(solos, bars, role, feel, tempo, styles, primer_max_steps, seed), Sampling(temperature, top_p, batch, swing)
    found, folder = find_device(device), find_folder(model)
    work.make_room(out, overwrite)
    songs, dropped = work.find_songs(charts, unseen_by)
    for reason, count in Counter(song.reason for song in dropped).most_common():
        console.print(f"left out {count} of {len(songs) + len(dropped)} charts: {reason}")
    tasks = work.plan(songs, order, primers)
    decoder = load_model(folder, adapter_strength)
    began_sec = time.monotonic()
    with shown(f"{solos} solos", sum(chart.task.end_tick for chart in tasks), console) as advance:
        events = work.generate(decoder, tasks, order, sampling, found, advance)
    took_sec = time.monotonic() - began_sec
    work.write_solos(out, tasks, events, model, order, sampling)
    notes = sum(isinstance(event, Note) for solo in events for event in solo)
    charts_used = len({chart.song.name for chart in tasks})
    console.print(f"{solos} solos over {charts_used} charts, {notes} notes, {notes / took_sec:.0f} notes a second: {out}")
