"""The recognizer's report card: what it reads, what it counts, and how it ends when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.chords import parse_symbol
from shared.errors import ConfigError, DataError
from shared.music import Meter
from shared.voicings import STYLES
from trainer.chord_score import CONTEXTS, score
from trainer.chord_songs import read_songs, select
from trainer.cli import main
from trainer.song import Song

CHANGES = "Dm7 | G7 | Cmaj7 | % | Bm7b5 E7b9 | Am6"


def song(name: str, *symbols: str) -> Song:
    return Song(name, tuple((parse_symbol(symbol), 4.0) for symbol in symbols))


def corpus(path: Path, rows: list[tuple[str, str, float]]) -> Path:
    names, symbols, beats = zip(*rows, strict=True)
    pq.write_table(pa.table({"id": names, "chord": symbols, "duration": beats}), path)
    return path


def ended(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_each_voicing_is_counted_alone_and_in_its_place() -> None:
    rows = score([song("turn", "Dm7", "G7", "Cmaj7", "NC", "A7")], 1)
    assert [(row.style, row.context) for row in rows] == [(style, context) for style in STYLES for context in CONTEXTS]
    assert {row.chords for row in rows} == {4}


def test_root_position_is_named_rightly() -> None:
    rows = score([song("turn", "Dm7", "G7", "Cmaj7", "Am7b5", "D7", "Gm6")], 1)
    plain = rows[0]
    assert (plain.root, plain.thirds, plain.triads, plain.sevenths, plain.quality) == (1.0, 1.0, 1.0, 1.0, 1.0)
    # Sevenths leave out the half-diminished and the sixth chord.
    assert plain.counted == pytest.approx(4 / 6)


def test_the_chord_before_helps_a_voicing_without_root() -> None:
    songs = [song("two fives", *(("Dm7", "G7", "Cmaj7", "Cm7", "F7", "Bbmaj7") * 4))]
    right = {row.context: row.root for row in score(songs, 1) if row.style == "rootless"}
    assert right["listening"] > right["alone"] + 0.4


def test_the_seed_decides_the_voicings() -> None:
    songs = [song(f"tune {number}", "Dm7", "G7alt", "Cmaj7", "F7", "Bbm7") for number in range(12)]
    assert score(songs, 3) == score(songs, 3)
    assert score(songs, 3) != score(songs, 4)


def test_songs_are_read_from_text_tables_and_folders(tmp_path: Path) -> None:
    (tmp_path / "tune.txt").write_text("C . F G\n| %")
    corpus(tmp_path / "many.parquet", [("a", "Dmin7", 4.0), ("a", "G79b", 2.0), ("b", "F#m7b5", 8.0), ("b", "Wat", 8.0)])
    songs = {tune.name: tune for tune in read_songs(tmp_path)}
    assert songs["tune"].chords[2] == (parse_symbol("F"), 1.0)
    assert songs["a"].chords == ((parse_symbol("Dm7"), 4.0), (parse_symbol("G7b9"), 2.0))
    assert (len(songs["b"].chords), songs["b"].unread) == (1, 1)


def test_titles_and_metres_are_read_where_a_table_has_them(tmp_path: Path) -> None:
    columns = {"id": ["a", "b", "b"], "chord": ["C"] * 3, "duration": [3.0] * 3}
    named = {"title": ["Foggy Day, A", "Isn't It", "Isn't It"], "time": ["3/4", "4/4", "3/4"]}
    pq.write_table(pa.table(columns | named), tmp_path / "named.parquet")
    pq.write_table(pa.table(columns), tmp_path / "plain.parquet")
    named_songs, plain_songs = read_songs(tmp_path / "named.parquet"), read_songs(tmp_path / "plain.parquet")
    assert [(song.title, song.meter) for song in named_songs] == [("A Foggy Day", Meter(3, 4)), ("Isn't It", None)]
    assert [(song.title, song.meter) for song in plain_songs] == [("a", None), ("b", None)]


def test_a_song_knows_where_its_chords_stand(tmp_path: Path) -> None:
    (tmp_path / "waltz.txt").write_text("title: Waltz\nmeter: 3/4\ntempo: 99\nC . F | G")
    (song,) = read_songs(tmp_path / "waltz.txt")
    assert (song.title, song.meter, song.tempo_bpm, song.length_ticks) == ("Waltz", Meter(3, 4), 99.0, 144)
    assert [tick for tick, _ in song.changes] == [0, 24, 48, 72]


def test_the_halves_share_no_song_and_leave_none_out() -> None:
    songs = [song(f"tune {number}", "C") for number in range(40)]
    tuning, held_out = select(songs, "tuning"), select(songs, "held-out")
    assert {tune.name for tune in tuning}.isdisjoint(tune.name for tune in held_out)
    assert len(tuning) + len(held_out) == len(select(songs, "all")) == 40


def test_what_holds_no_charts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no charts in this folder"):
        read_songs(tmp_path)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no table")
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_songs(broken)
    pq.write_table(pa.table({"name": ["a"]}), broken)
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_songs(broken)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_songs(tmp_path / "none.txt")


def test_the_command_shows_a_table_and_writes_the_same_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tune.txt").write_text(CHANGES)
    assert ended("chords", "--charts", str(tmp_path / "tune.txt"), "--json", str(tmp_path / "out.json")) == 0
    assert "rootless" in capsys.readouterr().out
    written = json.loads((tmp_path / "out.json").read_text())
    assert len(written["rows"]) == len(STYLES) * len(CONTEXTS)
    assert written["rows"][0]["chords"] == 7
    assert all(0 <= row["root"] <= 1 for row in written["rows"])


def test_a_wrong_chart_ends_the_command_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tune.txt").write_text("C | Huh")
    assert ended("chords", "--charts", str(tmp_path / "tune.txt"), "--json", str(tmp_path / "out.json")) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "line 1, column 5" in said
    assert not (tmp_path / "out.json").exists()
