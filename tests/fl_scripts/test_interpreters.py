"""The real script runs in the Pythons that FL Studio has embedded: 3.6, 3.9, 3.12, and under FL 2024's bans."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from companion.install_fl import script_files

HERE = Path(__file__).parent


def interpreter(version: str) -> str:
    """A CPython of this version, from pyenv or the PATH; skips the test where there is none."""
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True):
        return str(path)
    found = shutil.which(f"python{version}")
    if found is None:
        pytest.skip(f"CPython {version} is not installed here")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The script's files as they lie in FL's folder."""
    for name, content in script_files().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def outcome(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.12"])
def test_the_script_runs_in_every_python_of_fl(version: str, folder: Path) -> None:
    done = outcome(interpreter(version), "-I", "-W", "error", str(HERE / "probe.py"), str(folder))
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def sandboxed(tmp_path: Path, opened: str, closed: str) -> subprocess.CompletedProcess[str]:
    """Run `opened` freely, then `closed` under FL's bans."""
    (tmp_path / "opened.txt").write_text(opened, encoding="ascii")
    (tmp_path / "closed.txt").write_text(closed, encoding="ascii")
    command = (interpreter("3.12"), str(HERE / "fl_sandbox.py"), str(tmp_path / "opened.txt"), str(tmp_path / "closed.txt"))
    return outcome(*command)


def test_the_script_runs_under_the_bans_of_fl_2024(folder: Path) -> None:
    probe = (HERE / "probe.py").read_text(encoding="ascii").split("if __name__")[0]
    source = (folder / "device_JamBot.py").read_text(encoding="ascii")
    done = sandboxed(folder, f"{probe}\nprepare({str(folder)!r})\n", f"play({source!r})\n")
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout + done.stderr


@pytest.mark.parametrize(
    "forbidden",
    ["socket.socket()", "open('x')", "threading.Thread(target=print).start()", "subprocess.Popen(['true'])", "import _ctypes"],
)
def test_the_bans_hold(forbidden: str, tmp_path: Path) -> None:
    assert sandboxed(tmp_path, "allowed = 1\n", f"{forbidden}\n").returncode != 0
