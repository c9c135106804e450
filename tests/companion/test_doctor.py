"""The doctor on this very computer: the link's round trip is really made, and the script's files are really compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.cli import main
from companion.doctor import all_checks, differing_files
from companion.install_fl import hardware_dir, install
from shared.settings import load_settings


def fl_folder(folder: Path) -> Path:
    (folder / "Settings").mkdir(parents=True)
    return folder


def test_a_script_that_is_missing_old_or_right_is_told_apart(tmp_path: Path) -> None:
    folder = fl_folder(tmp_path)
    assert differing_files(folder) is None
    install(folder)
    assert differing_files(folder) == []
    changed = hardware_dir(folder) / "frames.py"
    changed.write_bytes(changed.read_bytes() + b"# mine\n")
    assert differing_files(folder) == ["frames.py"]


def test_a_bridge_is_started_asked_and_ended(tmp_path: Path) -> None:
    found = {check.name: check for check in all_checks(load_settings(), fl_folder(tmp_path))}
    assert found["Python"].ok
    assert found["models"].ok
    assert "to the bridge and back" in found["link"].what
    assert found["player's priority"].ok
    assert not found["FL Studio's script"].ok
    assert "install-fl" in found["FL Studio's script"].mend


def test_what_failed_is_printed_with_its_mend_and_tells_the_exit_status(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["doctor", "--fl-dir", str(fl_folder(tmp_path))])
    assert caught.value.code == 1
    assert "FL Studio's script: companion install-fl" in capsys.readouterr().out
