"""How human solos measure: ranges from a set of solos, and the shipped ones. Knows lines and statistics; knows no verdict.

The shipped file holds derived figures only: 21 quantiles of each measure over the solos of the Weimar Jazz Database
(ODbL 1.0, Jazzomat Research Project, HfM Weimar).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from shared.errors import ConfigError
from shared.settings import load
from trainer.line import Line
from trainer.measures import MEASURES, Swing, measure_line, swing_by_tempo
from trainer.measures_rhythm import notes_per_annotated_phrase

SHIPPED = "human_ranges.yaml"
QUANTILES = 21
_P10, _P50, _P90 = 2, 10, 18

# The same measures over all 456 solos of the database, computed apart from this code: their middle, and 10th to 90th percentile.
PUBLISHED: dict[str, tuple[float, float | None, float | None]] = {
    "chord_tone_share": (0.50, 0.41, 0.59),
    "chord_scale_share": (0.72, None, None),
    "notes_per_beat": (1.48, 1.06, 2.64),
    "notes_per_second": (4.4, 2.9, 6.2),
    "sounding_share": (0.67, None, None),
    "steps": (0.54, None, None),
    "leaps": (0.037, None, None),
    "immediate_repeats": (0.043, None, None),
    "h1": (1.94, None, None),
    "h4": (2.89, None, None),
    "grooving_similarity": (0.83, None, None),
    "notes_per_phrase": (18.0, 11.0, 30.0),
    "repeated_interval_trigrams": (0.32, None, None),
}
PUBLISHED_SWING = {"110-140": 1.27, "180-220": 1.24, "260+": 1.12}


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measure over human solos: its `mean`, over how many `solos`, and 21 `quantiles` from the least to the greatest, 5 % apart."""

    solos: int
    mean: float
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.quantiles) != QUANTILES or any(np.diff(self.quantiles) < 0):
            raise ValueError(f"quantiles: expected {QUANTILES} that ascend")

    @property
    def p10(self) -> float:
        """The 10th percentile."""
        return self.quantiles[_P10]

    @property
    def p50(self) -> float:
        """The median."""
        return self.quantiles[_P50]

    @property
    def p90(self) -> float:
        """The 90th percentile."""
        return self.quantiles[_P90]

    def holds(self, value: float) -> bool:
        """Whether `value` lies within the 10th to the 90th percentile."""
        return self.p10 <= value <= self.p90


class Human(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What humans do: `measures` by name, `swing` by tempo band, and phrases as annotators heard them."""

    source: str
    solos: int
    measures: dict[str, Range]
    swing: dict[str, Swing]
    notes_per_annotated_phrase: Range | None


def human_figures(lines: Sequence[Line], source: str) -> Human:
    """The figures of human solos. `source` says in words where they come from."""
    values = [measure_line(line) for line in lines]
    columns = {name: [value for row in values if (value := row[name]) is not None] for name in MEASURES}
    phrases = [value for line in lines if (value := notes_per_annotated_phrase(line)) is not None]
    return Human(
        source=source,
        solos=len(lines),
        measures={name: _range(column) for name, column in columns.items() if column},
        swing={band: replace(swing, ratio=round(swing.ratio, 4)) for band, swing in swing_by_tempo(lines).items()},
        notes_per_annotated_phrase=_range(phrases) if phrases else None,
    )


def shipped_human() -> Human:
    """The figures that come with JamBot. Raises ConfigError where the installation lacks them."""
    human = load(Human, SHIPPED, None)
    missing = sorted(set(MEASURES) - set(human.measures))
    if missing:
        mend = "write it again: python -m trainer evaluate --human --data DIR --ranges FILE"
        raise ConfigError(f"config/{SHIPPED}: lacks {', '.join(missing)}; {mend}")
    return human


def _range(values: list[float]) -> Range:
    quantiles = np.quantile(values, np.linspace(0.0, 1.0, QUANTILES))
    return Range(solos=len(values), mean=round(float(np.mean(values)), 5), quantiles=tuple(round(float(value), 5) for value in quantiles))
