"""`trainer duv card`: the command line that writes a humanizer's card. Knows options; knows no figures."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command()
@click.option("--model", required=True, metavar="NAME", help="A trained humanizer, by name or folder.")
@click.option("--figures", type=PATH, multiple=True, metavar="FILE", help="What `duv evaluate --json` wrote; may be given several times.")
def card(model: str, figures: tuple[Path, ...]) -> None:
    """Write a humanizer's card, README.md, from what training and evaluation left, and its figures into the weights' header."""
    from shared.checkpoint import add_figures
    from shared.files import written_whole
    from shared.model_folder import FILE_NAME, find_folder
    from trainer.duv.card import card_of, headline, read_evaluated

    folder = find_folder(model)
    evaluated = [read_evaluated(path) for path in figures]
    text = card_of(folder, evaluated)
    add_figures(folder / FILE_NAME, headline(evaluated))
    with written_whole(folder / "README.md") as draft:
        draft.write_text(text, encoding="utf-8")
    print(f"card: {folder / 'README.md'}")
