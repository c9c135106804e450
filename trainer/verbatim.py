"""How much of a set of lines stands note for note in what a prepared folder teaches. Knows prepared folders; knows no report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.errors import DataError
from trainer.evaluation import Memorization
from trainer.line import Line
from trainer.memorization import known_rows, pitches_of, verbatim_share
from trainer.shards import open_shards
from trainer.source import SOURCES


def against_training(lines: Sequence[Line], folder: Path, role: str = "lead") -> Memorization:
    """Rows of eight notes of `lines`, and of the held-out jazz lines in a prepared folder, that stand in its training part."""
    shards = open_shards(folder)
    learned, held_out = shards.part("train", (role,)), shards.part("test", (role,))
    if not learned:
        raise DataError(f"{folder}: no {role} line in its training part; prepare it with that role")
    known = known_rows(pitches_of(shards.steps(entry)) for entry in learned)
    human = [pitches_of(shards.steps(entry)) for entry in held_out if SOURCES[entry.source].jazz]
    return Memorization(verbatim_share((line.pitch for line in lines), known), verbatim_share(human, known), len(human), len(known))
