"""What is known of the chords to come: by ear, by chart, by loop."""

from __future__ import annotations

import pytest

from companion.outlook import Outlook
from shared.charts import parse_chart
from shared.chords import Chord, parse_symbol
from shared.music import Grid, Meter

BAR = 96
SONG = Grid()
LOOP = Grid(Meter(), 4 * BAR)


def named(symbol: str) -> Chord:
    chord = parse_symbol(symbol)
    assert chord is not None
    return chord


def charted() -> Outlook:
    outlook = Outlook(parse_chart("Dm7 | G7 | Cmaj7 | %"))
    outlook.begin(0, SONG, False, 0)
    return outlook


def test_without_a_chord_nothing_is_known() -> None:
    outlook = Outlook(None)
    outlook.begin(0, SONG, False, 0)
    assert outlook.chord_at(0, SONG) is None


def test_a_chord_heard_stands_until_another_comes() -> None:
    outlook = Outlook(None)
    outlook.begin(0, SONG, False, 0)
    assert outlook.heard(named("Dm7"), 0, SONG)
    assert outlook.chord_at(5000, SONG) == named("Dm7")
    assert not outlook.heard(named("Dm7"), BAR, SONG), "the same chord again is no news"
    assert outlook.heard(named("G7"), 2 * BAR, SONG)
    known = outlook.foresight(0, 9 * BAR, SONG)
    assert known.next_change(2 * BAR) is None


def test_a_chord_held_from_before_the_start_stands_only_while_it_is_held() -> None:
    for holding, stands in ((True, named("Dm7")), (False, None)):
        outlook = Outlook(None)
        outlook.hold(named("Dm7"))
        outlook.begin(0, SONG, holding, 0)
        assert outlook.chord_at(0, SONG) == stands


def test_a_chart_tells_the_next_chord_and_goes_round() -> None:
    frame = charted().foresight(0, 8 * BAR, SONG)
    change = frame.next_change(2 * BAR)
    assert change is not None
    assert (change.tick, change.chord) == (4 * BAR, named("Dm7"))


@pytest.mark.parametrize("symbol", ["Dm", "Dm7", "Dm6", "Fmaj7"])
def test_another_voicing_of_the_charted_chord_is_no_news(symbol: str) -> None:
    assert not charted().heard(named(symbol), 0, SONG)


@pytest.mark.parametrize("symbol", ["D7", "Db7", "Dm7b5"])
def test_another_chord_than_the_charted_one_outweighs_it_until_the_next(symbol: str) -> None:
    outlook = charted()
    assert outlook.heard(named(symbol), 0, SONG)
    assert outlook.chord_at(BAR - 1, SONG) == named(symbol)
    assert outlook.chord_at(BAR, SONG) == named("G7")
    assert outlook.chord_at(4 * BAR, SONG) == named("Dm7")


def test_a_charted_chord_played_early_is_no_news() -> None:
    assert not charted().heard(named("G7"), BAR - 10, SONG)


def test_a_single_chord_chart_never_changes() -> None:
    outlook = Outlook(parse_chart("C7"))
    outlook.begin(0, SONG, False, 0)
    assert outlook.foresight(1000, 3000, SONG).next_change(1000) is None
    assert outlook.chord_at(1000, SONG) == named("C7")


def test_a_chart_takes_the_metre_that_fl_plays() -> None:
    waltz = Grid(Meter(3, 4))
    outlook = Outlook(parse_chart("Dm7 | G7"))
    outlook.begin(0, waltz, False, 0)
    assert outlook.chord_at(72, waltz) == named("G7")


def test_two_changes_within_half_a_beat_are_both_heard() -> None:
    outlook = Outlook(None)
    outlook.begin(0, SONG, False, 0)
    outlook.heard(named("Dm7"), 0, SONG)
    assert outlook.heard(named("G7"), BAR, SONG)
    assert outlook.heard(named("Dm7"), BAR + 8, SONG)
    assert outlook.chord_at(BAR + 8, SONG) == named("Dm7")


def test_a_learned_loop_is_known_in_its_second_pass_and_kept_over_a_stop() -> None:
    outlook = Outlook(None)
    outlook.begin(0, LOOP, False, 1)
    for bar, symbol in enumerate(("Dm7", "G7", "Cmaj7")):
        assert outlook.heard(named(symbol), bar * BAR, LOOP)
    assert not outlook.heard(named("Dm7"), 4 * BAR, LOOP)
    outlook.begin(0, LOOP, False, 1)
    change = outlook.foresight(0, 4 * BAR, LOOP).next_change(0)
    assert change is not None
    assert change.chord == named("G7")
    outlook.begin(0, LOOP, False, 2)
    assert outlook.chord_at(0, LOOP) is None
