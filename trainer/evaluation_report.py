"""An evaluation for people: tables on the console, and a folder with a page and pictures. Knows the evaluation; measures nothing itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from shared.files import written_whole
from trainer.evaluation import Evaluation, Row
from trainer.human import PUBLISHED, PUBLISHED_SWING, Human
from trainer.measures import GATES, MEASURES, Value
from trainer.reading import Dropped

ROLLS = 4
NOTHING = "–"
EARLIER_DEAD_AIR = ".534, .455 and .482"


def console_view(evaluation: Evaluation) -> Group:
    """The measures against the human ranges, failing ones first, then swing, memorization and what stands out."""
    table = Table(title=headline(evaluation), box=SIMPLE_HEAD)
    for column in ("measure", "set", "10 %", "median", "90 %", "of humans"):
        table.add_column(column, justify="left" if column in ("measure", "of humans") else "right", no_wrap=True)
    for row in evaluation.rows:
        style = "red" if row.measure.gate and row.inside is not True else "dim" if row.measure.compared else None
        table.add_row(_title(row), _number(row.value), *_human_cells(row), _verdict(row), style=style)
    swing = Table(title="Swing: beat-upbeat ratio by tempo", box=SIMPLE_HEAD)
    for column in ("BPM", "set", "human median", "", "upbeats", "solos"):
        swing.add_column(column, justify="left" if column in ("BPM", "") else "right")
    for found in evaluation.swing:
        told = NOTHING if found.inside is None else "inside" if found.inside else "OUTSIDE"
        cells = (_number(found.swing.ratio), _number(found.human), told, str(found.swing.upbeats), str(found.swing.lines))
        swing.add_row(found.band, *cells, style="red" if found.inside is False else None)
    return Group(table, *([swing] if evaluation.swing else []), *remarks(evaluation))


def human_view(human: Human, shipped: Human | None) -> Table:
    """The human column, how far its medians are from the `shipped` ones (None where it is these), and the published one."""
    table = Table(title=f"Human ranges: {human.source}", caption="published: the middle of 456 solos", box=SIMPLE_HEAD)
    columns = ["measure", "10 %", "median", "90 %", *([] if shipped is None else ["change"]), "published"]
    for column in columns:
        table.add_column(column, justify="left" if column == "measure" else "right", no_wrap=True)
    for name, found in human.measures.items():
        change = [] if shipped is None else [f"{found.p50 - shipped.measures[name].p50:+.3f}"]
        table.add_row(MEASURES[name].title, *map(_number, (found.p10, found.p50, found.p90)), *change, _published(name))
    for band, swing in human.swing.items():
        known = None if shipped is None else shipped.swing.get(band)
        change = [] if shipped is None else [NOTHING if known is None else f"{swing.ratio - known.ratio:+.3f}"]
        published = f"{PUBLISHED_SWING[band]:g}" if band in PUBLISHED_SWING else NOTHING
        table.add_row(f"swing ratio, {band} BPM", "", _number(swing.ratio), "", *change, published)
    if (phrases := human.notes_per_annotated_phrase) is not None:
        change = [] if shipped is None else [""]
        cells = map(_number, (phrases.p10, phrases.p50, phrases.p90))
        table.add_row("notes per annotated phrase", *cells, *change, _published("notes_per_phrase"))
    return table


def headline(evaluation: Evaluation) -> str:
    """The verdict in a line."""
    return f"{evaluation.gates_inside} of {len(GATES)} measures inside the human range: average of {evaluation.solos} solos"


def remarks(evaluation: Evaluation) -> list[str]:
    """What the table does not say: memorization, empty lines, lines without chords."""
    found = []
    if (memorized := evaluation.memorization) is not None:
        found.append(
            f"Eight notes in a row that stand in the training part, in any key: {_percent(memorized.share)} of the set, "
            f"{_percent(memorized.human_share)} of {memorized.solos} held-out human solos."
        )
    if evaluation.without_notes:
        found.append(f"{evaluation.without_notes} of {len(evaluation.lines)} solos have no note and count in no average.")
    if evaluation.without_chords:
        found.append(f"{evaluation.without_chords} of {len(evaluation.lines)} solos have no chords; measures over chords leave them out.")
    return found


def write_report(
    evaluation: Evaluation, folder: Path, title: str, dropped: Sequence[Dropped] = (), sections: Sequence[str] = ()
) -> None:
    """Write `report.md` and its pictures into `folder`; `sections` are further paragraphs. Raises OSError where the system refuses."""
    from trainer.line_picture import draw_line
    from trainer.measure_plots import draw_measures, draw_swing

    draw_measures(evaluation, folder / "measures.png")
    pictures = ["![measures](measures.png)"]
    if evaluation.swing:
        draw_swing(evaluation, folder / "swing.png")
        pictures.append("![swing by tempo](swing.png)")
    shown = [line for line in evaluation.lines if len(line)]
    rolls = []
    for index in sorted({round(place * (len(shown) - 1) / max(1, ROLLS - 1)) for place in range(min(ROLLS, len(shown)))}):
        name = f"solo-{index + 1:03d}.png"
        draw_line(shown[index], folder / name)
        rolls.append(f"![{_plain(shown[index].name)}]({name})")
    text = [f"# {_plain(title)}", f"{headline(evaluation)}. Humans: {evaluation.human.source}.", *pictures]
    text += ["## Measures", *_measure_table(evaluation)]
    text += ["## Swing", *_swing_table(evaluation), "## Remarks", *(remarks(evaluation) or ["None."])]
    if dropped:
        text += ["## Left out", "\n".join(f"- {_plain(one.name)}: {_plain(one.reason)}" for one in dropped)]
    text += [*sections, "## Some of the solos", *rolls]
    with written_whole(folder / "report.md") as draft:
        draft.write_text("\n\n".join(text) + "\n", encoding="utf-8")


def _measure_table(evaluation: Evaluation) -> list[str]:
    lines = ["| measure | set | human 10 % | median | 90 % | |", "|---|---:|---:|---:|---:|---|"]
    lines += [f"| {_title(row)} | {_number(row.value)} | {' | '.join(_human_cells(row))} | {_verdict(row)} |" for row in evaluation.rows]
    note = (
        "Failing measures first. Gates stand without brackets: a set's average is inside where it lies in the human 10th to 90th "
        "percentile. Measures in brackets are for comparison only. Earlier systems told dead-air ratios of "
        f"{EARLIER_DEAD_AIR}; a steady line of eighths has 1 up to 166 BPM."
    )
    return ["\n".join(lines), note]


def _swing_table(evaluation: Evaluation) -> list[str]:
    if not evaluation.swing:
        return ["No beat with exactly three onsets at 110 BPM or more."]
    lines = ["| BPM | set | human median | within 0.1 | upbeats | solos |", "|---|---:|---:|---|---:|---:|"]
    for row in evaluation.swing:
        told = NOTHING if row.inside is None else "inside" if row.inside else "**outside**"
        cells = (row.band, _number(row.swing.ratio), _number(row.human), told, str(row.swing.upbeats), str(row.swing.lines))
        lines.append(f"| {' | '.join(cells)} |")
    return ["\n".join(lines)]


def _title(row: Row) -> str:
    return row.measure.title if row.measure.gate else f"({row.measure.title})"


def _human_cells(row: Row) -> tuple[str, str, str]:
    human = row.human
    return (NOTHING,) * 3 if human is None else (_number(human.p10), _number(human.p50), _number(human.p90))


def _verdict(row: Row) -> str:
    if row.measure.compared or row.inside is None:
        return "not measured" if row.value is None else NOTHING
    if row.inside:
        return "inside"
    assert row.value is not None
    assert row.human is not None
    return "too high" if row.value > row.human.p90 else "too low"


def _published(name: str) -> str:
    return f"{PUBLISHED[name][0]:g}" if name in PUBLISHED else NOTHING


def _number(value: Value) -> str:
    return NOTHING if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _percent(value: Value) -> str:
    return NOTHING if value is None else f"{100 * value:.1f} %"


def _plain(text: str) -> str:
    """A file's name as Markdown shows it."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)
