"""`trainer export`: what may be said on its command line, and what it prints. Knows no weights."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command()
@click.option("--model", required=True, metavar="NAME", help="A model's name, or the path of its folder.")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="The folder to make; its name is the exported model's.")
@click.option(
    "--strength", type=click.FloatRange(0, 4, min_open=True), default=1.0, show_default=True,
    help="How much the adapter counts in the merged weights.",
)  # fmt: skip
@click.option(
    "--figures", type=PATH, multiple=True, metavar="FILE",
    help="Figures for the card: JSON from nll, evaluate or stage-a, or numbers by name; may be given several times.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a model that was exported there before.")
def export(model: str, out: Path, strength: float, figures: tuple[Path, ...], overwrite: bool) -> None:
    """Write a model as a folder to pass on: merged weights, base, adapter, and a card."""
    from shared.checkpoint import FILE_NAME, read_header
    from trainer.export import ExportOrder
    from trainer.export import export as run

    paths = run(ExportOrder(model, out, strength, figures, overwrite))
    for path in paths:
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    print(f"licence: {read_header(out / FILE_NAME).card.licence}")
