"""Reads the Weimar Jazz Database's solos as played: winds, guitar, piano and vibraphone. Knows its tables; knows no nets.

M. Pfleiderer et al., *Inside the Jazzomat*, 2017. Written places are the annotators' (beat, division, tatum); timing is how far from
them a note began, at the length of its own beat. Velocities are not recorded: `vel_from_loudness` scales the loudness that was
measured in the recording, solo by solo; where none was measured there is none here. A written length is the played one in
sixteenths, or in triplets where the note was annotated on them, up to the next note.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, Meter
from shared.places import SIXTEENTH, TRIPLET, written_length
from shared.written import INSTRUMENTS, Performance, Written, order_of, pulse_beats_of
from trainer.duv.grid import log_ratio, one_at_a_time
from trainer.duv.manifest import Track
from trainer.duv.reading import NOTES_MIN, UNDIVIDED, TrackReading
from trainer.piece import tune_key
from trainer.reading import Dropped
from trainer.table import Row, grouped, read_rows
from trainer.weimar import META, NAME
from trainer.weimar import NOTES as NOTES_TABLE

NOTE_COLUMNS = (
    "solo", "pitch", "division", "tatum", "beat", "signature", "beat_duration", "loud_median", "vel_from_loudness", "beatpos_score",
    "beatdur_perf", "micro_beats",
)  # fmt: skip
META_COLUMNS = ("solo", "title", "instrument", "rhythmfeel", "avgtempo")
INSTRUMENT_OF = {"g": "guitar", "p": "keys", "vib": "keys"}
STYLE_OF = {"LATIN": "latin", "FUNK": "funk"}
# Beyond this the annotation is wrong: a sixteenth at 75 BPM.
LAG_MS_MAX = 200.0
# Shorter notes are slips of the annotation: nobody plays them.
LENGTH_SEC_MIN = 0.01


def read_tracks(folder: Path) -> TrackReading:
    """The solos of the tables in `folder`. Raises DataError for other tables."""
    notes = grouped(read_rows(folder / NOTES_TABLE, NOTE_COLUMNS), "solo")
    tracks, dropped = [], []
    for meta in sorted(read_rows(folder / META, META_COLUMNS), key=lambda row: str(row["solo"])):
        try:
            tracks.append(_solo(meta, notes.get(str(meta["solo"]), [])))
        except ValueError as error:
            dropped.append(Dropped(str(meta["solo"]), str(error)))
    return TrackReading(tuple(tracks), tuple(dropped))


def _solo(meta: Row, rows: list[Row]) -> Track:
    tempo_bpm = float(meta["avgtempo"])
    if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
        raise ValueError(f"tempo {tempo_bpm:g}")
    # 1/4 stands for music without bars.
    rows = [row for row in rows if str(row["signature"]).endswith("/4") and row["signature"] != "1/4"]
    if len(rows) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes in bars of quarters")

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64)

    beat = np.floor(column("beatpos_score") + 1e-3)
    part = (column("tatum") - 1) / column("division")
    onset = beat + part
    pitch = column("pitch").astype(np.int64)
    order = order_of(onset, pitch)
    meters = [Meter(int(str(row["signature"]).partition("/")[0]), 4) for row in rows]
    lag = column("micro_beats") * column("beat_duration") * 1000.0
    loud = np.where(np.isnan(column("loud_median")), np.nan, column("vel_from_loudness"))
    step = np.where(np.mod(column("division"), 3) == 0, TRIPLET, SIXTEENTH)
    played = column("beatdur_perf")
    length = np.empty(len(rows))
    length[order] = one_at_a_time(onset[order], written_length(played, step)[order])
    instrument = INSTRUMENT_OF.get(str(meta["instrument"]), INSTRUMENTS[-1])
    written = Written(
        onset_beat=onset - np.floor(onset.min()),
        duration_beat=length,
        pitch=pitch,
        bar_beat=column("beat") - 1 + part,
        bar_beats=np.array([meter.bar_beats for meter in meters]),
        pulse_beats=np.array([pulse_beats_of(meter) for meter in meters]),
        tempo_bpm=np.full(len(rows), tempo_bpm),
        instrument=instrument,
        style=STYLE_OF.get(str(meta["rhythmfeel"]), "jazz"),
    )
    sounding = np.where(played * column("beat_duration") >= LENGTH_SEC_MIN, played, np.nan)
    performance = Performance(loud, np.where(np.abs(lag) <= LAG_MS_MAX, lag, np.nan), log_ratio(sounding, length))
    named = (str(meta["solo"]), NAME, tune_key(str(meta["title"])), UNDIVIDED)
    return Track(*named, written.part(order), performance.part(order), "loudness")
