"""What people are shown: tables, the page, and its pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.image import imread
from rich.console import Console

from tests.trainer.made_lines import a_line
from trainer.evaluation import Memorization, evaluate, evaluate_humans
from trainer.evaluation_report import console_view, human_view, write_report
from trainer.human import shipped_human
from trainer.line import Line
from trainer.line_picture import draw_line, kind_of
from trainer.reading import Dropped


def solos() -> list[Line]:
    onsets = [beat + part for beat in range(64) for part in (0.0, 14 / 24)]
    melodies = [[60 + (3 * index + shift) % 17 for index in range(128)] for shift in range(6)]
    return [a_line(melody, onsets=onsets, tempo_bpm=200.0, name=f"{index}.mid") for index, melody in enumerate(melodies)]


def test_the_console_tells_failures_first_and_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    result = evaluate([*solos(), a_line([])], shipped_human(), Memorization(0.125, 0.25, 3, 4))
    Console(width=80).print(console_view(result))
    text = capsys.readouterr().out
    lines = text.splitlines()
    first_inside = next(index for index, line in enumerate(lines) if line.rstrip().endswith("inside"))
    failing = tuple(row.measure.title for row in result.rows if row.measure.gate and row.inside is not True)
    outside = [index for index, line in enumerate(lines) if line.strip().startswith(failing)]
    assert outside
    assert max(outside) < first_inside
    assert "12.5 % of the set, 25.0 % of 3 held-out" in " ".join(text.split())
    assert "1 of 7 solos have no note" in text
    assert "…" not in text


def test_the_human_column_stands_beside_the_published_one(capsys: pytest.CaptureFixture[str]) -> None:
    human = shipped_human()
    Console(width=80).print(human_view(human, human))
    text = capsys.readouterr().out
    (steps,) = [line.split() for line in text.splitlines() if line.strip().startswith("steps")]
    assert steps[-2:] == ["+0.000", "0.54"]
    assert "…" not in text


def test_the_page_names_every_picture_that_lies_beside_it(tmp_path: Path) -> None:
    write_report(evaluate(solos(), shipped_human()), tmp_path / "report", "Solos in a_b", [Dropped("broken.mid", "broken MIDI file")])
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    pictures = sorted(path.name for path in (tmp_path / "report").iterdir() if path.suffix == ".png")
    assert pictures == ["measures.png", "solo-001.png", "solo-003.png", "solo-004.png", "solo-006.png", "swing.png"]
    assert all(f"]({name})" in text for name in pictures)
    assert "broken.mid: broken MIDI file" in text
    assert text.startswith("# Solos in a\\_b\n")
    for name in pictures:
        assert imread(tmp_path / "report" / name).std() > 0.01, f"{name} is blank"


def test_a_page_about_humans_needs_no_solos(tmp_path: Path) -> None:
    write_report(evaluate_humans([], shipped_human()), tmp_path, "Human solos")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["measures.png", "report.md", "swing.png"]


@pytest.mark.parametrize("line", [a_line([]), a_line([60], chord="NC"), a_line([60] * 1000)], ids=["empty", "no chord", "long"])
def test_any_line_can_be_drawn(tmp_path: Path, line: Line) -> None:
    draw_line(line, tmp_path / "roll.png")
    height, width, _ = imread(tmp_path / "roll.png").shape
    assert width == 1600
    assert height <= 1600


def test_notes_are_coloured_by_their_chord() -> None:
    (chord,) = set(a_line([60], chord="G7").chords)
    assert [kind_of(pitch, chord) for pitch in (67, 69, 68)] == ["chord tone", "scale tone", "other"]
    assert kind_of(60, None) == "no chord"
