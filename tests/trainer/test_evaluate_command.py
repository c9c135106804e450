"""`trainer evaluate` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Conditioning, Note
from tests.trainer.made_lines import write_midi
from tests.trainer.test_weimar_lines import row, written
from trainer.cli import main
from trainer.piece import Piece
from trainer.shards import write_shards
from trainer.split import part_of

SCALE = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76]


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in ("evaluate", *arguments)])
    return end.value.code if isinstance(end.value.code, int) else 0


def solos(folder: Path, count: int = 3) -> Path:
    for index in range(count):
        notes = [(beat / 2, 0.5, 60 + index + (5 * beat) % 13) for beat in range(64)]
        write_midi(folder / f"{index}.mid", notes, chords=[(0.0, "Dm7"), (16.0, "G7")], tempo_bpm=150.0)
    return folder


def prepared(folder: Path) -> Path:
    """A prepared folder whose training part holds the scale and whose test part holds it twice with another end."""
    tunes = {part: next(name for name in map(str, range(1000)) if part_of(name) == part) for part in ("train", "test")}

    def piece(part: str, pitches: list[int]) -> Piece:
        notes = tuple(Note(12 * index, pitch, 12) for index, pitch in enumerate(pitches))
        return Piece(part, tunes[part], "wjazzd", Conditioning(), Meter(), (ChordChange(0, None),), notes, 480)

    write_shards(folder, [piece("train", SCALE[:8]), piece("test", [*SCALE[:8], 50])], [], {}, False)
    return folder


def test_a_folder_is_measured_told_written_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = solos(tmp_path / "solos")
    (folder / "broken.mid").write_bytes(b"MThd")
    assert ended("--input", folder, "--json", tmp_path / "out" / "metrics.json", "--report", tmp_path / "report") == 0
    found = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert set(found["measures"]["h1"]) >= {"value", "human_p10", "human_p50", "human_p90", "inside"}
    assert found["counts"]["solos"] == 3
    assert set(found["left_out"]) == {"broken.mid"}
    assert (tmp_path / "report" / "report.md").exists()
    assert "left out: broken.mid" in capsys.readouterr().out


def test_what_was_learned_by_heart_is_told_beside_humans(tmp_path: Path) -> None:
    write_midi(tmp_path / "solos" / "scale.mid", [(beat / 2, 0.5, pitch + 5) for beat, pitch in enumerate(SCALE[:8])])
    train = prepared(tmp_path / "data")
    assert ended("--input", tmp_path / "solos", "--train", train, "--json", tmp_path / "metrics.json") == 0
    found = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert found["memorization"] == {"share": 1.0, "human_share": 0.5, "human_solos": 1, "known_rows": 1}


def test_the_human_column_comes_from_the_tables_or_from_the_shipped_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = written(tmp_path, [row(beat + 0.5 * (tatum - 1), beat % 4 + 1, tatum) for beat in range(40) for tatum in (1, 2)])
    assert ended("--human", "--data", tables, "--json", tmp_path / "made.json", "--ranges", tmp_path / "ranges.yaml") == 0
    made = json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert made["measures"]["immediate_repeats"]["human_p50"] == 1.0
    assert made["counts"]["solos"] == 1
    ranges = yaml.safe_load((tmp_path / "ranges.yaml").read_text(encoding="utf-8"))
    assert ranges["measures"]["immediate_repeats"]["mean"] == 1.0
    assert ended("--human", "--json", tmp_path / "shipped.json") == 0
    shipped = json.loads((tmp_path / "shipped.json").read_text(encoding="utf-8"))
    assert all(found["inside"] for found in shipped["measures"].values())
    assert "Human ranges" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["nothing", "both", "no folder", "empty folder", "only broken", "no tables", "no prepared folder"])
def test_bad_input_ends_with_one_line_and_status_two(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "solos"
    folder.mkdir()
    if case == "only broken":
        (folder / "broken.mid").write_bytes(b"RIFF")
    if case == "no prepared folder":
        solos(folder, 1)
    arguments = {
        "nothing": [],
        "both": ["--human", "--input", folder],
        "no folder": ["--input", tmp_path / "nowhere"],
        "no tables": ["--human", "--data", folder],
        "no prepared folder": ["--input", folder, "--train", tmp_path / "nowhere"],
    }.get(case, ["--input", folder])
    assert ended(*arguments, "--json", tmp_path / "metrics.json", "--report", tmp_path / "report") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "metrics.json").exists()
    assert not (tmp_path / "report").exists()
