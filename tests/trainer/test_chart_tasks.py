"""Charts as tasks: the chords of the song round and round, in an order and manner that the seed decides."""

from __future__ import annotations

import dataclasses
import random

import pytest

from shared.chords import Chord, parse_symbol
from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Frame, Note
from shared.tokens import encode
from trainer.chart_tasks import Order, chart_tasks, unseen, whole
from trainer.primers import Lead
from trainer.song import Song
from trainer.usual import STYLE_COUNTS, TEMPO_DECILES, usual_style, usual_tempo_bpm


def chord(symbol: str) -> Chord:
    parsed = parse_symbol(symbol)
    assert parsed is not None
    return parsed


def song(name: str = "tune", *chords: tuple[str, float], meter: Meter | None = None, **more: object) -> Song:
    named = chords or (("Dm7", 4.0), ("G7", 2.0), ("Db7", 2.0), ("Cmaj7", 4.0))
    whole_song = Song(name, tuple((parse_symbol(symbol), beats) for symbol, beats in named), title=name, meter=meter or Meter())
    return dataclasses.replace(whole_song, **more)  # type: ignore[arg-type]


def symbols(changes: tuple[ChordChange, ...]) -> list[tuple[int, str]]:
    return [(change.tick, "NC" if change.chord is None else change.chord.symbol) for change in changes]


def test_choruses_follow_one_another_until_the_last_bar() -> None:
    (chart,) = chart_tasks([song()], Order(1, bars=5))
    assert chart.task.end_tick == 5 * 96
    assert symbols(chart.task.foresight.changes) == [
        (0, "Dm7"), (96, "G7"), (144, "Db7"), (192, "Cmaj7"), (288, "Dm7"), (384, "G7"), (432, "Db7")
    ]  # fmt: skip
    frame = chart.task.foresight.frame_at(264, chart.task.conditioning)
    assert (frame.next_chord, frame.next_in_beats) == (chord("Dm7"), 1)


def test_a_chord_that_goes_on_into_the_next_chorus_is_no_change() -> None:
    (chart,) = chart_tasks([song("blues", ("C7", 6.0), ("F7", 3.0), ("C7", 3.0), meter=Meter(3, 4))], Order(1, bars=8))
    assert symbols(chart.task.foresight.changes) == [(0, "C7"), (144, "F7"), (216, "C7"), (432, "F7"), (504, "C7")]
    assert chart.task.foresight.grid.meter == Meter(3, 4)


def test_songs_are_drawn_without_return_and_the_seed_decides() -> None:
    songs = [song(f"tune {number}") for number in range(10)]
    names = [chart.song.name for chart in chart_tasks(songs, Order(25, seed=3))]
    assert sorted(names[:10]) == sorted(names[10:20]) == sorted(one.name for one in songs)
    assert names == [chart.song.name for chart in chart_tasks(songs, Order(25, seed=3))]
    assert names != [chart.song.name for chart in chart_tasks(songs, Order(25, seed=4))]
    assert names[:7] == [chart.song.name for chart in chart_tasks(songs, Order(7, seed=3))]


def test_what_is_asked_for_is_taken_and_the_rest_is_drawn_as_humans_play() -> None:
    songs = [song()]
    wishes = [chart.task.conditioning for chart in chart_tasks(songs, Order(200))]
    assert all(80 <= wish.tempo_bpm <= 282 for wish in wishes)
    assert len({wish.tempo_bpm for wish in wishes}) > 50
    assert {wish.style for wish in wishes} <= set(STYLE_COUNTS["swing"])
    asked = [chart.task.conditioning for chart in chart_tasks(songs, Order(4, feel="even", tempo_bpm=99.0, styles=("bebop", "cool")))]
    assert [(wish.style, wish.tempo_bpm, wish.feel) for wish in asked] == [("bebop", 99.0, "even"), ("cool", 99.0, "even")] * 2
    own = chart_tasks([song(tempo_bpm=151.0)], Order(1))[0].task.conditioning
    assert own.tempo_bpm == 151.0


@pytest.mark.parametrize("feel", TEMPO_DECILES)
def test_tempos_and_styles_are_drawn_in_the_shares_of_the_table(feel: str) -> None:
    choice, deciles = random.Random(1), TEMPO_DECILES[feel]
    tempos = [usual_tempo_bpm(feel, choice) for _ in range(4000)]
    below = sum(tempo < deciles[4] for tempo in tempos) / len(tempos)
    assert below == pytest.approx(0.5, abs=0.04)
    styles = [usual_style(feel, choice) for _ in range(4000)]
    counts = STYLE_COUNTS[feel]
    for style, count in counts.items():
        assert styles.count(style) / len(styles) == pytest.approx(count / sum(counts.values()), abs=0.03)


def test_a_line_of_the_songs_own_is_gone_on_from_where_it_ended() -> None:
    line = tuple(Note(12 * place, 60 + place % 7, 10) for place in range(60))  # 7 bars and a half: the solo begins after bar 8
    (chart,) = chart_tasks([song(line=line)], Order(1, bars=4, primer_max_steps=30))
    primer = chart.task.primer
    assert isinstance(primer[0], Frame)
    assert primer[0].tick_in_beat == 0
    assert 25 < len(primer) <= 30
    assert all(event.tick < 0 for event in primer)
    assert [event for event in primer if isinstance(event, Note)][-1] == Note(59 * 12 - 8 * 96, 60 + 59 % 7, 10)
    assert len(encode(primer)) == len(primer)
    # Eight bars into a song of three: bar 9 is its third.
    assert symbols(chart.task.foresight.changes)[-5:] == [(0, "Cmaj7"), (96, "Dm7"), (192, "G7"), (240, "Db7"), (288, "Cmaj7")]
    last = [event for event in primer if isinstance(event, Frame)][-1]
    assert (last.tick, last.next_chord, last.next_in_beats) == (-24, chord("Cmaj7"), 1)
    assert chart_tasks([song(line=line)], Order(1, bars=4, primer_max_steps=0))[0].task.primer == ()


def test_a_lead_from_elsewhere_goes_before_songs_without_a_line() -> None:
    lead = Lead(Meter(), (ChordChange(0, chord("Am7")), ChordChange(96, chord("D7"))), (Note(100, 62, 9),), 192, chord("G7"))
    (chart,) = chart_tasks([song()], Order(1, bars=4), lambda meter, first, choice: lead)
    assert symbols(chart.task.foresight.changes)[:3] == [(-192, "Am7"), (-96, "D7"), (0, "Dm7")]
    assert Note(-92, 62, 9) in chart.task.primer
    assert [event.tick for event in chart.task.primer if isinstance(event, Frame)] == list(range(-192, 0, 24))


def test_songs_that_cannot_go_round_are_left_out_with_the_reason() -> None:
    songs = [
        song("good"),
        song("short", ("C", 3.0)),
        song("unread", unread=2),
        dataclasses.replace(song("free"), meter=None),
        song("mute", ("NC", 4.0)),
    ]
    kept, dropped = whole(songs)
    assert [one.name for one in kept] == ["good"]
    assert {one.name: one.reason for one in dropped} == {
        "short": "ends inside a bar", "unread": "2 chords could not be read", "free": "no metre, or more than one", "mute": "no chords",
    }  # fmt: skip


def test_tunes_of_the_training_part_are_left_out_under_any_spelling() -> None:
    songs = [song("Autumn Leaves"), song("Milestones (Old)"), song("The Blues Walk"), song("Cherokee"), song("Blue")]
    kept, dropped = unseen(songs, {"autumnleaves", "milestones", "blueswalk", "cherokeeii", "bluesfortwo"})
    assert [one.name for one in kept] == ["Blue"]
    assert len(dropped) == 4


def test_without_songs_there_is_nothing_to_play() -> None:
    with pytest.raises(DataError, match="no chart is left"):
        chart_tasks([], Order(1))
