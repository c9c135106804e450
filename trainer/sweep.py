"""Which way of sampling plays most like humans: a grid of settings, some solos for each, the best one tried again. Knows no command line.

    grid ─► cells ─► solos ─► distance to the human ranges ─► the least ─► new solos with other seeds ─► summary
                       └─ cells/<key>.json, so that a killed sweep goes on

The distance is that of `trainer.evaluation.distance`: two-sided, because playing too much is no better than playing too little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import msgspec
import torch

from shared.errors import ConfigError, DataError
from shared.files import written_whole
from shared.model_folder import ADAPTER_FILE_NAME, BASE_FILE_NAME, FILE_NAME, find_folder, load_model
from shared.nets.decoder import Decoder
from trainer.chart_tasks import ChartTask, Order
from trainer.chord_songs import SUFFIXES
from trainer.config import PrepareSettings
from trainer.devices import find_device
from trainer.evaluation import Evaluation, distance, evaluate
from trainer.generate import find_songs, generate, make_room, plan, write_solos
from trainer.human import shipped_human
from trainer.ledger import file_digest, key_of, tree_digest
from trainer.line import line_of_score
from trainer.prepare import PrepareOrder, Tell, prepare
from trainer.prepared_songs import held_out_songs, with_usual_wish
from trainer.shards import MANIFEST, open_shards
from trainer.solos import Sampling
from trainer.song import Song

CELLS, BEST = "cells", "best"
CONFIRMING_SEEDS = 2
ROLE: Literal["lead"] = "lead"


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way of sampling. `split_pitch` None: not varied."""

    primer_max_steps: int
    temperature: float
    top_p: float
    adapter_strength: float
    split_pitch: int | None = None


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a cell: its `distance`, gates inside the human range, those `outside`, and every measure's set average."""

    cell: Cell
    distance: float
    gates_inside: int
    outside: list[str]
    values: dict[str, float | None]


class Sweep(msgspec.Struct, frozen=True):
    """The whole outcome: all `tried`, the best first; the best one's new solos, all together and by seed; `notes` for people."""

    model: str
    solos: int
    bars: int
    seed: int
    tried: list[Tried]
    confirmed: Tried
    confirmed_by_seed: dict[str, Tried]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class SweepOrder:
    """What is varied (each tuple holds the values of a setting) and on what: `charts`, or the chords of what is held out.

    `primers` is a prepared folder whose held-out lines begin the solos. `folders` of MIDI files are prepared once for each of
    `split_pitches` instead, which changes those lines and chords.
    """

    model: str
    out: Path
    charts: Path | None
    primers: Path | None
    folders: tuple[Path, ...]
    primer_lengths: tuple[int, ...]
    temperatures: tuple[float, ...]
    top_ps: tuple[float, ...]
    strengths: tuple[float, ...]
    split_pitches: tuple[int, ...]
    solos: int
    bars: int
    confirm: int
    seed: int
    device: str
    workers: int


@dataclass(frozen=True, slots=True)
class _Ground:
    """What solos are played over and begin with: made from MIDI files divided at `split_pitch`, or given (None)."""

    split_pitch: int | None
    primers: Path | None
    songs: tuple[Song, ...]
    key: str


Shown = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def sweep(order: SweepOrder, shown: Shown, preparing: Callable[[], AbstractContextManager[Tell]]) -> Sweep:
    """Try every cell that was not tried before, confirm the best; writes all but the summary. `shown` and `preparing` are progress bars.

    Raises ConfigError, DataError and CheckpointError.
    """
    device, folder = find_device(order.device), find_folder(order.model)
    notes: list[str] = []
    grounds = _grounds(order, notes, preparing)
    cells = _cells(order, folder, grounds, notes)
    player = _Player(order, folder, device)
    ground_of = {ground.split_pitch: ground for ground in grounds}
    tried: list[Tried] = []
    with shown("cells", len(cells)) as advance:
        for cell in cells:
            tried.append(_once(order, player, cell, ground_of[cell.split_pitch]))
            advance(1)
    tried.sort(key=lambda one: one.distance)
    confirmed, by_seed = _confirmed(order, player, tried[0].cell, ground_of[tried[0].cell.split_pitch], shown)
    return Sweep(order.model, order.solos, order.bars, order.seed, tried, confirmed, by_seed, notes)


class _Player:
    """Plays cells; keeps the net of the last adapter strength."""

    def __init__(self, order: SweepOrder, folder: Path, device: torch.device) -> None:
        self._order, self._folder, self._device = order, folder, device
        self._net: tuple[float, Decoder] | None = None
        self.key = key_of([file_digest(folder / name) for name in (FILE_NAME, BASE_FILE_NAME, ADAPTER_FILE_NAME)])

    def play(self, cell: Cell, ground: _Ground, solos: int, seed: int, keep: Path | None = None) -> Evaluation:
        if self._net is None or self._net[0] != cell.adapter_strength:
            self._net = cell.adapter_strength, load_model(self._folder, cell.adapter_strength)
        asked = Order(solos, self._order.bars, ROLE, primer_max_steps=cell.primer_max_steps, seed=seed)
        if ground.primers is not None:
            asked = with_usual_wish(asked, open_shards(ground.primers))
        tasks: Sequence[ChartTask] = plan(ground.songs, asked, ground.primers if cell.primer_max_steps else None)
        sampling = Sampling(cell.temperature, cell.top_p)
        played = generate(self._net[1], tasks, asked, sampling, self._device)
        if keep is not None:
            make_room(keep, overwrite=True)
            write_solos(keep, tasks, played, self._order.model, asked, sampling)
        lines = [line_of_score(task.song.name, events) for task, events in zip(tasks, played, strict=True)]
        return evaluate(lines, shipped_human())


def _once(order: SweepOrder, player: _Player, cell: Cell, ground: _Ground) -> Tried:
    """What comes of `cell`: from its file where it was tried before, else played."""
    key = key_of(msgspec.to_builtins(cell), order.solos, order.bars, order.seed, player.key, ground.key)
    path = order.out / CELLS / f"{key}.json"
    if path.is_file():
        try:
            return msgspec.json.decode(path.read_bytes(), type=Tried)
        except msgspec.DecodeError as error:
            raise DataError(f"{path}: cannot be read as a finished cell ({error}); remove it and run again") from None
    found = _tried(cell, player.play(cell, ground, order.solos, order.seed))
    with written_whole(path) as draft:
        draft.write_text(json.dumps(msgspec.to_builtins(found), indent=1) + "\n", encoding="utf-8")
    return found


def _confirmed(order: SweepOrder, player: _Player, cell: Cell, ground: _Ground, shown: Shown) -> tuple[Tried, dict[str, Tried]]:
    """New solos of `cell` with other seeds, all together and by seed; they are kept in `best/`."""
    shares = [order.confirm // CONFIRMING_SEEDS + (place < order.confirm % CONFIRMING_SEEDS) for place in range(CONFIRMING_SEEDS)]
    found: dict[int, Evaluation] = {}
    with shown("confirming the best", order.confirm) as advance:
        for place, solos in enumerate(share for share in shares if share):
            seed = order.seed + 1 + place
            found[seed] = player.play(cell, ground, solos, seed, order.out / BEST / f"seed-{seed}")
            advance(solos)
    together = evaluate([line for one in found.values() for line in one.lines], shipped_human())
    return _tried(cell, together), {str(seed): _tried(cell, one) for seed, one in found.items()}


def _tried(cell: Cell, found: Evaluation) -> Tried:
    values = {row.measure.name: None if row.value is None else round(row.value, 5) for row in found.rows}
    outside = [row.measure.name for row in found.rows if row.measure.gate and row.inside is not True]
    return Tried(cell, round(distance(found), 5), found.gates_inside, outside, values)


def _grounds(order: SweepOrder, notes: list[str], preparing: Callable[[], AbstractContextManager[Tell]]) -> list[_Ground]:
    if not order.folders:
        notes.append("Split pitch: not varied; it matters only where MIDI files are prepared for the sweep (--input_dir).")
        return [_ground(order, None, order.primers)]
    if order.primers is not None:
        raise ConfigError("--primers and --input_dir: name one of them, a prepared folder or music to prepare")
    grounds: dict[str, _Ground] = {}
    for pitch in order.split_pitches:
        folder = order.out / f"prepared-{pitch}"
        settings = PrepareSettings(roles=(ROLE,), split_pitch=pitch, transpose_all_keys=True)
        with preparing() as tell:
            prepare(PrepareOrder(order.folders, folder, settings, order.workers), tell)
        grounds.setdefault(tree_digest(folder / "tokens", [".npy"]), _ground(order, pitch, folder))
    if len(grounds) < len(order.split_pitches):
        kept = ", ".join(str(ground.split_pitch) for ground in grounds.values())
        notes.append(f"Split pitch: some values give the very same music, because its parts lie in tracks of their own; tried: {kept}.")
    return list(grounds.values())


def _ground(order: SweepOrder, split_pitch: int | None, primers: Path | None) -> _Ground:
    if order.charts is not None:
        songs, _ = find_songs(order.charts, primers)
    elif primers is not None:
        songs = held_out_songs(open_shards(primers), ROLE)
    else:
        raise ConfigError("nothing to play over: name charts with --charts, or a prepared folder with --primers")
    charts = "" if order.charts is None else tree_digest(order.charts, SUFFIXES)
    return _Ground(split_pitch, primers, tuple(songs), key_of(charts, "" if primers is None else file_digest(primers / MANIFEST)))


def _cells(order: SweepOrder, folder: Path, grounds: Sequence[_Ground], notes: list[str]) -> list[Cell]:
    """The grid, without settings that cannot matter here; `notes` tell which."""
    lengths, strengths = order.primer_lengths, order.strengths
    if not any(ground.primers is not None or any(song.line for song in ground.songs) for ground in grounds) and lengths != (0,):
        lengths = (0,)
        notes.append("Primer length: not varied; there is no line to begin with (--primers names a prepared folder).")
    if not ((folder / BASE_FILE_NAME).is_file() and (folder / ADAPTER_FILE_NAME).is_file()) and strengths != (1.0,):
        strengths = (1.0,)
        notes.append("Adapter strength: not varied; the model has no adapter beside its base.")
    pitches = [ground.split_pitch for ground in grounds]
    # The adapter's strength varies slowest: a net is put together once for each.
    grid: Iterator[tuple[float, int | None, int, float, float]] = product(strengths, pitches, lengths, order.temperatures, order.top_ps)
    return [Cell(length, heat, top_p, strength, pitch) for strength, pitch, length, heat, top_p in grid]
