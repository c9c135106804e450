"""The commands of `trainer`: what may be said on the command line. Knows no music."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from shared.files import written_whole
from trainer.duv.command import duv
from trainer.evaluate_command import evaluate
from trainer.export_command import export
from trainer.generate_command import generate
from trainer.nll_command import ngram, nll
from trainer.prepare_command import prepare
from trainer.stage_a_command import stage_a
from trainer.sweep_command import sweep
from trainer.train_command import train


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def trainer() -> None:
    """JamBot's trainer: train, and measure what was built."""


@trainer.command()
@click.option(
    "--charts", type=click.Path(path_type=Path), required=True, metavar="PATH", help="A chart (text), an iRb parquet, or a folder of them."
)
@click.option(
    "--part", type=click.Choice(["all", "tuning", "held-out"]), default="all", show_default=True,
    help="Charts of the iRb corpus that the recognizer was tuned on, or the others.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Chooses inversions, rootless forms and tensions.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the figures there.")
def chords(charts: Path, part: str, seed: int, json_file: Path | None) -> None:
    """Measure the chord recognizer on voicings of the chords in charts."""
    from trainer.chord_score import figures, score, table
    from trainer.chord_songs import read_songs, select

    rows = score(select(read_songs(charts), part), seed)
    Console().print(table(rows))
    if json_file is not None:
        with written_whole(json_file) as draft:
            draft.write_text(json.dumps({"part": part, "seed": seed, "rows": figures(rows)}, indent=2) + "\n", encoding="utf-8")


trainer.add_command(duv)
trainer.add_command(prepare)
trainer.add_command(train)
trainer.add_command(evaluate)
trainer.add_command(export)
trainer.add_command(generate)
trainer.add_command(ngram)
trainer.add_command(nll)
trainer.add_command(stage_a)
trainer.add_command(sweep)
