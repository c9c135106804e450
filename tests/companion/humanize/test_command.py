"""`companion humanize` as a user meets it: files, words, and what is refused in one line before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.cli import main
from tests.companion.humanize.maker import Stroke, midi, name, notes, strokes_of, tempo
from tests.companion.humanize.small_models import save_small

BEAT: list[Stroke] = [(beat / 2, 0.25, 36 + 2 * (beat % 2), 100) for beat in range(32)]
LINE: list[Stroke] = [(beat / 2, 0.5, 40 + beat % 5, 90) for beat in range(32)]
DATA = midi([tempo(110)], [name("Drums"), *notes(BEAT, 9)], [name("Bass"), *notes(LINE, 1)], [name("Sax"), *notes(LINE, 2)])


@pytest.fixture(autouse=True)
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a song and models for drums and bass."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.mid").write_bytes(DATA)
    for model in ("drums_duv_v3", "bass_duv_v3"):
        save_small(Path("checkpoints") / model)
    return tmp_path


def run(*words: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["humanize", *words])
    assert caught.value.code == code


def out(*words: str) -> bytes:
    run("in.mid", "out.mid", *words)
    assert Path("in.mid").read_bytes() == DATA
    return Path("out.mid").read_bytes()


def changed(data: bytes) -> list[bool]:
    return [strokes_of(data, place) != strokes_of(DATA, place) for place in range(3)]


def test_each_track_gets_the_model_of_its_name_and_the_others_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert changed(out()) == [True, True, False]
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "  Drums: 32 of 32 notes changed (drums_duv_v3)"
    assert told[1].startswith("  Bass: ")
    assert told[2] == "  Sax: 32 notes, left alone: its name, channel and program belong to no model"
    assert told[3] == "wrote out.mid"


@pytest.mark.parametrize("words", [["--intensity", "0"], ["--intensity", "0", "--sample", "--seed", "4"], ["--exclude", "."]])
def test_nothing_asked_for_is_nothing_changed(words: list[str]) -> None:
    assert out(*words) == DATA


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again, other = (out("--sample", "--seed", seed, "--controls", "usual") for seed in ("7", "7", "8"))
    assert once == again != other


def test_tracks_bars_and_quantities_can_be_chosen() -> None:
    assert changed(out("--include", "(?i)b")) == [False, True, False]
    assert changed(out("--exclude", "Drums")) == [False, True, False]
    assert changed(out("--model", "drums_duv_v3")) == [True, False, False]
    assert changed(out("--model", "bass_duv_v3", "--include", "Sax")) == [False, False, True]
    second = out("--bars", "2-3", "--intensity", "1")
    assert [new != old for new, old in zip(strokes_of(second), strokes_of(DATA), strict=True)] == [False] * 8 + [True] * 16 + [False] * 8
    quiet = strokes_of(out("--intensity", "0", "--velocity", "1"))
    assert [stroke[:3] for stroke in quiet] == [stroke[:3] for stroke in strokes_of(DATA)]


def test_a_file_of_one_track_needs_no_name() -> None:
    Path("in.mid").write_bytes(midi([name("take 3"), *notes(LINE)]))
    run("in.mid", "out.mid", "--model", "bass_duv_v3", "--intensity", "1")
    assert strokes_of(Path("out.mid").read_bytes()) != strokes_of(Path("in.mid").read_bytes())


def test_a_song_file_says_it_all() -> None:
    Path("song.yaml").write_text("sections: {a: {bars: 1, instruments: {bass: {duv: {intensity: 1}}}}}\n", encoding="utf-8")
    assert changed(out("--song", "song.yaml")) == [False, True, False]


def test_rules_alone_can_be_had(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("drums: {flams: {chance: 1}}\n", encoding="utf-8")
    after = strokes_of(out("--intensity", "0", "--controls", "mine.yaml"))
    assert len(after) == 32 + 16
    assert "16 added" in capsys.readouterr().out


def test_before_after_and_a_picture_are_written() -> None:
    data = out("--compare", "both", "--sample", "--controls", "usual")
    assert Path("both/before.mid").read_bytes() == DATA
    assert Path("both/after.mid").read_bytes() == data
    assert Path("both/compare.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_without_notes_is_written_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mid").write_bytes(midi([tempo(120)]))
    run("in.mid", "out.mid", "--compare", "both")
    assert Path("out.mid").read_bytes() == Path("in.mid").read_bytes()
    assert "no notes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.mid", "out.mid"], "none.mid"),
        (["in.mid", "in.mid"], "never touched"),
        (["in.mid", "./in.mid"], "never touched"),
        (["in.mid", "no/such/folder.mid"], "no/such/folder.mid: cannot be written"),
        (["in.mid", "checkpoints"], "is a folder"),
        (["cut.mid", "out.mid"], "cut.mid: damaged"),
        (["empty.mid", "out.mid"], "empty.mid: the file is empty"),
        (["in.mid", "out.mid", "--model", "viola"], "viola"),
        (["in.mid", "out.mid", "--style", "polka"], "polka"),
        (["in.mid", "out.mid", "--bars", "9-3"], "--bars 9-3"),
        (["in.mid", "out.mid", "--include", "("], "--include ("),
        (["in.mid", "out.mid", "--intensity", "2"], "--intensity"),
        (["in.mid", "out.mid", "--intensity", "nan"], "intensity: expected"),
        (["in.mid", "out.mid", "--controls", "none.yaml"], "none.yaml"),
        (["in.mid", "out.mid", "--song", "none.yaml"], "none.yaml"),
        (["in.mid", "out.mid", "--song", "song.yaml", "--bars", "3"], "--bars and --song"),
        (["in.mid", "out.mid", "--compare", "in.mid"], "--compare in.mid"),
        (["both/before.mid", "out.mid", "--compare", "both"], "the input lies there as before.mid"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    Path("cut.mid").write_bytes(DATA[:-20])
    Path("empty.mid").write_bytes(b"")
    Path("both").mkdir()
    Path("both/before.mid").write_bytes(DATA)
    run(*words, code=2)
    line = capsys.readouterr().err
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    assert told in line
    assert not Path("out.mid").exists()
    assert Path("in.mid").read_bytes() == DATA


def test_a_model_that_is_not_there_is_named_before_anything_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mid").write_bytes(midi([name("Violin"), *notes(LINE)]))
    folder = Path("checkpoints/strings_duv_v3")
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"no weights")
    run("in.mid", "out.mid", "--model", str(folder), code=2)
    assert "strings_duv_v3" in capsys.readouterr().err
    assert not Path("out.mid").exists()
