"""Windows: every note is predicted once, with notes around it to go by."""

from __future__ import annotations

import numpy as np
import pytest

from shared.features import features
from shared.phrases import stack, windows
from tests.shared.made_tracks import melody


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 56, 57, 100, 1000])
def test_each_note_is_kept_once_away_from_the_edges(count: int) -> None:
    context, margin = 32, 4
    cut = windows(count, context)
    assert [note for window in cut for note in range(window.keep_start, window.keep_end)] == list(range(count))
    for window in cut:
        assert window.end - window.start == min(count, context)
        assert window.keep_start - window.start >= margin or window.start == 0
        assert window.end - window.keep_end >= margin or window.end == count


def test_a_stack_holds_its_parts_and_nothing_else() -> None:
    parts = [features(melody(5)), features(melody(3, seed=4))]
    stacked = stack(parts)
    assert stacked.mask.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    assert np.array_equal(stacked.codes[1, :3], parts[1].codes)
    assert np.array_equal(stacked.values[0], parts[0].values)
