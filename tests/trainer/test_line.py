"""Lines: what a score and loose notes become."""

from __future__ import annotations

import numpy as np
import pytest

from shared.chords import parse_symbol
from shared.errors import DataError
from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter
from shared.score import Conditioning, Event, Note
from tests.trainer.made_lines import a_line
from trainer.line import Line, line_of, line_of_score


def test_a_score_becomes_a_line_in_beats_from_its_bar_line() -> None:
    d, g = parse_symbol("Dm7"), parse_symbol("G7")
    seen = Foresight(Grid(Meter(3, 4)), (ChordChange(0, d), ChordChange(96, g)))
    wish = Conditioning(tempo_bpm=200.0)
    events: list[Event] = []
    for tick in range(72, 144, 24):  # the second bar
        events.append(seen.frame_at(tick, wish))
        events += [Note(tick + 12, 60 + tick // 24, 6)]
    line = line_of_score("second bar", events)
    assert line.onset_beat.tolist() == [0.5, 1.5, 2.5]
    assert line.duration_beat.tolist() == [0.25] * 3
    assert line.chords == (d, g, g)
    assert line.changes == ((0.0, d), (1.0, g))
    assert (line.end_beat, line.tempo_bpm, line.meter) == (3.0, 200.0, Meter(3, 4))


def test_a_score_begins_with_a_frame() -> None:
    with pytest.raises(DataError, match="begins with a frame"):
        line_of_score("bare", [Note(0, 60, 1)])
    with pytest.raises(DataError, match="begins with a frame"):
        line_of_score("empty", [])


def test_of_notes_struck_together_the_highest_is_the_line() -> None:
    line = line_of("thirds", 120.0, Meter(), [(0.0, 1.0, 64), (0.0, 1.0, 60), (1.0, 1.0, 62)], [])
    assert line.pitch.tolist() == [64, 62]
    assert line.chords == (None, None)


def test_a_note_a_hair_before_its_chord_belongs_to_it() -> None:
    c, f = parse_symbol("C"), parse_symbol("F")
    line = line_of("early", 120.0, Meter(), [(3.95, 1.0, 65), (3.5, 0.4, 64)], [(0.0, c), (4.0, f)])
    assert line.chords == (c, f)


def test_a_note_sounds_until_the_next_begins_at_most() -> None:
    line = a_line([60, 62, 64], step=1.0, length=1.5)
    assert line.sounding_beats.tolist() == [1.0, 1.0, 1.5]
    assert line.span_beats == 3.5
    assert line.gaps_sec.tolist() == [0.0, 0.0]


def test_gaps_are_told_in_seconds() -> None:
    assert a_line([60, 62], step=2.0, length=0.5, tempo_bpm=90.0).gaps_sec.tolist() == pytest.approx([1.0])


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Line("odd", 120.0, Meter(), np.zeros(2), np.zeros(2), np.zeros(1, dtype=np.int64), (None, None))
    with pytest.raises(ValueError, match="ascend"):
        Line("back", 120.0, Meter(), np.array([1.0, 0.0]), np.ones(2), np.zeros(2, dtype=np.int64), (None, None))
