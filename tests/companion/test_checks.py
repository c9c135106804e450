"""The doctor's checks: what is well passes, and each thing that is not has one thing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.checks import (
    Check,
    check_fl_folder,
    check_link,
    check_midi,
    check_models,
    check_packages,
    check_priority,
    check_python,
    check_script,
)
from companion.port_list import MidiSystem
from shared.settings import load_settings

PORTS = load_settings().ports
THREE = (PORTS.link_in, PORTS.link_out, PORTS.notes)
INSTALLED = {"torch": "2.13.0", "numpy": "2.4.6"}


@pytest.mark.parametrize(
    "check",
    [
        check_python((3, 11, 7)),
        check_python((3, 12, 1)),
        check_packages(["torch", "numpy>=2", "pytest; extra == 'test'"], INSTALLED.get),
        check_midi([MidiSystem("winmm", THREE, THREE)], "win32", PORTS),
        check_midi([MidiSystem("alsa", (), (), "not loaded"), MidiSystem("jack", (), ())], "linux", PORTS),
        check_fl_folder(Path("FL Studio"), "win32"),
        check_fl_folder(None, "linux"),
        check_script([]),
        check_models(["stage_a"], []),
        check_models([], []),
        check_link(0.3),
        check_priority("real-time"),
    ],
    ids=lambda check: f"{check.name}: {check.what}",
)
def test_what_is_well_passes(check: Check) -> None:
    assert check.ok
    assert check.what
    assert not check.mend


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (check_python((3, 13, 0)), "3.11 or 3.12"),
        (check_packages(None, INSTALLED.get), "pip install"),
        (check_packages(["torch", "mido"], INSTALLED.get), "pip install"),
        (check_midi([], "darwin", PORTS), "Audio MIDI Setup"),
        (check_midi([MidiSystem("alsa", (), (), "not loaded")], "linux", PORTS), "snd-seq"),
        (check_midi([MidiSystem("winmm", THREE[:2], ())], "win32", PORTS), "loopMIDI"),
        (check_fl_folder(None, "win32"), "--fl-dir"),
        (check_script(None), "install-fl"),
        (check_script(["link.py"]), "install-fl"),
        (check_models(["stage_a"], ["stage_b: damaged"]), "again"),
        (check_link(None), "127.0.0.1"),
        (check_link(80.0), "busy"),
    ],
    ids=lambda value: value.what if isinstance(value, Check) else value,
)
def test_what_is_not_well_has_one_thing_to_do(check: Check, told: str) -> None:
    assert not check.ok
    assert told in check.mend
    assert "\n" not in check.what + check.mend


def test_what_is_missing_is_named() -> None:
    assert "mido" in check_packages(["torch", "mido>=1"], INSTALLED.get).what
    assert PORTS.notes in check_midi([MidiSystem("winmm", THREE[:2], ())], "win32", PORTS).what
    assert "link.py" in check_script(["link.py"]).what


def test_a_refused_priority_is_no_failure_but_is_told() -> None:
    check = check_priority("normal (real-time refused)")
    assert check.ok
    assert check.mend
