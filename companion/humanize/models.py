"""Which models humanize, and how they are opened. Knows names and settings; loads weights only when asked to play."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from companion.humanize.casting import Performer, Session
from companion.humanize.parts import instrument_named
from shared.duv_settings import PITCHED, DuvUse, load_duv_use, load_duv_uses
from shared.errors import ConfigError
from shared.model_folder import FILE_NAME, adapters, find_humanizer, model_folders


def usual_session(seed: int = 1, sample: bool = False) -> Session:
    """A session with the shipped settings and the models that are installed. Raises ConfigError."""
    return Session(load_duv_uses(), load_duv_use(PITCHED).name, adapters_of, open_model, seed, sample)


def adapters_of(name: str) -> frozenset[str] | None:
    """The styles for which the model `name`, a name or a folder, has adapters; None where it is not installed."""
    folder = _folder(name)
    return None if folder is None else frozenset(adapters(folder))


def open_model(name: str, style: str) -> Performer:
    """The model `name`, a name or a folder, with its adapter for `style` where it has one; else it knows the style by name alone.

    Raises ConfigError where there is no such model, CheckpointError where its files are damaged.
    """
    folder = (_folder(name) or find_humanizer(name)).absolute()
    return _opened(folder, style if style in adapters(folder) else None)


def _folder(name: str) -> Path | None:
    """Where a model lies. Weights that cannot be read are no reason to look elsewhere: whoever opens them is told."""
    places = [Path(name)] if Path(name).name != name else [folder / name for folder in model_folders()]
    return next((folder for folder in places if (folder / FILE_NAME).is_file()), None)


@cache
def _opened(folder: Path, adapter: str | None) -> Performer:
    # Imported only now: a mistake in the words is told without waiting for PyTorch.
    from shared.humanizer import load_humanizer

    return load_humanizer(folder, adapter)


def instrument_of_model(name: str, uses: Mapping[str, DuvUse]) -> str:
    """The instrument that the model `name` plays: that of ours of that name, else the one that the name speaks of. Raises ConfigError for a
    model that is not there or tells of no instrument, CheckpointError for weights that cannot be read.
    """
    find_humanizer(name)
    last = Path(name).name
    ours = next((instrument for instrument, use in uses.items() if use.name == last), None)
    found = ours or instrument_named(last, {instrument: use.include_regex for instrument, use in uses.items()})
    if found is None:
        raise ConfigError(f"--model {name}: which instrument does it play? Its folder's name should tell: {', '.join(uses)}")
    return found
