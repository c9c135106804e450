"""run.py: old Pythons can read it, and where no fitting Python is found it says what to do."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(__file__).resolve().parent.parent


def fake_python(folder: Path, answer: str) -> str:
    program = folder / "python"
    program.write_text(f"#!/bin/sh\necho {answer}\n", encoding="ascii")
    program.chmod(0o755)
    return str(program)


def test_python_3_6_can_read_it_and_it_needs_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "run.py").read_text(encoding="ascii"), feature_version=(3, 6))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize(("words", "status"), [([], 2), (["dmeo"], 2), (["--help"], 0)])
def test_without_a_known_command_it_shows_the_two_there_are(words: list[str], status: int) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "run.py"), *words], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert "run.py demo" in done.stdout
    assert "run.py test" in done.stdout


def test_no_fitting_python_is_told_with_the_command_that_gets_one(tmp_path: Path) -> None:
    with pytest.raises(run.RunError, match=r"needs Python 3\.11 or 3\.12, found .*; install one: "):
        run.find_python([str(tmp_path / "missing")])


@pytest.mark.skipif(os.name == "nt", reason="the fake Python is a shell script")
class TestOnPosix:
    def test_other_versions_are_passed_over(self, tmp_path: Path) -> None:
        with pytest.raises(run.RunError, match=r"needs Python 3\.11 or 3\.12"):
            run.find_python([fake_python(tmp_path, "3 13 1")])

    def test_a_python_that_cannot_make_environments_is_told_with_its_package(self, tmp_path: Path) -> None:
        with pytest.raises(run.RunError, match=r"apt-get install python3\.11-venv"):
            run.find_python([fake_python(tmp_path, "3 11 0")])

    def test_the_first_fitting_one_is_taken(self, tmp_path: Path) -> None:
        fitting = fake_python(tmp_path, "3 12 1")
        assert run.find_python([str(tmp_path / "missing"), fitting]) == fitting
