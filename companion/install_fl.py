"""The script's files and FL Studio's user-data folder: find it, put them in, take them out. Knows no MIDI and no command line.

FL Studio looks for scripts in `<user data>/Settings/Hardware/<folder>/device_<name>.py`, on every system. The user-data
folder is `Documents/Image-Line/FL Studio` unless the user has moved it (Options > File settings > User data folder).
"""

from __future__ import annotations

import importlib.resources
import os
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

from shared.errors import ConfigError
from shared.files import written_whole

FOLDER = "JamBot"
_FILES = {
    "device_JamBot.py": ("fl_scripts", "JamBot/device_JamBot.py"),
    "link.py": ("fl_scripts", "JamBot/link.py"),
    "sounding.py": ("fl_scripts", "JamBot/sounding.py"),
    "frames.py": ("shared", "frames.py"),
}
_VERSION = re.compile(rb'^SCRIPT_VERSION = "([^"]+)"', re.MULTILINE)
_IMAGE_LINE_KEY = r"Software\Image-Line\Shared\Paths"
_SHELL_KEY = r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"

Registry = Callable[[str, str], str | None]
"""Reads a value under HKEY_CURRENT_USER by key and name; None where there is none."""


def script_files() -> dict[str, bytes]:
    """The script's files by name, as they lie side by side in FL's folder. Raises ConfigError where one is missing."""
    files = {}
    for name, (package, path) in _FILES.items():
        try:
            files[name] = importlib.resources.files(package).joinpath(path).read_bytes()
        except (OSError, ModuleNotFoundError):
            raise ConfigError(f"{package}/{path} is missing from the installation; install JamBot again: pip install .") from None
    return files


def script_version() -> str:
    """The version of the script that `install` would write. Raises ConfigError as `script_files`."""
    found = _VERSION.search(script_files()["link.py"])
    if found is None:
        raise ConfigError("fl_scripts/JamBot/link.py names no SCRIPT_VERSION; install JamBot again: pip install .")
    return found[1].decode("ascii")


def candidate_dirs(platform: str, home: Path, registry: Registry) -> list[Path]:
    """Where FL's user-data folder may be, likeliest first, on a system named as in `sys.platform`."""
    shared_data = registry(_IMAGE_LINE_KEY, "Shared data")
    roots = [Path(shared_data)] if shared_data else []
    if platform == "win32":
        documents = registry(_SHELL_KEY, "Personal")
        roots += [Path(documents) / "Image-Line"] if documents else []
        roots.append(home / "OneDrive" / "Documents" / "Image-Line")
    roots.append(home / "Documents" / "Image-Line")
    dirs = [root if root.name == "FL Studio" else root / "FL Studio" for root in roots]
    return list(dict.fromkeys(dirs))


def find_fl_dirs() -> list[Path]:
    """FL's user-data folders that exist on this machine, likeliest first."""
    return [path for path in candidate_dirs(sys.platform, Path.home(), _read_registry) if (path / "Settings").is_dir()]


def hardware_dir(fl_dir: Path) -> Path:
    """The folder inside `fl_dir` that holds the script. Raises ConfigError where `fl_dir` is not FL's user-data folder."""
    return _settings_dir(fl_dir) / "Hardware" / FOLDER


def piano_roll_dir(fl_dir: Path) -> Path:
    """The folder inside `fl_dir` for scripts of the piano roll. Raises ConfigError where `fl_dir` is not FL's user-data folder."""
    return _settings_dir(fl_dir) / "Piano roll scripts"


def _settings_dir(fl_dir: Path) -> Path:
    for path in (fl_dir, fl_dir / "FL Studio", fl_dir / "Image-Line" / "FL Studio"):
        if (path / "Settings").is_dir():
            return path / "Settings"
    raise ConfigError(
        f"{fl_dir} is not FL Studio's user-data folder: it has no Settings folder; "
        "FL shows the right one under Options > File settings > User data folder"
    )


def install(fl_dir: Path) -> list[tuple[Path, str]]:
    """Put the script into `fl_dir`. Each file with what became of it: "new", "updated" or "unchanged".

    Every file is replaced whole, so FL never reads half of one. Raises ConfigError where the folder is not FL's or
    cannot be written.
    """
    target = hardware_dir(fl_dir)
    files = script_files()
    done = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = target / name
            before = path.read_bytes() if path.exists() else None
            if before != content:
                with written_whole(path) as draft:
                    draft.write_bytes(content)
            done.append((path, "new" if before is None else "unchanged" if before == content else "updated"))
    except OSError as error:
        raise ConfigError(f"{error.filename or target}: cannot be written: {error.strerror}; close FL Studio and try again") from None
    return done


def uninstall(fl_dir: Path) -> list[Path]:
    """Take the script out of `fl_dir`: the files removed. Files of others stay. Raises ConfigError as `install`."""
    target = hardware_dir(fl_dir)
    removed = []
    try:
        for name in _FILES:
            path = target / name
            if path.exists():
                path.unlink()
                removed.append(path)
        if target.is_dir():
            shutil.rmtree(target / "__pycache__", ignore_errors=True)
            if not any(target.iterdir()):
                target.rmdir()
    except OSError as error:
        raise ConfigError(f"{error.filename or target}: cannot be removed: {error.strerror}; close FL Studio and try again") from None
    return removed


def installed_version(fl_dir: Path) -> str | None:
    """The version of the script in `fl_dir`, None where there is none or a file is missing. Raises ConfigError as `install`."""
    target = hardware_dir(fl_dir)
    if not all((target / name).is_file() for name in _FILES):
        return None
    try:
        found = _VERSION.search((target / "link.py").read_bytes())
    except OSError as error:
        raise ConfigError(f"{target / 'link.py'}: cannot be read: {error.strerror}") from None
    return found[1].decode("ascii", "replace") if found else None


def read_mac_registry(path: Path, key: str, name: str) -> str | None:
    """A value from FL's registry file on macOS, nested `Key` elements with `Value` leaves; None where there is none."""
    try:
        node: ElementTree.Element | None = ElementTree.parse(path).getroot().find(".//Key[@Name='HKEY_CURRENT_USER']")
    except (OSError, ElementTree.ParseError):
        return None
    for step in key.split("\\"):
        node = None if node is None else node.find(f"Key[@Name='{step}']")
    value = None if node is None else node.findtext(f"Value[@Name='{name}']")
    return value or None


def _read_registry(key: str, name: str) -> str | None:
    """A value of the user's registry: Windows' own, or the file in which FL keeps its part of one on macOS."""
    if sys.platform == "darwin":
        return read_mac_registry(Path.home() / "Library" / "Preferences" / "Image-Line" / "reg.xml", key, name)
    if sys.platform != "win32":
        return None
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
            value, _ = winreg.QueryValueEx(opened, name)
    except OSError:
        return None
    return os.path.expandvars(value) if isinstance(value, str) and value else None
