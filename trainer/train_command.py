"""`trainer train`: the command line of a training run. Knows options and progress bars; knows no music."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.progress import NATS

if TYPE_CHECKING:
    from trainer.training import Report


@click.command()
@click.option("--what", type=click.Choice(["base", "lora"]), required=True, help="The base from all music, or the adapter from jazz.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True, metavar="DIR", help="Prepared music.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("checkpoints/jazz_lora_stage_a"), show_default=True, metavar="DIR",
    help="Where weights, log and curve go.",
)  # fmt: skip
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings to lay over config/stage_a.yaml.")
@click.option("--base", metavar="NAME", help="Lay the adapter over the base of this model instead of the one in --out.")
@click.option(
    "--teacher", "teachers", multiple=True, metavar="NAME",
    help="A model whose base teaches this one, beside the music; may be given several times. Several small nets know more than one.",
)  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--overwrite", is_flag=True, help="Begin anew; without it a run that was killed goes on.")
def train(
    what: Literal["base", "lora"], data: Path, out: Path, config: Path | None, base: str | None, teachers: tuple[str, ...],
    device: str, seed: int, overwrite: bool,
) -> None:  # fmt: skip
    """Train a base, or an adapter over it. For several GPUs: torchrun --nproc_per_node N -m trainer train ..."""
    from trainer.config import load_stage_a
    from trainer.train import Order
    from trainer.train import train as run

    with training_shown(what) as tell:
        best = run(Order(what, data, out, load_stage_a(config), device, seed, base, overwrite, teachers), tell)
    if int(os.environ.get("RANK", "0")) == 0:
        print(f"{what}: {best:.4f} nats for each held-out note; weights and curve are in {out}")


@contextmanager
def training_shown(title: str, held_out_unit: str = NATS) -> Iterator[Callable[[Report], None]]:
    """A progress bar for a training run, or a plain line for each measurement where nobody watches a terminal."""
    shown = "?"
    if not sys.stdout.isatty():

        def print_line(report: Report) -> None:
            if report.val_per_note is not None:
                print(
                    f"{title}: step {report.step} of {report.steps}, training {report.train_per_note:.4f} {NATS}, "
                    f"held out {report.val_per_note:.4f} {held_out_unit}, {report.steps_per_sec:.2f} steps a second",
                    flush=True,
                )

        yield print_line
        return
    said = TextColumn("{task.fields[said]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), said)
    with Progress(*columns, console=Console()) as progress:
        task = progress.add_task(title, total=None, said="")

        def advance(report: Report) -> None:
            nonlocal shown
            shown = shown if report.val_per_note is None else f"{report.val_per_note:.3f}"
            text = f"training {report.train_per_note:.3f} {NATS}, held out {shown} {held_out_unit}"
            progress.update(task, completed=report.step, total=report.steps, said=text)

        yield advance
