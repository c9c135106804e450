"""Plays a jam's log again and proves that the same notes come out. Knows the log and the conductor; needs no FL, bridge or clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from companion.cast import build_conductor
from companion.model_store import fingerprint, open_soloist
from companion.options import ChartText, ReplayOptions
from companion.recorder import Header, Recorder, brief, read_log
from companion.soloist import Musician, Product, Task
from companion.touch_store import choose_touch, touch_fingerprint, touched_by, with_touch
from shared.errors import ConfigError, DataError
from shared.messages import AnyMessage
from shared.score import Note
from shared.settings import Settings


class ReplayWorker:
    """Runs the soloist one product at a time, when the log says that one was taken."""

    def __init__(self, soloist: Musician) -> None:
        self._soloist = soloist
        self._generation: int | None = None
        self._products: Iterator[Product] = iter(())

    def submit(self, task: Task) -> None:
        """Begin `task`."""
        self._generation = task.generation
        self._products = iter(self._soloist.play(task))

    def cancel(self) -> None:
        """Give up what runs."""
        self._generation = None
        self._products = iter(())

    def next_of(self, generation: int) -> Product | None:
        """The next product of a generation, None where it has ended or is not the one that runs."""
        return next(self._products, None) if generation == self._generation else None


def run(options: ReplayOptions) -> None:
    """Replay `options.log` and write the jam to `options.out`. Raises DataError where other notes come out."""
    header, entries = read_log(options.log)
    installed = fingerprint(header.model, options.device)
    if installed != header.fingerprint:
        played = f"{header.model} {header.fingerprint}"
        raise ConfigError(f"{options.log}: played by {played}, but {installed} would play now; install that version or choose its --device")
    settings: Settings = _converted(header.settings, Settings, options.log)
    touch = choose_touch(touched_by(settings, header.touch))
    touching = touch_fingerprint(touch, settings)
    if touching != header.touch_fingerprint:
        played = f"{header.touch} {header.touch_fingerprint}"
        raise ConfigError(f"{options.log}: touched by {played}, but {touching} would touch it now; install that version")
    soloist = with_touch(open_soloist(header.model, options.device), touch, settings, header.seed)
    recorder, notes = replay(header, entries, soloist, options)
    jam = recorder.close()
    click.echo(f"{notes} notes written again, each the same as in the log; {len(jam.solo)} of them sounded")
    click.echo(f"wrote {recorder.midi_path}")


def replay(header: Header, entries: Iterator[list[Any]], soloist: Musician, options: ReplayOptions) -> tuple[Recorder, int]:
    """Feed a log's entries to a fresh conductor; the recorder that listened, and how many notes were compared."""
    settings: Settings = _converted(header.settings, Settings, options.log)
    chart = None if header.chart is None else ChartText(header.chart, str(options.log))
    worker = ReplayWorker(soloist)
    recorder = Recorder(options.out, options.log.stem, header, log=False)
    conductor = build_conductor(settings, header.seed, chart, worker, recorder)
    notes, sec = 0, 0.0
    for entry in entries:
        match entry:
            case ["m", float(sec), message]:
                conductor.receive(_converted(message, AnyMessage, options.log), sec)
            case ["p", float(sec), int(generation), list(logged)]:
                product = worker.next_of(generation)
                if product is None or brief(product) != logged:
                    found = "nothing" if product is None else str(brief(product))
                    wrote = f"generation {generation} wrote {logged} then and {found} now"
                    raise DataError(f"{options.log}: {wrote}; the log or the model was changed")
                notes += isinstance(product, Note)
                conductor.produced(generation, product, sec)
            case ["d", float(sec), int(generation)]:
                conductor.finished(generation, sec)
            case ["t", float(sec)]:
                conductor.poll(sec)
            case _:
                raise DataError(f"{options.log}: an entry {str(entry)[:60]} that this version does not know")
        for said in conductor.outbox:
            recorder.sent(said)
        conductor.outbox.clear()
    conductor.stop(sec)
    return recorder, notes


def _converted(value: object, kind: Any, log: Path) -> Any:
    """`value` of a log as a `kind`. Raises DataError where it is none."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise DataError(f"{log}: damaged, or of another JamBot version: {error}") from None
