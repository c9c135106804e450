"""The figures: percentiles by nearest rank, gaps counted as a listener would."""

from __future__ import annotations

import pytest

from companion.figures import Figures, percentile


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)])
def test_percentiles_are_values_that_occurred(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], share) == expected


def test_of_few_values_the_p99_is_the_worst() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert percentile([], 0.99) is None


def test_a_dropped_note_is_a_gap_and_a_late_one_is_not() -> None:
    figures = Figures()
    figures.played(1.0, None, False)
    figures.played(1.0, 1.019, True)
    assert (figures.unplanned_gaps, figures.notes, figures.humanized) == (1, 1, 1)
    assert figures.summary()["gaps"] == {"dropped": 1, "missing": 0}
    assert max(figures.send_error_ms) == pytest.approx(19.0)
