"""A humanizer's card: what it learned from players, what was transferred, what was measured, where it fails. Knows words; knows no tensors.

Figures come from the JSON files that `trainer duv evaluate --json` writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import DataError
from shared.header import Card, read_header
from shared.model_folder import FILE_NAME, STYLE_FILE_NAME
from shared.touch_table import TABLE_FILE_NAME
from shared.written import PLAYING_STYLES
from trainer.duv.evaluate import ADAPTED, BASELINE, MODEL, READOUTS
from trainer.duv.evaluate_report import HUMAN
from trainer.duv.ladder_file import LADDER_FILE_NAME
from trainer.duv.learned import LEARNED_FILE_NAME, Learned, Material, read_learned
from trainer.duv.measures import LENGTH_MEASURES, MEASURES
from trainer.source import CREDITS_APART, SOURCES

QUANTITIES = {"velocity": "velocity", "timing": "timing", "duration": "length"}
_TITLES = {**MEASURES, **LENGTH_MEASURES}
HEADLINE = ("timing_mae_ms", "velocity_mae", "r", "log_ratio_mae")
_BASELINE_ENDING = "_lightgbm"
_NO_RUNGS = (HUMAN, "intervals", "gain_over_lightgbm", "adapters", "about")
_RUNG_TITLES = {MODEL: "this model", ADAPTED: "this model and its adapters", BASELINE: "LightGBM"}
_COLUMNS = ("source", "instrument", "tracks", "notes", "velocity", "timing", "length")
_VELOCITY_ORIGINS = {"loudness": "the loudness of recordings", "unknown": "data whose makers do not say how they came about"}
_NAME_ANOTHER = "name what `trainer duv evaluate --json` wrote"
LIMITS = (
    "It sees what is written and nothing of what is played: no other track, no harmony, no dynamics beyond the notes themselves.",
    "Where style, tempo or instrument are unknown it plays as players do on average.",
    "Music unlike what it learned from (other metres, other kits, other ways of playing) is humanized by resemblance.",
)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One file of figures, as `trainer duv evaluate --json` writes it."""

    name: str
    figures: Mapping[str, Any]


def read_evaluated(path: Path) -> Evaluated:
    """The figures in `path`. Raises DataError where it is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        about = found["about"]
        Evaluated(path.name, found).figures[MODEL][READOUTS[0]]
        about["dataset"], about["takes"], about["notes"]
    except OSError as error:
        raise DataError(f"--figures {path}: cannot be read ({error.strerror}); {_NAME_ANOTHER}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"--figures {path}: holds no figures of a humanizer ({error!r}); {_NAME_ANOTHER}") from None
    return Evaluated(path.name, found)


def headline(evaluated: Sequence[Evaluated]) -> dict[str, float]:
    """The errors of the point readout in the first of `evaluated`, and gradient boosting's: what a list of models shows. Rounded."""
    if not evaluated:
        return {}
    found: dict[str, float] = {}
    for rung, ending in ((MODEL, ""), (BASELINE, _BASELINE_ENDING)):
        point = evaluated[0].figures.get(rung, {}).get(READOUTS[0], {})
        found |= {f"{name}{ending}": round(point[name], 3) for name in HEADLINE if point.get(name) is not None}
    return found


def card_of(folder: Path, evaluated: Sequence[Evaluated]) -> str:
    """The card of the humanizer in `folder`, as Markdown. Raises CheckpointError and DataError where its files are missing or damaged."""
    header = read_header(folder / FILE_NAME)
    learned = read_learned(folder)
    if learned is None:
        raise DataError(f"{folder}: has no {LEARNED_FILE_NAME}, which training writes at its end; train the model to its end")
    shape = header.architecture
    text = [
        f"# {header.card.name}",
        f"A humanizer for JamBot: it gives the written notes of {learned.instrument} a player's velocity, timing and length.",
        "## Licence",
        header.card.licence,
        "## Learned from",
        "\n".join(f"- {source}" for source in header.card.training_data.split(CREDITS_APART)),
        _table([_COLUMNS, *(_cells(one) for one in learned.everything())], 2),
        "Notes of which each quantity is known. No piece that was held out for measuring was learned from.",
        "## What is a player's, and what was transferred",
        "\n".join(_origins(learned)),
        "## How it was made",
        f"A bidirectional transformer over written notes ({shape['layers']} layers, width {shape['width']}, {shape['heads']} heads, "
        f"{shape['context']} notes at once), whose heads are distributions of velocity, timing and the logarithm of the length's ratio. It "
        "reads the written side alone. Style, tempo and instrument were hidden now and then, so that it can do without.",
        "## Figures",
        *(_figures(header.card, evaluated)),
        "## Limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
        "## Files",
        "\n".join(f"- `{name}`: {what}" for name, what in _files(folder).items()),
    ]
    return "\n\n".join(text) + "\n"


def _cells(material: Material) -> tuple[str, ...]:
    velocity = f"{material.velocity:,}" + (f" ({material.velocity_from})" if material.velocity else "")
    counts = (f"{count:,}" for count in (material.tracks, material.notes))
    return SOURCES[material.source].title, material.instrument, *counts, velocity, f"{material.timing:,}", f"{material.duration:,}"


def _origins(learned: Learned) -> list[str]:
    """For each quantity a line: from players of this instrument, from something else, or from other instruments."""
    material = learned.everything()
    lines = []
    for quantity, title in QUANTITIES.items():
        own = [one for one in material if one.instrument == learned.instrument and getattr(one, quantity)]
        notes = sum(getattr(one, quantity) for one in own)
        others = sorted({one.instrument for one in material if one.instrument != learned.instrument and getattr(one, quantity)})
        help_of = f" Helped by {', '.join(others)}." if others else ""
        if not own:
            said = f"transferred from {', '.join(others)}; nothing of this instrument was known." if others else "not learned."
        elif quantity == "velocity" and not any(one.velocity_from == "player" for one in own):
            origins = " and ".join(sorted({_VELOCITY_ORIGINS[one.velocity_from] for one in own}))
            said = f"from {origins}, not from a player's touch ({notes:,} notes).{help_of}"
        else:
            said = f"from human players of this instrument ({notes:,} notes).{help_of}"
        lines.append(f"- {title}: {said}")
    return lines


def _figures(card: Card, evaluated: Sequence[Evaluated]) -> list[str]:
    found = []
    for one in evaluated:
        about = one.figures["about"]
        found.append(f"{about['dataset']}: {about['takes']} takes, {about['notes']:,} notes." + _command(one.figures))
        rungs = {name: readouts for name, readouts in one.figures.items() if name not in _NO_RUNGS}
        measures = [name for name in _TITLES if any(name in values for readouts in rungs.values() for values in readouts.values())]
        rows = [("", "readout", *(_TITLES[name] for name in measures))]
        for name, readouts in rungs.items():
            for readout, values in readouts.items():
                title = _RUNG_TITLES.get(name, name.replace("_", " "))
                rows.append((title, readout, *(_number(values.get(measure)) for measure in measures)))
        found.append(_table(rows, 2))
        human = one.figures.get(HUMAN, {}).get("ghost_share")
        found += [f"Players' own share of ghost notes: {human:.3f}."] if human is not None else []
        found += _adapters(one.figures.get("adapters", {}))
        found += [" ".join(about["remarks"])] if about.get("remarks") else []
    tabled = {f"{name}{ending}" for name in HEADLINE for ending in ("", _BASELINE_ENDING)}
    found.append("\n".join(f"- {name.replace('_', ' ')}: {value:g}" for name, value in card.figures.items() if name not in tabled))
    return found


def _command(figures: Mapping[str, Any]) -> str:
    """The command and the machine, where the file names them."""
    origin = figures["about"].get("provenance") or {}
    return f" `{origin['command']}`, {origin['machine']}." if {"command", "machine"} <= origin.keys() else ""


def _adapters(adapters: Mapping[str, Any]) -> list[str]:
    rows = [("adapter", "takes", "measured on", "error", "without", "with")]
    for style, one in adapters.items():
        for place, title in (("own_style", "its style"), ("elsewhere", "other styles")):
            for name in ("timing_mae_ms", "velocity_mae", "log_ratio_mae"):
                pair = one.get(place)
                if pair and pair["duv"].get(name) is not None:
                    takes = str(one["takes_of_its_style"]) if place == "own_style" else ""
                    rows.append((style, takes, title, _TITLES[name], _number(pair["duv"][name]), _number(pair["adapter"][name])))
    return [_table(rows, 4)] if len(rows) > 1 else []


def _files(folder: Path) -> dict[str, str]:
    names = {FILE_NAME: "the model", **{STYLE_FILE_NAME.format(style=style): f"adapter to {style}" for style in PLAYING_STYLES}}
    names |= {
        TABLE_FILE_NAME: "its touch in small trees, for `companion bake-piano-roll`",
        LADDER_FILE_NAME: "the baselines that it is measured against",
        LEARNED_FILE_NAME: "what it learned from, counted",
    }
    return {name: what for name, what in names.items() if (folder / name).is_file()}


def _table(rows: Sequence[tuple[str, ...]], left: int) -> str:
    """Rows as a Markdown table, the first its head, `left` columns of words and the others of numbers."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + "---|" * left + "---:|" * (len(rows[0]) - left), *body])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"
