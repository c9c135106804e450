"""Sound: the tail is cut, the best soundfont is found, and where something is missing the mend is told."""

from __future__ import annotations

import os
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from companion.jam import Jam, JamNote, TempoChange, write_midi
from companion.sound import FONT_VARIABLE, SAMPLE_RATE_HZ, find_soundfont, render_wav, without_tail

FONT = find_soundfont(os.environ)


def written_jam(folder: Path) -> Path:
    write_midi(Jam("fallback", (), (JamNote(0.0, 1.0, 60, 100),), (), (TempoChange(0.0, 120.0),), ()), folder / "jam.mid")
    return folder / "jam.mid"


def test_silence_after_the_music_is_cut() -> None:
    samples = np.zeros((SAMPLE_RATE_HZ * 9, 2), np.int16)
    samples[: SAMPLE_RATE_HZ * 2] = 1000
    assert len(without_tail(samples, music_sec=1.5)) == SAMPLE_RATE_HZ * 2


def test_a_tail_that_never_ends_is_faded_out() -> None:
    samples = np.full((SAMPLE_RATE_HZ * 9, 2), 1000, np.int16)
    cut = without_tail(samples, music_sec=3.0)
    assert len(cut) == SAMPLE_RATE_HZ * 5
    assert cut[0, 0] == 1000
    assert cut[-1, 0] == 0


def test_a_named_soundfont_goes_before_all_others(tmp_path: Path) -> None:
    for name in ("tiny.sf2", "FluidR3_GM.sf2", "readme.txt", "mine.SF2"):
        (tmp_path / name).touch()
    mine = str(tmp_path / "mine.SF2")
    assert find_soundfont({FONT_VARIABLE: mine}, (tmp_path,)) == tmp_path / "mine.SF2"
    assert find_soundfont({}, (tmp_path / "none", tmp_path)) == tmp_path / "FluidR3_GM.sf2"
    assert find_soundfont({FONT_VARIABLE: str(tmp_path / "none.sf2")}, (tmp_path,)) is None
    assert find_soundfont({}, (tmp_path / "none",)) is None


def test_a_program_that_cannot_be_run_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    midi, font = written_jam(tmp_path), tmp_path / "empty.sf2"
    font.write_bytes(b"RIFF\0\0\0\0sfbk")
    done, why = render_wav(midi, tmp_path / "jam.wav", program=str(tmp_path / "missing"), font=font)
    assert not done
    assert "missing" in why
    assert not (tmp_path / "jam.wav").exists()


def test_a_soundfont_that_cannot_be_read_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    midi = written_jam(tmp_path)
    (tmp_path / "bad.sf2").write_bytes(b"RIFF of another kind")
    done, why = render_wav(midi, tmp_path / "jam.wav", program="fluidsynth", font=tmp_path / "bad.sf2")
    assert not done
    assert "bad.sf2 is no soundfont" in why
    assert not (tmp_path / "jam.wav").exists()


@pytest.mark.skipif(shutil.which("fluidsynth") is None or FONT is None, reason="fluidsynth or a soundfont is not installed")
def test_a_jam_can_be_heard(tmp_path: Path) -> None:
    done, name = render_wav(written_jam(tmp_path), tmp_path / "jam.wav")
    assert done
    assert FONT is not None
    assert name == FONT.name
    with wave.open(str(tmp_path / "jam.wav"), "rb") as file:
        assert 0.5 <= file.getnframes() / SAMPLE_RATE_HZ <= 2.6
