"""Solos over charts, written to a folder: MIDI files and the list of what they are. Knows models, charts and files; knows no command line.

    01_Title.mid ..   each solo with its chords
    solos.json        model, seed, settings and charts; written last: a folder without it is not finished
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from shared.chords import Chord
from shared.errors import DataError
from shared.files import written_whole
from shared.music import Meter
from shared.nets.decoder import Decoder
from shared.provenance import provenance
from shared.score import Event, Note
from trainer.chart_tasks import ChartTask, Order, chart_tasks, unseen, whole
from trainer.chord_songs import read_songs
from trainer.midi_out import Sheet, write_sheet
from trainer.piece import file_name
from trainer.primers import Lead, human_lead
from trainer.reading import Dropped
from trainer.shards import open_shards
from trainer.solos import Progress, Sampling, sample_solos
from trainer.song import Song

LIST = "solos.json"
# With a dot before it: what a run left of one that was killed while it wrote.
_SOLO = re.compile(r"\.?\d{2,}_.*\.mid")


def find_songs(charts: Path, unseen_by: Path | None = None) -> tuple[list[Song], list[Dropped]]:
    """The playable songs of `charts`, and those left out. `unseen_by`: none whose tune is in the training part of that prepared folder.

    Raises DataError where none is left, and as `read_songs` and `open_shards` do.
    """
    songs, dropped = whole(read_songs(charts))
    if unseen_by is not None:
        songs, seen = unseen(songs, open_shards(unseen_by).titles("train"))
        dropped += seen
    if not songs:
        raise DataError(f"{charts}: none of its {len(dropped)} charts can be used ({dropped[0].reason}); name other charts")
    return songs, dropped


def plan(songs: Sequence[Song], order: Order, primers: Path | None = None) -> list[ChartTask]:
    """The tasks of `order`. `primers`: a prepared folder whose held-out lines begin the solos over songs that have none of their own.

    Raises DataError where that folder holds no such line.
    """
    if primers is None:
        return chart_tasks(songs, order)
    shards = open_shards(primers)
    if not shards.part("val", [order.role]):
        raise DataError(f"{primers}: no held-out pieces for {order.role}; prepare it with that role, or leave out --primers")

    def lead_of(meter: Meter, first: Chord | None, choice: random.Random) -> Lead | None:
        return human_lead(shards, meter, order.role, first, choice)

    return chart_tasks(songs, order, lead_of)


def generate(
    decoder: Decoder, tasks: Sequence[ChartTask], order: Order, sampling: Sampling, device: torch.device, progress: Progress | None = None
) -> list[list[Event]]:
    """A solo for each of `tasks`."""
    return sample_solos(decoder, [chart.task for chart in tasks], sampling, seed=order.seed, device=device, progress=progress)


def make_room(folder: Path, overwrite: bool) -> None:
    """Make sure that solos can be written to `folder`; nothing in it is touched yet.

    Raises DataError where solos are there and `overwrite` is not set, where other MIDI files are, or the system refuses.
    """
    there = [path.name for path in sorted(folder.glob("*.mid")) if not path.name.startswith(".")]
    others = [name for name in there if not _SOLO.fullmatch(name)]
    if others:
        raise DataError(f"{folder}: holds MIDI files that are no solos of ours, {others[0]} first; choose another folder with --out")
    if there and not overwrite:
        raise DataError(f"{folder}: holds {len(there)} solos already; choose another folder with --out, or add --overwrite")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made ({error.strerror}); choose another folder with --out") from None


def write_solos(
    folder: Path, tasks: Sequence[ChartTask], solos: Sequence[Sequence[Event]], model: str, order: Order, sampling: Sampling
) -> list[Path]:
    """Write the solos and their list to `folder`, instead of those of an earlier run. Raises DataError where the system refuses."""
    (folder / LIST).unlink(missing_ok=True)
    for old in folder.glob("*.mid"):
        if _SOLO.fullmatch(old.name):
            old.unlink()
    paths, rows = [], []
    for number, (chart, solo) in enumerate(zip(tasks, solos, strict=True), 1):
        task, title = chart.task, chart.song.title or chart.song.name
        path = folder / f"{number:0{max(2, len(str(len(tasks))))}}_{file_name(title)}.mid"
        wish = task.conditioning
        notes = tuple(event for event in solo if isinstance(event, Note))
        sheet = Sheet(title, wish.role, wish.tempo_bpm, task.foresight.grid.meter, task.foresight.changes, notes, task.end_tick)
        write_sheet(path, sheet)
        paths.append(path)
        rows.append({
            "file": path.name, "title": title, "chart": chart.song.name, **asdict(wish),
            "meter": f"{sheet.meter.numerator}/{sheet.meter.denominator}", "notes": len(notes), "primer_steps": len(task.primer),
        })  # fmt: skip
    settings = {"model": model, **provenance(), **asdict(order), **asdict(sampling), "files": rows}
    try:
        with written_whole(folder / LIST) as draft:
            draft.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{folder / LIST}: cannot be written ({error.strerror}); make room or choose another folder") from None
    return paths
