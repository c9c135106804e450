"""The commands of `trainer duv`, which make humanizers. Knows their names only."""

from __future__ import annotations

import click

from trainer.duv.card_command import card
from trainer.duv.distil_command import distil
from trainer.duv.enrich_command import enrich
from trainer.duv.evaluate_command import evaluate
from trainer.duv.ladder_command import ladder
from trainer.duv.train_command import train


@click.group()
def duv() -> None:
    """Humanizers: how players give notes their velocity, length and timing."""


duv.add_command(enrich)
duv.add_command(train)
duv.add_command(evaluate)
duv.add_command(ladder)
duv.add_command(card)
duv.add_command(distil)
