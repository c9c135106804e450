"""Reads the Parker Omnibook's tables: Charlie Parker's lines as they were written down, with chords. Knows its columns; knows no training.

The book gives no durations and even eighths: notes last most of the way to the next one, and upbeats are written where
soloists put them at that tempo, see `trainer.swing`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from shared.chords import Chord, parse_symbol
from shared.foresight import ChordChange
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter
from shared.score import Conditioning, Note
from trainer.piece import Piece, file_name, playable, tune_key, whole_bars
from trainer.reading import Dropped, Reading
from trainer.swing import is_upbeat, usual_upbeat_tick
from trainer.table import Row, grouped, read_rows

NAME = "omnibook"
NOTES, META = "omnibook_notes.parquet", "omnibook_meta.parquet"
NOTE_COLUMNS = ("id", "pitch_raw", "chords_raw", "period", "beatpos_score", "onset_q")
META_COLUMNS = ("id", "title", "avgtempo", "signature")
# Soloists of the Weimar Jazz Database let a note sound for four fifths of the way to the next, and end phrases on short notes.
SOUNDING_SHARE = 0.8
LAST_NOTE_TICKS = 12
NOTES_MIN = 24
GRID = 48  # onsets come as floats of whole parts of a quarter


def read_pieces(folder: Path, role: str = "lead") -> Reading:
    """The solos of the tables in `folder`; there is only a lead. Raises DataError where a table is no such table."""
    if role != "lead":
        return Reading(())
    notes = grouped(read_rows(folder / NOTES, NOTE_COLUMNS), "id")
    pieces, dropped = [], []
    for meta in sorted(read_rows(folder / META, META_COLUMNS), key=lambda row: str(row["id"])):
        name = str(meta["id"])
        try:
            pieces.append(_piece(meta, notes.get(name, [])))
        except ValueError as error:
            dropped.append(Dropped(name, str(error)))
    return Reading(tuple(pieces), tuple(dropped))


def _piece(meta: Row, notes: list[Row]) -> Piece:
    if len(notes) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes")
    tempo_bpm = float(meta["avgtempo"])
    if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
        raise ValueError(f"tempo {tempo_bpm:g}")
    meter = Meter(int(notes[0]["period"]), 4)
    start = float(notes[0]["onset_q"]) - float(notes[0]["beatpos_score"])
    onsets = [Fraction(round((float(note["onset_q"]) - start) * GRID), GRID) for note in notes]
    ticks = _swung(onsets, usual_upbeat_tick(tempo_bpm))
    line = []
    for index, note in enumerate(notes):
        gap = ticks[index + 1] - ticks[index] if index + 1 < len(ticks) else LAST_NOTE_TICKS
        length = round(SOUNDING_SHARE * gap) if gap <= TICKS_PER_BEAT else LAST_NOTE_TICKS
        line.append(Note(ticks[index], int(note["pitch_raw"]), max(1, length)))
    played = playable(line, "lead")
    wish = Conditioning("lead", tempo_bpm, "swing", "bebop")
    return Piece(
        file_name(str(meta["id"]).removesuffix(".krn")), tune_key(str(meta["title"])), NAME, wish, meter,
        _changes(ticks, [parse_symbol(str(note["chords_raw"])) for note in notes]), played, whole_bars(played[-1].tick + 1, meter),
    )  # fmt: skip


def _swung(onsets: list[Fraction], upbeat_tick: int) -> list[int]:
    ticks = []
    for index, onset in enumerate(onsets):
        beat, place = divmod(onset, 1)
        others = [float(other % 1) for other in onsets[max(0, index - 8) : index + 9] if other // 1 == beat and other != onset]
        swung = place == Fraction(1, 2) and is_upbeat(0.5, others)
        ticks.append(int(beat) * TICKS_PER_BEAT + (upbeat_tick if swung else round(place * TICKS_PER_BEAT)))
    return ticks


def _changes(ticks: list[int], chords: list[Chord | None]) -> tuple[ChordChange, ...]:
    """A chord is known only where a note is: it is taken to begin on the first beat line after the last note of the one before."""
    changes = [ChordChange(0, chords[0])]
    for (before, chord_before), (after, chord) in pairwise(zip(ticks, chords, strict=True)):
        if chord != chord_before:
            line = after - after % TICKS_PER_BEAT
            bar = after - after % (2 * TICKS_PER_BEAT)
            tick = bar if bar > before else line if line > before else after
            if tick > changes[-1].tick:
                changes.append(ChordChange(tick, chord))
    return tuple(changes)
