"""`trainer duv train`: the command line of a humanizer's training. Knows options; knows no music."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from trainer.duv.adapter_strength import Strength

PATH = click.Path(path_type=Path)


@click.command()
@click.option("--config", type=PATH, required=True, metavar="FILE", help="Settings, or one of drums, bass, guitar ..., drums_taught.")
@click.option("--what", type=click.Choice(["base", "adapter"]), default="base", show_default=True, help="The model, or an adapter over it.")
@click.option("--style", metavar="STYLE", help="The adapter's style: jazz, funk, rock ...")
@click.option("--manifest", "manifests", type=PATH, multiple=True, metavar="FILE", help="Instead of the settings'; may come several times.")
@click.option("--out", type=PATH, metavar="DIR", help="Where weights, log and curve go.  [default: checkpoints/NAME]")
@click.option(
    "--teacher", "teachers", multiple=True, metavar="NAME",
    help="A humanizer that teaches this one, beside the music; may be given several times. Several small nets know more than one.",
)  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="Optimizer steps, instead of the settings'.")
@click.option("--overwrite", is_flag=True, help="Begin anew; without it a run that was killed goes on.")
def train(
    config: Path, what: Literal["base", "adapter"], style: str | None, manifests: tuple[Path, ...], out: Path | None,
    teachers: tuple[str, ...], device: str, seed: int, steps: int | None, overwrite: bool,
) -> None:  # fmt: skip
    """Train a humanizer, or an adapter to a style. For several GPUs: torchrun --nproc_per_node N -m trainer duv train ..."""
    import msgspec

    from trainer.duv.config import load_duv
    from trainer.duv.phrase_task import ERROR
    from trainer.duv.train import Order
    from trainer.duv.train import train as run
    from trainer.train_command import training_shown

    settings = load_duv(config)
    if steps is not None:
        runs = {"base": settings.base, "adapter": settings.adapter}
        settings = msgspec.structs.replace(settings, **{what: msgspec.structs.replace(runs[what], steps=steps)})
    folder = Path("checkpoints") / settings.name if out is None else out
    order = Order(what, settings, manifests or settings.manifests, folder, style, device, seed, overwrite, teachers)
    with training_shown(f"{settings.name} {order.title}", ERROR) as tell:
        outcome = run(order, tell)
    if int(os.environ.get("RANK", "0")) == 0:
        print(f"{order.title}: {outcome.best:.4f} held-out {ERROR}; weights and curve are in {folder}")
        if outcome.strength is not None:
            _tell_of(str(style), outcome.strength)


def _tell_of(style: str, strength: Strength) -> None:
    from trainer.duv.phrase_task import ERROR

    for name, pair in ((style, strength.style), ("other styles", strength.elsewhere)):
        if pair is not None:
            print(f"{name}: {pair[0]:.4f} {ERROR} without the adapter, {pair[1]:.4f} with it")
    if strength.share < 1:
        print(f"the adapter is kept at {strength.share:g} of what it learned, for the sake of other styles")
    if strength.harms:
        print("other styles suffer from it even so; raise adapter.others_share, or train it for fewer steps")
