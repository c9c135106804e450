"""`trainer sweep`: what may be said on its command line, and what it prints. Knows no music."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

PATH = click.Path(path_type=Path)


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers in a range, separated by commas."""

    name = "numbers"

    def __init__(self, lowest: float, highest: float, whole: bool = False) -> None:
        self._lowest, self._highest, self._whole = lowest, highest, whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """The numbers, or click's error that names the range."""
        if isinstance(value, tuple):
            return value
        found = []
        for text in str(value).split(","):
            try:
                number = int(text) if self._whole else float(text)
            except ValueError:
                self.fail(f"{text!r} is no {'whole ' if self._whole else ''}number.", param, ctx)
            if not math.isfinite(number) or not self._lowest <= number <= self._highest:
                self.fail(f"{text} is not in the range {self._lowest:g}..{self._highest:g}.", param, ctx)
            found.append(number)
        return tuple(dict.fromkeys(found))


@click.command()
@click.option("--model", required=True, metavar="NAME", help="A model's name, or its folder.")
@click.option("--charts", type=PATH, metavar="PATH", help="An iRb parquet, text chart or MIDI file, or a folder of them.")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Where the summary goes, and what was tried.")
@click.option("--primers", type=PATH, metavar="DATA", help="Begin solos after held-out lines of this prepared folder.")
@click.option(
    "--input_dir", "folders", type=PATH, multiple=True, metavar="DIR",
    help="MIDI files to prepare instead, once for each --split_pitch.",
)  # fmt: skip
@click.option("--primer-max-steps", type=Numbers(0, 4096, True), default="0,32,64,128", show_default=True, help="Primer lengths to try.")
@click.option("--temperature", type=Numbers(0.05, 5), default="0.9,1.0,1.1", show_default=True, help="Temperatures to try.")
@click.option("--top-p", type=Numbers(0.01, 1), default="0.95,0.98,1.0", show_default=True, help="Nucleus sizes to try.")
@click.option("--adapter-strength", type=Numbers(0, 4), default="1.0", show_default=True, help="Weights of the adapter to try.")
@click.option("--split_pitch", type=Numbers(0, 127, True), default="60", show_default=True, help="Split pitches to try.")
@click.option("--n", "solos", type=click.IntRange(1, 9999), default=8, show_default=True, help="Solos for each way of sampling.")
@click.option("--bars", type=click.IntRange(1, 1024), default=32, show_default=True, help="Length of a solo.")
@click.option("--confirm", type=click.IntRange(2, 9999), default=20, show_default=True, help="New solos that confirm the best.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="processors", help="Processes that read.")
def sweep(
    model: str, charts: Path | None, out: Path, primers: Path | None, folders: tuple[Path, ...], primer_max_steps: tuple[int, ...],
    temperature: tuple[float, ...], top_p: tuple[float, ...], adapter_strength: tuple[float, ...], split_pitch: tuple[int, ...],
    solos: int, bars: int, confirm: int, seed: int, device: str, workers: int,
) -> None:  # fmt: skip
    """Try ways of sampling and find the one that plays most like humans. Given again, it goes on where it was cut off."""
    from trainer.prepare_command import preparing_shown
    from trainer.room import resumable
    from trainer.shown import shown
    from trainer.sweep import SweepOrder
    from trainer.sweep import sweep as run
    from trainer.sweep_report import PAGE, verdict, write_summary

    console = Console(soft_wrap=True, markup=False, highlight=False)

    def bar(title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        return shown(title, total, console)

    order = SweepOrder(
        model, out, charts, primers, folders, primer_max_steps, temperature, top_p, adapter_strength, split_pitch,
        solos, bars, confirm, seed, device, workers,
    )  # fmt: skip
    with resumable():
        found = run(order, bar, preparing_shown)
        write_summary(found, out)
    for note in found.notes:
        console.print(note)
    console.print(verdict(found))
    console.print(f"summary: {out / PAGE}")
