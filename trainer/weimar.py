"""Reads the Weimar Jazz Database's tables: solos with beats, chords and the bassist's notes. Knows its columns; knows no training.

M. Pfleiderer et al., *Inside the Jazzomat*, 2017. Note places are the annotated ones (beat, division, tatum), with the swung
eighths where they were played; see `trainer.swing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from shared.chords import Chord, parse_symbol
from shared.foresight import ChordChange
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter
from shared.score import Conditioning, Note
from trainer.piece import Piece, file_name, playable, tune_key, whole_bars
from trainer.reading import Dropped, Reading
from trainer.swing import is_upbeat, lag_at, smoothed
from trainer.table import Row, grouped, read_rows

NAME = "wjazzd"
ROLES = ("lead", "bass")
NOTES, BEATS, META = "wjazzd_notes.parquet", "wjazzd_beats_chords_bass.parquet", "wjazzd_meta.parquet"
NOTE_COLUMNS = ("solo", "pitch", "division", "tatum", "bar", "beat", "beatpos_score", "micro_beats", "beatdur_perf")
BEAT_COLUMNS = ("solo", "bar", "beat", "signature", "chord", "bass")
META_COLUMNS = ("solo", "title", "style", "rhythmfeel", "avgtempo")
STYLES = {
    "BEBOP": "bebop", "SWING": "swing", "COOL": "cool", "HARDBOP": "hardbop", "POSTBOP": "postbop", "FUSION": "fusion", "FREE": "free",
    "TRADITIONAL": "traditional",
}  # fmt: skip
SWUNG = ("SWING", "TWOBEAT", "BALLAD")
NOTES_MIN = 24
BASS_NOTE_TICKS = 22


def read_pieces(folder: Path, role: str = "lead") -> Reading:
    """The solos (`lead`) or the bassists' lines (`bass`) in `folder`; nothing else is there. Raises DataError for other tables."""
    if role not in ROLES:
        return Reading(())
    notes = grouped(read_rows(folder / NOTES, NOTE_COLUMNS), "solo")
    beats = grouped(read_rows(folder / BEATS, BEAT_COLUMNS), "solo")
    pieces, dropped = [], []
    for meta in sorted(read_rows(folder / META, META_COLUMNS), key=lambda row: str(row["solo"])):
        name = str(meta["solo"])
        try:
            pieces.append(_piece(meta, notes.get(name, []), beats.get(name, []), role))
        except ValueError as error:
            dropped.append(Dropped(name, str(error)))
    return Reading(tuple(pieces), tuple(dropped))


def _piece(meta: Row, notes: list[Row], beats: list[Row], role: str) -> Piece:
    first, last, meter = _longest_run(beats)
    tempo_bpm = float(meta["avgtempo"])
    if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
        raise ValueError(f"tempo {tempo_bpm:g}")
    notes = [note for note in notes if first <= note["beatpos_score"] < last]
    if len(notes) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes")
    # Bars begin with the one in which the soloist begins.
    bar_beats = meter.numerator
    start = first + int(notes[0]["beatpos_score"] - first) // bar_beats * bar_beats
    line = playable((note for note in _solo(notes, start) if note.tick >= 0), "lead")
    end_tick = whole_bars(max(note.tick for note in line) + 1, meter)
    bass = playable(_bass(beats[start:last], end_tick), "bass")
    changes = _changes([row["chord"] for row in beats[:last]], start, end_tick)
    kept, others = (line, bass) if role == "lead" else (bass, line)
    if len(kept) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes for {role}")
    wish = Conditioning(role, tempo_bpm, "swing" if meta["rhythmfeel"] in SWUNG else "even", STYLES.get(str(meta["style"]), "unknown"))
    return Piece(file_name(str(meta["solo"])), tune_key(str(meta["title"])), NAME, wish, meter, changes, kept, end_tick, others)


def _longest_run(beats: list[Row]) -> tuple[int, int, Meter]:
    """First and one past the last beat of the longest stretch of whole bars in one metre, and that metre."""
    runs: list[tuple[int, int, str]] = []
    place = 0
    for signature, group in groupby(beats, key=lambda row: str(row["signature"])):
        rows = list(group)
        skipped = next((index for index, row in enumerate(rows) if row["beat"] == 1), len(rows))
        runs.append((place + skipped, place + len(rows), signature))
        place += len(rows)
    if not runs:
        raise ValueError("no beats")
    first, last, signature = max(runs, key=lambda run: run[1] - run[0])
    numerator, _, denominator = signature.partition("/")
    if denominator != "4":
        raise ValueError(f"metre {signature or 'unknown'}")
    return first, last, Meter(int(numerator), 4)


def _solo(notes: list[Row], start: int) -> list[Note]:
    """The notes in ticks from beat `start` on."""
    places = [(int(note["beatpos_score"] // 1), (note["tatum"] - 1) / note["division"]) for note in notes]
    in_beat = {beat: [place for _, place in group] for beat, group in groupby(places, key=lambda place: place[0])}
    on_beat = [index for index, (_, place) in enumerate(places) if place == 0.0]
    lag_beats, lags = [float(places[index][0]) for index in on_beat], [float(notes[index]["micro_beats"]) for index in on_beat]
    swung: list[int] = []
    played: list[float] = []
    sure: list[bool] = []
    for index, (beat, place) in enumerate(places):
        if is_upbeat(place, [other for other in in_beat[beat] if other != place]):
            swung.append(index)
            between = places[max(0, index - 1) : index + 2] == [(beat, 0.0), (beat, place), (beat + 1, 0.0)]
            sure.append(between)
            if between:
                # Between two notes on the beat, the upbeat's place is its share of the way.
                before, at, after = (_played(notes[other], places[other]) for other in (index - 1, index, index + 1))
                played.append((at - before) / (after - before) if after > at > before else place)
            else:
                played.append(place + float(notes[index]["micro_beats"]) - lag_at(lag_beats, lags, beat))
    ticks = dict(zip(swung, smoothed([float(places[index][0]) for index in swung], played, sure), strict=True))
    line = []
    for index, (note, (beat, place)) in enumerate(zip(notes, places, strict=True)):
        tick = (beat - start) * TICKS_PER_BEAT + ticks.get(index, round(place * TICKS_PER_BEAT))
        length = round(TICKS_PER_BEAT * float(note["beatdur_perf"]))
        line.append(Note(tick, int(note["pitch"]), max(1, length)))
    return line


def _played(note: Row, place: tuple[int, float]) -> float:
    """Where a note was played, in beats."""
    return place[0] + place[1] + float(note["micro_beats"])


def _bass(beats: Sequence[Row], end_tick: int) -> list[Note]:
    return [
        Note(index * TICKS_PER_BEAT, int(row["bass"]), BASS_NOTE_TICKS)
        for index, row in enumerate(beats)
        if row["bass"] is not None and row["bass"] == row["bass"] and index * TICKS_PER_BEAT < end_tick
    ]


def _changes(symbols: list[str], start: int, end_tick: int) -> tuple[ChordChange, ...]:
    """The changes among chord symbols, one a beat, from beat `start` until `end_tick`; an empty one goes on with the chord before."""
    changes: list[ChordChange] = []
    chord: Chord | None = None
    for index, symbol in enumerate(symbols[: start + end_tick // TICKS_PER_BEAT], -start):
        chord = parse_symbol(symbol) if symbol else chord
        if index >= 0 and (not changes or changes[-1].chord != chord):
            changes.append(ChordChange(index * TICKS_PER_BEAT, chord))
    return tuple(changes)
