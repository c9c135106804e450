"""Held-out likelihood of the n-gram, the base and the adapted model on the same notes, and what it comes to. Knows no command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rich.table import Table

from shared.checkpoint import ADAPTER_FILE_NAME
from shared.errors import CheckpointError
from shared.model_folder import BASE_FILE_NAME, load_base, load_model
from shared.nets.decoder import Decoder
from shared.tokens import Steps, hidden_next
from trainer.likelihood import piece_nats, with_other_chords
from trainer.nats import KINDS, Gain, Nats, gain, total
from trainer.ngram import FILE_NAME as NGRAM_FILE_NAME
from trainer.ngram import NGram
from trainer.ngram import load as load_ngram
from trainer.nll_data import HeldOut, count_ngram

SEED = 1
TITLES = {
    "ngram": "interpolated n-gram",
    "ngram_informed": "n-gram with chosen contexts",
    "base": "base",
    "lora": "base and adapter",
    "next_unknown": "the same, next chord unknown",
    "chords_shuffled": "the same, over other pieces' chords",
}
# What each gain compares: the measured line before and the one after.
GAINS = {
    "base_over_ngram": ("ngram", "base"),
    "base_over_ngram_informed": ("ngram_informed", "base"),
    "lora_over_ngram": ("ngram", "lora"),
    "lora_over_ngram_informed": ("ngram_informed", "lora"),
    "lora_over_base": ("base", "lora"),
    "next_known_over_unknown": ("next_unknown", "played"),
    "chords_over_shuffled": ("chords_shuffled", "played"),
}
Watch = Callable[[str, Sequence[Steps]], Iterable[Steps]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Nats by line of `TITLES` on `pieces` pieces, and what one line gains over another; lines without their model are left out."""

    part: str
    pieces: int
    dropped: int
    lines: Mapping[str, Nats]
    gains: Mapping[str, Gain]

    @property
    def figures(self) -> dict[str, object]:
        """Plain values for JSON: nats for each note by line, gains in percent."""
        lines = {name: _rounded(nats.figures) for name, nats in self.lines.items()}
        gains = {name: _rounded(asdict(one)) for name, one in self.gains.items()}
        return {"part": self.part, "pieces": self.pieces, "dropped": self.dropped, **lines, "gains": gains}


def find_ngram(folder: Path, prepared: Path | None) -> dict[str, NGram]:
    """The n-grams beside the model in `folder`, or else counted from a prepared one. Raises CheckpointError and DataError."""
    path = folder / NGRAM_FILE_NAME
    if path.is_file():
        return load_ngram(path)
    if prepared is not None:
        return count_ngram(prepared, jazz_only=True)[0]
    raise CheckpointError(
        f"{path}: missing; count it: python -m trainer ngram --data PREPARED --out {path} (or let it be counted now: --prepared PREPARED)"
    )


def measure(
    folder: Path, held_out: HeldOut, ngrams: Mapping[str, NGram], device: torch.device, watch: Watch = lambda _, pieces: pieces
) -> Measured:
    """Measure a model's folder and `ngrams` (by the names of `trainer.ngram.CONTEXTS`) on `held_out`; `watch` hands on a line's pieces.

    Raises CheckpointError.
    """
    pieces = held_out.pieces
    lines = {"ngram": ngrams["plain"], "ngram_informed": ngrams["informed"]}
    found = {name: [ngram.nats(steps) for steps in watch(TITLES[name], pieces)] for name, ngram in lines.items()}

    def add(name: str, model: Decoder, steps: Sequence[Steps]) -> None:
        found[name] = [piece_nats(model, one) for one in watch(TITLES[name], steps)]

    if (folder / BASE_FILE_NAME).is_file():
        add("base", load_base(folder).to(device), pieces)
    # Merged weights alone hold the adapter too.
    adapted = (folder / ADAPTER_FILE_NAME).is_file() or "base" not in found
    model = load_model(folder).to(device)
    if adapted:
        add("lora", model, pieces)
    add("next_unknown", model, [hidden_next(steps, -1) for steps in pieces])
    add("chords_shuffled", model, with_other_chords(pieces, SEED))
    compared = {**found, "played": found["lora" if adapted else "base"]}
    gains = {name: gain(compared[before], compared[after]) for name, (before, after) in GAINS.items() if {before, after} <= compared.keys()}
    return Measured(held_out.part, len(pieces), held_out.dropped, {name: total(nats) for name, nats in found.items()}, gains)


def tables(measured: Measured) -> list[Table]:
    """Nats for each note by line and kind, and the gains."""
    notes = measured.lines["ngram"].notes
    shown = Table(title=f"Nats for each note, {notes} notes in {measured.pieces} pieces (part: {measured.part})")
    shown.add_column("")
    for name in ("per note", *KINDS):
        shown.add_column(name, justify="right")
    for name, nats in measured.lines.items():
        values = nats.figures
        shown.add_row(TITLES[name], *(f"{values[column]:.4f}" for column in ("per_note", *KINDS)))
    gained = Table(title="Fewer nats a note, percent (95 % of bootstraps over pieces)")
    gained.add_column("")
    gained.add_column("gain", justify="right")
    for name, one in measured.gains.items():
        gained.add_row(name.replace("_", " "), one.shown)
    return [shown, gained]


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value if isinstance(value, int) else round(value, 5) for name, value in values.items()}
