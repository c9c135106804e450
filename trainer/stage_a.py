"""Stage A from end to end: music in, a model, its solos and a report out. Knows the steps and what each hangs on; shows nothing itself.

    music ─► prepare ─► base ─► adapter ─► n-gram ─► likelihood ─► solos ─► evaluation
             data/      checkpoints/<name>/          <name>/nll.json  samples/stage_a/*.mid, metrics.json, report/

A step is left out where the ledger says that it was finished with the very same things going in, and what came out still lies
there unchanged; a step that was cut off goes on, or begins anew. So the same order, given again after a kill, goes on where it was;
and one that overwrites removes what was trained before anything else, so that after a kill it goes on when given without that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec

from shared.checkpoint import ADAPTER_FILE_NAME, FILE_NAME, read_header, shape_of
from shared.errors import ConfigError, DataError
from shared.files import written_whole
from shared.model_folder import BASE_FILE_NAME, find_folder, load_model
from shared.swing import swing_wish
from trainer import generate as solos
from trainer import ngram, nll, stage_a_report
from trainer.chart_tasks import Order as SoloOrder
from trainer.chord_songs import SUFFIXES
from trainer.config import ModelSettings, StageASettings
from trainer.devices import find_device, processes
from trainer.evaluation import Evaluation, evaluate, figures
from trainer.export import write_card
from trainer.human import shipped_human
from trainer.ledger import Ledger, file_digest, key_of, tree_digest
from trainer.midi_lines import read_midi_lines
from trainer.model_card import Figures
from trainer.music_found import find_music
from trainer.nll_data import count_ngram, read_held_out
from trainer.prepare import PrepareOrder, Tell, prepare
from trainer.prepared_songs import held_out_songs, with_usual_wish
from trainer.reading import printable
from trainer.room import resumable
from trainer.shards import MANIFEST, Shards, jazz_of
from trainer.solos import Sampling
from trainer.song import Song
from trainer.source import SOURCES
from trainer.train import Order as TrainOrder
from trainer.train import What, check_base, forget, goes_on, lay_base, named_base, train
from trainer.training import Report
from trainer.verbatim import against_training

LEDGER, LIKELIHOOD, METRICS, REPORT = "stage-a.json", "nll.json", "metrics.json", "report"
LEAD = "lead"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class StageAOrder:
    """What is wanted: a model `name` from the music in `folders`, its solos over `charts` (None: over the held-out pieces' chords).

    `base` names a model whose base is used instead of training one. `data`, `checkpoints` and `samples` are the folders that
    are written to; `overwrite` begins anew what was done before.
    """

    folders: tuple[Path, ...]
    settings: StageASettings
    name: str
    base: str | None = None
    charts: Path | None = None
    data: Path = Path("data")
    checkpoints: Path = Path("checkpoints")
    samples: Path = Path("samples/stage_a")
    device: str = "auto"
    seed: int = 1
    workers: int = 1
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """The model's folder."""
        return self.checkpoints / self.name

    @property
    def role(self) -> str:
        """The role that is learned, played and measured."""
        return self.settings.prepare.roles[0]


class Screen(Protocol):
    """Where people see how far it is."""

    def step(self, number: int, steps: int, title: str) -> None:
        """A step begins."""

    def said(self, text: str) -> None:
        """Something that people should know."""

    def prepared(self, shards: Shards) -> None:
        """What is in the prepared folder."""

    def preparing(self) -> AbstractContextManager[Tell]:
        """Shows the reading and writing of music."""

    def training(self, what: What) -> AbstractContextManager[Callable[[Report], None]]:
        """Shows a training run."""

    def working(self, title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Shows work of `total` parts."""


def stage_a(order: StageAOrder, screen: Screen) -> Evaluation:
    """Do all that `order` asks and is not done yet; the evaluation of the solos.

    Raises ConfigError, DataError and CheckpointError, one line with the mend.
    """
    order = _checked(order)
    with resumable():
        work = _Work(order, screen)
        work.prepare()
        if order.base is None:
            work.train("base")
        work.train("lora")
        work.count()
        work.likelihood()
        work.play()
        return work.evaluate()


class _Work:
    """The steps in their order, each hanging on those before."""

    shards: Shards

    def __init__(self, order: StageAOrder, screen: Screen) -> None:
        self.order, self.screen = order, screen
        self.steps, self.number = 6 if order.base is not None else 7, 0
        if order.overwrite:
            _begin_anew(order)
        self.ledger = Ledger(order.folder / LEDGER)
        self.device = find_device(order.device)

    def prepare(self) -> None:
        order = self.order
        self._begin("prepare")
        with self.screen.preparing() as tell:
            try:
                done = prepare(PrepareOrder(order.folders, order.data, order.settings.prepare, order.workers, order.overwrite), tell)
            except (ConfigError, DataError) as error:
                raise type(error)(str(error).replace("--out", "--data")) from None
        self.shards = done.shards
        self.music = file_digest(order.data / MANIFEST)
        if done.again:
            self.screen.said(f"{order.data} was prepared before")
        self.screen.prepared(done.shards)

    def train(self, what: What) -> None:
        order, title = self.order, {"base": "train the base", "lora": "train the adapter"}[what]
        run = order.settings.base if what == "base" else order.settings.lora
        weights = [order.folder / name for name in ([BASE_FILE_NAME] if what == "base" else [ADAPTER_FILE_NAME, FILE_NAME])]
        below = "" if what == "base" else file_digest((find_folder(order.base) if order.base else order.folder) / BASE_FILE_NAME)
        key = key_of(msgspec.to_builtins([run, order.settings.model, order.settings.prepare]), order.seed, self.music, below)
        if self._done(what, key, title):
            return
        wanted = TrainOrder(what, order.data, order.folder, order.settings, order.device, order.seed, order.base)
        if what == "lora":
            # Soon trained again; a base is not thrown away for another setting.
            wanted = replace(wanted, overwrite=not goes_on(wanted))
        with self.screen.training(what) as tell:
            best = train(wanted, tell)
        if what == "lora" and order.base is not None:
            weights.append(order.folder / BASE_FILE_NAME)
        self.ledger.write(what, key, [*weights, order.folder / f"{what}-log.jsonl"])
        self.screen.said(f"{best:.3f} nats for each held-out note")

    def count(self) -> None:
        order, path = self.order, self.order.folder / ngram.FILE_NAME
        if order.role != LEAD:
            (order.folder / LIKELIHOOD).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        elif not self._done("ngram", key := key_of(self.music), "count the n-gram to compare with"):
            compared = [entry for part in ("train", self._measured()) for entry in jazz_of(self.shards.part(part, [LEAD]))]
            jazz = all(SOURCES[entry.source].jazz for entry in compared)
            ngram.save(path, *count_ngram(order.data, jazz_only=jazz))
            self.ledger.write("ngram", key, [path])

    def likelihood(self) -> None:
        order, path = self.order, self.order.folder / LIKELIHOOD
        if order.role != LEAD:
            return
        key = key_of(self.music, self._model(), file_digest(order.folder / ngram.FILE_NAME))
        if self._done("nll", key, "measure likelihood"):
            return

        def watch(what: str, pieces: Sequence[Any]) -> Iterator[Any]:
            with self.screen.working(what, len(pieces)) as advance:
                for piece in pieces:
                    yield piece
                    advance(1)

        held_out, counted = read_held_out(order.data, self._measured()), ngram.load(order.folder / ngram.FILE_NAME)
        measured = nll.measure(order.folder, held_out, counted, self.device, watch)
        with written_whole(path) as draft:
            draft.write_text(json.dumps({"model": order.name, **measured.figures}, indent=1) + "\n", encoding="utf-8")
        self.ledger.write("nll", key, [path])

    def play(self) -> None:
        order, wanted = self.order, self.order.settings.generate
        charts = None if order.charts is None else [printable(order.charts.as_posix()), tree_digest(order.charts, SUFFIXES)]
        key = key_of(msgspec.to_builtins(wanted), order.role, order.seed, self.music, self._model(), charts)
        if self._done("generate", key, f"play {wanted.solos} solos of {wanted.bars} bars"):
            return
        _make_room(order.samples)
        first = SoloOrder(wanted.solos, wanted.bars, order.role, primer_max_steps=wanted.primer_max_steps, seed=order.seed)
        asked = with_usual_wish(first, self.shards)
        sampling = Sampling(wanted.temperature, wanted.top_p, swing=swing_wish(wanted.swing))
        tasks = solos.plan(self._songs(), asked, order.data if wanted.primer_max_steps else None)
        with self.screen.working("solos", sum(chart.task.end_tick for chart in tasks)) as advance:
            played = solos.generate(load_model(order.folder), tasks, asked, sampling, self.device, advance)
        paths = solos.write_solos(order.samples, tasks, played, order.name, asked, sampling)
        self.ledger.write("generate", key, [*paths, order.samples / solos.LIST])

    def evaluate(self) -> Evaluation:
        order = self.order
        reading = read_midi_lines(order.samples)
        memorized = against_training(reading.lines, order.data, order.role)
        found = evaluate(reading.lines, shipped_human(), memorized)
        likelihood = order.folder / LIKELIHOOD
        key = key_of(self.music, self._model(), file_digest(likelihood), tree_digest(order.samples, [".mid"]))
        if self._done("evaluate", key, "evaluate and report"):
            return found
        measured = json.loads(likelihood.read_text(encoding="utf-8")) if likelihood.is_file() else None
        with written_whole(order.samples / METRICS) as draft:
            draft.write_text(json.dumps(stage_a_report.metrics(figures(found), measured), indent=1) + "\n", encoding="utf-8")
        page, told = order.samples / REPORT, stage_a_report.told(self.shards, measured, order.base)
        diaries = {what: order.folder / f"{what}-log.jsonl" for what in ("base", "lora")}
        stage_a_report.write(found, page, order.name, reading.dropped, told, diaries)
        card = write_card(order.folder, Figures({}, (measured,) if measured else (), (figures(found),)))
        self.ledger.write("evaluate", key, [order.samples / METRICS, page / stage_a_report.PAGE, card])
        return found

    def _songs(self) -> list[Song]:
        if self.order.charts is None:
            return held_out_songs(self.shards, self.order.role)
        songs, dropped = solos.find_songs(self.order.charts, self.order.data)
        if dropped:
            self.screen.said(f"{len(dropped)} of {len(songs) + len(dropped)} charts left out: unreadable, or their tune is in training")
        return songs

    def _measured(self) -> str:
        """The part that likelihood is measured on."""
        # Where three tunes are too many to ask for there is no test part; what training chose by is then all there is.
        return "test" if self.shards.part("test", [LEAD]) else "val"

    def _model(self) -> str:
        return file_digest(self.order.folder / FILE_NAME)

    def _begin(self, title: str) -> None:
        self.number += 1
        self.screen.step(self.number, self.steps, title)

    def _done(self, step: str, key: str, title: str) -> bool:
        """Announce a step; whether there is nothing to do."""
        self._begin(title)
        done = self.ledger.has(step, key)
        if done:
            self.screen.said("was done before")
        return done


def _begin_anew(order: StageAOrder) -> None:
    """Remove what an earlier run trained, all of it at once; the base that `order` names is laid there instead."""
    forget(order.folder, "lora")
    if order.base is None:
        forget(order.folder, "base")
    else:
        lay_base(named_base(order.base), order.folder)
    (order.folder / LEDGER).unlink(missing_ok=True)


def _make_room(samples: Path) -> None:
    try:
        solos.make_room(samples, overwrite=True)
    except DataError as error:
        raise DataError(str(error).replace("--out", "--samples")) from None


def _checked(order: StageAOrder) -> StageAOrder:
    """`order`, found good before music is read or anything is written; with the shape of the base that it names."""
    if NAME.fullmatch(order.name) is None:
        raise ConfigError(f"--name {order.name}: expected letters, digits, '.', '_' and '-', such as my_lora")
    if processes() > 1:
        raise ConfigError(
            "stage-a is one process: start it without torchrun, or train its base with several processes first "
            f"(trainer prepare --out {order.data}, then torchrun ... -m trainer train --what base --data {order.data} --out {order.folder})"
        )
    find_device(order.device)
    find_music(order.folders, order.data)
    if order.charts is not None:
        solos.find_songs(order.charts)
    if order.base is not None:
        path = named_base(order.base)
        check_base(TrainOrder("lora", order.data, order.folder, order.settings, base=order.base, overwrite=order.overwrite))
        shape = shape_of(path, read_header(path))
        model = ModelSettings(**{name: getattr(shape, name) for name in ModelSettings.__struct_fields__})
        order = replace(order, settings=msgspec.structs.replace(order.settings, model=model))
    _make_room(order.samples)
    return order
