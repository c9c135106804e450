"""`companion humanize` as a user meets it: files, words, and what is refused in one line before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.cli import main
from companion.humanize import models
from shared import model_folder
from tests.companion.humanize.maker import Stroke, midi, name, notes, strokes_of, tempo
from tests.companion.humanize.small_models import save_small
from tests.companion.made_humanizer import install, made_net
from tests.trainer.duv.made_humanizer import write_humanizer

BEAT: list[Stroke] = [(beat / 2, 0.25, 36 + 2 * (beat % 2), 100) for beat in range(32)]
LINE: list[Stroke] = [(beat / 2, 0.5, 40 + beat % 5, 90) for beat in range(32)]
CHORDS: list[Stroke] = [(float(bar), 1.0, pitch, 90) for bar in range(8) for pitch in (52, 59, 64)]
DATA = midi([tempo(110)], [name("Drums"), *notes(BEAT, 9)], [name("Bass"), *notes(LINE, 1)], [name("Kazoo"), *notes(LINE, 2)])


@pytest.fixture(autouse=True)
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a song and models for drums and bass, and nowhere any others."""
    monkeypatch.chdir(tmp_path)
    for module in (model_folder, models):
        monkeypatch.setattr(module, "model_folders", lambda: (Path("checkpoints"),))
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
    assert told[2] == "  Kazoo: 32 notes, left alone: its name, channel and program belong to no model"
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
    assert changed(out("--model", "bass_duv_v3", "--include", "Kazoo")) == [False, False, True]
    second = out("--bars", "2-3", "--intensity", "1")
    assert [new != old for new, old in zip(strokes_of(second), strokes_of(DATA), strict=True)] == [False] * 8 + [True] * 16 + [False] * 8
    quiet = strokes_of(out("--intensity", "0", "--velocity", "1"))
    assert [stroke[:3] for stroke in quiet] == [stroke[:3] for stroke in strokes_of(DATA)]


def as_played(strokes: list[Stroke], louder: int, late_ms: float) -> list[Stroke]:
    """A player of `strokes` at 110 quarters a minute, from a bar later on so that nothing begins before the file."""
    late_beats = late_ms * 110 / 60_000
    return [(onset + 4 + late_beats, length, pitch, velocity + louder) for onset, length, pitch, velocity in strokes]


def middles(data: bytes, place: int) -> tuple[float, float]:
    """The mean velocity, and the mean lag in milliseconds behind DATA."""
    pairs = list(zip(strokes_of(data, place), strokes_of(DATA, place), strict=True))
    return sum(new[3] for new, _ in pairs) / len(pairs), sum(new[0] - old[0] for new, old in pairs) / len(pairs) * 60_000 / 110


def test_whoever_is_louder_and_late_gets_it_louder_and_later(capsys: pytest.CaptureFixture[str]) -> None:
    install(Path("checkpoints"), "drums_duv_v3", made_net(60.0, 5.0))
    player = as_played(strokes_of(out("--intensity", "1", "--sample", "--seed", "9"), 0), 15, 10.0)
    Path("me.mid").write_bytes(midi([tempo(110)], [name("my drums"), *notes(player, 9)]))
    capsys.readouterr()
    for words in (["--intensity", "1"], ["--intensity", "1", "--sample", "--seed", "5"]):
        plain, like, again = (out(*words, *more) for more in ([], ["--like", "me.mid"], ["--like", "me.mid"]))
        (loud, late), (louder, later) = middles(plain, 0), middles(like, 0)
        assert 9 < louder - loud < 15
        assert 6 < later - late < 10
        assert like == again
        assert strokes_of(like, 1) == strokes_of(plain, 1), "the player played no bass"
    told = capsys.readouterr().out.splitlines()
    assert told[4] == "  Drums: 32 of 32 notes changed (drums_duv_v3; like 32 notes of me.mid)"
    assert told[5].endswith("(bass_duv_v3; not calibrated: me.mid holds no bass)")
    assert out("--intensity", "0", "--like", "me.mid") == DATA


@pytest.mark.parametrize(
    "words",
    [["me.mid", "--like", "me.mid"], ["me.mid", "--song", "song.yaml"], ["out.mid", "--compare", "both", "--like", "both/before.mid"],
     ["both/../me.mid", "--like", "me.mid"], ["out.mid", "--compare", "both", "--like", "both/after.mid"]],
    ids=" ".join,
)  # fmt: skip
def test_the_bars_that_are_played_like_are_never_written_over(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    me = midi([tempo(110)], [name("Bass"), *notes(LINE, 1)])
    Path("both").mkdir()
    takes = [Path(path) for path in ("me.mid", "both/before.mid", "both/after.mid")]
    for path in takes:
        path.write_bytes(me)
    Path("song.yaml").write_text("sections: {a: {bars: 1, instruments: {bass: {duv: {like: me.mid}}}}}\n", encoding="utf-8")
    run("in.mid", *words, code=2)
    assert "never touched" in capsys.readouterr().err
    assert [path.read_bytes() == me for path in takes] == [True] * 3
    assert not Path("out.mid").exists()


def test_a_take_of_one_instrument_need_not_be_named_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("me.mid").write_bytes(midi([tempo(110)], [name("take 3"), *notes(as_played(LINE, 15, 10.0), 1)]))
    out("--model", "bass_duv_v3", "--like", "me.mid")
    assert "(bass_duv_v3; like 32 notes of me.mid)" in capsys.readouterr().out
    out("--like", "me.mid")
    assert "(bass_duv_v3; not calibrated: me.mid holds no bass)" in capsys.readouterr().out


def test_a_model_without_the_style_s_adapter_says_that_it_knows_the_style_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    write_humanizer(Path("checkpoints") / "drums_duv_v3", ["funk"])
    out("--style", "funk")
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("(drums_duv_v3)")
    assert told[1].endswith("(bass_duv_v3; funk by name alone: it has no adapter for it)")


def test_the_model_of_all_pitched_instruments_stands_in_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    data = midi([tempo(110)], [name("Gtr"), *notes(LINE, 1)], [name("Bass"), *notes(LINE, 2)])
    Path("in.mid").write_bytes(data)
    run("in.mid", "out.mid", "--intensity", "1")
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "  Gtr: 32 notes, left alone: no humanizer guitar_duv_v3 or pitched_duv_v3 is installed"
    assert strokes_of(Path("out.mid").read_bytes(), 0) == strokes_of(data, 0)
    save_small(Path("checkpoints") / "pitched_duv_v3", seed=2)
    run("in.mid", "out.mid", "--intensity", "1")
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("(pitched_duv_v3; in place of guitar_duv_v3, which is not installed)")
    assert told[1].endswith("(bass_duv_v3)")
    assert strokes_of(Path("out.mid").read_bytes(), 0) != strokes_of(data, 0)


BAND = midi([name("Drums"), *notes(BEAT, 9)], [name("Piano"), *notes(CHORDS, 1)], [name("Tenor sax"), *notes(LINE, 2)])


def test_winds_are_played_by_the_model_of_all_pitched_instruments(capsys: pytest.CaptureFixture[str]) -> None:
    install(Path("checkpoints"), "pitched_duv_v3", made_net(60.0, 5.0))
    Path("in.mid").write_bytes(BAND)
    Path("me.mid").write_bytes(midi([tempo(120)], [name("Trumpet"), *notes(as_played(LINE, 30, 10.0), 1)]))
    Path("song.yaml").write_text("sections: {a: {bars: 1-8, instruments: {lead: {duv: {}}}}}\n", encoding="utf-8")
    for words in ([], ["--model", "pitched_duv_v3"], ["--model", str(Path("checkpoints") / "pitched_duv_v3")], ["--song", "song.yaml"]):
        run("in.mid", "out.mid", *words)
        (told,) = (line for line in capsys.readouterr().out.splitlines() if "sax" in line)
        assert told.startswith("  Tenor sax: 32 of 32 notes changed (")
        assert told.endswith("pitched_duv_v3)")
        velocities = [stroke[3] for stroke in strokes_of(Path("out.mid").read_bytes(), 2)]
        assert abs(sum(velocities) / 32 - 90) < 0.5, "as loud as written, though the model says 60"
    run("in.mid", "out.mid", "--model", "pitched_duv_v3", "--like", "me.mid")
    assert "like 32 notes of me.mid" in capsys.readouterr().out
    louder = [stroke[3] for stroke in strokes_of(Path("out.mid").read_bytes(), 2)]
    assert sum(louder) > sum(velocities) + 32 * 10
    assert strokes_of(Path("out.mid").read_bytes(), 1) == strokes_of(BAND, 1)


def test_the_model_of_all_pitched_instruments_is_told_which_of_them_it_plays(capsys: pytest.CaptureFixture[str]) -> None:
    install(Path("checkpoints"), "pitched_duv_v3", made_net(60.0, 5.0))
    Path("in.mid").write_bytes(BAND)
    Path("rules.yaml").write_text("keys: {}\n", encoding="utf-8")
    run("in.mid", "out.mid", "--model", "pitched_duv_v3", "--include", "Piano|sax|Drums", "--controls", "rules.yaml")
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("(pitched_duv_v3)"), "a track that is named is played, whatever it is taken for"
    assert "8 pedalled" in told[1]
    assert told[2] == "  Tenor sax: 32 of 32 notes changed (pitched_duv_v3)"


def test_damaged_weights_are_no_reason_to_let_another_model_play(capsys: pytest.CaptureFixture[str]) -> None:
    save_small(Path("checkpoints") / "pitched_duv_v3", seed=2)
    (Path("checkpoints") / "bass_duv_v3" / "model.safetensors").write_bytes(b"no weights")
    for words in ([], ["--model", "bass_duv_v3"]):
        run("in.mid", "out.mid", *words, code=2)
        assert f"{Path('bass_duv_v3') / 'model.safetensors'}: no JamBot model file" in capsys.readouterr().err
        assert not Path("out.mid").exists()


def test_rules_are_kept_where_the_model_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.mid").write_bytes(midi([name("Violin"), *notes([(0, 2, 60, 90), (0, 2, 67, 90)])], [name("Gtr"), *notes(CHORDS)]))
    run("in.mid", "out.mid", "--controls", "usual", "--seed", "3")
    assert "(rules alone; no humanizer guitar_duv_v3 or pitched_duv_v3 is installed)" in capsys.readouterr().out
    assert strokes_of(Path("out.mid").read_bytes(), 1) != strokes_of(Path("in.mid").read_bytes(), 1)


@pytest.mark.parametrize(
    ("title", "words", "told"),
    [
        ("Violin", [], "no humanizer strings_duv_v3 or pitched_duv_v3 is installed"),
        ("Kazoo", [], "name the tracks after their instruments"),
        ("Sax", [], "no humanizer pitched_duv_v3 is installed: name another"),
        ("Bass", ["--model", "drums_duv_v3", "--include", "Bass line"], ""),
        ("Kazoo", ["--intensity", "0"], ""),
    ],
)
def test_where_nothing_can_be_done_of_what_was_asked_nothing_is_written(
    capsys: pytest.CaptureFixture[str], title: str, words: list[str], told: str
) -> None:
    Path("in.mid").write_bytes(midi([name(title), *notes(LINE)]))
    run("in.mid", "out.mid", *words, code=2 if told else 0)
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == (told != "")
    assert Path("out.mid").exists() is (told == "")


def test_a_file_of_one_track_needs_no_name() -> None:
    Path("in.mid").write_bytes(midi([name("take 3"), *notes(LINE)]))
    run("in.mid", "out.mid", "--model", "bass_duv_v3", "--intensity", "1")
    assert strokes_of(Path("out.mid").read_bytes()) != strokes_of(Path("in.mid").read_bytes())


def test_a_model_in_a_folder_far_down_is_found() -> None:
    deep = Path("x" * 90) / ("y" * 90) / "bass_duv_v3"
    save_small(deep)
    assert changed(out("--model", str(deep))) == [False, True, False]


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


def test_the_file_may_be_written_beside_its_comparison() -> None:
    Path("both").mkdir()
    run("in.mid", "both/after.mid", "--compare", "both")
    assert changed(Path("both/after.mid").read_bytes()) == [True, True, False]
    assert Path("both/before.mid").read_bytes() == DATA


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
        (["in.mid", "out.mid", "--style", "polka"], "polka: expected one of unknown, jazz, funk"),
        (["in.mid", "out.mid", "--bars", "9-3"], "--bars 9-3"),
        (["in.mid", "out.mid", "--include", "("], "--include ("),
        (["in.mid", "out.mid", "--intensity", "2"], "--intensity"),
        (["in.mid", "out.mid", "--intensity", "nan"], "intensity: expected"),
        (["in.mid", "out.mid", "--controls", "none.yaml"], "none.yaml"),
        (["in.mid", "out.mid", "--song", "none.yaml"], "none.yaml"),
        (["in.mid", "out.mid", "--like", "none.mid"], "none.mid: cannot be read"),
        (["in.mid", "out.mid", "--like", "cut.mid"], "cut.mid: damaged"),
        (["in.mid", "out.mid", "--like", "empty.mid"], "empty.mid: the file is empty"),
        (["in.mid", "out.mid", "--like", "silent.mid"], "silent.mid: holds no notes"),
        (["in.mid", "out.mid", "--song", "song.yaml", "--like", "in.mid"], "--like and --song"),
        (["in.mid", "out.mid", "--song", "song.yaml", "--bars", "3"], "--bars and --song"),
        (["in.mid", "out.mid", "--compare", "in.mid"], "--compare in.mid"),
        (["both/before.mid", "out.mid", "--compare", "both"], "the input lies there as before.mid"),
        (["in.mid", "both/../both/before.mid", "--compare", "both"], "before.mid there is what the input was"),
        (["in.mid", "both/before.mid", "--compare", "both"], "before.mid there is what the input was"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    Path("cut.mid").write_bytes(DATA[:-20])
    Path("empty.mid").write_bytes(b"")
    Path("silent.mid").write_bytes(midi([tempo(120)]))
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
