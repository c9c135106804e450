"""How tracks are divided: nothing crosses, and small sets still have all parts."""

from __future__ import annotations

from collections import defaultdict

from trainer.duv.divide import Entry, divide
from trainer.split import PARTS


def test_no_piece_and_no_take_is_in_two_parts() -> None:
    entries = [Entry("midi", "drums", f"pattern {index % 40}", f"file {index // 2}") for index in range(200)]
    parts = divide(entries)
    of_piece, of_take = defaultdict(set), defaultdict(set)
    for entry, part in zip(entries, parts, strict=True):
        of_piece[entry.piece].add(part)
        of_take[entry.take].add(part)
    assert all(len(parts) == 1 for parts in (*of_piece.values(), *of_take.values()))


def test_every_instrument_has_every_part_and_shares_pieces_with_the_others() -> None:
    guitar = [Entry("wjazzd", "guitar", f"tune {index}", f"g{index}") for index in range(5)]
    lead = [Entry("wjazzd", "lead", f"tune {index}", f"l{index}") for index in range(60)]
    parts = divide([*guitar, *lead])
    assert set(parts[:5]) == set(PARTS)
    assert set(parts[5:]) == set(PARTS)
    assert parts[:5] == parts[5:10]


def test_a_sources_own_division_is_kept() -> None:
    entries = [Entry("groove_midi", "drums", str(index), str(index), "val" if index else "train") for index in range(4)]
    assert divide(entries) == ["train", "val", "val", "val"]


def test_a_track_stays_where_it_is_when_others_come() -> None:
    few = [Entry("pop909", "keys", f"song {index}", f"song {index}") for index in range(100)]
    more = [Entry("pop909", "keys", f"other {index}", f"other {index}") for index in range(300)]
    assert divide([*few, *more])[:100] == divide(few)
