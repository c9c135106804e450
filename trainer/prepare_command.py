"""`trainer prepare`: the command line of preparing music. Knows options, a progress bar and tables; knows no music."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from shared.score import ROLES

if TYPE_CHECKING:
    from trainer.shards import Shards

PLAIN_LINE_SEC = 10.0
REASONS_SHOWN = 12


@click.command()
@click.option(
    "--input_dir", "folders", type=click.Path(path_type=Path), multiple=True, required=True, metavar="DIR",
    help="A folder of music; may be given several times.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("data"), show_default=True, metavar="DIR", help="The prepared folder.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="Parts to learn; may be given several times.")
@click.option("--split_pitch", type=click.IntRange(0, 127), help="In a single track the melody lies from this MIDI pitch on.")
@click.option("--transpose_all_keys/--no-transpose_all_keys", default=None, help="Learn every piece in all keys.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings to lay over config/stage_a.yaml.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="processors", help="Processes that read.")
@click.option("--overwrite", is_flag=True, help="Replace what was prepared there from other music or with other settings.")
def prepare(
    folders: tuple[Path, ...], out: Path, roles: tuple[str, ...], split_pitch: int | None, transpose_all_keys: bool | None,
    config: Path | None, workers: int, overwrite: bool,
) -> None:  # fmt: skip
    """Read folders of music (MIDI files, the Weimar tables, POP909, ...) and prepare them for training."""
    import msgspec

    from trainer.config import load_stage_a
    from trainer.prepare import PrepareOrder
    from trainer.prepare import prepare as run

    given: dict[str, Any] = {"roles": tuple(dict.fromkeys(roles)) or None, "split_pitch": split_pitch}
    given["transpose_all_keys"] = transpose_all_keys
    settings = msgspec.structs.replace(load_stage_a(config).prepare, **{name: value for name, value in given.items() if value is not None})
    with preparing_shown() as tell:
        done = run(PrepareOrder(folders, out, settings, workers, overwrite), tell)
    show_prepared(done.shards, Console())
    print(f"{out}: {'was there already, from the same music; --overwrite prepares it anew' if done.again else 'prepared'}")


def show_prepared(shards: Shards, console: Console) -> None:
    """Print what is in the prepared folder, and what was left out and why."""
    from trainer.midi_pieces import NAME as MIDI
    from trainer.prepare import SUMMARY, reason_counts
    from trainer.shards import counts

    table = Table(title="Prepared")
    for name in ("role", "part", "pieces", "notes", "steps"):
        table.add_column(name, justify="left" if name in ("role", "part") else "right")
    for (role, part), row in sorted(counts(shards).items()):
        table.add_row(role, part, *(f"{row[name]:,}" for name in ("pieces", "notes", "steps")))
    console.print(table)
    apart = sorted({entry.name for entry in shards.entries if entry.source == MIDI and entry.tune == entry.name.lower()})
    if apart:
        print(
            f"{len(apart)} files count as tunes of their own, {apart[0]} first: their title tells nothing, or too many share it. "
            "Takes of one tune stay together if they are called so: Title take 1, Title take 2."
        )
    reasons = reason_counts(shards.manifest.dropped)
    if reasons:
        left = Table(title="Left out")
        left.add_column("why")
        left.add_column("parts", justify="right")
        for reason, count in reasons.most_common(REASONS_SHOWN):
            left.add_row(reason, f"{count:,}")
        console.print(left)
        print(f"Each with its name: {shards.folder / SUMMARY}")


@contextmanager
def preparing_shown() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar, or a plain line every ten seconds where nobody watches a terminal."""
    if not sys.stdout.isatty():
        said_at_sec = time.monotonic()

        def print_line(step: str, done: int, total: int) -> None:
            nonlocal said_at_sec
            if done == total or time.monotonic() - said_at_sec >= PLAIN_LINE_SEC:
                said_at_sec = time.monotonic()
                print(f"{step}: {done} of {total}", flush=True)

        yield print_line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield advance
