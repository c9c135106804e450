"""Small trees learn what a model says, keep its styles apart, and stray as players do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import console
from shared.touch_table import TouchTable, read_table
from shared.written import Performance, Written
from tests.fl_scripts import fl_piano_roll
from tests.shared.made_tracks import groove, melody
from tests.trainer.duv.made_grooves import needs_lightgbm
from tests.trainer.duv.made_humanizer import write_humanizer
from tests.trainer.duv.made_takes import takes
from trainer.commands import trainer
from trainer.duv.distil import STEPS, Lesson, _drawn_in, completed, distilled, drawn, perform
from trainer.duv.distil_report import halves, kept, tallies_of
from trainer.duv.ladder_boosting import fit_trees
from trainer.duv.manifest import Track, write_manifest

fl: Any = fl_piano_roll  # it runs in Python 3.6 as well and has no types
JAZZ_MS, STRAY_VELOCITY = 20.0, 6.0
SNARE = 38


def taught(written: Written) -> Performance:
    """A teacher that strikes the snare louder and plays jazz late."""
    late = JAZZ_MS if written.style == "jazz" else 0.0
    velocity = np.where(written.pitch == SNARE, 110.0, 50.0)
    return Performance(velocity, np.full(len(written), late), np.full(len(written), -0.3))


def lessons(count: int, seed: int, make: Callable[[int, str], Written] = groove) -> list[Lesson]:
    dice = np.random.default_rng(seed)
    found = []
    for number in range(count):
        written = make(8 + number % 3, ("rock", "jazz")[number % 2])
        middle = taught(written)
        found.append(Lesson(written, middle, replace(middle, velocity=middle.velocity + dice.normal(0, STRAY_VELOCITY, len(written)))))
    return found


@pytest.fixture(scope="module")
def table() -> TouchTable:
    told: list[int] = []
    made = distilled(lessons(40, 1), lessons(12, 2), "made", 1, told.append)
    assert sum(told) == STEPS
    return made


@needs_lightgbm
def test_the_table_says_what_the_teacher_says(table: TouchTable) -> None:
    for style in ("rock", "jazz"):
        written = groove(8, style)
        found, wanted = perform(table, written), taught(written)
        assert np.abs(found.velocity - wanted.velocity).mean() < 2
        assert np.abs(found.onset_ms - wanted.onset_ms).mean() < 3


@needs_lightgbm
@needs_lightgbm
def test_what_players_do_not_follow_is_drawn_in_to_one_value() -> None:
    dice = np.random.default_rng(2)
    rows = dice.normal(size=(3000, 3)).astype(np.float32)
    taught = 10 * rows[:, 0].astype(np.float64) + 3
    trees = fit_trees(rows, taught, 1, 20, over={"min_data_in_leaf": 20})
    said = trees.answer(rows)
    kept = _drawn_in(trees, said, taught - 5).answer(rows)
    assert np.allclose(kept, said - 5, atol=1.0)
    players = dice.normal(-8, 20, 3000)
    drawn_in = _drawn_in(trees, said, players).answer(rows)
    assert drawn_in.std() < 0.2 * said.std()
    assert abs(np.median(drawn_in) - np.median(players)) < 1.5
    unknown = _drawn_in(trees, said, np.full(3000, np.nan)).answer(rows)
    assert np.array_equal(unknown, said)


def test_drums_have_no_lengths_and_others_have(table: TouchTable) -> None:
    assert set(table.quantities) == {"velocity", "onset_ms"}
    pitched = [Lesson(line, taught(line), taught(line)) for line in (melody(80, seed) for seed in range(20))]
    keys = distilled(pitched, pitched[:6], "made", 1, lambda count: None)
    assert set(keys.quantities) == {"velocity", "onset_ms", "log_ratio"}
    assert perform(keys, pitched[0].written).log_ratio == pytest.approx(-0.3, abs=0.05)


@needs_lightgbm
def test_samples_stray_as_far_as_the_players(table: TouchTable) -> None:
    written = groove(60, "rock")
    stray = perform(table, written, 3).velocity - taught(written).velocity
    assert stray.std() == pytest.approx(STRAY_VELOCITY, rel=0.25)
    assert (perform(table, written, 3).velocity == perform(table, written, 3).velocity).all()
    assert (perform(table, written, 3).velocity != perform(table, written, 4).velocity).any()


@needs_lightgbm
def test_the_script_in_fl_plays_what_was_measured(table: TouchTable) -> None:
    from companion.humanize.bake import baked

    written = groove(4, "jazz")
    notes = [fl.note(round(96 * onset), int(pitch), 24) for onset, pitch in zip(written.onset_beat, written.pitch, strict=True)]
    score = fl.open_score(notes)
    tempo_bpm = float(written.tempo_bpm[0])
    assert (written.bar_beats == 4).all()
    fl.run(baked(table, "jazz"), Velocity=1, Timing=0, Variation=0, **{"Tempo (BPM)": tempo_bpm})
    found = [127 * score.getNote(index).velocity for index in range(score.noteCount)]
    alike = replace(written, duration_beat=np.full(len(written), 0.25))
    assert found == pytest.approx(perform(table, alike).velocity)


def test_what_nobody_played_is_filled_in() -> None:
    nan = float("nan")
    played = Performance(np.array([1.0, nan]), np.array([nan, nan]), np.array([3.0, 4.0]))
    sampled = Performance(np.array([9.0, 9.0]), np.array([8.0, 8.0]), np.array([7.0, 7.0]))
    whole = completed(played, sampled)
    assert [list(whole.velocity), list(whole.onset_ms), list(whole.log_ratio)] == [[1, 9], [8, 8], [3, 4]]


def test_tracks_are_drawn_by_the_seed() -> None:
    tracks = takes()
    assert [track.name for track in drawn(tracks, 1)] == [track.name for track in drawn(tracks, 1)]
    assert sorted(track.name for track in drawn(tracks, 2)) == sorted(track.name for track in tracks)


def errs(by: float, tracks: list[Track]) -> list[Performance]:
    return [replace(track.performance, velocity=track.performance.velocity + by) for track in tracks]


def test_kept_is_the_share_of_the_gain_and_says_how_sure_it_is() -> None:
    tracks = takes()
    players = {name: errs(by, tracks) for name, by in (("constant", 30.0), ("lookup", 24.0), ("table", 21.0), ("model", 20.0))}
    shares = kept(tallies_of(tracks, players), 1)
    assert [shares[name]["velocity_mae"].share for name in ("constant", "lookup")] == pytest.approx([0.9, 0.75])
    assert shares["lookup"]["velocity_mae"].interval == pytest.approx((0.75, 0.75))
    worse = kept(tallies_of(tracks, {**players, "model": errs(26.0, tracks)}), 1)
    assert "velocity_mae" not in worse["lookup"]


def test_a_gain_that_may_be_chance_has_no_interval() -> None:
    tracks = takes()
    # Much better in one take, a little worse in all others.
    model = errs(24.2, tracks)[:-1] + errs(0.0, tracks)[-1:]
    lookup = errs(24.0, tracks)
    shares = kept(tallies_of(tracks, {"constant": lookup, "lookup": lookup, "table": lookup, "model": model}), 1)
    assert shares["lookup"]["velocity_mae"].interval is None


def test_no_piece_both_teaches_the_spread_and_is_measured() -> None:
    straying, measured = halves(takes())
    assert straying
    assert measured
    assert not {track.piece for track in straying} & {track.piece for track in measured}


@needs_lightgbm
def test_the_command_writes_table_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_humanizer(tmp_path / "made_duv_v3", ["jazz"])
    write_manifest(tmp_path / "drums.jsonl", takes())
    words = ["duv", "distil", "--model", str(folder), "--manifest", str(tmp_path / "drums.jsonl"), "--json", str(tmp_path / "kept.json")]
    with pytest.raises(SystemExit) as ended:
        console.run(trainer, "trainer", words)
    assert ended.value.code == 0
    assert read_table(folder).styles == ("unknown", "jazz", "rock")
    report = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))
    assert set(report["figures"]) == {"constant", "lookup", "table", "model", "table, sampled", "model, sampled"}
    assert "of the model's gain over lookup" in capsys.readouterr().out


def test_a_manifest_without_what_is_needed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_humanizer(tmp_path / "made_duv_v3")
    write_manifest(tmp_path / "drums.jsonl", [track for track in takes() if track.part == "train"])
    with pytest.raises(SystemExit) as ended:
        console.run(trainer, "trainer", ["duv", "distil", "--model", str(folder), "--manifest", str(tmp_path / "drums.jsonl")])
    assert ended.value.code == 2
    assert "has too few tracks of part val" in capsys.readouterr().err
    assert not (folder / "table.json").exists()
