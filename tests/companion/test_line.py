"""The line: what a score tells of it is what writing it note by note told."""

from __future__ import annotations

import pytest

from companion.fallback import FallbackSoloist
from companion.line import PHRASE_GRACE, PHRASE_MAX, PHRASE_MIN, Line
from companion.tunes import BLUES
from shared.score import Conditioning, Event, Note
from tests.companion.choruses import choruses, played
from tests.companion.tasks import D_MINOR, outlook

ROOT, OUTSIDE = 62, 63


def steady(pitch: int, count: int) -> list[Event]:
    """Half a beat each, all of one pitch, over D minor."""
    score: list[Event] = []
    for index in range(count):
        if index % 2 == 0:
            score.append(outlook().frame_at(index * 12, Conditioning()))
        score.append(Note(index * 12, pitch, 10))
    return score


def test_reading_a_score_equals_having_written_it() -> None:
    score = choruses(FallbackSoloist(), BLUES, 2, Conditioning(), seed=3)
    written = Line(3, [])
    for one in played(score):
        written.add(one.note, one.frame.chord)
        read = Line(3, score[: score.index(one.note) + 1])
        assert (read.free_tick, read.ending, read.over, read.recent, read.chord) == (
            written.free_tick, written.ending, written.over, written.recent, written.chord,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_a_phrase_ends_in_time_on_a_chord_note(seed: int) -> None:
    lengths = [next(count for count in range(1, 99) if Line(seed, steady(pitch, count)).over) for pitch in (ROOT, OUTSIDE)]
    assert PHRASE_MIN <= lengths[0] <= PHRASE_MAX
    assert lengths[1] == lengths[0] + PHRASE_GRACE
    assert Line(seed, steady(ROOT, lengths[0] - 1)).ending
    assert Line(seed, steady(ROOT, lengths[0] - 1)).would_end(ROOT, D_MINOR)
    assert not Line(seed, steady(ROOT, lengths[0] - 1)).would_end(OUTSIDE, D_MINOR)


def test_a_breath_lasts_one_to_three_beats_and_none_is_taken_inside_a_phrase() -> None:
    breaths = set()
    for seed in range(60):
        line = Line(seed, steady(ROOT, PHRASE_MAX))
        count = next(count for count in range(1, 99) if Line(seed, steady(ROOT, count)).over)
        breaths.add(Line(seed, steady(ROOT, count)).free_tick - ((count - 1) * 12 + 10))
        assert Line(seed, steady(ROOT, count - 1)).free_tick == (count - 2) * 12 + 10
        assert line.over
    assert min(breaths) >= 24
    assert max(breaths) <= 72
    assert len(breaths) > 3


def test_a_rest_begins_a_new_phrase() -> None:
    score: list[Event] = [*steady(ROOT, 40), outlook().frame_at(600, Conditioning()), Note(600, ROOT, 10)]
    assert Line(1, score[:-2]).over
    assert not Line(1, score).over


def test_the_move_to_a_note_is_found_by_its_tick() -> None:
    line = Line(1, [outlook().frame_at(0, Conditioning()), Note(0, 60, 5), Note(8, 67, 5), Note(16, 64, 5)])
    assert [line.move_to(tick) for tick in (0, 8, 16, 17)] == [None, 7, -3, None]
    assert line.onsets(0, 16) == [0, 8]


def test_an_empty_line_is_free_at_once() -> None:
    line = Line(1, [outlook().frame_at(0, Conditioning())])
    assert line.free_tick < -(10**9)
    assert line.recent == ()
    assert line.opens_at(0)
