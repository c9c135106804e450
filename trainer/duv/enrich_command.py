"""`trainer duv enrich`: the command line of making manifests. Knows options and tables; knows no music."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from shared.written import INSTRUMENTS
from trainer.prepare_command import preparing_shown

if TYPE_CHECKING:
    from trainer.duv.enrich import Kept, Summary

REASONS_SHOWN = 12


@click.command()
@click.option(
    "--input_dir", "folders", type=click.Path(path_type=Path), multiple=True, required=True, metavar="DIR",
    help="A folder of music: Groove MIDI, POP909, Weimar tables, JJSwing, Violin Etudes, or any MIDI files; may be given several times.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("manifests"), show_default=True, metavar="DIR", help="The folder of manifests."
)
@click.option("--instrument", "instruments", type=click.Choice(INSTRUMENTS), multiple=True, help="Only these; may be given several times.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="processors", help="Processes that read.")
@click.option("--overwrite", is_flag=True, help="Replace manifests that were made there from other music or for other instruments.")
def enrich(folders: tuple[Path, ...], out: Path, instruments: tuple[str, ...], workers: int, overwrite: bool) -> None:
    """Read folders of played music and write what the humanizer learns from: a line of JSON for each track, a file an instrument."""
    from trainer.duv.enrich import SUMMARY, EnrichOrder
    from trainer.duv.enrich import enrich as run

    order = EnrichOrder(folders, out, tuple(dict.fromkeys(instruments)) or INSTRUMENTS, workers, overwrite)
    with preparing_shown() as tell:
        done = run(order, tell)
    _show(done.summary, Console())
    if done.summary.dropped:
        print(f"Each with its name: {out / SUMMARY}")
    print(f"{out}: {'was there already, from the same music; --overwrite makes it anew' if done.again else 'written'}")


def _show(summary: Summary, console: Console) -> None:
    table = Table(title="Manifests")
    for name in ("instrument", "part", "tracks", "notes", "velocity", "onset ms", "log ratio"):
        table.add_column(name, justify="left" if name in ("instrument", "part") else "right", no_wrap=True)
    for instrument, parts in sorted(summary.kept.items()):
        for part, kept in sorted(parts.items()):
            spreads = (_spread(kept, name, digits) for name, digits in (("velocity", 1), ("onset_ms", 1), ("log_ratio", 2)))
            table.add_row(instrument, part, f"{kept.tracks:,}", f"{kept.notes:,}", *spreads)
    console.print(table)
    print("Quantities: mean ± standard deviation over the notes that have them.")
    if summary.reasons:
        left = Table(title="Left out")
        left.add_column("why")
        left.add_column("tracks", justify="right")
        for reason, count in list(summary.reasons.items())[:REASONS_SHOWN]:
            left.add_row(reason, f"{count:,}")
        console.print(left)


def _spread(kept: Kept, name: str, digits: int) -> str:
    if not kept.known[name]:
        return "–"
    return f"{kept.mean[name]:.{digits}f}±{kept.std[name]:.{digits}f}"
