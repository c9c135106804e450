"""`trainer nll` and `trainer ngram`: the command line of held-out likelihood. Knows options and progress; knows no music."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from shared.files import written_whole
from shared.provenance import provenance

if TYPE_CHECKING:
    from shared.tokens import Steps


@click.command()
@click.option("--model", required=True, metavar="NAME", help="A model's name, or the path of its folder.")
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, metavar="DIR",
    help="Tables laid out like the Weimar Jazz Database's, or a prepared folder.",
)  # fmt: skip
@click.option(
    "--part", type=click.Choice(["all", "test", "val"]),
    help="Which tunes are measured; usually all of the tables, and the test part of a prepared folder; of that jazz alone, if it has any.",
)  # fmt: skip
@click.option(
    "--prepared", type=click.Path(path_type=Path), metavar="DIR", help="Count the n-gram from there where none lies with the model."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the figures there.")
def nll(model: str, data: Path, part: str | None, prepared: Path | None, device: str, json_file: Path | None) -> None:
    """Measure how likely a model finds lines it never saw, against an n-gram: nats for each note, less is better."""
    from shared.model_folder import find_folder
    from trainer.devices import find_device
    from trainer.nll import find_ngram, measure, tables
    from trainer.nll_data import read_held_out
    from trainer.shown import shown

    console = Console()
    where, folder = find_device(device), find_folder(model)
    ngram = find_ngram(folder, prepared)

    def watch(what: str, pieces: Sequence[Steps]) -> Iterable[Steps]:
        with shown(what, len(pieces), console) as advance:
            for steps in pieces:
                yield steps
                advance(1)

    measured = measure(folder, read_held_out(data, part), ngram, where, watch)
    for table in tables(measured):
        console.print(table)
    if measured.dropped:
        console.print(f"{measured.dropped} pieces could not be read and are not counted")
    if json_file is not None:
        with written_whole(json_file) as draft:
            draft.write_text(json.dumps({"model": model, **provenance(), **measured.figures}, indent=2) + "\n", encoding="utf-8")


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True, metavar="DIR", help="A prepared folder.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where it goes: ngram.safetensors in a model's folder."
)
@click.option("--sources", type=click.Choice(["jazz", "all"]), default="jazz", show_default=True, help="What is counted.")
def ngram(data: Path, out: Path, sources: str) -> None:
    """Count the interpolated n-gram that a model is measured against."""
    from trainer.ngram import save
    from trainer.nll_data import count_ngram

    counted, card = count_ngram(data, sources == "jazz")
    save(out, counted, card)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, counted from {card.training_data}")
