"""Where models lie on disk and how one is put together. Knows names, folders and files; knows no training and no playing.

    <name>/model.safetensors      base and adapter merged: what is played
    <name>/base.safetensors       the base alone
    <name>/adapter.safetensors    the adapter alone
    <name>/README.md              the model card

A humanizer's folder, `<instrument>_duv_v3` where it is one of ours, holds `model.safetensors` (the base: adapters are laid over it as it is
opened), an `adapter-<style>.safetensors` for each style, and its card. Which of the two a folder is, its weights' header tells.

Looked for, in this order: `checkpoints` in the current folder, `~/.jambot/models`, and the models that travel with the package.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import CheckpointError, ConfigError
from shared.header import PHRASE, kind_of
from shared.written import PLAYING_STYLES

if TYPE_CHECKING:
    from shared.nets.decoder import Decoder
    from shared.nets.phrase import PhraseNet

FILE_NAME = "model.safetensors"
BASE_FILE_NAME = "base.safetensors"
ADAPTER_FILE_NAME = "adapter.safetensors"
STYLE_FILE_NAME = "adapter-{style}.safetensors"


def model_folders() -> tuple[Path, ...]:
    """The folders that are searched, the first come first."""
    package = importlib.util.find_spec("companion")
    shipped = [Path(place) / "models" for place in (package.submodule_search_locations or ())] if package is not None else []
    return (Path("checkpoints"), Path("~/.jambot/models").expanduser(), *shipped)


def find_folder(name: str, folders: Sequence[Path] | None = None) -> Path:
    """The folder of the model called `name`, or the folder that `name` is a path to. Raises ConfigError where there is none."""
    searched = model_folders() if folders is None else folders
    candidates = [Path(name)] if Path(name).name != name else [folder / name for folder in searched]
    for folder in candidates:
        if any((folder / file).is_file() for file in (FILE_NAME, BASE_FILE_NAME)):
            return folder
    there = {path.parent for folder in searched for file in (FILE_NAME, BASE_FILE_NAME) for path in folder.glob(f"*/{file}")}
    known = sorted({folder.name for folder in there if not is_humanizer(folder)})
    raise ConfigError(f"--model {name}: no such model; there are {', '.join(known) or 'none'}: name one, or a folder with {FILE_NAME}")


def is_humanizer(folder: Path) -> bool:
    """Whether `folder` holds a humanizer, of whatever version. False where its weights cannot be read: whoever opens them says why."""
    try:
        return kind_of(folder / FILE_NAME) == PHRASE
    except CheckpointError:
        return False


def humanizers(folders: Sequence[Path] | None = None) -> dict[str, Path]:
    """The folder of every humanizer that is installed, by name; of two with one name the one that is found first."""
    found: dict[str, Path] = {}
    for folder in model_folders() if folders is None else folders:
        for path in sorted(folder.glob(f"*/{FILE_NAME}")):
            if path.parent.name not in found and is_humanizer(path.parent):
                found[path.parent.name] = path.parent
    return found


def find_humanizer(name: str | Path, folders: Sequence[Path] | None = None) -> Path:
    """The folder of the humanizer called `name`, or the folder that `name` is a path to. Raises ConfigError where there is none,
    CheckpointError where what bears the name cannot be read.
    """
    if Path(name).name != str(name):
        if (Path(name) / FILE_NAME).is_file():
            return Path(name)
        raise ConfigError(f"{name}: no humanizer there; name a folder with {FILE_NAME}")
    for place in model_folders() if folders is None else folders:
        if (place / name / FILE_NAME).is_file() and kind_of(place / name / FILE_NAME) == PHRASE:
            return place / name
    known = humanizers(folders)
    there = f"there are {', '.join(known)}: name one," if known else "none is installed: name"
    raise ConfigError(f"{name}: no such humanizer; {there} a folder with {FILE_NAME}, or train it: python -m trainer duv train --help")


def adapters(folder: Path) -> dict[str, Path]:
    """The adapters in a humanizer's folder by their style, in the order of the styles."""
    files = {style: folder / STYLE_FILE_NAME.format(style=style) for style in PLAYING_STYLES}
    return {style: file for style, file in files.items() if file.is_file()}


def find_adapter(folder: Path, style: str | Path) -> Path:
    """The adapter for `style` in a humanizer's folder, or the file that `style` is a path to. Raises ConfigError where there is none."""
    if Path(style).is_file():
        return Path(style)
    known = adapters(folder)
    if str(style) not in known:
        raise ConfigError(f"{folder.name}: no adapter {style}; there are {', '.join(known) or 'none'}: name one, or a file")
    return known[str(style)]


def load_phrase_net(folder: Path, adapter: Path | None = None) -> PhraseNet:
    """The net of the humanizer in `folder` with `adapter` merged into it, in evaluation mode. Raises CheckpointError."""
    from shared.checkpoint import load_adapter, load_phrase
    from shared.nets.lora import merge_lora

    net = load_phrase(folder / FILE_NAME)
    if adapter is not None:
        load_adapter(adapter, net)
        merge_lora(net)
    return net.eval()


def load_base(folder: Path) -> Decoder:
    """The base model in `folder`, in evaluation mode. Raises CheckpointError."""
    from shared.checkpoint import load

    return load(folder / BASE_FILE_NAME)


def load_model(folder: Path, strength: float = 1.0) -> Decoder:
    """The model as it plays, the adapter counting `strength` times, in evaluation mode. Raises CheckpointError.

    From base and adapter where they are there, else from the merged file, whose strength is fixed.
    """
    # Imported only now: whoever looks for a name need not wait for PyTorch.
    from shared.checkpoint import load, load_adapter
    from shared.nets.lora import merge_lora, scale_lora

    if not (folder / BASE_FILE_NAME).is_file():
        if strength != 1.0:
            raise CheckpointError(f"{folder}: holds merged weights, whose adapter is fixed; use strength 1, or export base and adapter")
        return load(folder / FILE_NAME)
    decoder = load_base(folder)
    if (folder / ADAPTER_FILE_NAME).is_file():
        load_adapter(folder / ADAPTER_FILE_NAME, decoder)
        scale_lora(decoder, strength)
        merge_lora(decoder)
    return decoder.eval()
