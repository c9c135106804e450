"""The Weimar tables as lines, from a small table laid out like theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.chords import parse_symbol
from shared.errors import DataError
from shared.music import Meter
from trainer.measures_rhythm import upbeat_places
from trainer.weimar_lines import read_weimar_lines


def row(beatpos: float, beat: int, tatum: int, division: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "solo": "made", "pitch": 60, "division": division, "tatum": tatum, "beat": beat, "signature": "4/4", "phrase_id": 1, "chord": "Cj7",
        "beatpos_score": beatpos, "beatpos_perf": beatpos + 0.05, "beatdur_perf": 0.4,
    } | more  # fmt: skip


def written(folder: Path, rows: list[dict[str, Any]], tempo: float | None = 150.0) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), folder / "wjazzd_notes.parquet")
    pq.write_table(pa.Table.from_pylist([{"solo": "made", "avgtempo": tempo}]), folder / "wjazzd_meta.parquet")
    return folder


def test_a_solo_begins_in_the_bar_of_its_first_note(tmp_path: Path) -> None:
    rows = [row(10.0, 3, 1), row(10.5, 3, 2, beatpos_perf=10.61), row(11.0, 4, 1), row(12 + 1 / 3, 1, 2, 3, chord="D-7", phrase_id=2)]
    (line,) = read_weimar_lines(written(tmp_path, rows))
    assert line.onset_beat.tolist() == pytest.approx([2.0, 2.5, 3.0, 4 + 1 / 3])
    assert line.bars.tolist() == [0, 0, 0, 1]
    assert line.duration_beat.tolist() == pytest.approx([0.4] * 4)
    assert line.chords == (*[parse_symbol("Cj7")] * 3, parse_symbol("D-7"))
    assert (line.tempo_bpm, line.meter) == (150.0, Meter())
    assert line.phrases is not None
    assert line.phrases.tolist() == [1, 1, 1, 2]
    assert upbeat_places(line) == pytest.approx([0.56]), "swing is measured where it was played"


def test_two_notes_at_one_place_stay_in_their_order(tmp_path: Path) -> None:
    rows = [row(0.5, 1, 2, pitch=62, beatpos_perf=0.7), row(0.5, 1, 2, pitch=61, beatpos_perf=0.5)]
    (line,) = read_weimar_lines(written(tmp_path, rows))
    assert line.pitch.tolist() == [61, 62]


def test_tables_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_weimar_lines(tmp_path)
    with pytest.raises(DataError, match="no tempo for made"):
        read_weimar_lines(written(tmp_path, [row(0.0, 1, 1)], tempo=None))
    with pytest.raises(DataError, match="made: 'H7' is no chord symbol"):
        read_weimar_lines(written(tmp_path, [row(0.0, 1, 1, chord="H7")]))
    with pytest.raises(DataError, match="made"):
        read_weimar_lines(written(tmp_path, [row(0.0, 1, 1, signature="4/3")]))
