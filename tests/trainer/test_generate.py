"""`trainer generate` as a user runs it: solos on disk that follow from the seed, and one clear line for whatever is wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.checkpoint import FILE_NAME, Card, save
from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Conditioning, Note
from tests.shared.melody import TINY, tiny
from trainer.cli import main
from trainer.midi_file import MidiFile, read_midi
from trainer.piece import Piece
from trainer.shards import write_shards
from trainer.split import part_of

CHART = "title: Two Chords\ntempo: 144\nDm7 | G7 | Cmaj7 | %"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a model and a chart."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "checkpoints" / "small" / FILE_NAME, tiny(config=dataclasses.replace(TINY, heads=2, kv_heads=2)), Card("small", "", ""))
    (tmp_path / "chart.txt").write_text(CHART)
    return tmp_path


def ended(*arguments: object) -> int:
    words = {"--model": "small", "--charts": "chart.txt", "--out": "out", "--n": "3", "--bars": "4"}
    given = [str(argument) for argument in arguments]
    usual = [word for name, value in words.items() if name not in given for word in (name, value)]
    with pytest.raises(SystemExit) as caught:
        main(["generate", *usual, *given])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def listed(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "solos.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def lines(folder: Path) -> dict[str, list[tuple[int, ...]]]:
    """The lead's notes by file."""
    return {path.name: line(read_midi(path)) for path in sorted(folder.glob("*.mid"))}


def line(midi: MidiFile) -> list[tuple[int, ...]]:
    tracks = [track for track in midi.tracks if track.name == "lead"]
    return [note for track in tracks for note in zip(track.onset.tolist(), track.pitch.tolist(), track.length.tolist(), strict=True)]


def irb(path: Path, titles: list[str]) -> None:
    """Charts of four bars."""
    rows = [(title, title, chord, 4.0, "4/4") for title in titles for chord in ("Dm7", "G7", "Cmaj7", "A7b9")]
    pq.write_table(pa.table(dict(zip(("id", "title", "chord", "duration", "time"), zip(*rows, strict=True), strict=True))), path)


def test_solos_are_written_with_their_chords_and_a_list(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended() == 0
    assert list(lines(here / "out")) == ["01_Two_Chords.mid", "02_Two_Chords.mid", "03_Two_Chords.mid"]
    for path in (here / "out").glob("*.mid"):
        midi = read_midi(path)
        assert [(tick, text) for tick, text in midi.texts] == [(0, "Dm7"), (1920, "G7"), (3840, "Cmaj7")]
        assert midi.tempos[0][1] == pytest.approx(144.0, abs=1e-3)
        assert {track.name for track in midi.tracks} == {"chords", "lead"}
        assert all(onset < 4 * 1920 for onset, _, _ in line(midi))
    found = listed(here / "out")
    assert (found["model"], found["seed"], found["bars"], found["temperature"]) == ("small", 1, 4, 1.0)
    rows = found["files"]
    assert isinstance(rows, list)
    assert [row["notes"] for row in rows] == [len(notes) for notes in lines(here / "out").values()]
    assert "3 solos over 1 charts" in capsys.readouterr().out


def test_the_seed_decides_and_the_batch_does_not(here: Path) -> None:
    for name, more in (("one", ()), ("same", ("--batch", 1)), ("other", ("--seed", 2))):
        assert ended("--out", name, *more) == 0
    assert lines(here / "one") == lines(here / "same") != lines(here / "other")


def test_what_is_asked_for_is_played(here: Path) -> None:
    assert ended("--tempo", 222, "--style", "bebop", "--style", "cool", "--feel", "even", "--bars", 7, "--role", "bass") == 0
    rows = listed(here / "out")["files"]
    assert isinstance(rows, list)
    assert [row["style"] for row in rows] == ["bebop", "cool", "bebop"]
    assert {(row["tempo_bpm"], row["feel"], row["role"]) for row in rows} == {(222.0, "even", "bass")}
    midi = read_midi(here / "out" / "01_Two_Chords.mid")
    assert {track.name for track in midi.tracks} == {"chords", "bass"}
    assert midi.texts[-1] == (6 * 1920, "Cmaj7")


def test_a_solo_can_go_on_from_a_solo(here: Path) -> None:
    assert ended("--n", 1, "--bars", 16) == 0
    assert ended("--charts", "out/01_Two_Chords.mid", "--out", "next") == 0
    assert ended("--charts", "out/01_Two_Chords.mid", "--out", "bare", "--primer-max-steps", 0) == 0
    rows = [listed(here / name)["files"] for name in ("next", "bare")]
    assert [[row["primer_steps"] > 30 for row in found] for found in rows if isinstance(found, list)] == [[True] * 3, [False] * 3]
    assert list(lines(here / "next").values()) != list(lines(here / "bare").values())


def test_tunes_that_were_trained_on_are_left_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    titles = {f"tune{one}{two}": f"Tune {one}{two}" for one in "abcdef" for two in "abcdefgh"}
    irb(here / "irb.parquet", list(titles.values()))
    notes = tuple(Note(24 * beat, 60, 9) for beat in range(32))
    pieces = [Piece(tune, tune, "midi", Conditioning(), Meter(), (ChordChange(0, None),), notes, 768) for tune in titles]
    # A copy of one learned tune had another title.
    learned, alias = (next(tune for tune in titles if part_of(tune) == part) for part in ("train", "test"))
    write_shards(here / "data", pieces, (), {}, True, titles={learned: [alias]})
    free = {title for tune, title in titles.items() if part_of(tune) != "train" and tune != alias}
    assert 0 < len(free) < len(titles)
    assert ended("--charts", "irb.parquet", "--unseen-by", "data", "--n", len(free), "--bars", 1) == 0
    rows = listed(here / "out")["files"]
    assert isinstance(rows, list)
    assert {row["title"] for row in rows} == free
    assert f"left out {len(titles) - len(free)} of {len(titles)} charts: its tune is in training" in capsys.readouterr().out
    assert ended("--charts", "irb.parquet", "--primers", "data", "--out", "primed", "--n", 2, "--bars", 1) == 0
    rows = listed(here / "primed")["files"]
    assert isinstance(rows, list)
    assert all(row["primer_steps"] > 10 for row in rows)


def test_an_earlier_run_is_replaced_only_when_that_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--n", 5) == 0
    before = lines(here / "out")
    assert ended("--n", 2, "--seed", 9) == 2
    assert "error: out: holds 5 solos already; choose another folder with --out, or add --overwrite" in capsys.readouterr().err
    assert lines(here / "out") == before
    assert ended("--n", 2, "--seed", 9, "--overwrite") == 0
    assert list(lines(here / "out")) == ["01_Two_Chords.mid", "02_Two_Chords.mid"]
    (here / "out" / "song.mid").write_bytes(b"mine")
    assert ended("--overwrite") == 2
    assert (here / "out" / "song.mid").read_bytes() == b"mine"


def test_a_solo_that_a_killed_run_left_in_part_is_in_nobodys_way(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / ".01_Two_Chords.mid.77.part.mid").write_bytes(b"MThd")
    assert ended() == 0
    assert {path.name for path in (here / "out").iterdir()} == {*(f"0{number}_Two_Chords.mid" for number in (1, 2, 3)), "solos.json"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "none"), "--model none: no such model; there are "),
        (("--charts", "none.txt"), "none.txt: the chart cannot be read"),
        (("--charts", "empty"), "empty: no charts in this folder"),
        (("--charts", "bad.parquet"), "bad.parquet: cannot be read as a table"),
        (("--charts", "short.parquet"), "short.parquet: none of its 1 charts can be used (ends inside a bar)"),
        (("--unseen-by", "empty"), "prepare a folder first"),
        (("--out", "chart.txt"), "chart.txt: cannot be made"),
        (("--n", "0"), "Invalid value for '--n'"),
        (("--tempo", "9"), "Invalid value for '--tempo'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], message: str
) -> None:
    (here / "empty").mkdir()
    (here / "bad.parquet").write_bytes(b"PAR1")
    columns = {"id": ["a"], "title": ["a"], "chord": ["C"], "duration": [3.0], "time": ["4/4"]}
    pq.write_table(pa.table(columns), here / "short.parquet")
    assert ended(*arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (here / "out" / "solos.json").exists()


def test_a_device_that_is_not_there_is_refused(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert ended("--device", "cuda") == 2
    assert "--device cuda: PyTorch finds no CUDA device here" in capsys.readouterr().err
