"""Charts as people write them, and what is said where one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.charts import Chart, RepeatingChanges, parse_chart, read_chart
from shared.chords import PITCH_CLASSES, parse_symbol
from shared.errors import ConfigError
from shared.music import Meter


def symbols(chart: Chart) -> list[str]:
    return [" ".join("NC" if chord is None else chord.symbol for chord in bar) for bar in chart.bars]


def changes(text: str, meter: Meter | None = None) -> list[tuple[int, str]]:
    return [(tick, "NC" if chord is None else chord.symbol) for tick, chord in parse_chart(text, meter=meter).changes]


def test_one_line_of_bars() -> None:
    assert changes("Dm7 | G7 | Cmaj7 | %") == [(0, "Dm7"), (96, "G7"), (192, "Cmaj7")]
    assert parse_chart("Dm7 | G7 | Cmaj7 | %").length_ticks == 4 * 96


def test_chords_share_a_bar_evenly_and_dots_hold_their_place() -> None:
    assert changes("Dm7 G7") == [(0, "Dm7"), (48, "G7")]
    assert changes("Dm7 . . G7") == changes("Dm7 / / G7") == [(0, "Dm7"), (72, "G7")]
    assert changes("C | . F") == [(0, "C"), (144, "F")]
    assert changes("C F G", Meter(3, 4)) == [(0, "C"), (24, "F"), (48, "G")]
    assert changes("C | F", Meter(6, 8)) == [(0, "C"), (72, "F")]
    assert changes("C | NC | F#m7b5/E") == [(0, "C"), (96, "NC"), (192, "Gbm7b5/E")]


@pytest.mark.parametrize(
    "text",
    [
        "| C | F | G |",
        "C | F\nG",
        "| C | F |\n| G |",
        "C || F ||G||",
        "\n# a song\nC | F # to here\n\n  G\n",
        "title: A song: one\nTempo: 140\nC|F|G",
        "C | F\r\nG\r\n",
    ],
)
def test_lines_comments_and_headers(text: str) -> None:
    assert symbols(parse_chart(text)) == ["C", "F", "G"]


def test_headers_are_kept() -> None:
    chart = parse_chart("title: Slow one\ntempo: 66.5\nmeter: 3/4\nC")
    assert (chart.title, chart.tempo_bpm, chart.meter) == ("Slow one", 66.5, Meter(3, 4))
    assert chart.in_meter(Meter(4, 4)).meter == Meter(3, 4)
    assert parse_chart("C").in_meter(Meter(6, 8)).length_ticks == 72


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("|: C | F :| G", "C F C F G"),
        ("C | F :| G", "C F C F G"),
        ("|: C :|: F :|", "C C F F"),
        ("|: C :|\n|: F :||", "C C F F"),
        ("|:C|%:|", "C C C C"),
        ("C :|", "C C"),
    ],
)
def test_repeats(text: str, bars: str) -> None:
    assert symbols(parse_chart(text)) == bars.split()


@pytest.mark.parametrize(
    ("text", "place", "offending"),
    [
        ("Dm7 | Hm7", "line 1, column 7", "'Hm7' is no chord"),
        ("Dm7\n | G7 Xx", "line 2, column 7", "'Xx' is no chord"),
        ("%", "line 1, column 1", "'%' has no bar"),
        ("C | F %", "line 1, column 7", "'%' shares"),
        (". C", "line 1, column 1", "'.' has no chord"),
        ("C | | F", "line 1, column 5", "'|' ends an empty bar"),
        ("|: C | F", "line 1, column 8", "'|:' is never closed"),
        ("|: C | |: F :|", "line 1, column 8", "'|:' opens a repeat within"),
        (":| C", "line 1, column 1", "':|' has no bar"),
        ("C : F", "line 1, column 1", "'C:' is no header"),
        ("temp: 120\nC", "line 1, column 1", "'temp:' is no header"),
        ("tempo: 0\nC", "line 1, column 1", "'0' is no tempo"),
        ("tempo: nan\nC", "line 1, column 1", "'nan' is no tempo"),
        ("meter: 4/5\nC", "line 1, column 1", "'4/5' is no metre"),
        ("C C C C C C C C C C C C C C C C C", "line 1, column 33", "'C' is one too many"),
        ("C " + "x" * 100, "line 1, column 3", "xxx..."),
    ],
)
def test_what_is_wrong_is_shown_with_its_place(text: str, place: str, offending: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_chart(text, "tune.txt")
    said = str(caught.value)
    assert said.startswith(f"tune.txt: {place}: ")
    assert offending in said
    assert "\n" not in said


def test_a_bad_chord_tells_what_is_accepted() -> None:
    with pytest.raises(ConfigError, match="accepted are chords such as Dm7"):
        parse_chart("Foo")


def test_repeats_of_repeats_do_not_grow_without_end() -> None:
    with pytest.raises(ConfigError, match="up to 4096 bars"):
        parse_chart("C | F\n" + ":|\n" * 40)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no chords in it"),
        (b"# nothing yet\n", "no chords in it"),
        (b"MThd\x00\x00\x00\x06", "MIDI file"),
        (b"\x00\x01\x02", "no chart"),
        (b"\xff\xfe\x44\x00", "no chart"),
        (b"C | F " * 300_000, "no chart"),
        (b"\xef\xbb\xbfC | Foo", "line 1, column 5"),
    ],
)
def test_files_that_are_no_charts(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "tune.txt"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_chart(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_chart(path)


def test_a_chart_goes_on_for_ever() -> None:
    song = RepeatingChanges(parse_chart("C | F C"))
    chord_c, chord_f = parse_symbol("C"), parse_symbol("F")
    assert song.between(0, 600) == [(96, chord_f), (144, chord_c), (288, chord_f), (336, chord_c), (480, chord_f), (528, chord_c)]
    assert song.chord_at(19200 + 100) == chord_f
    assert RepeatingChanges(parse_chart("C")).between(0, 1000) == []


bars = st.lists(
    st.lists(st.sampled_from([*PITCH_CLASSES, "NC", "Dm7", "G7b9", "C/E"]), min_size=1, max_size=4), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(bars, st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(7, 8), Meter(5, 4)]), st.integers(-500, 5000), st.integers(0, 2000))
def test_changes_agree_with_the_chord_at_every_tick(cells: list[list[str]], meter: Meter, start: int, length: int) -> None:
    song = RepeatingChanges(parse_chart(" | ".join(" ".join(bar) for bar in cells), meter=meter))
    found = dict(song.between(start, start + length))
    for tick in range(start, start + length):
        assert (song.chord_at(tick) != song.chord_at(tick - 1)) == (tick in found)
        assert found.get(tick, song.chord_at(tick)) == song.chord_at(tick)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="CFm7|:%./# \nNb1", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_chart_or_one_clear_line(text: str) -> None:
    try:
        chart = parse_chart(text)
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]  # noqa: PT017
    else:
        assert chart.bars
