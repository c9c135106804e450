"""A sweep for programs and people: summary.json and summary.md. Knows the outcome; plays nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from shared.files import written_whole
from trainer.measures import GATES
from trainer.sweep import BEST, Cell, Sweep, Tried

JSON_FILE, PAGE = "summary.json", "summary.md"
SETTINGS = {
    "primer_max_steps": "primer steps",
    "temperature": "temperature",
    "top_p": "top-p",
    "adapter_strength": "adapter strength",
    "split_pitch": "split pitch",
}
ROWS_MAX = 60
COMPARED = "dead_air"


def write_summary(found: Sweep, folder: Path) -> None:
    """Write `summary.json` and `summary.md` into `folder`. Raises OSError where the system refuses."""
    told = {"best": msgspec.to_builtins(found.tried[0].cell), **msgspec.to_builtins(found)}
    with written_whole(folder / JSON_FILE) as draft:
        draft.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    with written_whole(folder / PAGE) as draft:
        draft.write_text("\n\n".join(_page(found)) + "\n", encoding="utf-8")


def verdict(found: Sweep) -> str:
    """The outcome in two sentences."""
    best, again = found.tried[0], found.confirmed
    outside = f"; outside: {', '.join(again.outside)}" if again.outside else ""
    scores = [f"distance {one.distance:.3f}, {one.gates_inside} of {len(GATES)} inside" for one in (best, again)]
    return f"Best of {len(found.tried)}: {settings_text(best.cell)}: {scores[0]}. New solos with other seeds: {scores[1]}{outside}."


def settings_text(cell: Cell) -> str:
    """A cell's settings in words."""
    values = {title: getattr(cell, name) for name, title in SETTINGS.items()}
    return ", ".join(f"{title} {value:g}" for title, value in values.items() if value is not None)


def _page(found: Sweep) -> list[str]:
    text = [
        f"# Sweep of {found.model}",
        verdict(found),
        f"{found.solos} solos of {found.bars} bars for each way of sampling, seed {found.seed}; nothing filtered or repaired. "
        f"Distance: the mean over {len(GATES)} measures of max(0, d - 1) + 0.1 d, where d is how far the set's average lies from the "
        "human median, 1 at the 10th or 90th percentile; 0 is best. A single cell's distance is as uncertain as its few "
        "solos: trust the averages by setting and the confirmation more than the order of neighbours. The dead-air ratio stands there "
        "for comparison only.",
        "## Confirmed",
        "\n".join([*_head(("solos",)), *(_row((label,), one) for label, one in _confirmations(found))]),
        f"The solos lie in `{BEST}/`.",
        "## By setting",
        "\n".join(["| setting | value | mean distance | cells |", "|---|---:|---:|---:|", *_by_setting(found.tried)]),
        "## Every way",
        "\n".join([*_head(tuple(SETTINGS.values())), *(_row(_cells_of(one.cell), one) for one in found.tried[:ROWS_MAX])]),
    ]
    if len(found.tried) > ROWS_MAX:
        text.append(f"{len(found.tried) - ROWS_MAX} more, each worse, are in `{JSON_FILE}`.")
    if found.notes:
        text += ["## What was not varied", "\n".join(f"- {note}" for note in found.notes)]
    return text


def _confirmations(found: Sweep) -> list[tuple[str, Tried]]:
    return [("all new ones", found.confirmed), *((f"seed {seed}", one) for seed, one in found.confirmed_by_seed.items())]


def _by_setting(tried: Sequence[Tried]) -> list[str]:
    rows = []
    for name, title in SETTINGS.items():
        groups: dict[float, list[float]] = defaultdict(list)
        for one in tried:
            value = getattr(one.cell, name)
            if value is not None:
                groups[value].append(one.distance)
        if len(groups) > 1:
            rows += [f"| {title} | {value:g} | {sum(of) / len(of):.3f} | {len(of)} |" for value, of in sorted(groups.items())]
    return rows


def _head(columns: tuple[str, ...]) -> list[str]:
    names = [*columns, "distance", "inside", "dead-air ratio", "outside"]
    return [f"| {' | '.join(names)} |", "|" + "---:|" * (len(names) - 1) + "---|"]


def _row(labels: Sequence[str], one: Tried) -> str:
    dead_air = one.values.get(COMPARED)
    cells = [*labels, f"{one.distance:.3f}", str(one.gates_inside), "–" if dead_air is None else f"{dead_air:.3f}"]
    return f"| {' | '.join(cells)} | {', '.join(name.replace('_', ' ') for name in one.outside)} |"


def _cells_of(cell: Cell) -> list[str]:
    values = [getattr(cell, name) for name in SETTINGS]
    return ["–" if value is None else f"{value:g}" for value in values]
