"""A model's card: what it learned from, what may be done with it, what was measured, where it fails. Knows words; knows no weights.

Figures come from the JSON files of other commands: `nll` (likelihood), `evaluate` or `stage-a` (measures), or plain numbers by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.checkpoint import ADAPTER_FILE_NAME, FILE_NAME, Card, read_header
from shared.errors import DataError
from shared.model_folder import BASE_FILE_NAME
from shared.nets.decoder import DecoderConfig
from trainer.nll import TITLES
from trainer.source import CREDITS_APART, SOURCES, licence_of

STEPS_A_BAR = 12
LIMITS = (
    "It writes one line of single notes over chords: no chords of its own, no loudness and no timing against the beat; "
    "JamBot's player adds those.",
    "It knows chords by root and quality, in metres of whole quarter or eighth notes. Odd metres and rare qualities were seldom seen.",
    "It looks back over {context} steps, about {bars} bars of eighth notes, and remembers no form beyond that.",
    "What it plays resembles what it learned from, in its strengths and in its habits; the share of notes that stand there verbatim is "
    "measured, not prevented.",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: `plain` numbers by name, `likelihood` as `trainer nll` writes it, `measures` as `trainer evaluate` does."""

    plain: dict[str, float] = field(default_factory=dict)
    likelihood: Mapping[str, Any] | None = None
    measures: Mapping[str, Any] | None = None

    @property
    def short(self) -> dict[str, float]:
        """The numbers that go into the weights' header and into lists of models."""
        found = dict(self.plain)
        if self.likelihood is not None:
            found |= {f"{line}_nats_per_note": round(self.likelihood[line]["per_note"], 4) for line in TITLES if line in self.likelihood}
            found["held_out_notes"] = self.likelihood["ngram"]["notes"]
        if self.measures is not None:
            found |= {"gates": self.measures["gates"], "gates_inside": self.measures["gates_inside"]}
            found["solos_measured"] = self.measures["counts"]["solos"]
        return found


def read_figures(paths: Sequence[Path]) -> Figures:
    """The figures in JSON files; of two files that tell the same the later one counts. Raises DataError for other files."""
    plain: dict[str, float] = {}
    likelihood: Mapping[str, Any] | None = None
    measures: Mapping[str, Any] | None = None
    for path in paths:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("no names with numbers")
            if "measures" in found:
                measures = _measures(found)
                likelihood = found.get("likelihood") or likelihood
            elif "ngram" in found:
                likelihood = found
            else:
                plain |= _plain(found)
            Figures({}, likelihood, measures).short  # noqa: B018 - reads all that is needed, so that a damaged file is named here
        except OSError as error:
            raise DataError(f"--figures {path}: cannot be read ({error.strerror}); name a JSON file that was measured") from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"--figures {path}: no figures ({error}); name what nll, evaluate or stage-a wrote, or a JSON file of numbers by name"
            ) from None
    return Figures(plain, likelihood, measures)


def whole_card(folder: Path) -> Card:
    """The card of all that lies in a model's folder: what its base learned from counts for the adapter over it. Raises CheckpointError."""
    parts = [folder / name for name in (BASE_FILE_NAME, ADAPTER_FILE_NAME) if (folder / name).is_file()]
    cards = [read_header(path).card for path in parts or [folder / FILE_NAME]]
    learned = list(dict.fromkeys(credit for card in cards for credit in card.training_data.split(CREDITS_APART)))
    known = {source.credit: name for name, source in SOURCES.items()}
    if all(credit in known for credit in learned):
        licence = licence_of([known[credit] for credit in learned])
    else:
        licence = "; and ".join(dict.fromkeys(card.licence for card in cards))
    return Card(cards[-1].name, CREDITS_APART.join(learned), licence, cards[-1].figures)


def card_text(card: Card, shape: DecoderConfig, parameters: int, rank: int | None, figures: Figures, files: Mapping[str, str]) -> str:
    """The card as Markdown. `rank`: of the adapter, None without one; `files`: what each file in the folder is."""
    made = (
        f"A causal transformer over beat-based events ({shape.layers} layers, width {shape.width}, {shape.heads} heads, context "
        f"{shape.context} steps, {parameters / 1e6:.1f} million parameters), one step for each note and each beat line, chords in the "
        "stream at the moment they change. The loss covers the notes alone; pieces are learned in all keys, the next chord is hidden now "
        "and then."
    )
    if rank is not None:
        made += f" Over the base an adapter (LoRA, rank {rank}, on attention and feed-forward) was trained, and merged."
    text = [
        f"# {card.name}",
        "A model for JamBot: it plays a line over chords. Play it with `companion --model " + card.name + "`.",
        "## Licence",
        card.licence,
        "## Learned from",
        "\n".join(f"- {source}" for source in card.training_data.split(CREDITS_APART)),
        "No tune that was held out for measuring was learned from, in any key.",
        "## How it was made",
        made,
        "## Figures",
        *(_tables(figures) or ["None were given."]),
        "## Limits",
        "\n".join(f"- {limit.format(context=shape.context, bars=shape.context // STEPS_A_BAR)}" for limit in LIMITS),
        "## Files",
        "\n".join(f"- `{name}`: {what}" for name, what in files.items()),
    ]
    return "\n\n".join(text) + "\n"


def _tables(figures: Figures) -> list[str]:
    found: list[str] = []
    if (likelihood := figures.likelihood) is not None:
        notes = likelihood["ngram"]["notes"]
        found.append(f"Held-out likelihood: nats for each of {notes} notes in {likelihood['pieces']} pieces, less is better.")
        rows = [f"| {title} | {likelihood[line]['per_note']:.3f} |" for line, title in TITLES.items() if line in likelihood]
        found.append("\n".join(["| | nats for each note |", "|---|---:|", *rows]))
        gains = [
            f"- {name.replace('_', ' ')}: {gain['percent']:+.1f} % (95 % interval {gain['low']:.1f} to {gain['high']:.1f})"
            for name, gain in likelihood.get("gains", {}).items()
        ]
        found += ["\n".join(gains)] if gains else []
    if (measures := figures.measures) is not None:
        found.append(
            f"{measures['gates_inside']} of {measures['gates']} measures of {measures['counts']['solos']} solos lie between the 10th and "
            "the 90th percentile of human solos (averages of the set; failing ones first)."
        )
        gates = {name: row for name, row in measures["measures"].items() if row["gate"]}
        rows = [
            f"| {name.replace('_', ' ')} | {_number(row['value'])} | {_number(row['human_p10'])} | {_number(row['human_p50'])} | "
            f"{_number(row['human_p90'])} | {'inside' if row['inside'] else 'outside'} |"
            for name, row in sorted(gates.items(), key=lambda item: item[1]["inside"] is True)
        ]
        found.append("\n".join(["| measure | set | human 10 % | median | 90 % | |", "|---|---:|---:|---:|---:|---|", *rows]))
        swing = [
            f"- swing ratio at {band} BPM: {_number(row['value'])} (human {_number(row['human_p50'])})"
            for band, row in measures.get("swing", {}).items()
        ]
        found += ["\n".join(swing)] if swing else []
        if (memorized := measures.get("memorization")) is not None:
            found.append(
                f"Eight notes in a row that stand in the training music, in any key: {_share(memorized['share'])} of the solos' rows; of "
                f"{memorized['human_solos']} held-out human solos' {_share(memorized['human_share'])}."
            )
    if figures.plain:
        found.append("\n".join(f"- {name.replace('_', ' ')}: {value:g}" for name, value in figures.plain.items()))
    return found


def _measures(found: Mapping[str, Any]) -> Mapping[str, Any]:
    for row in found["measures"].values():
        for name in ("value", "human_p10", "human_p50", "human_p90", "inside", "gate"):
            row[name]
    return found


def _plain(found: Mapping[str, Any]) -> dict[str, float]:
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{name} is no number")
    return dict(found)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
