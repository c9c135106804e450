"""Manifests: what is written is read again, and what is no manifest is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError
from shared.music import Meter
from tests.trainer.duv.made_music import COMMON, played, written
from trainer.duv.manifest import Track, read_manifest, write_manifest


def track(meter: Meter = COMMON) -> Track:
    notes = written([0, 1 / 3, 1, 3], [36, 38, 38, 42], [0.25, 1 / 3, 0.5, 1], "bass", meter)
    how = played(4, velocity=[90, 40, 80, 127], onset_ms=[0.5, float("nan"), -12.25, 3])
    return Track("a take", "groove_midi", "a take", "val", notes, how, "player", clearness=0.875)


def test_a_track_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bass.jsonl"
    write_manifest(path, [track(), track(Meter(6, 8))])
    again, compound = read_manifest(path)
    for name in ("onset_beat", "duration_beat", "pitch", "bar_beat", "bar_beats", "pulse_beats", "tempo_bpm"):
        np.testing.assert_allclose(getattr(again.written, name), getattr(track().written, name), atol=1e-6)
    for name in ("velocity", "onset_ms", "log_ratio"):
        np.testing.assert_allclose(getattr(again.performance, name), getattr(track().performance, name))
    assert (again.name, again.source, again.part, again.velocity_from, again.clearness) == ("a take", "groove_midi", "val", "player", 0.875)
    assert compound.written.pulse_beats.tolist() == [1.5] * 4


def test_a_line_tells_what_follows_from_the_notes(tmp_path: Path) -> None:
    write_manifest(tmp_path / "bass.jsonl", [track(Meter(3, 4))])
    line = json.loads((tmp_path / "bass.jsonl").read_text(encoding="utf-8"))
    assert line["beat_pos"] == [0.0, 0.333333, 1.0, 0.0]
    # Only the first beat of a bar is a downbeat.
    assert line["is_downbeat"] == [True, False, False, True]
    assert line["prev_ioi"] == [None, 0.333333, 0.666667, 2.0]
    assert line["next_ioi"] == [0.333333, 0.666667, 2.0, None]
    assert line["vel_norm"][3] == 1.0
    assert line["onset_ms"] == [0.5, None, -12.25, 3.0]
    assert line["log_ratio"] is None


@pytest.mark.parametrize("change", [{"part": "exam"}, {"pitch": [36]}, {"style": "polka"}, {"velocity": [1.0]}, {"loudness": [1.0]}])
def test_a_line_that_contradicts_itself_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "bass.jsonl"
    write_manifest(path, [track(), track()])
    first, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text(first + "\n" + json.dumps({**json.loads(second), **change}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"bass\.jsonl: line 2"):
        read_manifest(path)


def test_a_manifest_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bass.jsonl"
    write_manifest(path, [track()])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="line 1"):
        read_manifest(path)


def test_a_missing_manifest_tells_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="duv enrich"):
        read_manifest(tmp_path / "bass.jsonl")
