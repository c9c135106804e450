"""The sweep as a user runs it: every way of sampling is tried once, the best is confirmed, what cannot matter is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trainer.made_folder import model, tunes
from tests.trainer.midi_maker import broken_chords, solo, write_midi
from trainer.cli import main

CHART = "title: Two Chords\ntempo: 144\nDm7 | G7 | Cmaj7 | %"
GRID = ("--temperature", "0.5,1.5", "--top-p", "0.9", "--n", 2, "--bars", 4, "--confirm", 3)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    model(tmp_path / "checkpoints" / "small")
    (tmp_path / "chart.txt").write_text(CHART)
    return tmp_path


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["sweep", "--model", "small", "--device", "cpu", *map(str, GRID), *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def summary(folder: str = "out") -> dict[str, object]:
    found = json.loads(Path(folder, "summary.json").read_text())
    assert isinstance(found, dict)
    return found


def test_the_best_way_is_found_and_confirmed_with_other_seeds(here: Path) -> None:
    assert ended("--charts", "chart.txt", "--out", "out", "--adapter-strength", "0.5,1") == 0
    found = summary()
    tried = found["tried"]
    assert isinstance(tried, list)
    assert [one["distance"] for one in tried] == sorted(one["distance"] for one in tried)
    assert {(one["cell"]["temperature"], one["cell"]["adapter_strength"]) for one in tried} == {(0.5, 0.5), (0.5, 1), (1.5, 0.5), (1.5, 1)}
    assert found["best"] == tried[0]["cell"]
    assert found["confirmed"]["cell"] == found["best"]  # type: ignore[index]
    by_seed = found["confirmed_by_seed"]
    assert isinstance(by_seed, dict)
    assert set(by_seed) == {"2", "3"}
    assert len(list(Path("out/best").rglob("*.mid"))) == 3
    page = Path("out/summary.md").read_text()
    assert "| temperature | 0.5 |" in page
    # One chart and no line to begin with: neither primers nor the split pitch can matter.
    assert "Primer length: not varied" in page
    assert "Split pitch: not varied" in page


def test_what_was_tried_is_not_tried_again(here: Path) -> None:
    assert ended("--charts", "chart.txt", "--out", "out") == 0
    before = summary()
    cells = sorted(Path("out/cells").glob("*.json"))
    assert len(cells) == 2
    # A file that says otherwise is believed: so it is read, not played again.
    told = json.loads(cells[0].read_text())
    cells[0].write_text(json.dumps({**told, "distance": 0.0, "outside": ["told"]}))
    cells[1].unlink()
    assert ended("--charts", "chart.txt", "--out", "out") == 0
    tried = summary()["tried"]
    assert isinstance(tried, list)
    assert tried[0]["outside"] == ["told"]
    assert cells[1].is_file()
    assert ended("--charts", "chart.txt", "--out", "again") == 0
    assert summary("again") == before
    cells[0].write_text("{}")
    assert ended("--charts", "chart.txt", "--out", "out") == 2


def test_the_split_pitch_is_varied_where_it_changes_the_music(here: Path) -> None:
    for number in range(4):
        name = f"{'abcd'[number] * 3} tune.mid"
        # A line from 64 on over a left hand that stays below 60.
        tracks = [("", 0, [*broken_chords(16), *solo(16, number, up=-8)])]
        write_midi(here / "one_track" / name, tracks, single=True, bpm=120 + number)
    tunes(here / "tracks", 4)
    words = ("--split_pitch", "60,70", "--primer-max-steps", "16", "--temperature", "1")
    assert ended("--input_dir", "one_track", "--out", "varied", *words) == 0
    tried = summary("varied")["tried"]
    assert isinstance(tried, list)
    assert {one["cell"]["split_pitch"] for one in tried} == {60, 70}
    assert ended("--input_dir", "tracks", "--out", "same", *words) == 0
    assert "Split pitch: some values give the very same music" in Path("same/summary.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "out"), "nothing to play over: name charts with --charts"),
        (("--out", "out", "--charts", "none.txt"), "none.txt: the chart cannot be read"),
        (("--out", "out", "--charts", "chart.txt", "--top-p", "0.9,two"), "'two' is no number"),
        (("--out", "out", "--charts", "chart.txt", "--top-p", "nan"), "nan is not in the range"),
        (("--out", "chart.txt", "--charts", "chart.txt"), "chart.txt"),
        (("--out", "out", "--primers", "empty"), "prepare a folder first"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert ended(*arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not Path("out/summary.json").exists()
