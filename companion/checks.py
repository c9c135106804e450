"""The doctor's single checks: facts in, a verdict and the mend out. Pure; looks at nothing itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.port_list import MidiSystem, missing_on_windows
from shared.settings import PortSettings

PYTHONS = ((3, 11), (3, 12))
ROUND_TRIP_MS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, whether it is well, what was found, and the one thing to do (empty where there is none)."""

    name: str
    ok: bool
    what: str
    mend: str = ""


def check_python(version: tuple[int, int, int]) -> Check:
    """The Python that runs."""
    found = ".".join(str(part) for part in version)
    ok = version[:2] in PYTHONS
    return Check("Python", ok, found, "" if ok else "install Python 3.11 or 3.12 and run: python3 run.py demo")


def check_packages(requirements: Sequence[str] | None, version_of: Callable[[str], str | None]) -> Check:
    """JamBot's packages: `requirements` as its metadata lists them, None where it is not installed itself."""
    mend = "in JamBot's folder: pip install -c constraints.txt ."
    if requirements is None:
        return Check("packages", False, "JamBot runs from its folder, it is not installed", mend)
    wanted = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in requirements if "extra ==" not in line]
    missing = [name for name in wanted if version_of(name) is None]
    if missing:
        return Check("packages", False, f"missing: {', '.join(missing)}", mend)
    return Check("packages", True, f"{len(wanted)} installed, torch {version_of('torch')}")


def check_midi(systems: Sequence[MidiSystem], platform: str, ports: PortSettings) -> Check:
    """Whether a MIDI system answers, and on Windows whether the three ports exist."""
    answering = [system for system in systems if not system.trouble]
    if not answering:
        found = "; ".join(f"{system.name}: {system.trouble}" for system in systems) or "none"
        mends = {"win32": "start the Windows MIDI Service again", "darwin": "open Audio MIDI Setup once, or start the Mac again"}
        return Check("MIDI", False, found, mends.get(platform, "sudo modprobe snd-seq, or start a JACK server (jackd -d dummy will do)"))
    names = ", ".join(system.name for system in answering)
    if platform == "win32":
        missing = missing_on_windows(answering, ports)
        if missing:
            return Check("MIDI", False, f"{names}; missing ports: {', '.join(missing)}", "make them in loopMIDI, under exactly these names")
        return Check("MIDI", True, f"{names}; the three ports are there")
    return Check("MIDI", True, f"{names}; companion makes its ports itself")


def check_fl_folder(folder: Path | None, platform: str) -> Check:
    """Whether FL Studio's user data folder was found. On Linux FL Studio does not run."""
    if folder is not None:
        return Check("FL Studio's folder", True, str(folder))
    if platform not in ("win32", "darwin"):
        return Check("FL Studio's folder", True, "none; FL Studio runs on Windows and macOS")
    mend = "start FL Studio once; if its data folder was moved: companion doctor --fl-dir FOLDER (Options > File settings shows it)"
    return Check("FL Studio's folder", False, "not found", mend)


def check_script(differing: Sequence[str] | None) -> Check:
    """The script in FL Studio's folder: which of its files are missing or of another version; None where it is not installed."""
    mend = "companion install-fl, then start FL Studio again"
    if differing is None:
        return Check("FL Studio's script", False, "not installed", mend)
    if differing:
        return Check("FL Studio's script", False, f"of another version: {', '.join(differing)}", mend)
    return Check("FL Studio's script", True, "this version")


def check_models(names: Sequence[str], faults: Sequence[str]) -> Check:
    """The trained models: `names` of the good ones, `faults` of the others as their own lines tell. None at all is no failure."""
    if faults:
        return Check("models", False, "; ".join(faults), "install that model again, or delete its folder")
    return Check("models", True, ", ".join(names) or "none installed; the fallback player answers")


def check_touch(shown: str, fault: str | None) -> Check:
    """Who gives the notes their loudness, lag and length: a humanizer, or the rules, which is no failure; `fault`: why it cannot."""
    if fault is not None:
        return Check("touch", False, fault, "install that humanizer again, or set touch.humanizer: rules")
    return Check("touch", True, f"loudness, lag and length by {shown}")


def check_link(round_trip_ms: float | None, trouble: str = "") -> Check:
    """The way to the bridge and back, measured on a bridge that was started for it; `trouble` tells why it was not."""
    if round_trip_ms is None:
        mend = "allow Python to talk to itself on 127.0.0.1 (firewall, security software)"
        return Check("link", False, trouble or "the bridge does not answer", mend)
    what = f"to the bridge and back in {round_trip_ms:.2f} ms"
    if round_trip_ms > ROUND_TRIP_MS_MAX:
        return Check("link", False, what, "close programs that keep the computer busy")
    return Check("link", True, what)


def check_priority(granted: str) -> Check:
    """The player's priority, in the bridge's words. A refused one is no failure: notes may be a little late on a busy computer."""
    refused = granted.startswith("normal")
    mend = "nothing has to be done; on a busy computer notes may be a millisecond late" if refused else ""
    return Check("player's priority", True, granted, mend)
