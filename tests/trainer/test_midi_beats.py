"""Beats of MIDI files: the file's own where notes lie on them, tracked where somebody just played, refused where nothing tells."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError
from shared.music import Meter
from tests.trainer.midi_maker import Line, broken_chords, solo, walking, write_midi
from trainer.midi_beats import find_beats
from trainer.midi_file import read_midi


def moved(line: Line, shift: float = 0.0, stretch: float = 1.0, jitter: float = 0.0) -> Line:
    choice = random.Random(3)
    return [(max(0.0, shift + stretch * on + choice.gauss(0, jitter)), stretch * length, pitch) for on, length, pitch in line]


@pytest.mark.parametrize(("upbeat", "tick"), [(0.5, 12), (2 / 3, 16), (0.58, 14)])
def test_a_file_on_its_grid_keeps_it_swung_or_straight(tmp_path: Path, upbeat: float, tick: int) -> None:
    midi = read_midi(write_midi(tmp_path / "a.mid", [("sax", 65, solo(upbeat=upbeat)), ("bass", 32, walking())], bpm=180))
    beats = find_beats(midi)
    assert not beats.tracked
    assert beats.tempo_bpm == pytest.approx(180, abs=0.1)
    assert set(beats.onset_ticks(midi.tracks[0].onset) % 24) == {0, tick}


def test_triplets_are_kept_exactly(tmp_path: Path) -> None:
    line: Line = [(place / 3, 0.3, 70 + place % 5) for place in range(96)]
    midi = read_midi(write_midi(tmp_path / "a.mid", [("sax", 65, line)]))
    assert find_beats(midi).onset_ticks(midi.tracks[0].onset).tolist() == [8 * place for place in range(96)]


def test_a_waltz_is_a_waltz(tmp_path: Path) -> None:
    assert find_beats(read_midi(write_midi(tmp_path / "a.mid", [("sax", 65, solo())], meter=(3, 4)))).meter == Meter(3, 4)


def test_a_grid_that_begins_off_the_beat_is_put_right(tmp_path: Path) -> None:
    tracks = [("sax", 65, moved(solo(), 0.25)), ("bass", 32, moved(walking(), 0.25))]
    midi = read_midi(write_midi(tmp_path / "a.mid", tracks))
    beats = find_beats(midi)
    assert set(beats.onset_ticks(midi.tracks[1].onset) % 24) == {0}


@pytest.mark.parametrize("bpm", [76, 97, 143])
def test_the_pulse_of_a_performance_without_a_click_is_found(tmp_path: Path, bpm: float) -> None:
    # Recorded at the usual 120, played at another tempo, a little unsteadily.
    stretch = 120 / bpm
    tracks = [("piano", 0, sorted(moved(solo(24), 0.1, stretch, 0.012) + moved(walking(24), 0.1, stretch, 0.012)))]
    midi = read_midi(write_midi(tmp_path / "a.mid", tracks, bpm=120))
    beats = find_beats(midi)
    assert beats.tracked
    assert beats.tempo_bpm == pytest.approx(bpm, rel=0.03)
    bass = midi.tracks[0].onset[midi.tracks[0].pitch < 56]
    off = (beats.ticks(bass) + 12) % 24 - 12
    assert np.mean(np.abs(off[beats.ticks(bass) >= 0]) <= 2.5) > 0.9


def test_notes_without_a_pulse_are_refused(tmp_path: Path) -> None:
    choice = random.Random(5)
    at = 0.0
    line: Line = []
    for _ in range(200):
        at += choice.expovariate(3)
        line.append((at, 0.3, choice.randint(40, 80)))
    with pytest.raises(DataError, match="no beats found"):
        find_beats(read_midi(write_midi(tmp_path / "a.mid", [("piano", 0, line)])))


def test_a_few_notes_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fewer than"):
        find_beats(read_midi(write_midi(tmp_path / "a.mid", [("piano", 0, broken_chords(1))])))
