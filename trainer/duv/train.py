"""Trains a humanizer, and adapters to styles over it: manifests in, weights out. Knows folders; the loop is in `trainer.training`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import torch

from shared.checkpoint import Card, load_phrase, read_header, save, save_adapter
from shared.errors import CheckpointError, ConfigError, DataError
from shared.features import features_hash
from shared.model_folder import FILE_NAME, STYLE_FILE_NAME, find_folder, model_folders
from shared.nets.lora import add_lora
from shared.nets.phrase import PhraseNet
from shared.written import PLAYING_STYLES, UNKNOWN_STYLE
from trainer.config import RunSettings
from trainer.devices import World, joined
from trainer.duv.adapter_strength import Strength, weaken
from trainer.duv.config import DuvSettings
from trainer.duv.learned import Learned, material_of, read_learned, write_learned
from trainer.duv.manifest import Track, iterate_manifest
from trainer.duv.phrase_task import ERROR, PhraseTask
from trainer.duv.windows import PhraseBatch, PhraseWindows, instrument_of, learned, weights_of, whole
from trainer.progress import Diary, draw_curve, read_diary
from trainer.source import SOURCES, credited, credits_of, licence_of
from trainer.training import Report, Training

What = Literal["base", "adapter"]
EVALUATION_WINDOWS = 32
CURVE = "curve.png"
_LOG_ENDING = "-log.jsonl"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained from `manifests` into the folder `out`: `base`, or the `adapter` to a `style` over the base that lies there.

    `teachers` names humanizers that teach a base, beside the music.
    """

    what: What
    settings: DuvSettings
    manifests: tuple[Path, ...]
    out: Path
    style: str | None = None
    device: str = "auto"
    seed: int = 1
    overwrite: bool = False
    teachers: tuple[str, ...] = ()

    @property
    def run(self) -> RunSettings:
        """The settings of this run."""
        return self.settings.base if self.what == "base" else self.settings.adapter

    @property
    def title(self) -> str:
        """The run's name, in files and for people."""
        return self.what if self.style is None else f"{self.what}-{self.style}"

    @property
    def weights(self) -> Path:
        """The file that is trained."""
        return self.out / (FILE_NAME if self.style is None else STYLE_FILE_NAME.format(style=self.style))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The least held-out error; for an adapter, how strong it is and what it does to its style and to others."""

    best: float
    strength: Strength | None


@dataclass(frozen=True, slots=True)
class _Music:
    train: list[Track]
    weights: list[float]
    held_out: list[Track]
    elsewhere: list[Track]


def train(order: Order, tell: Callable[[Report], None]) -> Outcome:
    """Train to the end. A run that was killed goes on where its state says.

    Raises ConfigError, DataError and CheckpointError where something is wrong with settings, manifests or files.
    """
    _check(order)
    with joined(order.device, order.run.batch_windows // order.run.accumulate) as world:
        music = _music(order)
        torch.manual_seed(order.seed)
        net, keep = _net(order, {track.source for track in music.train})
        net.unknown_share = order.settings.augment.unknown_share
        teachers = [teacher.to(world.device) for teacher in _taught_by(order)]
        # Only now: whatever is wrong with the order has been said, and what lies there is still whole.
        _prepare_folder(order, world)
        context = net.config.context
        imagined_share = order.settings.augment.imagined_share if teachers else 0.0
        windows = PhraseWindows(music.train, music.weights, context, order.settings.augment, order.seed, imagined_share)
        state = order.out / f"{order.title}-state.safetensors"
        task = PhraseTask(net, order.settings.importance.all(), teachers)
        training = Training(task, order.run, world, order.seed, state, _fingerprint(order))
        if training.is_done and not order.weights.is_file():
            raise CheckpointError(f"{state}: says that training is done, but {order.weights.name} is gone; train with --overwrite")
        diary = Diary(order.out / f"{order.title}{_LOG_ENDING}", training.standing.step) if world.leads else None
        for report in training.go(windows, _held(music.held_out, context), diary, keep):
            if world.leads:
                if report.val_per_note is not None:
                    _draw(order.out)
                tell(report)
        world.barrier()
        if world.leads and order.what == "base":
            write_learned(order.out, _learned(order, music.train))
        strength = None
        if world.leads and order.what == "adapter":
            adapter, files = order.settings.adapter, (order.out / FILE_NAME, order.weights)
            strength = weaken(*files, adapter.lora(), music.held_out, music.elsewhere, adapter.elsewhere_error_share_max, world.device)
        return Outcome(training.standing.best, strength)


def _check(order: Order) -> None:
    if (order.style is None) != (order.what == "base"):
        raise ConfigError("--what adapter needs --style, and only an adapter has one; name both or none")
    if order.style is not None and (order.style == UNKNOWN_STYLE or order.style not in PLAYING_STYLES):
        raise ConfigError(f"--style {order.style}: expected one of {', '.join(PLAYING_STYLES[1:])}")
    if order.what == "adapter" and order.teachers:
        raise ConfigError("--teacher teaches a humanizer, not an adapter; leave it out")
    if order.what == "adapter" and not (order.out / FILE_NAME).is_file():
        raise ConfigError(f"{order.out}: no {FILE_NAME} to lay an adapter over; train it first (--what base), or name its folder: --out")


def _music(order: Order) -> _Music:
    """The tracks to learn from, how likely each is, and the held-out ones; for an adapter those of other styles apart."""
    shares, context = order.settings.drawn, order.settings.net.context
    tracks = [
        learned(track, order.settings.velocity_from)
        for path in order.manifests
        for track in iterate_manifest(path)
        if track.written.instrument in shares and len(track.written)
    ]
    where = ", ".join(str(path) for path in order.manifests)
    training = [track for track in tracks if track.part == "train"]
    held_out = [track for track in tracks if track.part == "val" and track.is_measured]
    for found, part in ((training, "train"), (held_out, "val")):
        if not found:
            raise DataError(f"{where}: no track of {', '.join(shares)} in part {part}; write it of more music: trainer duv enrich")
    if order.style is None:
        return _Music(training, weights_of(training, shares, context, instrument_of), held_out, [])
    own, others = ([track for track in held_out if (track.written.style == order.style) == wanted] for wanted in (True, False))
    in_style = [track.written.style == order.style for track in training]
    if not own or not any(in_style):
        known = sorted({track.written.style for track in held_out} & {track.written.style for track in training} - {UNKNOWN_STYLE})
        raise DataError(f"{where}: not enough music in the style {order.style} to learn and to measure; there is {', '.join(known)}")
    own_share = 1 - order.settings.adapter.others_share
    by_style = weights_of(training, {"own": own_share, "other": 1 - own_share}, context, lambda track: _kind(track, order.style))
    return _Music(training, by_style, own, others)


def _kind(track: Track, style: str | None) -> str:
    return "own" if track.written.style == style else "other"


def _net(order: Order, sources: set[str]) -> tuple[PhraseNet, Callable[[float], None]]:
    """The net to be trained, and what keeps its weights when they are the best so far."""
    card = _card(order, sources)
    if order.what == "adapter":
        net, lora = load_phrase(order.out / FILE_NAME), order.settings.adapter.lora()
        add_lora(net, lora)
        return net, lambda val: save_adapter(order.weights, net, lora, card(val))
    net = PhraseNet(order.settings.net.phrase())
    below = _base_checkpoint(order)
    if below is not None:
        try:
            net.load_state_dict(load_phrase(below).state_dict())
        except RuntimeError:
            raise ConfigError(f"base_checkpoint {below}: a net of another shape; set `net` as it was, or base_checkpoint: null") from None
    return net, lambda val: save(order.weights, net, card(val))


def _base_checkpoint(order: Order) -> Path | None:
    """The weights that a base begins from."""
    name = order.settings.base_checkpoint
    if name is None or order.what == "adapter":
        return None
    _not_itself(order, name, f"base_checkpoint {name}")
    try:
        return find_folder(name) / FILE_NAME
    except ConfigError as error:
        raise ConfigError(f"base_checkpoint {str(error).removeprefix('--model ')}; train it first, or set base_checkpoint: null") from None


def _not_itself(order: Order, name: str, said: str) -> None:
    """Raises ConfigError where `name` is the model in training, or would be as soon as that has weights."""
    places = [Path(name)] if Path(name).name != name else [folder / name for folder in model_folders()]
    if order.out.resolve() in (place.resolve() for place in places):
        raise ConfigError(f"{said}: would soon be what is trained itself, in {order.out}; train under another name, or with another --out")


def _teachers(order: Order) -> list[Path]:
    """The weights that teach."""
    for name in order.teachers:
        _not_itself(order, name, f"--teacher {name}")
    try:
        return [find_folder(name) / FILE_NAME for name in order.teachers]
    except ConfigError as error:
        raise ConfigError(f"--teacher {str(error).removeprefix('--model ')}") from None


def _taught_by(order: Order) -> list[PhraseNet]:
    """The nets that teach. Raises ConfigError where one has other bins than the net that learns."""
    nets, wanted = [load_phrase(path) for path in _teachers(order)], order.settings.net.phrase()
    for name, net in zip(order.teachers, nets, strict=True):
        for bins in ("velocity_bins", "timing_bins", "ratio_bins"):
            there, here = getattr(net.config, bins), getattr(wanted, bins)
            if there != here:
                raise ConfigError(f"--teacher {name}: its {bins} are {there}, not {here}; set net.{bins} so, or name another teacher")
    return nets


def _card(order: Order, sources: set[str]) -> Callable[[float], Card]:
    """The card in the weights' header: what was learned from, with what the weights beneath and teachers learned from."""
    below = order.out / FILE_NAME if order.what == "adapter" else _base_checkpoint(order)
    unknown = sources - SOURCES.keys()
    if unknown:
        raise DataError(f"{', '.join(sorted(unknown))}: sources of unknown licence; write the manifest anew with `trainer duv enrich`")
    others = [*([] if below is None else [below]), *_teachers(order)]
    names = sources.union(*(credited(read_header(path).card.training_data) for path in others))
    return lambda val: Card(order.settings.name, credits_of(names), licence_of(names), {"val_error": round(val, 4)})


def _learned(order: Order, tracks: Sequence[Track]) -> Learned:
    below = _base_checkpoint(order)
    before = None if below is None else read_learned(below.parent)
    teachers = tuple(known for path in _teachers(order) if (known := read_learned(path.parent)) is not None)
    name, instrument = order.settings.name, order.settings.instrument
    return Learned(name=name, instrument=instrument, material=material_of(tracks), before=before, teachers=teachers)


def _held(tracks: Sequence[Track], context: int) -> Callable[[], Iterator[PhraseBatch]]:
    return partial(whole, tracks, context, EVALUATION_WINDOWS)


def _prepare_folder(order: Order, world: World) -> None:
    """Remove what an earlier run left where `order` says so."""
    if world.leads:
        order.out.mkdir(parents=True, exist_ok=True)
        if order.overwrite:
            for path in (order.weights, *(order.out / f"{order.title}{ending}" for ending in ("-state.safetensors", _LOG_ENDING))):
                path.unlink(missing_ok=True)
    world.barrier()


def _fingerprint(order: Order) -> str:
    """What must be the same for a run to go on: settings, seed, features, manifests, and the weights beneath."""
    settings = order.settings
    learned_from = [settings.drawn, settings.velocity_from, settings.importance, order.style]
    said = [order.run, settings.net, settings.augment, *learned_from, order.seed, features_hash()]
    digest = hashlib.blake2b(msgspec.json.encode(said), digest_size=16)
    below = order.out / FILE_NAME if order.what == "adapter" else _base_checkpoint(order)
    for path in (*order.manifests, *(() if below is None else (below,)), *_teachers(order)):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def _draw(folder: Path) -> None:
    diaries = {path.name.removesuffix(_LOG_ENDING): read_diary(path) for path in sorted(folder.glob(f"*{_LOG_ENDING}"))}
    draw_curve(diaries, folder / CURVE, ERROR)
