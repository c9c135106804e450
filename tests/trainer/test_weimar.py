"""The Weimar tables as pieces: places, lengths, chords, bass, and what is left out."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.chords import parse_symbol
from shared.errors import DataError
from shared.score import Note
from shared.tokens import decode, encode
from trainer.piece import score_of
from trainer.weimar import BEATS, META, NOTES, read_pieces

Tables = dict[str, list[dict[str, Any]]]


def tables(bars: int = 10, signature: str = "4/4", upbeat_micro: float = 0.06, lag: float = 0.02) -> Tables:
    """One solo from the second bar's downbeat on: eighths, the upbeats `upbeat_micro` of a beat late beyond the `lag`."""
    beats_a_bar = int(signature.split("/")[0])
    notes, beats = [], []
    for beat in range(beats_a_bar * bars):
        where = {"solo": "Player: A Tune!", "bar": beat // beats_a_bar, "beat": beat % beats_a_bar + 1}
        chord = ("NC", "Dm7b5", "", "G79b")[beat] if beat < 4 else ""
        beats.append({**where, "signature": signature, "chord": chord, "bass": None if beat == 5 else 40.0 + beat % 3})
        if beat < beats_a_bar:
            continue
        for tatum in (1, 2):
            place = {"division": 2, "tatum": tatum, "beatpos_score": beat + (tatum - 1) / 2}
            timing = {"micro_beats": lag + (upbeat_micro if tatum == 2 else 0.0), "beatdur_perf": 0.4}
            notes.append({**where, "pitch": 60 + beat % 12, **place, **timing})
    meta = [{"solo": "Player: A Tune!", "title": "The Tune (take 2)", "style": "BEBOP", "rhythmfeel": "SWING", "avgtempo": 180.0}]
    return {NOTES: notes, BEATS: beats, META: meta}


def written(folder: Path, content: Tables) -> Path:
    for name, rows in content.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
    return folder


def test_a_solo_becomes_a_line_over_its_chords(tmp_path: Path) -> None:
    (piece,) = read_pieces(written(tmp_path, tables())).pieces
    assert (piece.name, piece.tune, piece.source) == ("Player_A_Tune", "tune", "wjazzd")
    assert (piece.conditioning.feel, piece.conditioning.style, piece.conditioning.tempo_bpm) == ("swing", "bebop", 180.0)
    # Bars begin with the soloist's first; upbeats are swung: (0.5 + 0.06) of 24 ticks; 0.4 beats are written as 9 ticks.
    assert piece.notes[:4] == (Note(0, 64, 9), Note(13, 64, 9), Note(24, 65, 9), Note(37, 65, 9))
    assert len(piece.notes) == 2 * 36
    assert piece.end_tick == 36 * 24
    assert [(change.tick, change.chord) for change in piece.changes] == [(0, parse_symbol("G7b9"))]
    back = [event for event in decode(encode(score_of(piece))) if isinstance(event, Note)]
    assert tuple(back) == piece.notes


def test_chords_stand_where_they_are_written_and_go_on(tmp_path: Path) -> None:
    content = tables()
    for row in content[NOTES]:
        row["beatpos_score"] -= 4
    for row, beat in zip(content[NOTES], [beat for beat in range(36) for _ in range(2)], strict=True):
        row["bar"], row["beat"] = beat // 4, beat % 4 + 1
    (piece,) = read_pieces(written(tmp_path, content)).pieces
    assert [(change.tick, change.chord) for change in piece.changes] == [
        (0, None), (24, parse_symbol("Dm7b5")), (72, parse_symbol("G7b9")),
    ]  # fmt: skip


def test_the_bass_is_a_role_of_its_own(tmp_path: Path) -> None:
    content = tables(bars=12)
    (piece,) = read_pieces(written(tmp_path, content), "bass").pieces
    assert piece.conditioning.role == "bass"
    ticks = [note.tick for note in piece.notes]
    assert 24 not in ticks  # beat 5 is without a bass note
    assert [note.pitch for note in piece.notes[:3]] == [41, 40, 41]
    (lead,) = read_pieces(tmp_path).pieces
    assert lead.accompaniment == piece.notes
    assert read_pieces(tmp_path, "comp").pieces == ()


def test_a_solo_in_two_metres_keeps_its_longest_stretch(tmp_path: Path) -> None:
    content = tables(bars=12)
    for row in content[BEATS]:
        if row["bar"] >= 9:
            row["signature"] = "3/4"
    (piece,) = read_pieces(written(tmp_path, content)).pieces
    assert piece.meter.numerator == 4
    assert piece.end_tick == 8 * 96


@pytest.mark.parametrize(("signature", "reason"), [("6/8", "metre 6/8"), ("", "metre unknown")])
def test_what_cannot_be_used_is_named_with_the_reason(signature: str, reason: str, tmp_path: Path) -> None:
    content = tables()
    for row in content[BEATS]:
        row["signature"] = signature
    reading = read_pieces(written(tmp_path, content))
    assert (reading.pieces, [dropped.reason for dropped in reading.dropped]) == ((), [reason])


def test_a_short_solo_is_left_out(tmp_path: Path) -> None:
    reading = read_pieces(written(tmp_path, tables(bars=3)))
    assert [dropped.reason for dropped in reading.dropped] == ["fewer than 24 notes"]


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    content = tables()
    for row in content[NOTES]:
        del row["micro_beats"]
    with pytest.raises(DataError, match=r"wjazzd_notes.parquet: .*micro_beats"):
        read_pieces(written(tmp_path, content))
    (tmp_path / NOTES).write_bytes(b"nonsense")
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_pieces(tmp_path)


def test_any_division_of_the_beat_keeps_its_notes_within_half_a_step(tmp_path: Path) -> None:
    """Divisions as often as in the database: what is written is at most half a tick from the annotated place, swung eighths aside."""
    chance = random.Random(5)
    content = tables(bars=200)
    content[NOTES] = []
    for row in content[BEATS]:
        row["bass"] = 40.0
    places = []
    for beat in range(4, 800):
        division = chance.choices([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16], [15, 55, 28, 54, 4, 17, 1.6, 6, 2.5, 1.2, 0.2])[0]
        for tatum in sorted(chance.sample(range(1, division + 1), chance.randint(1, division))):
            place = beat + (tatum - 1) / division
            where = {"solo": "Player: A Tune!", "bar": beat // 4, "beat": beat % 4 + 1, "division": division, "tatum": tatum}
            timing = {"beatpos_score": place, "micro_beats": chance.gauss(0.02, 0.02), "beatdur_perf": 0.2}
            content[NOTES].append({**where, "pitch": 60, **timing})
            places.append(24 * (place - 4))
    (piece,) = read_pieces(written(tmp_path, content)).pieces
    back = sorted(event.tick for event in decode(encode(score_of(piece))) if isinstance(event, Note))
    assert len(back) >= 0.995 * len(places)
    for tick, place in zip(np.array(back), nearest(places, back), strict=True):
        swung = len([other for other in places if other // 24 == place // 24]) <= 2 and place % 24 >= 0.45 * 24
        assert abs(tick - place) <= (6 if swung else 0.5)


def nearest(places: list[float], ticks: list[int]) -> list[float]:
    """The place next to each tick."""
    known = np.array(places)
    return [float(known[np.abs(known - tick).argmin()]) for tick in ticks]
