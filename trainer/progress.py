"""Training's diary: a line of JSON for each measurement, and the curve drawn from it. Knows files; knows no net."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.errors import DataError
from shared.files import written_whole

Entry = dict[str, Any]


class Diary:
    """A file of JSON lines, each with its `step`. Opened at `from_step`: what a killed run wrote beyond it is forgotten."""

    def __init__(self, path: Path, from_step: int) -> None:
        self.path = path
        self.entries = [entry for entry in read_diary(path) if entry["step"] <= from_step] if path.exists() and from_step else []
        with written_whole(path) as draft:
            draft.write_text("".join(json.dumps(entry) + "\n" for entry in self.entries), encoding="utf-8")

    def write(self, entry: Entry) -> None:
        """Append a line."""
        self.entries.append(entry)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def read_diary(path: Path) -> list[Entry]:
    """The entries of a diary; a last line that was cut short is left out. Raises DataError where another line is no entry."""
    lines = path.read_text(encoding="utf-8").splitlines()
    entries: list[Entry] = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            entries.append({**entry, "step": int(entry["step"])})
        except (ValueError, KeyError, TypeError):
            if number == len(lines):
                break
            raise DataError(f"{path}: line {number} is no entry of a training diary; remove the file") from None
    return entries


NATS = "nats a note"


def draw_curve(diaries: dict[str, list[Entry]], path: Path, held_out_unit: str = NATS) -> None:
    """Draw training and held-out loss over steps, a panel for each run, as a PNG. What has another unit has a scale of its own."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(diaries), 4), layout="constrained")
    panels = figure.subplots(1, len(diaries), squeeze=False)[0]
    for axes, (name, entries) in zip(panels, diaries.items(), strict=True):
        beside = axes if held_out_unit == NATS else axes.twinx()
        lines = []
        for key, label, style, where in (("train_per_note", "training", "C0-", axes), ("val_per_note", "held out", "C1o-", beside)):
            shown = [(entry["step"], entry[key]) for entry in entries if key in entry]
            if shown:
                lines += where.plot(*zip(*shown, strict=True), style, label=label, markersize=3, linewidth=1)
        axes.set(title=name, xlabel="optimizer steps", ylabel=NATS if beside is axes else f"training, {NATS}")
        if beside is not axes:
            beside.set_ylabel(f"held out, {held_out_unit}")
        axes.legend(handles=lines)
        axes.grid(alpha=0.3)
    with written_whole(path) as draft:
        figure.savefig(draft, dpi=120)
