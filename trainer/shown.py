"""How far long work has come, for people: a bar on a terminal, elsewhere a plain line now and then. Knows no work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

EVERY_SEC = 15.0


@contextmanager
def shown(
    title: str, total: int, console: Console | None = None, now_sec: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Yields what is to be called with how much was done since the last call; `total` is all."""
    console = console or Console()
    if console.is_terminal:
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
        with Progress(*columns, console=console, transient=True) as bar:
            row = bar.add_task(title, total=total)
            yield lambda count: bar.advance(row, count)
        return
    done, told_sec = 0, now_sec()

    def advance(count: int) -> None:
        nonlocal done, told_sec
        done += count
        if now_sec() - told_sec >= EVERY_SEC:
            told_sec = now_sec()
            console.print(f"{title}: {100 * done // max(1, total)} %")

    yield advance
