"""Dividing tunes: always alike for a big set, and every part in use for a small one."""

from __future__ import annotations

from collections import Counter

import pytest

from trainer.split import PARTS, part_of, parts_of


def test_a_big_set_is_divided_by_each_tune_alone() -> None:
    tunes = [f"tune {number}" for number in range(2000)]
    parts = parts_of(tunes)
    assert parts == {tune: part_of(tune) for tune in tunes}
    counts = Counter(parts.values())
    assert 60 < counts["val"] < 180
    assert 100 < counts["test"] < 220


@pytest.mark.parametrize("count", range(3, 21))
@pytest.mark.parametrize("first", range(0, 200, 20))
def test_a_small_set_has_every_part(count: int, first: int) -> None:
    tunes = [f"tune {number}" for number in range(first, first + count)]
    parts = parts_of(tunes)
    assert set(parts.values()) == set(PARTS)
    # No more tunes than must move leave the part that they have in any set.
    assert sum(parts[tune] != part_of(tune) for tune in tunes) <= 2
    assert parts_of(reversed(tunes)) == parts


def test_of_two_tunes_one_is_learned_and_one_is_held_out() -> None:
    for number in range(50):
        assert sorted(parts_of([f"a {number}", f"b {number}"]).values()) == ["train", "val"]
    assert parts_of(["alone"]) == {"alone": "train"}
