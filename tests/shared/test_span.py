"""The span: which part of a long score is read, and that it follows from the score alone."""

from __future__ import annotations

import pytest

from shared.errors import DataError
from shared.score import Frame
from shared.span import Span
from tests.shared.melody import line


def test_a_window_moves_seldom_and_always_leaves_room() -> None:
    span = Span(512)
    starts = [span.start(total) for total in range(5000)]
    assert all(total - start <= 448 for total, start in enumerate(starts))
    assert all(total - start >= 320 for total, start in enumerate(starts) if total > 448)
    assert len(set(starts)) < 40


def test_a_window_begins_at_a_beat_line() -> None:
    events = line(20)
    assert Span(64).beat_line(events, 0) == 0
    first = Span(64).beat_line(events, 16)
    assert first == 18
    assert isinstance(events[first], Frame)


def test_a_score_without_a_beat_line_cannot_be_continued() -> None:
    with pytest.raises(DataError, match="without a frame at a beat line"):
        Span(64).beat_line(line(4)[1:3], 0)
