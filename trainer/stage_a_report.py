"""What Stage A ends with: metrics.json, and a page on training, likelihood, music and solos. Measures nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainer.evaluation import Evaluation
from trainer.evaluation_report import write_report
from trainer.model_card import base_knows
from trainer.nll import TITLES
from trainer.prepare import reason_counts
from trainer.progress import draw_curve, read_diary
from trainer.reading import Dropped
from trainer.shards import Shards, counts
from trainer.source import SOURCES

PAGE = "report.md"
# What Stage A's metrics are usually asked for, by their usual names, and where they stand among all figures.
USUAL = {
    "dead_air_ratio": ("comparison", "dead_air"),
    "four_gram_repetition": ("comparison", "four_gram_repetition"),
    "note_density": ("comparison", "note_density"),
    "chord_tone_share": ("measures", "chord_tone_share"),
}


def metrics(figures: Mapping[str, Any], likelihood: Mapping[str, Any] | None) -> dict[str, Any]:
    """The four usual metrics by name, then everything: the evaluation's `figures`, and held-out likelihood where it was measured."""
    usual = {name: figures[group][measure]["value"] for name, (group, measure) in USUAL.items()}
    return {**usual, **figures, "likelihood": likelihood}


def told(shards: Shards, likelihood: Mapping[str, Any] | None, base_of: str | None = None) -> list[str]:
    """Paragraphs on held-out likelihood, where it was measured, and on the music that was learned from.

    `base_of` names the model whose base the adapter is laid over, where it is another one.
    """
    return [*_likelihood(likelihood, base_of), "## Music", *_music(shards)]


def write(
    found: Evaluation, folder: Path, name: str, dropped: Sequence[Dropped], paragraphs: Sequence[str], diaries: Mapping[str, Path]
) -> None:
    """Write the page to `folder`, with pictures of the solos and of the training `diaries`, and `paragraphs`. Raises OSError."""
    draw_curve({run: read_diary(path) for run, path in diaries.items() if path.is_file()}, folder / "curve.png")
    sections = ["## Training", "![training and held-out loss](curve.png)", *paragraphs]
    write_report(found, folder, f"{name}: its solos", dropped, sections)


def _likelihood(measured: Mapping[str, Any] | None, base_of: str | None) -> list[str]:
    if measured is None:
        return []
    rows = [f"| {title} | {measured[line]['per_note']:.3f} |" for line, title in TITLES.items() if line in measured]
    notes = measured["ngram"]["notes"]
    learned = "None was learned from." if base_of is None else f"The adapter learned from none. {base_knows(base_of)}"
    said = f"Nats for each of {notes} notes in {measured['pieces']} pieces of part {measured['part']}, jazz alone where it has any; "
    said += f"less is better. {learned}"
    return [said, "\n".join(["| | nats for each note |", "|---|---:|", *rows])]


def _music(shards: Shards) -> list[str]:
    rows = ["| role | part | pieces | notes |", "|---|---|---:|---:|"]
    rows += [f"| {role} | {part} | {row['pieces']} | {row['notes']} |" for (role, part), row in sorted(counts(shards).items())]
    found = Counter(entry.source for entry in shards.entries)
    sources = [f"- {SOURCES[name].title} ({SOURCES[name].licence}), {count} parts" for name, count in sorted(found.items())]
    reasons = [f"- {count} left out: {reason}" for reason, count in reason_counts(shards.manifest.dropped).most_common()]
    return ["\n".join(sources), "\n".join(rows), *(["\n".join(reasons)] if reasons else [])]
