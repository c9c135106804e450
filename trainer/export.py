"""A trained model as a folder to pass on: merged weights, their parts, and the card. Knows model folders; knows no training."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from shared.checkpoint import ADAPTER_FILE_NAME, FILE_NAME, Card, load, load_adapter, read_header, save, save_adapter, shape_of
from shared.errors import ConfigError, DataError
from shared.files import written_whole
from shared.model_folder import BASE_FILE_NAME, find_folder, load_base, load_model
from shared.nets.lora import LoraConfig
from trainer import ngram
from trainer.model_card import Figures, card_text, read_figures, whole_card

CARD_FILE_NAME = "README.md"
FILES = {
    FILE_NAME: "the weights that are played, base and adapter merged",
    BASE_FILE_NAME: "the base alone",
    ADAPTER_FILE_NAME: "the adapter alone",
    ngram.FILE_NAME: "the n-gram that the likelihood is measured against",
    CARD_FILE_NAME: "this card",
}


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """Which model goes where, how much its adapter counts (`strength`), and the JSON files with its `figures`."""

    model: str
    out: Path
    strength: float = 1.0
    figures: tuple[Path, ...] = ()
    overwrite: bool = False


def export(order: ExportOrder) -> list[Path]:
    """Write the folder `order.out`, which appears whole or not at all; its files.

    Raises ConfigError for a folder that must not be replaced, CheckpointError for weights that are not whole, DataError for figures
    that cannot be read or where the system refuses.
    """
    source, figures = find_folder(order.model), read_figures(order.figures)
    _check_out(order, source)
    draft = order.out.with_name(f".{order.out.resolve().name}.{os.getpid()}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _fill(order, source, draft, figures)
        if order.out.exists():
            shutil.rmtree(order.out)
        os.replace(draft, order.out)
    except OSError as error:
        raise DataError(f"{order.out}: cannot be written ({error.strerror}); make room or choose another --out") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [order.out / name for name in FILES if (order.out / name).is_file()]


def write_card(folder: Path, figures: Figures) -> Path:
    """Write the card of the model in `folder` beside its weights; its path. Raises CheckpointError and OSError."""
    there = {name: what for name, what in FILES.items() if (folder / name).is_file() or name == CARD_FILE_NAME}
    path = folder / FILE_NAME
    header = read_header(path)
    adapter = folder / ADAPTER_FILE_NAME
    rank = int(read_header(adapter).architecture["lora"]["rank"]) if adapter.is_file() else None
    parameters = sum(weight.numel() for weight in load(path).parameters())
    text = card_text(header.card, shape_of(path, header), parameters, rank, figures, there, _base_of(folder))
    with written_whole(folder / CARD_FILE_NAME) as draft:
        draft.write_text(text, encoding="utf-8")
    return folder / CARD_FILE_NAME


def _base_of(folder: Path) -> str | None:
    """The model that the base in `folder` was trained for, where that is another one than its adapter's. Raises CheckpointError."""
    if not all((folder / name).is_file() for name in (BASE_FILE_NAME, ADAPTER_FILE_NAME)):
        return None
    base, adapter = (read_header(folder / name).card.name for name in (BASE_FILE_NAME, ADAPTER_FILE_NAME))
    return None if base == adapter else base


def _check_out(order: ExportOrder, source: Path) -> None:
    out = order.out
    if out.resolve() == source.resolve():
        raise ConfigError(f"--out {out}: there the model itself lies; name another folder")
    if not out.exists():
        return
    others = sorted(path.name for path in out.iterdir() if path.name not in FILES) if out.is_dir() else [out.name]
    if others:
        raise ConfigError(f"--out {out}: holds {others[0]}, which is no part of a model; name another folder")
    if any(out.iterdir()) and not order.overwrite:
        raise ConfigError(f"--out {out}: holds a model already; name another folder, or add --overwrite")


def _fill(order: ExportOrder, source: Path, draft: Path, figures: Figures) -> None:
    known = whole_card(source)
    # What was measured while it was trained holds for the adapter as it was trained.
    kept = dict(known.figures) if order.strength == 1.0 else {}
    figures = figures if order.strength == 1.0 else replace(figures, plain={"adapter_strength": order.strength, **figures.plain})
    card = replace(known, name=order.out.resolve().name, figures={**kept, **figures.short})
    save(draft / FILE_NAME, load_model(source, order.strength), card)
    if (source / BASE_FILE_NAME).is_file():
        # Read as weights before they are passed on. A base of another model keeps its name.
        below = read_header(source / BASE_FILE_NAME).card
        save(draft / BASE_FILE_NAME, load_base(source), replace(below, name=_base_of(source) or card.name))
        if (source / ADAPTER_FILE_NAME).is_file():
            _export_adapter(source, draft, order.strength, card)
    if (source / ngram.FILE_NAME).is_file():
        ngram.load(source / ngram.FILE_NAME)
        shutil.copyfile(source / ngram.FILE_NAME, draft / ngram.FILE_NAME)
    write_card(draft, figures)


def _export_adapter(source: Path, draft: Path, strength: float, card: Card) -> None:
    path = source / ADAPTER_FILE_NAME
    header = read_header(path)
    decoder = load_base(source)
    load_adapter(path, decoder)
    lora = header.architecture["lora"]
    # A stronger adapter is one with a larger alpha: so the parts still make the merged weights.
    config = LoraConfig(**{**lora, "targets": tuple(lora["targets"]), "alpha": lora["alpha"] * strength})
    save_adapter(draft / ADAPTER_FILE_NAME, decoder, config, card)
