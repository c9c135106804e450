"""Anybody's MIDI files: what is written, what is a player's, and what teaches nothing."""

from __future__ import annotations

import numpy as np

from tests.trainer.duv.made_music import Played, midi_bytes
from trainer.duv.midi_folder import read_tracks

CHANCE = np.random.default_rng(5)


def performed(count: int = 32, step: float = 0.5, pitch: int = 60, spread: float = 0.03) -> list[Played]:
    """A line with a player's lags, lengths and velocities."""
    return [
        (0.1 + index * step + float(CHANCE.uniform(-spread, spread)) - 0.1 * (index > 0), 0.4, pitch + index % 5, 60 + index % 40)
        for index in range(count)
    ]


def programmed(count: int = 32, velocity: int = 100) -> list[Played]:
    return [(index / 2, 0.4, 60 + index % 5, velocity) for index in range(count)]


def test_tracks_go_to_their_instruments_and_others_are_named() -> None:
    tracks = [("Slap Bass", 0, performed()), ("Track 2", 27, performed(pitch=50)), ("", -1, performed()), ("Wind", 122, performed())]
    reading = read_tracks(midi_bytes(tracks), "a/song.mid")
    assert [track.written.instrument for track in reading.tracks] == ["bass", "guitar", "drums"]
    (left,) = reading.dropped
    assert "Wind" in left.name
    assert "no instrument" in left.reason


def test_places_lags_and_lengths_are_told_apart() -> None:
    notes = [(index + 0.02, 0.45, 60, 50 + index) for index in range(12)] + [(12.27, 0.5, 62, 99)]
    (track,) = read_tracks(midi_bytes([("piano", 0, notes)], bpm=60.0), "x").tracks
    assert track.written.onset_beat.tolist() == [*range(12), 12.25]
    np.testing.assert_allclose(track.performance.onset_ms, 20.0, atol=1.1)
    assert track.written.duration_beat.tolist() == [0.5] * 13
    np.testing.assert_allclose(track.performance.log_ratio[:12], np.log(0.45 / 0.5), atol=0.01)
    assert track.performance.velocity.tolist() == [*range(50, 62), 99]


def test_bars_follow_the_files_metre() -> None:
    (track,) = read_tracks(midi_bytes([("keys", 0, performed(24))], meter=(6, 8)), "x").tracks
    assert track.written.bar_beats[0] == 3.0
    assert track.written.pulse_beats[0] == 1.5
    assert not track.is_measured
    assert track.written.bar_beat[:8].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 0, 0.5]


def test_a_sequencers_velocities_and_onsets_are_not_taken_for_a_players() -> None:
    even_velocity = [(onset, length, pitch, 90) for onset, length, pitch, _ in performed()]
    on_grid = [(onset, length, pitch, 60 + index) for index, (onset, length, pitch, _) in enumerate(programmed())]
    reading = read_tracks(midi_bytes([("piano", 0, even_velocity), ("bass", 33, on_grid), ("guitar", 25, programmed())]), "x")
    piano, bass = reading.tracks
    assert np.isnan(piano.performance.velocity).all()
    assert piano.velocity_from == "none"
    assert not np.isnan(piano.performance.onset_ms).any()
    assert np.isnan(bass.performance.onset_ms).all()
    assert not np.isnan(bass.performance.velocity).any()
    assert "sequencer" in reading.dropped[0].reason


def test_playing_without_a_click_is_left_out() -> None:
    free = [(float(onset), 0.4, 60, 60 + index % 40) for index, onset in enumerate(np.cumsum(CHANCE.uniform(0.2, 0.9, 200)))]
    reading = read_tracks(midi_bytes([("piano", 0, free)]), "x")
    assert not reading.tracks
    assert "click" in reading.dropped[0].reason


def test_the_same_notes_in_another_key_are_the_same_piece() -> None:
    (low,) = read_tracks(midi_bytes([("piano", 0, performed(pitch=50))]), "x").tracks
    (high,) = read_tracks(midi_bytes([("piano", 0, performed(pitch=57))]), "y").tracks
    assert low.piece == high.piece


def test_broken_and_empty_files_are_named() -> None:
    for data in (b"", b"MThd\0\0", b"RIFF of another kind", midi_bytes([]), midi_bytes([("piano", 0, performed(3))])):
        reading = read_tracks(data, "bad.mid")
        assert not reading.tracks
        assert reading.dropped[0].name == "bad.mid"
