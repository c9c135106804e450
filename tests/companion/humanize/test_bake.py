"""`companion bake-piano-roll`: where the script goes, what it is called, and what is refused."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import msgspec
import pytest

from companion.commands import companion
from companion.humanize.bake import baked
from shared import console
from shared.errors import ConfigError
from shared.touch_table import TABLE_FILE_NAME, write_table
from tests.shared.made_table import made_table
from tests.trainer.duv.made_humanizer import write_humanizer


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A humanizer's folder with a table in it."""
    folder = write_humanizer(tmp_path / "made_duv_v3")
    write_table(folder / TABLE_FILE_NAME, made_table())
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit status and what was said."""
    with pytest.raises(SystemExit) as ended:
        console.run(companion, "companion", ["bake-piano-roll", *words])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out + shown.err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    status, said = run(capsys, *words)
    assert status == 2
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


def test_the_script_is_written_to_a_file(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.pyscript"
    status, said = run(capsys, "--model", str(model), "--style", "rock", "--tempo", "98", "--out", str(out))
    assert (status, str(out) in said) == (0, True)
    assert out.read_text(encoding="ascii") == baked(made_table(), "rock", 98)
    assert "TEMPO_BPM = 98\n" in out.read_text(encoding="ascii")


def test_a_model_may_be_named_in_any_letters(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    for place, name in enumerate(("drums_m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller", 'drums_"""', "drums_\\")):
        write_table(model / TABLE_FILE_NAME, msgspec.structs.replace(made_table(), model=name))
        out = tmp_path / f"{place}.pyscript"
        assert run(capsys, "--model", str(model), "--out", str(out))[0] == 0
        assert f"as {name} plays" in (ast.get_docstring(ast.parse(out.read_text(encoding="ascii"))) or "")


def test_the_script_goes_among_fl_studio_s_own(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    fl_dir = tmp_path / "FL Studio"
    (fl_dir / "Settings").mkdir(parents=True)
    for _ in range(2):
        assert run(capsys, "--model", str(model), "--style", "rock", "--fl-dir", str(fl_dir))[0] == 0
    (written,) = (fl_dir / "Settings" / "Piano roll scripts").iterdir()
    assert written.name == "JamBot humanize drums rock.pyscript"


def test_the_model_of_all_pitched_instruments_is_baked_as_a_lead(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(write_humanizer(Path("checkpoints") / "pitched_duv_v3") / TABLE_FILE_NAME, made_table("lead"))
    (tmp_path / "FL" / "Settings").mkdir(parents=True)
    assert run(capsys, "--model", "pitched_duv_v3", "--fl-dir", str(tmp_path / "FL"))[0] == 0
    (written,) = (tmp_path / "FL" / "Settings" / "Piano roll scripts").iterdir()
    assert written.name == "JamBot humanize lead unknown.pyscript"
    assert "log_ratio" in written.read_text(encoding="ascii")


def test_what_cannot_be_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "x.pyscript"))
    assert "no such humanizer" in refused(capsys, "--model", "kazoo_duv_v3", *out)
    assert "--style polka" in refused(capsys, "--model", str(model), "--style", "polka", *out)
    assert "is a folder" in refused(capsys, "--model", str(model), "--out", str(tmp_path))
    assert "--out and --fl-dir" in refused(capsys, "--model", str(model), "--fl-dir", str(tmp_path), *out)
    assert "not FL Studio's user-data folder" in refused(capsys, "--model", str(model), "--fl-dir", str(tmp_path))
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert "cannot be written" in refused(capsys, "--model", str(model), "--out", str(tmp_path / "file" / "x.pyscript"))
    (model / TABLE_FILE_NAME).unlink()
    assert "trainer duv distil" in refused(capsys, "--model", str(model), *out)
    assert not (tmp_path / "x.pyscript").exists()


def test_a_model_without_a_table_names_those_that_have_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_humanizer(Path("checkpoints") / "keys_duv_v3")
    write_table(write_humanizer(Path("checkpoints") / "pitched_duv_v3") / TABLE_FILE_NAME, made_table("lead"))
    said = refused(capsys, "--model", "keys_duv_v3", "--out", str(tmp_path / "x.pyscript"))
    assert "has no table for the piano roll; name one that has: " in said
    assert "pitched_duv_v3" in said
    assert not (tmp_path / "x.pyscript").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root and Windows may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "cannot be written" in refused(capsys, "--model", str(model), "--out", str(tmp_path / "closed" / "x.pyscript"))


def test_the_same_table_gives_the_same_script_and_another_style_another() -> None:
    assert baked(made_table(), "rock") == baked(made_table(), "rock")
    assert baked(made_table(), "rock") != baked(made_table(), "unknown")
    with pytest.raises(ConfigError):
        baked(made_table(), "polka")
