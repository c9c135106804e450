"""What the learned baselines see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shared.written import Written
from tests.trainer.duv.made_music import written
from trainer.duv.ladder_rows import rows_of


def beats(steps: Sequence[int]) -> Written:
    return written([step / 4 for step in steps], [38] * len(steps), [0.25] * len(steps), "drums")


def line(instrument: str = "bass") -> Written:
    return written([place / 2 for place in range(40)], [40 + place % 7 for place in range(40)], [0.5] * 40, instrument)


@pytest.mark.parametrize("notes", [beats(range(40)), line()], ids=["drums", "bass"])
def test_style_and_tempo_are_seen_only_where_asked_for(notes: Written) -> None:
    other = replace(notes, style="jazz", tempo_bpm=np.full(len(notes), 93.0))
    np.testing.assert_array_equal(rows_of(notes, False), rows_of(other, False))
    assert not np.array_equal(rows_of(notes, True), rows_of(other, True))


@pytest.mark.parametrize("notes", [beats([3, 4]), line("strings")], ids=["drums", "strings"])
def test_an_unknown_tempo_leaves_no_hole(notes: Written) -> None:
    assert np.isfinite(rows_of(replace(notes, tempo_bpm=np.full(len(notes), np.nan)), True)).all()


def test_a_drum_sees_a_bar_to_either_side_and_no_farther() -> None:
    near, far = (rows_of(beats([0, away]), False)[0] for away in (16, 17))
    alone = rows_of(beats([0]), False)[0]
    assert not np.array_equal(near, alone)
    np.testing.assert_array_equal(far, alone)


def test_a_pitched_note_sees_the_notes_around_it() -> None:
    notes = line()
    pitch = notes.pitch.copy()
    pitch[23] += 12
    before, after = rows_of(notes, False), rows_of(replace(notes, pitch=pitch), False)
    assert not np.array_equal(before[20], after[20])


def test_no_notes_have_no_rows() -> None:
    assert rows_of(beats([]), True).shape == (0, rows_of(beats([0]), True).shape[1])
