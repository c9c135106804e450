"""Where models lie on disk and how one is put together. Knows names, folders and files; knows no training and no playing.

    <name>/model.safetensors      base and adapter merged: what is played
    <name>/base.safetensors       the base alone
    <name>/adapter.safetensors    the adapter alone
    <name>/README.md              the model card

Looked for, in this order: `checkpoints` in the current folder, `~/.jambot/models`, and the models that travel with the package.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import CheckpointError, ConfigError

if TYPE_CHECKING:
    from shared.nets.decoder import Decoder

FILE_NAME = "model.safetensors"
BASE_FILE_NAME = "base.safetensors"
ADAPTER_FILE_NAME = "adapter.safetensors"


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
    known = sorted({path.parent.name for folder in searched for file in (FILE_NAME, BASE_FILE_NAME) for path in folder.glob(f"*/{file}")})
    raise ConfigError(f"--model {name}: no such model; there are {', '.join(known) or 'none'}: name one, or a folder with {FILE_NAME}")


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
