"""Which players there are and where their weights lie. Knows folders and names; knows nothing of playing.

A model is a folder `<name>/` with `model.safetensors` in it, in one of the folders that `shared.model_folder` names; humanizers, which
play nothing of their own, are no players; they are only told of beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from companion import __version__
from companion.options import Device
from shared.errors import CheckpointError, ConfigError
from shared.model_folder import FILE_NAME, adapters, humanizers, is_humanizer, model_folders

if TYPE_CHECKING:
    from rich.console import Console

    from companion.runner import Runner
    from companion.soloist import Soloist
    from shared.checkpoint import Card
    from shared.nets.decoder import Decoder, DecoderConfig

FALLBACK = "fallback"
RANDOM = "random"
RANDOM_SHOWN = "random weights"
BUILT_IN = {FALLBACK: "plays by rule, no weights", RANDOM: "random weights of the usual size: for measuring the engine, not for listening"}
RANDOM_SEED = 20
LABEL_WIDTH = 14
Folders = Sequence[Path] | None
"""Where models are looked for; None: where `shared.model_folder` says."""
RunnerKind = Literal["onnx-q8", "onnx-fp32", "torch-cpu", "torch-cuda", "torch-mps"]
CPU_KIND: RunnerKind = "onnx-q8"
"""A step takes a third of the time of `torch-cpu`, and most of all when the weights have left the processor's caches."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model found in a folder: its card, or why it cannot be used."""

    name: str
    path: Path
    card: Card | None
    fault: str | None


def list_models(folders: Folders = None) -> list[Installed]:
    """Every installed model, first come first named; a damaged one is listed with its fault."""
    from shared.checkpoint import read_header

    found: list[Installed] = []
    for name, path in _paths(folders).items():
        try:
            found.append(Installed(name, path, read_header(path).card, None))
        except CheckpointError as error:
            found.append(Installed(name, path, None, str(error)))
    return found


def find_model(name: str | None, folders: Folders = None) -> str:
    """`name`, known to be a player; for None the first installed model, or the fallback player where there is none.

    Raises ConfigError for an unknown name, CheckpointError where the weights' header is not ours.
    """
    paths = _paths(folders)
    if name is None:
        name = next(iter(paths), FALLBACK)
    if name in BUILT_IN:
        return name
    players = ", ".join([*paths, *BUILT_IN])
    if name not in paths and name in humanizers(folders):
        raise ConfigError(
            f"--model {name}: a humanizer, which plays nothing of its own; name a player ({players}), and the humanizer as touch.humanizer"
            " in a file for --config"
        )
    if name not in paths:
        raise ConfigError(f"--model {name}: no such player; there are {players}")
    from shared.checkpoint import read_header

    read_header(paths[name])
    return name


def open_soloist(name: str, device: Device = "auto", folders: Folders = None) -> Soloist:
    """The player called `name`, ready to play. Raises ConfigError and CheckpointError as `find_model` does."""
    name = find_model(name, folders)
    if name == FALLBACK:
        from companion.fallback import FallbackSoloist

        return FallbackSoloist()
    from companion.engine import ModelSoloist
    from shared.checkpoint import load

    decoder = random_decoder() if name == RANDOM else load(_paths(folders)[name])
    return ModelSoloist(make_runner(decoder, runner_kind(decoder.config, device)), shown_name(name))


def runner_kind(config: DecoderConfig, device: Device = "auto") -> RunnerKind:
    """What plays a net of this shape on `device`: `onnx-q8` on a CPU, PyTorch on a GPU. Raises ConfigError for a device that is not there.

    Heads of a width that ONNX Runtime cannot turn are left to PyTorch.
    """
    import torch

    from companion.onnx_graph import suits

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[device]:
        raise ConfigError(f"--device {device}: PyTorch finds no such device here; use --device auto")
    if device == "cpu":
        return CPU_KIND if suits(config) else "torch-cpu"
    return "torch-cuda" if device == "cuda" else "torch-mps"


def make_runner(decoder: Decoder, kind: RunnerKind) -> Runner:
    """`decoder` made ready to play in the arithmetic of `kind`, on one thread."""
    import torch

    # One step of a small net is too little work to share: more threads only wait for each other.
    torch.set_num_threads(1)
    match kind:
        case "onnx-q8" | "onnx-fp32":
            from companion.onnx_runner import OnnxRunner

            return OnnxRunner(decoder, "q8" if kind == "onnx-q8" else "fp32")
        case "torch-cpu" | "torch-cuda" | "torch-mps":
            from companion.torch_runner import TorchRunner

            return TorchRunner(decoder, torch.device(kind.removeprefix("torch-")))


def shown_name(name: str) -> str:
    """How a player is called wherever people read it."""
    return RANDOM_SHOWN if name == RANDOM else name


def fingerprint(name: str, device: Device = "auto", folders: Folders = None) -> str:
    """What tells two versions of a player apart: a digest of its weights, or JamBot's version where it has none of its own, and
    the kind of runner, because another kind may round a score differently and choose another note. Raises as `open_soloist` does.
    """
    name = find_model(name, folders)
    if name == FALLBACK:
        return f"{name} {__version__}"
    from shared.checkpoint import read_header, shape_of
    from shared.nets.decoder import DecoderConfig

    if name == RANDOM:
        return f"{name} {__version__} {runner_kind(DecoderConfig(), device)}"
    path = _paths(folders)[name]
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    return f"{digest} {runner_kind(shape_of(path, read_header(path)), device)}"


def random_decoder() -> Decoder:
    """A net of the usual size that was taught nothing, the same each time.

    Its biases lean towards eighth notes and the middle of the keyboard, or it would play three notes a beat all over it.
    """
    import torch

    from shared.music import TICKS_PER_BEAT
    from shared.nets.decoder import Decoder, DecoderConfig
    from shared.tokens import DURATION_TICKS, NEXT

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        decoder = Decoder(DecoderConfig())
    with torch.no_grad():
        for onset in (0, TICKS_PER_BEAT // 2, NEXT):
            decoder.onset.out.bias[onset] = 3.0
        decoder.pitch.out.bias.copy_(-0.5 * ((torch.arange(128) - 67) / 7.0) ** 2)
        decoder.duration.out.bias.copy_(torch.tensor([-0.5 * ((ticks - 10) / 4.0) ** 2 for ticks in DURATION_TICKS]))
    return decoder.eval()


def show_models(folders: Folders = None) -> None:
    """Print all players, then all humanizers: a block for each, which fits any width."""
    from rich.console import Console
    from rich.text import Text

    from shared.checkpoint import read_header

    console = Console()
    for model in list_models(folders):
        rows = {"unusable": model.fault or ""} if model.card is None else _card_rows(model.card)
        _show_block(console, model.name, {**rows, "where": str(model.path.parent)})
    for name, what in BUILT_IN.items():
        console.print(Text.assemble((name, "bold"), f"  built in: {what}"))
    for name, folder in humanizers(folders).items():
        try:
            rows = _card_rows(read_header(folder / FILE_NAME).card)
        except CheckpointError as error:
            rows = {"unusable": str(error)}
        styles = {"adapters": ", ".join(adapters(folder))} if adapters(folder) else {}
        _show_block(console, name, {"humanizer": "for companion humanize and the live touch", **rows, **styles, "where": str(folder)})


def _show_block(console: Console, name: str, rows: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text

    block = Table.grid(padding=(0, 2))
    block.add_column(min_width=LABEL_WIDTH, no_wrap=True)
    block.add_column()
    for label, text in rows.items():
        block.add_row(Text(f"  {label}", style="dim"), Text(text))
    console.print(Text(name, style="bold"))
    console.print(block)


def _card_rows(card: Card) -> dict[str, str]:
    figures = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in card.figures.items())
    rows = {"licence": card.licence, "learned from": card.training_data, "figures": figures}
    return {label: text for label, text in rows.items() if text}


def _paths(folders: Folders) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for folder in model_folders() if folders is None else folders:
        for path in sorted(folder.glob(f"*/{FILE_NAME}")):
            paths.setdefault(path.parent.name, path)
    return {name: path for name, path in paths.items() if name not in BUILT_IN and not is_humanizer(path.parent)}
