"""What a humanizer costs is measured on enough bars and a long file, and told to people and programs alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from companion import touch_speed
from companion.engine_speed import speed
from companion.humanize.midi_file import parse_midi
from companion.humanize.parts import read_parts
from shared import console
from shared.score import Note
from tests.companion.made_humanizer import install


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, and little to measure."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("FILE_NOTES", 300), ("FILE_ROUNDS", 2), ("HOT_BARS", 4), ("COLD_BARS", 2), ("PAUSE_SEC", 0.0)):
        monkeypatch.setattr(touch_speed, name, value)


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        console.run(speed, "python -m companion.engine_speed", list(words))
    return int(end.value.code or 0)


def test_a_file_is_long_and_bars_are_many() -> None:
    assert touch_speed.FILE_NOTES >= 10_000
    assert touch_speed.HOT_BARS >= 200


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", ["drums_duv_v3", "pitched_duv_v3", "bass_duv_v3"])
def test_a_humanizer_is_measured_by_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    install(Path("checkpoints"), name)
    assert ended("--model", name, "--json", "speed.json") == 0
    found = json.loads(Path("speed.json").read_text(encoding="utf-8"))
    assert (found["model"], found["load"], "machine" in found, "command" in found) == (name, 0, True, True)
    rounds = found["speed"]["file"]["rounds"]
    assert (found["speed"]["file"]["notes"], len(rounds)) == (300, 2)
    assert min(rounds) <= found["speed"]["file"]["notes_per_sec"] <= max(rounds)
    for state, bars in (("hot", 4), ("cold", 2)):
        bar = found["speed"]["live"][f"one bar, {state}"]
        assert bar["bars"] == bars
        assert 0 < bar["p50"] <= bar["p99"]
    told = " ".join(capsys.readouterr().out.split())
    assert "notes a second" in told
    assert "hot, 4 bars: p50 / p99" in told


@pytest.mark.usefixtures("short")
def test_what_cannot_be_measured_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    install(Path("checkpoints"), "drums_duv_v3")
    for words, told in ((["drums_duv_v3", "--kind", "onnx-q8"], "--kind is for players"), (["kazoo"], "kazoo: no such model")):
        assert ended("--model", *words, "--json", "speed.json") == 2
        error = capsys.readouterr().err
        assert told in error
        assert error.count("\n") == 1
    assert not Path("speed.json").exists()


def test_file_and_score_hold_the_same_notes() -> None:
    pitches, struck = touch_speed.notes_of("bass", 200)
    (part,) = read_parts(parse_midi(touch_speed.midi_of(pitches, struck)))
    np.testing.assert_array_equal(part.notes.pitch, pitches)
    np.testing.assert_allclose(part.notes.onset_beat, struck / 4)
    score = touch_speed.score_of(pitches, struck)
    notes = [event for event in score if isinstance(event, Note)]
    assert [note.pitch for note in notes] == pitches.tolist()
    assert len(touch_speed.bar_lines(score)) == struck[-1] // 16 + 1
