"""Songs as rows of chords, from text charts and from the iRb corpus. Knows files; knows no voicings and no scores."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shared.charts import read_chart
from shared.chords import Chord, parse_symbol
from shared.errors import DataError

TEXT_SUFFIXES = (".txt", ".chart")
COLUMNS = ("id", "chord", "duration")


@dataclass(frozen=True, slots=True)
class Song:
    """A song's chords in their order, None for silence, each with its length in quarter notes. `unread` chords had no known symbol."""

    name: str
    chords: tuple[tuple[Chord | None, float], ...]
    unread: int = 0


def read_songs(path: Path) -> list[Song]:
    """The songs in a text chart, an iRb parquet file, or all such files of a folder.

    Raises DataError where there are none or a table is damaged, ConfigError where a text chart is wrong.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".parquet", *TEXT_SUFFIXES))
        if not files:
            raise DataError(f"{path}: no charts in this folder; expected files ending in .parquet, {', '.join(TEXT_SUFFIXES)}")
        return [song for file in files for song in read_songs(file)]
    if path.suffix == ".parquet":
        return read_irb_charts(path)
    chart = read_chart(path)
    beats = chart.meter.bar_beats
    return [Song(path.stem, tuple((chord, beats / len(bar)) for bar in chart.bars for chord in bar))]


def read_irb_charts(path: Path) -> list[Song]:
    """The songs of a parquet file with a row for each chord: `id` of the song, `chord` symbol, `duration` in quarter notes."""
    try:
        rows = pq.read_table(path, columns=list(COLUMNS)).to_pylist()
    except (OSError, pa.ArrowException) as error:
        first = (str(error).splitlines() or [""])[0]
        raise DataError(f"{path}: cannot be read as a table with {', '.join(COLUMNS)} ({first})") from None
    songs = [_song(str(name), list(group)) for name, group in groupby(rows, key=lambda row: row["id"])]
    if not songs:
        raise DataError(f"{path}: the table is empty; name one with charts")
    return songs


def select(songs: list[Song], part: str) -> list[Song]:
    """`all` songs, the half by name that the recognizer's tables were made with (`tuning`), or the `held-out` half."""
    chosen = [song for song in songs if part == "all" or _is_tuning(song) == (part == "tuning")]
    if not chosen:
        raise DataError(f"none of the {len(songs)} charts belongs to the part {part!r}; use --part all")
    return chosen


def _is_tuning(song: Song) -> bool:
    return hashlib.md5(song.name.encode(), usedforsecurity=False).digest()[0] % 2 == 0


def _song(name: str, rows: list[dict[str, object]]) -> Song:
    chords: list[tuple[Chord | None, float]] = []
    unread = 0
    for row in rows:
        try:
            chords.append((parse_symbol(str(row["chord"])), float(str(row["duration"]))))
        except ValueError:
            unread += 1
    return Song(name, tuple(chords), unread)
