"""Where a figure comes from, as its file says it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shared.provenance import provenance


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("trainer/__main__.py", "python -m trainer"),
        ("companion/engine_speed.py", "python -m companion.engine_speed"),
        ("bin/companion", "companion"),
    ],
)
def test_the_command_is_told_as_it_is_typed(program: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [program, "--data", "my music", "--seed", "3"])
    assert provenance()["command"] == f"{name} --data 'my music' --seed 3"


def test_no_folder_of_this_machine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["trainer/__main__.py", "--data", str(tmp_path / "solos"), "--out", "../there/out.json"])
    assert provenance()["command"] == "python -m trainer --data solos --out out.json"
