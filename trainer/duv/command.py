"""The commands of `trainer duv`, which make humanizers. Knows their names only."""

from __future__ import annotations

import click

from trainer.duv.train_command import train


@click.group()
def duv() -> None:
    """Humanizers: how players give notes their velocity, length and timing."""


duv.add_command(train)
