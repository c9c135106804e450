"""What stands verbatim in the training part: counted in any key, by rows of eight notes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.memorization import interval_rows, known_rows, verbatim_share

LICK = [60, 62, 64, 65, 67, 69, 71, 72]


def test_a_lick_is_known_in_every_key_and_nothing_else_is() -> None:
    known = known_rows([LICK])
    assert verbatim_share([[pitch + 5 for pitch in LICK]], known) == 1.0
    assert verbatim_share([[*LICK[:-1], 73]], known) == 0.0


def test_the_share_is_of_all_rows_of_the_set() -> None:
    # Ten notes hold three rows; the first is the lick. A line of seven notes holds none.
    assert verbatim_share([[*LICK, 50, 51], LICK[:7]], known_rows([LICK])) == pytest.approx(1 / 3)


def test_too_short_lines_have_no_share() -> None:
    assert verbatim_share([LICK[:7]], known_rows([LICK])) is None
    assert verbatim_share([], known_rows([])) is None
    assert len(interval_rows([])) == 0


def test_rows_do_not_run_on_into_the_next_piece() -> None:
    assert verbatim_share([LICK], known_rows([LICK[:4], LICK[4:]])) == 0.0


@given(st.lists(st.integers(0, 127), min_size=8, max_size=8), st.lists(st.integers(0, 127), min_size=8, max_size=8))
def test_rows_are_equal_exactly_where_their_intervals_are(one: list[int], other: list[int]) -> None:
    same = np.diff(one).tolist() == np.diff(other).tolist()
    assert (interval_rows(one)[0] == interval_rows(other)[0]) == same


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 2\.\.8"):
        interval_rows(LICK, 9)
