"""The script baked for FL's piano roll: what it does to a pattern, in every Python of FL and under FL 2024's bans."""

from __future__ import annotations

import ast
import copy
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from companion.humanize.bake import baked
from tests.fl_scripts import fl_piano_roll
from tests.fl_scripts.test_interpreters import interpreter, outcome, sandboxed
from tests.shared.made_table import LATE_MS, LONGER_LN, OTHER_VELOCITY, SNARE_VELOCITY, made_table

HERE = Path(__file__).parent
fl: Any = fl_piano_roll  # it runs in Python 3.6 as well and has no types
DRUMS = baked(made_table(), "unknown")
KEYS = baked(made_table("keys"), "unknown")
EVERYWHERE: dict[str, Any] = {"Selected notes only": 0}
WHOLE: dict[str, Any] = {"Velocity": 1, "Timing": 1, "Variation": 0}


def played(source: str, notes: list[Any], ppq: int = 96, metre: tuple[int, int] = (4, 4), markers: Any = (), **wishes: Any) -> list[Any]:
    """The notes after the script ran on copies of them, in the same order."""
    score = fl.open_score(copy.deepcopy(notes), ppq, *metre, markers)
    fl.run(source, **wishes)
    return [score.getNote(index) for index in range(score.noteCount)]


def test_whole_intensity_plays_what_the_table_says() -> None:
    kick, snare = (fl.note(0, 36), fl.note(48, 38))
    found = played(DRUMS, [kick, snare], **{**WHOLE, "Tempo (BPM)": 125})
    assert [round(127 * note.velocity) for note in found] == [OTHER_VELOCITY, SNARE_VELOCITY]
    # At 125 BPM and 96 PPQ a tick lasts 5 ms.
    assert [note.time for note in found] == [0, 48 + LATE_MS / 5]
    assert [note.length for note in found] == [24, 24]


def test_half_intensity_goes_half_the_way() -> None:
    (found,) = played(DRUMS, [fl.note(480, 38, velocity=0.4)], ppq=960, **{**WHOLE, "Velocity": 0.5, "Timing": 0.5})
    assert found.velocity == pytest.approx((0.4 + SNARE_VELOCITY / 127) / 2)
    assert found.time == 480 + round(LATE_MS / 2 * 1.92)


def test_pitched_notes_get_the_player_s_length() -> None:
    (found,) = played(KEYS, [fl.note(0, 72, 384)], ppq=96, Length=1, Timing=0, Variation=0)
    assert found.length == round(384 * 2.718281828**LONGER_LN)


@pytest.mark.parametrize("source", [DRUMS, KEYS], ids=["drums", "keys"])
def test_intensity_nought_changes_nothing(source: str) -> None:
    notes = [*fl.groove(2), fl.note(7, 61, 5, velocity=0.123), fl.note(100, 36, 0)]
    nothing: dict[str, Any] = {"Velocity": 0, "Timing": 0, "Variation": 1} | ({"Length": 0} if source == KEYS else {})
    assert played(source, notes, **nothing) == notes


def test_the_seed_decides_the_variation() -> None:
    wishes: dict[str, Any] = {"Velocity": 1, "Timing": 1, "Variation": 1}
    first, again, other = (played(DRUMS, fl.groove(4), Seed=seed, **wishes) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    steady = played(DRUMS, fl.groove(4), Seed=3, **WHOLE)
    assert steady == played(DRUMS, fl.groove(4), Seed=4, **WHOLE)
    assert steady != first


def test_unselected_notes_stay() -> None:
    notes = fl.groove(2)
    for note in notes[::3]:
        note.selected = True
    found = played(DRUMS, notes, Velocity=1, Timing=1)
    assert [after == before for after, before in zip(found, notes, strict=True) if not before.selected] == [True] * 16
    assert all(after.velocity != before.velocity for after, before in zip(found, notes, strict=True) if before.selected)
    # Around them they play what they would among changed notes.
    everywhere = played(DRUMS, notes, Velocity=1, Timing=1, **EVERYWHERE)
    assert found[::3] == everywhere[::3]
    assert all(after.velocity != before.velocity for after, before in zip(everywhere, notes, strict=True))


def test_without_a_selection_all_notes_are_played() -> None:
    notes = fl.groove(1)
    assert all(after.velocity != before.velocity for after, before in zip(played(DRUMS, notes), notes, strict=True))


def test_my_accents_are_kept() -> None:
    soft, loud = fl.note(0, 42, velocity=0.3), fl.note(48, 42, velocity=0.5)
    plain, kept = (played(DRUMS, [soft, loud], **{**WHOLE, "Keep my accents": keep}) for keep in (0, 1))
    assert plain[0].velocity == plain[1].velocity
    assert kept[1].velocity - kept[0].velocity == pytest.approx(0.2)


def test_muted_and_slide_notes_are_left_alone() -> None:
    notes = [fl.note(48, 38, muted=True), fl.note(48, 60, slide=True)]
    assert played(DRUMS, notes, **WHOLE) == notes


def test_an_empty_pattern_and_one_note() -> None:
    assert played(DRUMS, []) == []
    assert len(played(DRUMS, [fl.note(0, 36)])) == 1


@pytest.mark.parametrize("source", [DRUMS, KEYS], ids=["drums", "keys"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_notes_stay_in_the_pattern_and_apart(source: str, seed: int) -> None:
    notes = [fl.note(time, 60, 6, velocity=1.0) for time in range(0, 384, 6)]
    wishes: dict[str, Any] = {"Velocity": 1, "Timing": 1, "Variation": 1, "Seed": seed, "Tempo (BPM)": 300}
    found = played(source, notes, **wishes)
    assert found != notes
    assert all(note.time >= 0 and note.time + note.length <= 384 and note.length >= 1 and 0 < note.velocity <= 1 for note in found)
    assert all(now.time + now.length <= then.time for now, then in pairwise(found))


def test_five_thousand_notes_are_all_played() -> None:
    notes = fl.groove(420)[:5000]
    found = played(DRUMS, notes, Variation=1)
    assert sum(after.velocity != before.velocity for after, before in zip(found, notes, strict=True)) == 5000


@pytest.mark.parametrize("ppq", [24, 96, 192, 960])
def test_the_timebase_does_not_matter(ppq: int) -> None:
    found = played(DRUMS, fl.groove(2, ppq), ppq=ppq, **{**WHOLE, "Timing": 0})
    assert [note.velocity for note in found] == [note.velocity for note in played(DRUMS, fl.groove(2), **{**WHOLE, "Timing": 0})]


def test_the_metre_tells_what_is_off_the_beat() -> None:
    eighths = [fl.note(48 * place, 42) for place in range(6)]
    late = {
        metre: [note.time - 48 * place for place, note in enumerate(played(DRUMS, eighths, metre=metre, **WHOLE))]
        for metre in ((4, 4), (6, 8), (0, 0))
    }
    assert late == {(4, 4): [0, 2, 0, 2, 0, 2], (6, 8): [0, 2, 2, 0, 2, 2], (0, 0): [0, 2, 0, 2, 0, 2]}


def test_a_time_signature_marker_begins_a_new_metre() -> None:
    eighths = [fl.note(48 * place, 42) for place in range(8, 14)]
    markers = [fl.Marker(384, 6, 8), fl.Marker(0, 3, 4, mode=0)]
    found = played(DRUMS, eighths, markers=markers, **WHOLE)
    assert [note.time - before.time for note, before in zip(found, eighths, strict=True)] == [0, 2, 2, 0, 2, 2]


def test_only_velocity_time_and_length_are_changed() -> None:
    note = fl.note(48, 60, 96, color=3, pan=0.1, release=0.2, fcut=0.3, fres=0.4, group=2, porta=True, pitchofs=5)
    (found,) = played(KEYS, [note], **WHOLE, Length=1)
    changed = {name for name, value in vars(found).items() if value != getattr(note, name)}
    assert changed == {"velocity", "time", "length"}


def test_the_dialog_asks_for_what_the_table_knows() -> None:
    for source, instrument in ((DRUMS, "drums"), (KEYS, "keys")):
        fl.open_score([])
        form = fl.run(source)
        assert form.title == f"JamBot humanize {instrument} unknown"
        assert ("Length" in form.values) == (instrument == "keys")


@pytest.mark.parametrize("source", [DRUMS, KEYS], ids=["drums", "keys"])
def test_it_is_ascii_and_python_3_6_and_imports_nothing_else(source: str) -> None:
    tree = ast.parse(source.encode("ascii"), feature_version=(3, 6))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"math", "flpianoroll"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"open", "exec", "eval", "compile", "__import__", "input", "print"}


DRIVE = """
score = open_score(groove(4))
run(SOURCE, Variation=1, Timing=1)
import json
print(json.dumps([(score.getNote(i).time, score.getNote(i).velocity) for i in range(score.noteCount)]))
"""


def expected() -> list[list[float]]:
    return [[note.time, note.velocity] for note in played(DRUMS, fl.groove(4), Variation=1, Timing=1)]


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.12"])
def test_every_python_of_fl_plays_the_same_notes(version: str, tmp_path: Path) -> None:
    fake = (HERE / "fl_piano_roll.py").read_text(encoding="ascii")
    (tmp_path / "drive.py").write_text(f"{fake}\nSOURCE = {DRUMS!r}\n{DRIVE}", encoding="ascii")
    done = outcome(interpreter(version), "-I", "-W", "error", str(tmp_path / "drive.py"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [pytest.approx(pair) for pair in expected()]


def test_it_runs_under_the_bans_of_fl_2024(tmp_path: Path) -> None:
    fake = (HERE / "fl_piano_roll.py").read_text(encoding="ascii")
    done = sandboxed(tmp_path, f"{fake}\nimport json\nSOURCE = {DRUMS!r}\n", DRIVE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == [pytest.approx(pair) for pair in expected()]
