# name=JamBot
# supportedDevices=JamBot Link In
"""FL Studio's callbacks, a line each: what they mean stands in link.py, what goes over the wire in frames.py.

FL runs this file as a string, once for each input device whose controller type is JamBot, and again at any time.
Every callback takes whatever FL passes: newer versions pass more.
"""

import sys
import time

import channels  # type: ignore[import-not-found, import-untyped, unused-ignore]
import device  # type: ignore[import-not-found, import-untyped, unused-ignore]
import general  # type: ignore[import-not-found, import-untyped, unused-ignore]
import mixer  # type: ignore[import-not-found, import-untyped, unused-ignore]
import patterns  # type: ignore[import-not-found, import-untyped, unused-ignore]
import transport  # type: ignore[import-not-found, import-untyped, unused-ignore]
import ui  # type: ignore[import-not-found, import-untyped, unused-ignore]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fl_scripts.JamBot.link import FL, Link, Safely
else:
    from link import FL, Link, Safely

_link = Link(FL(channels, device, general, mixer, patterns, transport, ui), time.perf_counter, sys.platform)
_safely = Safely(print)


def OnInit(*args: "Any") -> None:
    _safely("OnInit", _link.start)


def OnDeInit(*args: "Any") -> None:
    _safely("OnDeInit", _link.stop)


def OnMidiMsg(event: "Any", *args: "Any") -> None:
    _safely("OnMidiMsg", _link.on_midi, "keys", event)


def OnMidiOutMsg(event: "Any", *args: "Any") -> None:
    _safely("OnMidiOutMsg", _link.on_midi, "song", event)


def OnSysEx(event: "Any", *args: "Any") -> None:
    _safely("OnSysEx", _link.on_sysex, event)


def OnIdle(*args: "Any") -> None:
    _safely("OnIdle", _link.on_idle)


def OnRefresh(*args: "Any") -> None:
    _safely("OnRefresh", _link.on_refresh)


def OnUpdateBeatIndicator(value: int = 0, *args: "Any") -> None:
    _safely("OnUpdateBeatIndicator", _link.on_beat, value)


def OnProjectLoad(status: int = 100, *args: "Any") -> None:
    _safely("OnProjectLoad", _link.on_project_load, status)
