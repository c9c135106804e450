"""The command `duv ladder`: fit the baselines once, so that a humanizer can be measured without the training data. Knows files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from shared.errors import DataError
from shared.written import INSTRUMENTS

if TYPE_CHECKING:
    from trainer.duv.ladder import Ladder

_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--train", "source", type=_PATH, required=True, metavar="PATH", help="A manifest, a folder of them, or the Groove MIDI Dataset's."
)
@click.option("--instrument", type=click.Choice(INSTRUMENTS), default="drums", show_default=True)
@click.option("--out", type=_PATH, required=True, metavar="DIR", help="The humanizer's folder: ladder.safetensors is written there.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="For LightGBM.")
def ladder(source: Path, instrument: str, out: Path, seed: int, threads: int) -> None:
    """Fit what a humanizer is measured against: lookup, ridge regression and LightGBM."""
    from trainer.duv.ladder_file import LADDER_FILE_NAME, save_ladder

    console = Console()
    fitted = fitted_ladder(console, source, instrument, seed, threads)
    save_ladder(out / LADDER_FILE_NAME, fitted)
    console.print(f"{out / LADDER_FILE_NAME}: baselines of {fitted.learned_from}", markup=False, soft_wrap=True)


def fitted_ladder(console: Console, source: Path, instrument: str, seed: int, threads: int = 1) -> Ladder:
    """The ladder fitted to the training part of what is in `source`. Raises DataError where that is empty."""
    from trainer.duv.ladder import fit_ladder, steps_of_fit
    from trainer.duv.measured_set import read_set, sources_of
    from trainer.shown import shown

    learned = read_set(source, instrument).of_part("train")
    if not learned:
        raise DataError(f"{source}: no track of {instrument} is marked train; name the data that baselines shall learn from with --train")
    with shown("fitting the baselines", steps_of_fit(), console) as advance:
        return fit_ladder(learned, sources_of(learned), seed, advance, threads=threads)
