"""`trainer stage-a`: what may be said on its command line, and what is shown meanwhile. Knows no music."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console

if TYPE_CHECKING:
    from trainer.shards import Shards
    from trainer.training import Report

PATH = click.Path(path_type=Path)


@click.command("stage-a")
@click.option(
    "--input_dir", "folders", type=PATH, multiple=True, required=True, metavar="DIR", help="A folder of music; may be given several times."
)
@click.option("--preset", type=click.Choice(["full", "small"]), default="full", show_default=True, help="small: a quick try.")
@click.option("--config", type=PATH, metavar="FILE", help="Settings to lay over config/stage_a.yaml.")
@click.option("--name", default="jazz_lora_stage_a", show_default=True, metavar="NAME", help="What the model is called.")
@click.option("--base", metavar="NAME", help="Lay the adapter over the base of this model instead of training one.")
@click.option("--charts", type=PATH, metavar="PATH", help="Charts to play over; usually the chords of the held-out pieces.")
@click.option("--transpose_all_keys/--no-transpose_all_keys", default=None, help="Learn every piece in all keys.")
@click.option("--split_pitch", type=click.IntRange(0, 127), help="In a single track the melody lies from this MIDI pitch on.")
@click.option("--primer_max_tokens", type=click.IntRange(0), help="Steps of a held-out line that each solo goes on from, at most.")
@click.option("--data", type=PATH, default=Path("data"), show_default=True, metavar="DIR", help="Where the prepared music goes.")
@click.option("--samples", type=PATH, default=Path("samples/stage_a"), show_default=True, metavar="DIR", help="Where solos and report go.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="processors", help="Processes that read.")
@click.option("--overwrite", is_flag=True, help="Begin anew; without it, what is done is kept and what was cut off goes on.")
def stage_a(
    folders: tuple[Path, ...], preset: str, config: Path | None, name: str, base: str | None, charts: Path | None,
    transpose_all_keys: bool | None, split_pitch: int | None, primer_max_tokens: int | None, data: Path, samples: Path,
    device: str, seed: int, workers: int, overwrite: bool,
) -> None:  # fmt: skip
    """From music to a model: prepare, train, play solos, evaluate. Given again, it goes on where it was cut off."""
    import msgspec

    from trainer.config import load_stage_a

    settings = load_stage_a(config, preset)
    given = {"transpose_all_keys": transpose_all_keys, "split_pitch": split_pitch}
    preparing = msgspec.structs.replace(settings.prepare, **{key: value for key, value in given.items() if value is not None})
    playing = settings.generate
    if primer_max_tokens is not None:
        playing = msgspec.structs.replace(playing, primer_max_steps=primer_max_tokens)
    settings = msgspec.structs.replace(settings, prepare=preparing, generate=playing)

    from trainer.evaluation_report import console_view
    from trainer.stage_a import METRICS, REPORT, StageAOrder
    from trainer.stage_a import stage_a as run
    from trainer.stage_a_report import PAGE

    console = Console(soft_wrap=True, markup=False, highlight=False)
    order = StageAOrder(
        folders, settings, name, base, charts, data=data, samples=samples, device=device, seed=seed, workers=workers, overwrite=overwrite
    )
    found = run(order, _ConsoleScreen(console))
    Console().print(console_view(found))
    console.print(f"model:  {order.folder}")
    console.print(f"solos:  {order.samples}, figures: {order.samples / METRICS}")
    console.print(f"report: {order.samples / REPORT / PAGE}")
    console.print(f"play:   companion --model {name}")


class _ConsoleScreen:
    """Steps as lines, work as progress bars."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, number: int, steps: int, title: str) -> None:
        self._console.print(f"== {number}/{steps} {title}")

    def said(self, text: str) -> None:
        self._console.print(f"   {text}")

    def prepared(self, shards: Shards) -> None:
        from trainer.prepare_command import show_prepared

        show_prepared(shards, Console())

    def preparing(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        from trainer.prepare_command import preparing_shown

        return preparing_shown()

    def training(self, what: Literal["base", "lora"]) -> AbstractContextManager[Callable[[Report], None]]:
        from trainer.train_command import training_shown

        return training_shown(what)

    def working(self, title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        from trainer.shown import shown

        return shown(title, total, self._console)
