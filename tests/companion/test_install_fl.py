"""The script gets into FL's folder whole, again without harm, and out again; a wrong folder is refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from companion.install_fl import (
    candidate_dirs,
    hardware_dir,
    install,
    installed_version,
    read_mac_registry,
    script_files,
    script_version,
    uninstall,
)
from shared.errors import ConfigError


@pytest.fixture
def fl_dir(tmp_path: Path) -> Path:
    """An FL user-data folder."""
    (tmp_path / "FL Studio" / "Settings" / "Hardware").mkdir(parents=True)
    return tmp_path / "FL Studio"


def nothing(_key: str, _name: str) -> None:
    return None


def test_the_script_is_put_where_fl_looks_and_is_the_same_the_second_time(fl_dir: Path) -> None:
    done = install(fl_dir)
    assert {path.relative_to(fl_dir).as_posix(): state for path, state in done} == {
        f"Settings/Hardware/JamBot/{name}": "new" for name in ("device_JamBot.py", "link.py", "sounding.py", "frames.py")
    }
    assert {path.name: path.read_bytes() for path, _ in done} == script_files()
    assert {state for _, state in install(fl_dir)} == {"unchanged"}
    assert sorted(path.name for path in hardware_dir(fl_dir).iterdir()) == sorted(script_files())


def test_an_older_script_is_updated_and_told_from_the_newer(fl_dir: Path) -> None:
    assert installed_version(fl_dir) is None
    install(fl_dir)
    assert installed_version(fl_dir) == script_version()
    link = hardware_dir(fl_dir) / "link.py"
    link.write_text('SCRIPT_VERSION = "0.0.1"\n')
    assert installed_version(fl_dir) == "0.0.1"
    assert [path.name for path, state in install(fl_dir) if state == "updated"] == ["link.py"]
    link.unlink()
    assert installed_version(fl_dir) is None


def test_uninstall_takes_out_our_files_and_leaves_others(fl_dir: Path) -> None:
    install(fl_dir)
    (hardware_dir(fl_dir) / "__pycache__").mkdir()
    assert len(uninstall(fl_dir)) == len(script_files())
    assert not hardware_dir(fl_dir).exists()
    assert uninstall(fl_dir) == []
    install(fl_dir)
    own = hardware_dir(fl_dir) / "mine.txt"
    own.write_text("keep me")
    uninstall(fl_dir)
    assert own.read_text() == "keep me"


def test_the_folder_above_will_do_and_any_other_is_refused(fl_dir: Path, tmp_path: Path) -> None:
    assert hardware_dir(fl_dir.parent) == hardware_dir(fl_dir)
    (tmp_path / "music").mkdir()
    with pytest.raises(ConfigError, match="not FL Studio's user-data folder"):
        install(tmp_path / "music")
    assert list((tmp_path / "music").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root and Windows may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_clear_line(fl_dir: Path) -> None:
    (fl_dir / "Settings" / "Hardware").chmod(0o500)
    with pytest.raises(ConfigError, match="cannot be written"):
        install(fl_dir)


def test_a_file_in_the_folder_s_place_is_one_clear_line(fl_dir: Path) -> None:
    hardware_dir(fl_dir).write_text("no folder")
    with pytest.raises(ConfigError, match="cannot be written"):
        install(fl_dir)


def test_moved_folders_come_first_on_windows() -> None:
    moved = {"Shared data": "/d/Image-Line", "Personal": "/cloud/Documents"}
    found = candidate_dirs("win32", Path("/home"), lambda _key, name: moved.get(name))
    assert [path.as_posix() for path in found] == [
        "/d/Image-Line/FL Studio",
        "/cloud/Documents/Image-Line/FL Studio",
        "/home/OneDrive/Documents/Image-Line/FL Studio",
        "/home/Documents/Image-Line/FL Studio",
    ]


def test_on_macos_the_folder_is_in_documents_or_where_fl_s_own_registry_says(tmp_path: Path) -> None:
    assert [path.as_posix() for path in candidate_dirs("darwin", Path("/u"), nothing)] == ["/u/Documents/Image-Line/FL Studio"]
    registry = tmp_path / "reg.xml"
    levels = ("HKEY_CURRENT_USER", "Software", "Image-Line", "Shared", "Paths")
    opened, closed = "".join(f'<Key Name="{level}">' for level in levels), "</Key>" * len(levels)
    value = '<Value Name="Shared data" Type="2">/Volumes/Music</Value>'
    registry.write_text(f'<XMLReg><Key Name="Key1">{opened}{value}{closed}</Key></XMLReg>')
    key = r"Software\Image-Line\Shared\Paths"
    assert read_mac_registry(registry, key, "Shared data") == "/Volumes/Music"
    assert read_mac_registry(registry, key, "Other") is None
    assert read_mac_registry(tmp_path / "none.xml", key, "Shared data") is None
    registry.write_text("<broken")
    assert read_mac_registry(registry, key, "Shared data") is None
