"""The Weimar Jazz Database's solos as lines, with played onsets and annotated phrases. Knows its tables; knows no measure.

Onsets are written where the annotators put them (beat, division, tatum), durations as they were played. Every note is kept.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shared.chords import parse_symbol
from shared.errors import DataError
from shared.music import TICKS_PER_BEAT, Meter
from trainer.line import Line
from trainer.table import Row, grouped, read_rows

NOTES, META = "wjazzd_notes.parquet", "wjazzd_meta.parquet"
# `beatdur_perf` is the note's played length in quarter notes.
NOTE_COLUMNS = (
    "solo", "pitch", "division", "tatum", "beat", "signature", "phrase_id", "chord", "beatpos_score", "beatpos_perf", "beatdur_perf",
)  # fmt: skip
META_COLUMNS = ("solo", "avgtempo")


def read_weimar_lines(folder: Path) -> list[Line]:
    """The solos of the tables in `folder`, by name. Raises DataError where a table cannot be read or holds no solo."""
    notes = grouped(read_rows(folder / NOTES, NOTE_COLUMNS), "solo")
    tempos = {str(row["solo"]): row["avgtempo"] for row in read_rows(folder / META, META_COLUMNS)}
    unknown = sorted(set(notes) - {solo for solo, tempo in tempos.items() if tempo})
    if unknown:
        raise DataError(f"{folder / META}: no tempo for {unknown[0]}; both tables must come from the same release")
    if not notes:
        raise DataError(f"{folder / NOTES}: the table is empty; name a folder with solos")
    return [_line(solo, float(tempos[solo]), rows) for solo, rows in sorted(notes.items())]


def _line(solo: str, tempo_bpm: float, rows: list[Row]) -> Line:
    rows = sorted(rows, key=lambda row: float(row["beatpos_perf"]))
    written = np.array([_written_beat(row) for row in rows])
    # Two notes that were annotated at one place keep the order in which they were played.
    written = np.maximum.accumulate(written)
    meter = _meter(rows)
    start = written[0] // 1 - (int(rows[0]["beat"]) - 1)
    try:
        chords = tuple(parse_symbol(row["chord"]) if row["chord"] else None for row in rows)
    except ValueError as error:
        raise DataError(f"{solo}: {error}") from None
    onset = written - start
    is_change = [not index or chord != chords[index - 1] for index, chord in enumerate(chords)]
    return Line(
        name=solo,
        tempo_bpm=tempo_bpm,
        meter=meter,
        onset_beat=onset,
        duration_beat=np.array([float(row["beatdur_perf"]) for row in rows]),
        pitch=np.array([int(row["pitch"]) for row in rows], dtype=np.int64),
        chords=chords,
        changes=tuple((float(beat), chord) for beat, chord, changed in zip(onset, chords, is_change, strict=True) if changed),
        end_beat=float(onset[-1] + rows[-1]["beatdur_perf"]),
        played_beat=np.array([float(row["beatpos_perf"]) for row in rows]) - start,
        phrases=np.array([int(row["phrase_id"]) for row in rows], dtype=np.int64),
    )


def _written_beat(row: Row) -> float:
    """Quarter notes since the recording's first annotated beat, to the tick."""
    beat = int((float(row["beatpos_score"]) + 1e-4) // 1)
    return float(beat + round(TICKS_PER_BEAT * (row["tatum"] - 1) / row["division"]) / TICKS_PER_BEAT)


def _meter(rows: list[Row]) -> Meter:
    """The metre of most notes."""
    signatures = [str(row["signature"]) for row in rows]
    numerator, _, denominator = max(set(signatures), key=lambda one: (signatures.count(one), one)).partition("/")
    try:
        return Meter(int(numerator), int(denominator))
    except ValueError as error:
        raise DataError(f"{rows[0]['solo']}: {error}") from None
