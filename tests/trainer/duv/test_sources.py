"""The sources whose files are archives and tables: what is taken for a player's and what is not, on files made here."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import mido
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.errors import DataError
from tests.trainer.duv.made_music import PPQ, Played, midi_bytes
from trainer.duv import pop909, solos, violin, walking
from trainer.duv.sources import FILES, read_find
from trainer.jjswing import WALKING
from trainer.music_found import Find
from trainer.weimar import META
from trainer.weimar import NOTES as NOTES_TABLE


def song(folder: Path, **files: str | bytes) -> Path:
    """A song at 120 BPM in 4/4, its beats annotated from .25 s on."""
    notes: list[Played] = [(0.5 + index / 2, 0.45 if index % 2 else 0.3, 60 + index % 7, 50 + index) for index in range(60)]
    beats = "".join(f"{0.25 + 0.5 * index} 0 {float(index % 4 == 0)}\n" for index in range(41))
    inside: dict[str, str | bytes] = {"midi": midi_bytes([("MELODY", 0, notes), ("PIANO", 0, notes)], bpm=120.0), "beats": beats, **files}
    with zipfile.ZipFile(folder / "pop909.zip", "w") as archive:
        archive.writestr("001/001.mid", inside["midi"])
        archive.writestr("001/beat_midi.txt", inside["beats"])
    return folder


def test_pop909_gives_the_pianos_velocity_and_lengths_but_no_timing(tmp_path: Path) -> None:
    (track,) = pop909.read_tracks(song(tmp_path)).tracks
    assert track.written.instrument == "keys"
    assert track.written.onset_beat[:4].tolist() == [0, 0.5, 1, 1.5]
    assert track.written.bar_beat[8:10].tolist() == [0, 0.5]
    assert track.performance.velocity[:3].tolist() == [50, 51, 52]
    assert np.isnan(track.performance.onset_ms).all()
    assert track.written.duration_beat[:2].tolist() == [0.25, 0.5]
    np.testing.assert_allclose(track.performance.log_ratio[:2], [np.log(0.3 / 0.25), np.log(0.45 / 0.5)], atol=0.01)
    # Notes beyond the annotated beats are left out.
    assert track.written.onset_beat[-1] < 40


@pytest.mark.parametrize("broken", [{"midi": b"MThd"}, {"beats": "0.0 1.0 1.0\n"}, {"beats": "not beats"}])
def test_a_broken_song_is_named(tmp_path: Path, broken: dict[str, str | bytes]) -> None:
    reading = pop909.read_tracks(song(tmp_path, **broken))
    assert [left.name for left in reading.dropped] == ["pop909_001"]


def weimar(folder: Path, **change: object) -> Path:
    """A bar of swung eighths on a guitar, 24 ms late at 150 BPM."""
    rows = []
    for index in range(12):
        beat, off = divmod(index, 2)
        rows.append(
            {
                "solo": "A_Solo", "pitch": 60 + index, "division": 3, "tatum": 3 if off else 1, "beat": beat % 4 + 1, "signature": "4/4",
                "beat_duration": 0.4, "loud_median": None if index == 5 else 60.0, "vel_from_loudness": 70 + index,
                "beatpos_score": 8 + beat + (2 / 3 if off else 0), "beatdur_perf": 0.0001 if index == 7 else 0.3,
                "micro_beats": 2.0 if index == 3 else 0.06, **change,
            }
        )  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / NOTES_TABLE)
    meta = {"solo": "A_Solo", "title": "A Tune", "instrument": "g", "rhythmfeel": "SWING", "avgtempo": 150.0}
    pq.write_table(pa.Table.from_pylist([meta]), folder / META)
    return folder


def test_a_solo_keeps_the_annotators_places_and_the_players_lag(tmp_path: Path) -> None:
    (track,) = solos.read_tracks(weimar(tmp_path)).tracks
    assert (track.written.instrument, track.written.style, track.velocity_from) == ("guitar", "jazz", "loudness")
    np.testing.assert_allclose(track.written.onset_beat[:4], [0, 2 / 3, 1, 5 / 3])
    np.testing.assert_allclose(track.written.bar_beat[8:10], [0, 2 / 3])
    np.testing.assert_allclose(track.performance.onset_ms[[0, 1, 2]], 24.0)
    # What cannot have been played so is not known: no loudness, two beats late, no length.
    assert np.isnan(track.performance.velocity[5])
    assert np.isnan(track.performance.onset_ms[3])
    assert np.isnan(track.performance.log_ratio[7])
    np.testing.assert_allclose(track.written.duration_beat[:2], 1 / 3)


def test_music_without_bars_is_left_out(tmp_path: Path) -> None:
    (left,) = solos.read_tracks(weimar(tmp_path, signature="1/4")).dropped
    assert left.name == "A_Solo"


def test_bass_phrases_of_one_book_stay_together(tmp_path: Path) -> None:
    line: list[Played] = [(index + 0.98, 0.9, 40 + index % 5, 60 + index) for index in range(24)]
    file = mido.MidiFile(file=io.BytesIO(midi_bytes([("Walking", 0, line)], bpm=130.0)))
    marks = (("_Downes-P17-1", 1), ("_Downes-P17-2", 12), ("_End", 12))
    file.tracks[0] += [mido.MetaMessage("marker", text=text, time=gap * PPQ) for text, gap in marks]
    file.save(tmp_path / WALKING)
    reading = walking.read_tracks(tmp_path)
    first, second = reading.tracks
    assert first.piece == second.piece
    assert first.written.onset_beat.tolist() == list(range(12))
    # Two hundredths of a beat ahead, at 130 BPM.
    np.testing.assert_allclose(first.performance.onset_ms, -0.02 * 60_000 / 130, atol=1.0)
    assert first.performance.velocity[:2].tolist() == [60, 61]


def etude(folder: Path) -> Path:
    """Two violinists play eighths and quarters, one twice as fast, one speeding up; a third has other notes."""
    lengths = [0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5] * 10
    starts = np.concatenate(([0.0], np.cumsum(lengths)[:-1]))
    drift = np.concatenate(([0.0], np.cumsum(np.array(lengths) * np.linspace(1.0, 0.7, 70))[:-1]))
    with zipfile.ZipFile(folder / violin.ARCHIVE, "w") as archive:
        for player, onsets, scale, up in (("Ann", starts, 1.0, 0), ("Bob", drift, 0.5, 0), ("Cid", starts, 1.0, 1)):
            notes = [(float(at) * scale + 0.1, 0.45 * scale, 60 + index % 12 + up, 80) for index, at in enumerate(onsets)]
            archive.writestr(f"Book/Book_Op1-01_{player}_xyz-0-60.mid", midi_bytes([("", 40, notes)]))
    return folder


def test_what_violinists_have_in_common_is_the_score(tmp_path: Path) -> None:
    reading = violin.read_tracks(etude(tmp_path))
    ann, bob = reading.tracks
    assert [left.name.split("_")[2] for left in reading.dropped] == ["Cid"]
    assert ann.piece != bob.piece
    np.testing.assert_array_equal(ann.written.onset_beat, bob.written.onset_beat)
    gaps = np.diff(ann.written.onset_beat)
    np.testing.assert_allclose(gaps[:7] / gaps[0], [1, 1, 2, 1, 1, 1, 1])
    # A steady player strays from his own tempo by nothing, and one who speeds up by a third by little.
    assert np.abs(ann.performance.onset_ms).max() < 5
    assert np.abs(bob.performance.onset_ms).max() < 20
    assert np.isnan(ann.performance.velocity).all()
    assert ann.velocity_from == "none"


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_source_that_cannot_be_read_is_left_out_by_name(tmp_path: Path, kind: str) -> None:
    for name in FILES[kind]:
        (tmp_path / name).write_bytes(b"neither archive nor table")
    reading = read_find(Find(kind, tmp_path, kind))
    assert not reading.tracks
    assert reading.dropped[0].name == kind
    assert FILES[kind][0] in reading.dropped[0].reason or FILES[kind][-1] in reading.dropped[0].reason


def test_a_folder_that_holds_no_archive_is_refused(tmp_path: Path) -> None:
    for read in (pop909.read_tracks, violin.read_tracks, solos.read_tracks, walking.read_tracks):
        with pytest.raises(DataError):
            read(tmp_path)
