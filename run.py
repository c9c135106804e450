"""Makes .venv, installs JamBot into it, and plays or tests. Knows the standard library only; any Python from 3.6 on can read it.

    python3 run.py demo [options of `companion --demo`]
    python3 run.py test [options of pytest]
"""

from __future__ import print_function

import glob
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "jambot-stamp")
WINDOWS = os.name == "nt"
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")
VERSIONS = ((3, 11), (3, 12))

# Asked of a Python: its version, and whether it can make environments. Debian keeps that part in a package of its own.
PROBE = """
import sys
try:
    import ensurepip, venv
    whole = 1
except ImportError:
    whole = 0
print(sys.version_info[0], sys.version_info[1], whole)
"""
# Asked of the environment: does every package that was installed still have its files?
WHOLE = """
import importlib.metadata as m
m.version("jambot"), m.version("pytest")
for package in m.distributions():
    for file in package.files or ():
        assert len(file.parts) != 2 or file.name not in ("__init__.py", "METADATA") or file.locate().exists()
"""


class RunError(Exception):
    """What stands in the way and how to mend it, in one line."""


def main(arguments):
    # type: (list[str]) -> int
    """Do what the command line asks; the exit status."""
    if not arguments or arguments[0] not in ("demo", "test"):
        print(str(__doc__).strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    command, rest = arguments[0], arguments[1:]
    try:
        make_environment()
    except RunError as error:
        print("error: {}".format(error), file=sys.stderr)
        return 2
    except OSError as error:
        print("error: {} cannot be made: {}".format(VENV, error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if command == "demo":
        return call([PYTHON, "-P", "-m", "companion", "--demo", *rest], os.getcwd())
    checks = [["ruff", "check", "."], ["mypy"], ["pytest", *rest]]
    failed = []
    for check in checks:
        print("== " + " ".join(check), flush=True)
        if call([PYTHON, "-m", *check], ROOT) != 0:
            failed.append(check[0])
    if failed:
        print("failed: " + ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


def make_environment():
    # type: () -> None
    """Make .venv unless it stands, whole and up to date."""
    stamp = wanted_stamp()
    if read(STAMP) == stamp and quiet([PYTHON, "-I", "-c", WHOLE]):
        return
    creator = find_python(candidates())
    if os.path.lexists(VENV):
        if os.listdir(VENV) and not os.path.exists(os.path.join(VENV, "pyvenv.cfg")):
            raise RunError("{} is no Python environment; move it away and run again".format(VENV))
        shutil.rmtree(VENV)
    print("Making .venv with {} (once; PyTorch is large, so this takes some minutes)".format(creator), flush=True)
    if call([creator, "-m", "venv", VENV], ROOT) != 0:
        raise RunError("{} could not make {} (see above)".format(creator, VENV))
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if call([*pip, "-c", "constraints.txt", "-e", ".[test]"], ROOT) != 0:
        mend = "check the internet connection and the free disk space, and run again"
        if sys.platform.startswith("linux"):
            mend += "; if a compiler was missing: sudo apt-get install build-essential python3-dev libasound2-dev libjack-jackd2-dev"
        raise RunError("pip could not install JamBot (see above): " + mend)
    with open(STAMP, "w") as file:
        file.write(stamp)


def wanted_stamp():
    # type: () -> str
    """What .venv was made from; another text means that it must be made anew."""
    digest = hashlib.sha256(ROOT.encode("utf-8", "surrogateescape"))
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def find_python(programs):
    # type: (list[str]) -> str
    """The first program that is a fitting Python and can make environments. Raises RunError with the command that gets one."""
    lame = None
    for candidate in programs:
        try:
            words = subprocess.check_output([candidate, "-c", PROBE], stderr=subprocess.DEVNULL).split()
        except (OSError, subprocess.CalledProcessError):
            continue
        if len(words) == 3 and (int(words[0]), int(words[1])) in VERSIONS:
            if words[2] == b"1":
                return candidate
            lame = lame or (candidate, "python{}.{}-venv".format(int(words[0]), int(words[1])))
    if lame is not None:
        raise RunError("{} cannot make environments; run: sudo apt-get install {}".format(*lame))
    found = "{}.{}".format(*sys.version_info[:2])
    if WINDOWS:
        mend = "winget install Python.Python.3.12"
    elif sys.platform == "darwin":
        mend = "brew install python@3.12"
    else:
        mend = "sudo apt-get install python3.11 python3.11-venv"
    raise RunError("JamBot needs Python 3.11 or 3.12, found {}; install one: {} (or from python.org)".format(found, mend))


def candidates():
    # type: () -> list[str]
    """Programs that may be a fitting Python: this one first, then those on the path, then the usual places."""
    names = ["python{}.{}".format(*version) for version in VERSIONS] + ["python3", "python"]
    found = [sys.executable] + [shutil.which(name) or "" for name in names]
    for major, minor in VERSIONS:
        dotted = "{}.{}".format(major, minor)
        places = [
            "~/.pyenv/versions/{}.*/bin/python".format(dotted),
            "~/.local/share/uv/python/cpython-{}.*/bin/python".format(dotted),
            "/opt/homebrew/bin/python" + dotted,
            "/usr/local/bin/python" + dotted,
            "/Library/Frameworks/Python.framework/Versions/{}/bin/python{}".format(dotted, dotted),
            "~/AppData/Local/Programs/Python/Python{}{}/python.exe".format(major, minor),
            "C:/Program Files/Python{}{}/python.exe".format(major, minor),
            "C:/Python{}{}/python.exe".format(major, minor),
        ]
        for place in places:
            found += sorted(glob.glob(os.path.expanduser(place)))
    return [path for path in found if path]


def read(path):
    # type: (str) -> str
    """The text of a file, empty where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def quiet(command):
    # type: (list[str]) -> bool
    """Whether a command runs and succeeds; its output is dropped."""
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def call(command, folder):
    # type: (list[str], str) -> int
    """Run a command in a folder and wait for its end; the exit status, 130 after Ctrl-C."""
    process = subprocess.Popen(command, cwd=folder)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sent Ctrl-C to the command too: let it end in good order.
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
