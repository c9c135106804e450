"""The ledger of finished steps: a step counts as done for the same things going in and the same files lying there, else not."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import DataError
from trainer.ledger import Ledger, key_of, tree_digest


def test_a_step_is_done_for_the_same_key_and_untouched_files(tmp_path: Path) -> None:
    out = tmp_path / "out.bin"
    out.write_bytes(b"whole")
    Ledger(tmp_path / "list.json").write("train", key_of("settings", 1), [out])
    ledger = Ledger(tmp_path / "list.json")
    assert ledger.has("train", key_of("settings", 1))
    assert not ledger.has("train", key_of("settings", 2))
    assert not ledger.has("play", key_of("settings", 1))
    out.write_bytes(b"half")
    assert not ledger.has("train", key_of("settings", 1))
    out.unlink()
    assert not ledger.has("train", key_of("settings", 1))


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('{"train": 1}')
    with pytest.raises(DataError, match=r"list.json: cannot be read as a list of finished steps .*remove it"):
        Ledger(tmp_path / "list.json")


def test_a_folder_of_charts_is_told_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("C | F")
    (tmp_path / "notes.doc").write_text("mine")
    first = tree_digest(tmp_path, [".txt"])
    (tmp_path / "notes.doc").write_text("changed")
    (tmp_path / ".b.txt.77.part.txt").write_text("C |")
    assert tree_digest(tmp_path, [".txt"]) == first
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert tree_digest(tmp_path, [".txt"]) != first
