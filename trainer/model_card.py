"""A model's card: what it learned from, what may be done with it, what was measured, where it fails. Knows words; knows no weights.

Figures come from the JSON files of other commands: `nll` (likelihood), `evaluate` or `stage-a` (measures), the companion's
`engine_speed` (speed), or plain numbers by name. Several of a kind are trials with other seeds: the first is the model's own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
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
    """What was measured: `plain` numbers by name, `likelihood` as `trainer nll` writes it and `measures` as `trainer evaluate` does, one
    for each seed, `speed` as the companion's `engine_speed` does."""

    plain: dict[str, float] = field(default_factory=dict)
    likelihood: tuple[Mapping[str, Any], ...] = ()
    measures: tuple[Mapping[str, Any], ...] = ()
    speed: Mapping[str, Any] | None = None

    @property
    def short(self) -> dict[str, float]:
        """The numbers that go into the weights' header and into lists of models."""
        found = dict(self.plain)
        for likelihood in self.likelihood[:1]:
            found |= {f"{line}_nats_per_note": round(likelihood[line]["per_note"], 4) for line in TITLES if line in likelihood}
            found["held_out_notes"] = likelihood["ngram"]["notes"]
        for measures in self.measures[:1]:
            found |= {"gates": measures["gates"], "gates_inside": measures["gates_inside"]}
            found["solos_measured"] = measures["counts"]["solos"]
        return found


def read_figures(paths: Sequence[Path]) -> Figures:
    """The figures in JSON files. Raises DataError for other files."""
    plain: dict[str, float] = {}
    likelihood: list[Mapping[str, Any]] = []
    measures: list[Mapping[str, Any]] = []
    speed: Mapping[str, Any] | None = None
    for path in paths:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("no names with numbers")
            if "measures" in found:
                measures.append(_measures(found))
                likelihood += [found["likelihood"]] if found.get("likelihood") else []
            elif "ngram" in found:
                likelihood.append(found)
            elif "speed" in found:
                speed = found
            else:
                plain |= _plain(found)
            # Reads all that is needed, so that a damaged file, or one that does not fit the others, is named here.
            _tables(Figures({}, tuple(likelihood), tuple(measures), speed))
            _ = Figures({}, tuple(likelihood[-1:]), tuple(measures[-1:])).short
        except OSError as error:
            raise DataError(f"--figures {path}: cannot be read ({error.strerror}); name a JSON file that was measured") from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"--figures {path}: no figures ({error}); name what nll, evaluate or stage-a wrote, or a JSON file of numbers by name"
            ) from None
    return Figures(plain, tuple(likelihood), tuple(measures), speed)


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


def card_text(
    card: Card,
    shape: DecoderConfig,
    parameters: int,
    rank: int | None,
    figures: Figures,
    files: Mapping[str, str],
    base_of: str | None = None,
) -> str:
    """The card as Markdown. `rank`: of the adapter, None without one; `files`: what each file in the folder is.

    `base_of` names the model that the base was trained for, where it is another one.
    """
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
        "No tune that was held out for measuring was learned from, in any key."
        if base_of is None
        else f"The adapter learned from no tune that was held out for measuring, in any key. {base_knows(base_of)}",
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


def base_knows(base_of: str) -> str:
    """What can be said of held-out tunes and a base that was trained for another model."""
    return f"The base is that of `{base_of}`, and may know some of them, unless it learned from the same prepared music."


def _tables(figures: Figures) -> list[str]:
    found: list[str] = []
    if figures.likelihood:
        found += _likelihood(figures.likelihood)
    if figures.measures:
        found += _lines(figures.measures)
    if figures.speed is not None:
        found += _speed(figures.speed)
    if figures.plain:
        found.append("\n".join(f"- {name.replace('_', ' ')}: {value:g}" for name, value in figures.plain.items()))
    return found


def _likelihood(seeds: Sequence[Mapping[str, Any]]) -> list[str]:
    own = seeds[0]
    rows = [
        [title, *(_number(seed[line]["per_note"] if line in seed else None) for seed in seeds)]
        for line, title in TITLES.items()
        if any(line in seed for seed in seeds)
    ]
    gains = [
        f"- {name.replace('_', ' ')}: " + "; ".join(_gain(seed.get("gains", {}).get(name)) for seed in seeds)
        for name in _names(seed.get("gains", {}) for seed in seeds)
    ]
    found = [
        f"Held-out likelihood: nats for each of {own['ngram']['notes']} notes in {own['pieces']} pieces, less is better{_by_seed(seeds)}.",
        _table(["", *_heads(seeds, "nats for each note")], rows),
    ]
    return [*found, "Gains, with 95 % intervals over pieces:", "\n".join(gains), *_made_by(seeds)] if gains else [*found, *_made_by(seeds)]


def _lines(seeds: Sequence[Mapping[str, Any]]) -> list[str]:
    own = seeds[0]
    inside = ", ".join(f"{seed['gates_inside']} of {seed['gates']}" for seed in seeds)
    found = [
        f"{inside} measures of {own['counts']['solos']} solos lie between the 10th and the 90th percentile of human solos (averages of "
        f"the set; failing ones first{_by_seed(seeds)})."
    ]
    gates = {name: row for name, row in own["measures"].items() if row["gate"]}
    rows = [
        [
            name.replace("_", " "),
            *(_number(seed["measures"][name]["value"]) for seed in seeds),
            *(_number(row[human]) for human in ("human_p10", "human_p50", "human_p90")),
            "inside" if all(seed["measures"][name]["inside"] for seed in seeds) else "outside",
        ]
        for name, row in gates.items()
    ]
    rows.sort(key=lambda row: row[-1] == "inside")
    found.append(_table(["measure", *_heads(seeds, "set"), "human 10 %", "median", "90 %", ""], rows))
    swing = [seed.get("swing", {}) for seed in seeds]
    bands = [
        [f"{band} BPM", *(_number(told[band]["value"] if band in told else None) for told in swing), _number(human["human_p50"])]
        for band in _names(swing)
        for human in [next(told[band] for told in swing if band in told)]
    ]
    found += [_table(["swing ratio", *_heads(seeds, "set"), "human median"], bands)] if bands else []
    memorized = [seed.get("memorization") for seed in seeds]
    if measured := [told for told in memorized if told is not None]:
        shares = ", ".join(_share(None if told is None else told["share"]) for told in memorized)
        found.append(
            f"Eight notes in a row that stand in the training music, in any key: {shares} of the solos' rows; of "
            f"{measured[0]['human_solos']} held-out human solos' {_share(measured[0]['human_share'])}."
        )
    return [*found, *_made_by(seeds)]


def _speed(speed: Mapping[str, Any]) -> list[str]:
    kinds = list(speed["speed"])
    rows = [
        [work, *(f"{took['p50']:.1f} / {took['p99']:.1f}" for kind in kinds for took in (speed["speed"][kind][work],))]
        for work in speed["speed"][kinds[0]]
    ]
    return ["Milliseconds, median / 99 of 100:", _table(["", *kinds], rows), *_made_by([speed])]


def _heads(seeds: Sequence[object], alone: str) -> list[str]:
    return [alone] if len(seeds) == 1 else [f"seed {number}" for number in range(1, len(seeds) + 1)]


def _by_seed(seeds: Sequence[object]) -> str:
    return "" if len(seeds) == 1 else "; a column for each seed, as in the commands below"


def _made_by(seeds: Sequence[Mapping[str, Any]]) -> list[str]:
    """By which command and on which machine, where the files say so."""
    told = [
        "- " + ", then ".join(f"`{seed[name]}`" for name in ("played_by", "command") if name in seed) + f", on {seed['machine']}"
        for seed in seeds
        if "command" in seed and "machine" in seed
    ]
    return ["\n".join(dict.fromkeys(told))] if told else []


def _names(told: Iterable[Mapping[str, Any]]) -> list[str]:
    """All names in `told`, each once, in their order: what one seed lacks another may have."""
    return list(dict.fromkeys(name for names in told for name in names))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = "|" + "|".join("---" if not place or not name else "---:" for place, name in enumerate(head)) + "|"
    return "\n".join(["| " + " | ".join(head) + " |", ruler, *("| " + " | ".join(row) + " |" for row in rows)])


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


def _gain(gain: Mapping[str, float] | None) -> str:
    return "–" if gain is None else f"{gain['percent']:+.2f} % ({gain['low']:.2f} to {gain['high']:.2f})"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
