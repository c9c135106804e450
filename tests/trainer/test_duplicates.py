"""The same music twice is known in any key and at any place; different music is never taken for the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Conditioning, Note
from trainer.duplicates import fingerprint, near_copies, other_titles, shingles, tunes_of, without_copies
from trainer.midi_pieces import tune_of
from trainer.piece import Piece, file_name, names_take, whole_bars

Line = Sequence[tuple[int, int]]
LINES = st.lists(st.tuples(st.integers(1, 48), st.integers(50, 84)), min_size=12, max_size=60)


def piece(name: str, gaps: Line, tune: str | None = None, source: str = "midi", up: int = 0, late: int = 0) -> Piece:
    """A piece from (ticks since the note before, pitch), moved by semitones and ticks."""
    notes, tick = [], late
    for gap, pitch in gaps:
        tick += gap
        notes.append(Note(tick, pitch + up, 3))
    end = whole_bars(tick + 1, Meter())
    return Piece(name, tune or name, source, Conditioning(), Meter(), (ChordChange(0, None),), tuple(notes), end)


def some_line(seed: int, notes: int = 80) -> Line:
    choice = random.Random(seed)
    return [(choice.choice((6, 12, 12, 24, 8)), choice.randint(55, 80)) for _ in range(notes)]


@settings(deadline=None)
@given(LINES, st.integers(-10, 10), st.integers(0, 200))
def test_a_copy_in_another_key_and_place_is_the_same_music(line: Line, up: int, late: int) -> None:
    first, second = piece("a", line), piece("b", line, up=up, late=late)
    assert fingerprint(first) == fingerprint(second)
    assert shingles(first) == shingles(second)
    kept, dropped, pairs = without_copies([second, first])
    assert [one.name for one in kept] == ["a"]
    assert [(left.name, left.reason) for left in dropped] == [("b", "duplicate (of a)")]
    assert pairs == [(first, second)]


@settings(deadline=None)
@given(LINES, st.data())
def test_one_other_note_is_other_music(line: Line, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(line) - 1))
    other = [(gap, pitch + (index == place)) for index, (gap, pitch) in enumerate(line)]
    assert fingerprint(piece("a", line)) != fingerprint(piece("b", other))


def test_the_same_notes_are_kept_for_each_role() -> None:
    lead = piece("a", some_line(1))
    bass = replace(lead, conditioning=Conditioning("bass"))
    assert len(without_copies([lead, bass])[0]) == 2
    assert near_copies([lead, bass]) == []


def test_a_known_source_is_kept_rather_than_a_loose_file() -> None:
    kept, _, _ = without_copies([piece("a", some_line(1)), piece("z", some_line(1), source="wjazzd")])
    assert [one.name for one in kept] == ["z"]


def test_a_take_with_a_few_other_notes_or_a_part_of_it_is_nearly_the_same() -> None:
    line = some_line(2, 120)
    edited = [(gap, pitch + (2 if index in (40, 90) else 0)) for index, (gap, pitch) in enumerate(line)]
    loose = [(gap + (1 if index % 2 else -1), pitch) for index, (gap, pitch) in enumerate(line)]
    whole = piece("whole", line)
    assert near_copies([whole, piece("edited", edited, up=3)])
    assert near_copies([whole, piece("part", line[30:90])])
    assert near_copies([whole, piece("loose", loose)])
    assert near_copies([whole, piece("other", some_line(3, 120))]) == []


def test_copies_and_takes_are_one_tune_whatever_they_are_called() -> None:
    first, second = piece("one", some_line(4), tune="bluebossa"), piece("two", some_line(4)[5:], tune="recordame")
    third, other = piece("three", some_line(5), tune="recordame"), piece("four", some_line(6), tune="solar")
    pieces = [first, second, third, other, *(piece(f"more{index}", some_line(10 + index)) for index in range(8))]
    tunes = tunes_of(pieces, near_copies(pieces))
    assert tunes["one"] == tunes["two"] == tunes["three"]
    assert len(set(tunes.values())) == 10


def test_the_title_of_a_copy_that_was_left_out_still_counts() -> None:
    first, copy = piece("a", some_line(4), tune="bluebossa"), piece("b", some_line(4), tune="recordame")
    other = piece("c", some_line(5), tune="recordame")
    kept, _, pairs = without_copies([first, copy, other])
    tunes = tunes_of([*kept, *(piece(f"more{index}", some_line(10 + index)) for index in range(6))], pairs)
    assert tunes["a"] == tunes["c"]


def files(*stems: str) -> list[Piece]:
    """Files of these names, each with other music."""
    return [
        replace(piece(f"{file_name(stem)}-{index:08x}", some_line(index), tune=tune_of(Path(stem))), is_take=names_take(stem))
        for index, stem in enumerate(stems)
    ]


@pytest.mark.parametrize(
    ("tunes", "takes", "name"),
    [(9, 3, "{} take {}"), (3, 4, "{} {}"), (3, 12, "{} ({}. take)"), (1, 12, "{} - version {}"), (20, 2, "{}_{:02}")],
)
def test_takes_of_a_tune_are_one_however_few_or_many_they_are(tunes: int, takes: int, name: str) -> None:
    pieces = files(*(name.format(f"{'abcdefghijklmnopqrst'[tune] * 3} tune", take + 1) for tune in range(tunes) for take in range(takes)))
    found = tunes_of(pieces, near_copies(pieces))
    assert len(set(found.values())) == tunes
    assert all("tune" in tune and "_" not in tune for tune in found.values())


def test_a_tune_in_all_keys_is_one_tune() -> None:
    keys = [f"Blue Bossa ({key})" for key in ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")]
    pieces = files(*keys, *(f"Other {letter * 3}" for letter in "abcdefgh"))
    found = tunes_of(pieces, near_copies(pieces))
    assert [found[piece.name] for piece in pieces[:12]] == ["bluebossa"] * 12


@pytest.mark.parametrize("word", ["Track", "untitled", "Song", "Parker solo", "Ballad"])
@pytest.mark.parametrize("form", ["{} {:02}", "{}_{}", "{} ({})"])
def test_a_folder_that_is_numbered_through_is_many_tunes(word: str, form: str) -> None:
    pieces = files(*(form.format(word, number) for number in range(1, 41)))
    assert len(set(tunes_of(pieces, near_copies(pieces)).values())) == 40


def test_a_word_that_tells_nothing_is_no_title_of_two_either() -> None:
    pieces = files("Track 01", "Track 02", "a/Melody", "b/Melody", *(f"Other {letter * 3}" for letter in "abcdefgh"))
    assert len(set(tunes_of(pieces, near_copies(pieces)).values())) == len(pieces)
    copies = [*pieces, piece("Track_11", some_line(0)[4:], tune="track"), piece("Track_12", some_line(1)[4:], tune="track")]
    kept, _, pairs = without_copies([*copies, piece("Track_21", some_line(0), "track"), piece("Track_22", some_line(1), "track")])
    tunes = tunes_of(kept, [*pairs, *near_copies(kept)])
    assert tunes["Track_11"] != tunes["Track_12"]


def test_every_title_that_was_joined_to_a_tune_is_kept() -> None:
    first, copy, near = (piece(name, some_line(4)[start:], tune=tune) for name, start, tune in
                         (("a", 0, "bluebossa"), ("b", 0, "recordame"), ("c", 9, "unknownblues")))  # fmt: skip
    kept, _, pairs = without_copies([first, copy, near, piece("d", some_line(5), tune="solar")])
    tunes = tunes_of(kept, [*pairs, *near_copies(kept)])
    assert other_titles(tunes, kept, pairs) == {"bluebossa": ["recordame", "unknownblues"]}
    many = files(*(f"Autumn Leaves {number}" for number in range(1, 13)))
    assert set(map(tuple, other_titles(tunes_of(many, ()), many, ()).values())) == {("autumnleaves",)}


def test_numbers_after_the_same_word_are_no_takes_of_one_tune() -> None:
    pieces = [piece(f"song_{index:02}", some_line(index), tune="song") for index in range(20)]
    assert len(set(tunes_of(pieces, near_copies(pieces)).values())) == 20
    takes = [*pieces, piece("solar-1", some_line(30), tune="solar"), piece("solar-2", some_line(31), tune="solar")]
    tunes = tunes_of(takes, near_copies(takes))
    assert tunes["solar-1"] == tunes["solar-2"]


def test_a_known_source_names_the_tune() -> None:
    loose, known = piece("a", some_line(1)[2:], tune="aaa"), piece("b", some_line(1), tune="confirmation", source="omnibook")
    assert set(tunes_of([loose, known], near_copies([loose, known])).values()) == {"confirmation"}
