"""The Omnibook's tables as pieces: swung upbeats, lengths up to the next note, chords from the beat where they can begin."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shared.chords import parse_symbol
from trainer.omnibook import META, NOTES, read_pieces


def written(folder: Path, places: list[float], chords: list[str]) -> Path:
    fixed = {"id": "Tune.krn", "period": 4}
    notes = [
        {**fixed, "pitch_raw": 60 + index % 12, "chords_raw": chord, "beatpos_score": place % 4, "onset_q": 7.0 + place}
        for index, (place, chord) in enumerate(zip(places, chords, strict=True))
    ]
    meta = [{"id": "Tune.krn", "title": "Tune-1", "avgtempo": 200.0, "signature": "4/4"}]
    for name, rows in ((NOTES, notes), (META, meta)):
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
    return folder


def test_even_eighths_are_swung_and_other_places_stay(tmp_path: Path) -> None:
    places = [1.0, 1.5, 2.0, 2.25, 2.5, 2.75, *(3.0 + 0.5 * index for index in range(24)), 20.0]
    (piece,) = read_pieces(written(tmp_path, places, ["C7"] * len(places))).pieces
    assert [note.tick for note in piece.notes[:7]] == [24, 37, 48, 54, 60, 66, 72]
    # four fifths of 13 ticks are written as 9 or 12; after the last eighth comes a rest, so it is short
    assert piece.notes[0].duration_ticks == 9
    assert piece.notes[-2].duration_ticks == 12
    assert piece.end_tick % 96 == 0
    assert (piece.tune, piece.conditioning.style) == ("tune", "bebop")


def test_a_chord_begins_on_the_beat_before_its_first_note_but_never_under_the_note_before(tmp_path: Path) -> None:
    places = [0.5 * index for index in range(30)]
    chords = ["C7"] * 9 + ["F7"] * 21  # from the upbeat of beat 4 on
    (piece,) = read_pieces(written(tmp_path, places, chords)).pieces
    assert [(change.tick, change.chord) for change in piece.changes] == [(0, parse_symbol("C7")), (4 * 24 + 13, parse_symbol("F7"))]
    assert read_pieces(tmp_path, "bass").pieces == ()
