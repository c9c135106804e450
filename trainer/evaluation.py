"""A set of lines against the human ranges: inside or outside, measure by measure. Knows figures; knows no files and no layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.human import Human, Range
from trainer.line import Line
from trainer.measures import GATES, MEASURES, Measure, Swing, Value, measure_line, set_averages, swing_by_tempo

SWING_TOLERANCE = 0.1
UNMEASURED_DISTANCE = 3.0
MEDIAN_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of the set: its average `value` beside the human range; None where no line, or no human, has it."""

    measure: Measure
    value: Value
    human: Range | None

    @property
    def inside(self) -> bool | None:
        """Whether the average lies in the human 10th to 90th percentile; None where nothing can be said."""
        return None if self.value is None or self.human is None else self.human.holds(self.value)

    @property
    def distance(self) -> float | None:
        """How far the average lies from the human median, in steps from there to the 10th or the 90th percentile, whichever side it is on.

        So it is at most 1 inside the human range, and too much counts like too little. None where nothing can be said.
        """
        if self.value is None or self.human is None:
            return None
        away = abs(self.value - self.human.p50)
        step = self.human.p90 - self.human.p50 if self.value > self.human.p50 else self.human.p50 - self.human.p10
        return 0.0 if not away else away / step if step > 0 else UNMEASURED_DISTANCE


@dataclass(frozen=True, slots=True)
class SwingRow:
    """The set's beat-upbeat ratio in one tempo band beside the human median of that band."""

    band: str
    swing: Swing
    human: float | None

    @property
    def inside(self) -> bool | None:
        """Whether it lies within 0.1 of the human median."""
        return None if self.human is None else abs(self.swing.ratio - self.human) <= SWING_TOLERANCE + 1e-9


@dataclass(frozen=True, slots=True)
class Memorization:
    """Share of rows of eight notes that stand in the training part in any key: of the set, and of `solos` held-out human solos."""

    share: Value
    human_share: Value
    solos: int
    known_rows: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was found about a set of `solos` lines. `rows` holds gates first, the failing ones before the others.

    `lines` and `values` are empty where only the set's figures are known.
    """

    solos: int
    lines: tuple[Line, ...]
    values: tuple[dict[str, Value], ...]
    rows: tuple[Row, ...]
    swing: tuple[SwingRow, ...]
    human: Human
    memorization: Memorization | None = None

    @property
    def gates_inside(self) -> int:
        """How many of the gates lie in the human range."""
        return sum(row.inside is True for row in self.rows if row.measure.gate)

    @property
    def without_notes(self) -> int:
        """Lines without a note."""
        return sum(not len(line) for line in self.lines)

    @property
    def without_chords(self) -> int:
        """Lines with notes but no chord under any of them."""
        return sum(bool(len(line)) and not any(line.chords) for line in self.lines)


def evaluate(lines: Sequence[Line], human: Human, memorization: Memorization | None = None) -> Evaluation:
    """Every measure of `lines` as a set average beside the human ranges."""
    values = [measure_line(line) for line in lines]
    averages = set_averages(values)
    rows = [Row(measure, averages[name], human.measures.get(name)) for name, measure in MEASURES.items()]
    rows.sort(key=lambda row: (row.measure.compared, not row.measure.gate, row.inside is True))
    swing = [SwingRow(band, found, _ratio(human, band)) for band, found in swing_by_tempo(lines).items()]
    swing.sort(key=lambda row: row.inside is True)
    return Evaluation(len(lines), tuple(lines), tuple(values), tuple(rows), tuple(swing), human, memorization)


def evaluate_humans(lines: Sequence[Line], human: Human, memorization: Memorization | None = None) -> Evaluation:
    """The humans themselves as a measured set, from their figures; `lines` are their solos where these are at hand."""
    rows = [Row(MEASURES[name], found.mean, found) for name, found in human.measures.items()]
    rows.sort(key=lambda row: (row.measure.compared, not row.measure.gate, row.inside is True))
    swing = tuple(SwingRow(band, found, found.ratio) for band, found in human.swing.items())
    values = tuple(measure_line(line) for line in lines)
    return Evaluation(human.solos, tuple(lines), values, tuple(rows), swing, human, memorization)


def distance(evaluation: Evaluation) -> float:
    """One number to choose a set by, less is better: the mean over the gates of max(0, d - 1) + 0.1 d, d being `Row.distance`.

    What lies outside the human range counts by how far it is outside; inside, a little by how far it is from the median, so that of
    two sets that pass the more human one is chosen. A gate that cannot be measured counts as d = 3.
    """
    gates = [UNMEASURED_DISTANCE if row.distance is None else row.distance for row in evaluation.rows if row.measure.gate]
    return sum(max(0.0, away - 1.0) + MEDIAN_WEIGHT * away for away in gates) / len(GATES)


def figures(evaluation: Evaluation) -> dict[str, object]:
    """The evaluation as JSON: `measures` by name with value, human percentiles and `inside`; the rest beside them."""
    memorized = evaluation.memorization
    return {
        "measures": {row.measure.name: _row(row) for row in evaluation.rows if not row.measure.compared},
        "gates": len(GATES),
        "gates_inside": evaluation.gates_inside,
        "outside": [row.measure.name for row in evaluation.rows if row.measure.gate and row.inside is not True],
        "swing": {
            row.band: {
                "value": _rounded(row.swing.ratio), "human_p50": row.human, "inside": row.inside,
                "upbeats": row.swing.upbeats, "solos": row.swing.lines,
            }
            for row in sorted(evaluation.swing, key=lambda row: row.band)
        },
        "comparison": {row.measure.name: _row(row) for row in evaluation.rows if row.measure.compared},
        "memorization": None if memorized is None else {
            "share": _rounded(memorized.share), "human_share": _rounded(memorized.human_share),
            "human_solos": memorized.solos, "known_rows": memorized.known_rows,
        },
        "counts": {
            "solos": evaluation.solos, "notes": sum(map(len, evaluation.lines)),
            "without_notes": evaluation.without_notes, "without_chords": evaluation.without_chords,
        },
        "human": {"source": evaluation.human.source, "solos": evaluation.human.solos},
        "solos": [
            {"name": line.name, "tempo_bpm": _rounded(line.tempo_bpm), "notes": len(line)}
            | {name: _rounded(one) for name, one in values.items()}
            for line, values in zip(evaluation.lines, evaluation.values, strict=True)
        ],
    }  # fmt: skip


def _ratio(human: Human, band: str) -> float | None:
    found = human.swing.get(band)
    return None if found is None else found.ratio


def _row(row: Row) -> dict[str, object]:
    human = row.human
    return {
        "value": _rounded(row.value),
        "human_p10": None if human is None else human.p10,
        "human_p50": None if human is None else human.p50,
        "human_p90": None if human is None else human.p90,
        "inside": row.inside,
        "gate": row.measure.gate,
    }


def _rounded(value: Value) -> Value:
    return None if value is None else round(value, 5)
