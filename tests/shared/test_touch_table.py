"""A table is the same after writing and reading; what is damaged is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.errors import CheckpointError, ConfigError
from shared.touch_table import TABLE_FILE_NAME, Trees, read_table, write_table
from shared.touch_trees import answer
from tests.shared.made_table import OTHER_VELOCITY, ROCK_VELOCITY, made_table


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for instrument in ("drums", "keys"):
        write_table(tmp_path / TABLE_FILE_NAME, made_table(instrument))
        assert read_table(tmp_path) == made_table(instrument)


@pytest.mark.parametrize(("style", "more"), [("unknown", 0.0), ("rock", ROCK_VELOCITY)])
def test_a_table_of_one_style_answers_as_the_whole_one_does_in_it(style: str, more: float) -> None:
    alone = made_table("keys").in_style(style)
    assert alone.styles == ()
    row = [50.0] + [0.0] * (len(alone.sees) - 1)
    assert answer(alone.quantities["velocity"].middle.grown(), row) == OTHER_VELOCITY + more


def test_an_unknown_style_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"--style polka.*unknown, rock"):
        made_table().in_style("polka")


def test_no_table_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has no table.json; make one with `python -m trainer duv distil"):
        read_table(tmp_path)


def spoiled(change: Callable[[dict[str, Any]], object], folder: Path) -> Path:
    path = folder / TABLE_FILE_NAME
    write_table(path, made_table())
    values = json.loads(path.read_text(encoding="utf-8"))
    change(values)
    path.write_text(json.dumps(values), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.update(version=2),
        lambda values: values.update(more=1),
        lambda values: values.update(instrument="kazoo"),
        lambda values: values.update(voice_of_pitch=[]),
        lambda values: values.update(quantities={}),
        lambda values: values["quantities"].update(loudness=values["quantities"]["velocity"]),
        lambda values: values["quantities"]["velocity"]["middle"]["columns"].pop(),
        lambda values: values["quantities"]["velocity"]["middle"].update(columns=[0, -1], numbers=[1.0, 1.0]),
        lambda values: values["quantities"]["velocity"]["middle"].update(columns=[900, -1, -1], numbers=[1.0, 1.0, 2.0]),
        lambda values: values["quantities"]["velocity"].update(carry=1.0),
        lambda values: values["quantities"]["velocity"].update(shape=[0.0]),
    ],
)
def test_a_damaged_table_is_refused(change: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"table\.json: is no table of this version"):
        read_table(spoiled(change, tmp_path))


def test_a_table_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / TABLE_FILE_NAME
    write_table(path, made_table())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match="is no table"):
        read_table(tmp_path)


def test_settled_trees_keep_no_branch_that_is_never_taken() -> None:
    trees = Trees((3, 0, -1, -1, 3, -1, -1), (0.5, 1.5, 1.0, 2.0, 0.5, 3.0, 4.0))
    with pytest.raises(ValueError, match="cut short"):
        Trees((3, 0, -1), (0.5, 1.5, 1.0))
    assert trees.settled({3: 0.0}) == Trees((0, -1, -1), (1.5, 1.0, 2.0))
