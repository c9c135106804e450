"""Songs as rows of chords, from text charts, the iRb corpus and MIDI files. Knows files; knows no voicings, no scores and no solos."""

from __future__ import annotations

import hashlib
import re
from itertools import groupby
from pathlib import Path

from shared.charts import read_chart
from shared.chords import Chord, parse_symbol
from shared.errors import DataError
from shared.music import Meter
from trainer.midi_file import SUFFIXES as MIDI_SUFFIXES
from trainer.midi_song import read_midi_song
from trainer.reading import printable
from trainer.song import Song
from trainer.table import Row, read_rows

TEXT_SUFFIXES = (".txt", ".chart")
SUFFIXES = (".parquet", *TEXT_SUFFIXES, *MIDI_SUFFIXES)
COLUMNS, OPTIONAL_COLUMNS = ("id", "chord", "duration"), ("title", "time")


def read_songs(path: Path) -> list[Song]:
    """The songs in a text chart, an iRb parquet file, a MIDI file with chords, or all such files of a folder.

    Raises DataError where there are none or a file is damaged, ConfigError where a text chart is wrong.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
        if not files:
            raise DataError(f"{path}: no charts in this folder; expected files ending in {', '.join(SUFFIXES)}")
        return [song for file in files for song in read_songs(file)]
    if path.suffix.lower() == ".parquet":
        return read_irb_charts(path)
    if path.suffix.lower() in MIDI_SUFFIXES:
        return [read_midi_song(path)]
    chart = read_chart(path)
    beats = chart.meter.bar_beats
    chords = tuple((chord, beats / len(bar)) for bar in chart.bars for chord in bar)
    name = printable(path.stem)
    return [Song(name, chords, title=chart.title or name, meter=chart.meter, tempo_bpm=chart.tempo_bpm)]


def read_irb_charts(path: Path) -> list[Song]:
    """The songs of a parquet file with a row for each chord: `id` of the song, `chord` symbol, `duration` in quarter notes.

    `title` and `time` (such as 3/4) are read where they are there.
    """
    rows = read_rows(path, COLUMNS, OPTIONAL_COLUMNS)
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


def _song(name: str, rows: list[Row]) -> Song:
    chords: list[tuple[Chord | None, float]] = []
    unread = 0
    for row in rows:
        try:
            chords.append((parse_symbol(str(row["chord"])), float(str(row["duration"]))))
        except ValueError:
            unread += 1
    # Indexes put the article last: "Foggy Day, A".
    title = re.sub(r"^(.*), (The|A|An)$", r"\2 \1", str(rows[0].get("title") or name))
    return Song(name, tuple(chords), unread, title, _meter({str(row.get("time")) for row in rows}))


def _meter(signatures: set[str]) -> Meter | None:
    """The one metre that is written, None where there is none or several."""
    parts = re.fullmatch(r"(\d{1,2})/(\d{1,2})", next(iter(signatures))) if len(signatures) == 1 else None
    try:
        return None if parts is None else Meter(int(parts[1]), int(parts[2]))
    except ValueError:
        return None
