"""FL Studio's inner state and the API modules that show it to a script. Knows no scripts and no ports; time is set from outside.

Only names of FL's real API appear, and they behave as measured: positions move in steps of the audio buffer, the tempo
comes in thousandths of a BPM, and a call may be refused as unsafe.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from shared.music import Meter, beats_to_sec, sec_to_beats

BUFFER_SEC = 0.01
"""FL's audio buffer: song positions are told as of its start."""
PPQ = 96
LIVE_INPUT, SYSTEM, SYSTEM_SAFE, FROM_HOST, FROM_MIDI = 1, 2, 4, 16, 32
UNSAFE = "Operation unsafe at current time"


@dataclass(slots=True)
class Event:
    """A MIDI event as callbacks get it. FL's `timestamp` is always 0."""

    status: int = 0
    data1: int = 0
    data2: int = 0
    sysex: bytes | None = None
    port: int = 0
    pmeFlags: int = SYSTEM | SYSTEM_SAFE | FROM_MIDI  # noqa: N815
    handled: bool = False
    timestamp: int = 0

    @property
    def midiId(self) -> int:  # noqa: N802
        """The status without its channel."""
        return self.status & 0xF0

    @property
    def midiChan(self) -> int:  # noqa: N802
        """The channel, 0..15."""
        return self.status & 0x0F


@dataclass(slots=True)
class Studio:
    """The song, the transport and what the script did to FL.

    While playing, `line_beat` quarter notes (unwrapped) stand at `line_sec`. `unsafe` names the callbacks in which every
    call but those of `device` is refused. `auditioned` holds (sec, channel, pitch, velocity), velocity 0 for off.
    """

    tempo_bpm: float = 120.0
    meter: Meter = field(default_factory=Meter)
    song_mode: bool = False
    pattern: int = 1
    pattern_beats: int = 16
    channel: int = 0
    version: str = "Producer Edition v24.2.2 [build 4597]"
    now_sec: float = 0.0
    playing: bool = False
    recording: bool = False
    line_sec: float = 0.0
    line_beat: float = 0.0
    hint: str = ""
    hints: list[str] = field(default_factory=list)
    unsafe: set[str] = field(default_factory=set)
    callback: str = ""
    refusals: int = 0
    auditioned: list[tuple[float, int, int, int]] = field(default_factory=list)

    def beat_at(self, sec: float) -> float:
        """Quarter notes at a moment, unwrapped: they grow on from pass to pass of a pattern."""
        return self.line_beat + sec_to_beats(sec - self.line_sec, self.tempo_bpm) if self.playing else self.line_beat

    def sec_at(self, beat: float) -> float:
        """When an unwrapped beat comes, if playing goes on as it does."""
        return self.line_sec + beats_to_sec(beat - self.line_beat, self.tempo_bpm)

    def fold(self, beat: float) -> float:
        """FL's own position for an unwrapped beat."""
        return beat if self.song_mode else beat % self.pattern_beats

    def bend(self, sec: float, beat: float, tempo_bpm: float) -> None:
        """Let the line go on from `beat` at `sec` with another tempo or place."""
        self.line_sec, self.line_beat, self.tempo_bpm = sec, beat, tempo_bpm

    @property
    def position_ppq_ticks(self) -> int:
        """FL's song position, as of the start of the audio buffer."""
        buffer_sec = math.floor(self.now_sec / BUFFER_SEC + 1e-9) * BUFFER_SEC
        return math.floor(self.fold(self.beat_at(max(self.line_sec, buffer_sec))) * PPQ + 1e-6)

    @property
    def bar_ppq_ticks(self) -> int:
        """FL's length of a bar."""
        return self.meter.numerator * 4 * PPQ // self.meter.denominator

    def sounding(self) -> set[tuple[int, int]]:
        """(channel, pitch) of the notes that the script has switched on and not off."""
        on: set[tuple[int, int]] = set()
        for _, channel, pitch, velocity in self.auditioned:
            (on.add if velocity else on.discard)((channel, pitch))
        return on

    def modules(self) -> dict[str, ModuleType]:
        """Fresh fake modules, all but `device`, which belongs to one input device."""
        return {name: self._module(name, functions) for name, functions in self._functions().items()}

    def _module(self, name: str, functions: dict[str, Callable[..., Any]]) -> ModuleType:
        module = ModuleType(name)
        for called, function in functions.items():
            setattr(module, called, self._guarded(function))
        return module

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            if self.callback in self.unsafe:
                self.refusals += 1
                # FL's versions differ in the exception's type
                raise TypeError(UNSAFE) if self.refusals % 2 else RuntimeError(UNSAFE)
            return function(*args)

        return call

    def _functions(self) -> dict[str, dict[str, Callable[..., Any]]]:
        return {
            "transport": {
                "isPlaying": lambda: int(self.playing),
                "isRecording": lambda: int(self.recording),
                "getLoopMode": lambda: int(self.song_mode),
                "getSongPos": self._song_pos,
            },
            "mixer": {
                "getCurrentTempo": lambda as_int=0: round(self.tempo_bpm * 1000),
                "getSongTickPos": lambda mode=0: self.position_ppq_ticks,
            },
            "general": {
                "getRecPPQ": lambda: PPQ,
                "getRecPPB": lambda: self.bar_ppq_ticks,
                "getVersion": lambda: 37,
            },
            "patterns": {"patternNumber": lambda: self.pattern, "getPatternLength": lambda index: self.pattern_beats},
            "channels": {
                "selectedChannel": lambda can_be_none=0, offset=0, index_global=0: self.channel,
                "midiNoteOn": self._midi_note_on,
            },
            "ui": {"setHintMsg": self._set_hint, "getHintMsg": lambda: self.hint, "getVersion": lambda mode=4: self.version},
        }

    def _song_pos(self, mode: int = -1) -> float:
        ticks = self.position_ppq_ticks
        seconds = beats_to_sec(ticks / PPQ, self.tempo_bpm)
        bar, in_bar = divmod(ticks, self.bar_ppq_ticks)
        whole = {0: int(seconds * 1000), 1: int(seconds), 2: ticks, 3: bar + 1, 4: in_bar * 4 // PPQ + 1, 5: in_bar % (PPQ // 4)}
        return whole[mode] if mode in whole else ticks / (self.pattern_beats * PPQ)

    def _midi_note_on(self, channel: int, pitch: int, velocity: int, midi_channel: int = -1) -> None:
        self.auditioned.append((self.now_sec, channel, pitch, velocity))

    def _set_hint(self, text: str) -> None:
        self.hint = text
        self.hints.append(text)
