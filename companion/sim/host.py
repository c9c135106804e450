"""Runs one instance of a script as FL does: source as a string, its folder alone on the path, a budget of frames. Knows no song.

Nothing leaks: the script's imports come from here and never touch our own `sys.modules`. What would hurt a real FL Studio
(an exception that leaves a callback, a flood, a bad SysEx, frames while a project loads) is noted in `faults`.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

from companion.sim.studio import Studio
from shared.frames import FRAME_MAX_BYTES

ENTRY = "device_JamBot.py"
PACES = {"darwin": 8}
"""Frames that one callback may send; 1 elsewhere."""


@lru_cache(maxsize=64)
def _compiled(source: bytes, filename: str) -> CodeType:
    return compile(source, filename, "exec", dont_inherit=True)


class ScriptHost:
    """One script instance on one input device.

    `files` are the script's files by name, `platform` a `sys.platform`. `emitted` collects what the script sends on its
    port; the caller empties it. `assigned` False: no output has the device's port number, and sends go nowhere.
    """

    def __init__(self, studio: Studio, files: Mapping[str, bytes], device_name: str, port: int, platform: str, extra_args: bool) -> None:
        self.emitted: list[bytes] = []
        self.faults: list[str] = []
        self.printed: list[str] = []
        self.assigned = True
        self.loading = False
        self._studio, self._files, self._platform, self._extra = studio, files, platform, extra_args
        self._budget = 0
        self._modules = {**studio.modules(), "device": self._device(device_name, port)}
        self._modules["sys"] = _module("sys", platform=platform)
        self._modules["time"] = _module("time", perf_counter=lambda: studio.now_sec, time=lambda: studio.now_sec)
        self._globals: dict[str, Any] = {}
        self._load()

    def _load(self) -> None:
        self._globals = {"__name__": "__main__", "__builtins__": self._builtins()}
        try:
            exec(_compiled(self._files[ENTRY], "<string>"), self._globals)
        except Exception as error:  # whatever a script raises is a finding, not ours to sort
            self.faults.append(f"module body: {type(error).__name__}: {error}")

    def call(self, name: str, *args: object) -> None:
        """FL calls a callback, if the script has it."""
        function = self._globals.get(name)
        if function is None:
            return
        self._budget = PACES.get(self._platform, 1)
        self._studio.callback = name
        try:
            function(*args, *((0,) if self._extra else ()))
        except Exception as error:  # as above: in FL it could end the script or the program
            self.faults.append(f"{name}: {type(error).__name__}: {error}")
        self._studio.callback = ""

    def _device(self, name: str, port: int) -> ModuleType:
        return _module(
            "device",
            isAssigned=lambda: int(self.assigned),
            getName=lambda: name,
            getPortNumber=lambda: port,
            midiOutSysex=self._midi_out_sysex,
            midiOutMsg=lambda *args: self.faults.append("midiOutMsg: the script has no short messages to send"),
        )

    def _midi_out_sysex(self, data: bytes) -> None:
        self._budget -= 1
        if self._budget < 0:
            self.faults.append("flood: too many frames in one callback")
        if self.loading:
            self.faults.append("a frame was sent while a project loads")
        if len(data) > FRAME_MAX_BYTES or max(data[1:-1]) > 127:
            self.faults.append(f"bad SysEx of {len(data)} bytes")
        if self.assigned and data[0] == 0xF0 and data[-1] == 0xF7:
            self.emitted.append(bytes(data))

    def _builtins(self) -> dict[str, Any]:
        return {**vars(builtins), "__import__": self._import, "print": lambda *words: self.printed.append(" ".join(map(str, words)))}

    def _import(self, name: str, *_: object) -> ModuleType:
        """FL's modules, the script's own, and nothing else: the script claims to need no more."""
        if name not in self._modules:
            source = self._files.get(f"{name}.py")
            if source is None:
                raise ModuleNotFoundError(f"No module named {name!r}")
            module = self._modules[name] = ModuleType(name)
            vars(module)["__builtins__"] = self._builtins()
            exec(_compiled(source, f"{name}.py"), vars(module))
        return self._modules[name]


def _module(name: str, **contents: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(vars(SimpleNamespace(**contents)))
    return module
