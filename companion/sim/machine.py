"""A simulated FL Studio: runs the real script, plays a chord track and hears notes, on whatever time is passed in. Pure.

    machine = Machine(seed=1, tempo_bpm=140, song=[(0.0, 4.0, (60, 64, 67), 90)])
    machine.play()
    for port, data in machine.advance(now_sec): ...     what FL sent on Link Out: clock, chords, SysEx frames
    machine.receive("link", frame, now_sec)             Link In: frames for the script
    machine.receive("notes", b"\\x90\\x3c\\x40", now_sec)   notes for the synth, kept in `machine.notes`

FL's habits: `OnIdle` comes at uneven times, clock bytes jitter, sixteen all-notes-off go before Start, callbacks lag behind the
sound, a reloaded script gets `OnInit` without `OnDeInit`. Every chance is seeded.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from companion.install_fl import script_files
from companion.sim.host import ScriptHost
from companion.sim.studio import BUFFER_SEC, FROM_HOST, FROM_MIDI, LIVE_INPUT, SYSTEM, SYSTEM_SAFE, Event, Studio
from shared.music import TICKS_PER_BEAT, Meter

CLOCK, START, STOP = b"\xf8", b"\xfa", b"\xfc"
IDLE_SEC = (0.020, 0.090)
REFRESH_DELAY_SEC = (0.001, 0.015)
LEDS, PATTERNS, CHANNEL_EVENT = 256, 1024, 65536
LOAD_START, LOAD_OK, LOAD_ERROR = 0, 100, 101
LINK_PORT = 17
LINK_NAME = "JamBot Link In"
KEYBOARD_NAME = "Keystation 61"

SongChord = tuple[float, float, Sequence[int], int]
"""(onset_beat, duration_beat, pitches, velocity): beats from the song's start, or from the pattern's in pattern mode."""


@dataclass(frozen=True, slots=True)
class HeardNote:
    """A note message that reached the synth. `beat` is unwrapped, `song_beat` FL's own; velocity 0 is a note-off."""

    at_sec: float
    beat: float
    song_beat: float
    channel: int
    pitch: int
    velocity: int


class Machine:
    """FL Studio with the JamBot script on its link port, and on a keyboard's port too if `own_keyboard_script`.

    Controls act at the last time passed in. `jitter_ms` is the spread of the clock bytes' lateness. `faults` lists what
    would have hurt a real FL Studio and must stay empty. `script` are the script's files, the shipped ones where None.
    """

    def __init__(
        self,
        seed: int = 0,
        tempo_bpm: float = 120.0,
        meter: Meter | None = None,
        song: Sequence[SongChord] = (),
        *,
        song_mode: bool = False,
        pattern_beats: int = 16,
        jitter_ms: float = 1.0,
        platform: str = "win32",
        own_keyboard_script: bool = False,
        extra_args: bool = False,
        script: Mapping[str, bytes] | None = None,
        start_sec: float = 0.0,
    ) -> None:
        self.studio = Studio(
            tempo_bpm=tempo_bpm, meter=meter or Meter(), song_mode=song_mode, pattern_beats=pattern_beats, now_sec=start_sec
        )
        self.song = list(song)
        self.notes: list[HeardNote] = []
        self.faults: list[str] = []
        self.printed: list[str] = []
        self._random = random.Random(seed)
        self._jitter_sec = jitter_ms / 1000.0
        self._platform, self._extra, self._script = platform, extra_args, script_files() if script is None else dict(script)
        self._out: list[tuple[str, bytes]] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._due_beats: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._run = self._starts = 0
        self._clock_sec = self._song_sec = 0.0
        self._song_held: list[int] = []
        self._frozen_sec = float("-inf")
        self._devices = {"link": LINK_NAME, "keys": KEYBOARD_NAME} if own_keyboard_script else {"link": LINK_NAME}
        self._hosts: dict[str, ScriptHost] = {}
        self.reload_script()
        self.at(start_sec + self._between(IDLE_SEC), self._idle)

    def next_sec(self) -> float:
        """When `advance` will have something to do."""
        if self._out:
            return self.studio.now_sec
        return min(self._due[0][0], self.studio.sec_at(self._due_beats[0][0]) if self._due_beats else math.inf)

    def advance(self, now_sec: float) -> list[tuple[str, bytes]]:
        """Let time pass up to `now_sec`; returns (port, bytes) of all that FL sent, in order. The port is "link"."""
        while True:
            timed, beat_sec = self._due[0][0], self.studio.sec_at(self._due_beats[0][0]) if self._due_beats else math.inf
            if min(timed, beat_sec) > now_sec:
                break
            sec, _, action = heapq.heappop(self._due) if timed <= beat_sec else (beat_sec, *heapq.heappop(self._due_beats)[1:])
            self.studio.now_sec = max(self.studio.now_sec, sec)
            action()
        self.studio.now_sec = max(self.studio.now_sec, now_sec)
        out, self._out = self._out, []
        return out

    def receive(self, port: str, data: bytes, now_sec: float) -> None:
        """A MIDI message reaches FL on "link" (the script's port) or "notes" (the synth's)."""
        self._out = self.advance(now_sec)
        if port == "link" and data[0] == 0xF0:
            self._call("link", "OnSysEx", Event(status=0xF0, sysex=data, port=LINK_PORT))
        elif port == "notes":
            self._hear(data, now_sec)

    def at(self, sec: float, action: Callable[[], None]) -> None:
        """Let a control act at a later time: `machine.at(2.5, machine.stop)`."""
        self._order += 1
        heapq.heappush(self._due, (sec, self._order, action))

    def play(self, recording: bool = False) -> None:
        """Start the transport where it stands."""
        if self.studio.playing:
            return
        for channel in range(16):
            self._out.append(("link", bytes((0xB0 | channel, 123, 0))))
        self._out.append(("link", START))
        self.studio.playing, self.studio.recording = True, recording
        self._starts += 1
        self.studio.bend(self.studio.now_sec, self.studio.fold(self.studio.line_beat), self.studio.tempo_bpm)
        self._begin_run()
        self._at_beat(self.studio.line_beat, self._clock)
        self._refresh(LEDS)

    def stop(self) -> None:
        """Stop the transport; FL's position stays where it is."""
        if not self.studio.playing:
            return
        self._silence_song()
        beat = self.studio.fold(self.studio.beat_at(self.studio.now_sec))
        self.studio.playing = self.studio.recording = False
        self.studio.bend(self.studio.now_sec, beat, self.studio.tempo_bpm)
        self._run += 1
        self._due_beats.clear()
        self._out.append(("link", STOP))
        self._refresh(LEDS)

    def seek(self, beat: float) -> None:
        """Move the playhead to a song position in quarter notes; the clock goes on."""
        self._move(self.studio.fold(beat))

    def set_tempo(self, tempo_bpm: float) -> None:
        """Change the tempo, playing or not."""
        now = self.studio.now_sec
        self.studio.bend(now, self.studio.beat_at(now), tempo_bpm)
        self._refresh(LEDS)

    def set_meter(self, meter: Meter) -> None:
        """Change the time signature."""
        self.studio.meter = meter
        self._refresh(LEDS)

    def set_pattern(self, pattern: int, pattern_beats: int) -> None:
        """Select another pattern, or give the present one another length."""
        beat = self.studio.fold(self.studio.beat_at(self.studio.now_sec))
        self.studio.pattern, self.studio.pattern_beats = pattern, pattern_beats
        self._move(self.studio.fold(beat))
        self._refresh(PATTERNS)

    def set_loop_mode(self, song_mode: bool) -> None:
        """Switch between pattern and song mode, as FL does: from the start."""
        self.studio.song_mode = song_mode
        self._move(0.0)
        self._refresh(LEDS)

    def select_channel(self, channel: int) -> None:
        """Select a channel in the channel rack, -1 for none."""
        self.studio.channel = channel
        self._refresh(CHANNEL_EVENT)

    def keys(self, on: bool, pitch: int, velocity: int = 90) -> None:
        """The user presses or lets go of a key."""
        self.key_message(0x90 if on else 0x80, pitch, velocity if on else 0)

    def key_message(self, status: int, data1: int, data2: int) -> None:
        """Any short message from the keyboard, such as a pedal (0xB0, 64, 127)."""
        event = Event(status, data1, data2, pmeFlags=LIVE_INPUT | SYSTEM | SYSTEM_SAFE | FROM_MIDI)
        self._call("keys" if "keys" in self._hosts else "link", "OnMidiMsg", event)
        if event.handled:
            self.faults.append("OnMidiMsg: the script kept a key from FL")

    def open_project(self, load_sec: float = 0.5, ok: bool = True) -> None:
        """Load another project: the transport stops, callbacks rain, and a script had better be silent."""
        self.stop()
        self.studio.bend(self.studio.now_sec, 0.0, self.studio.tempo_bpm)
        self._call_all("OnProjectLoad", LOAD_START)
        for host in self._hosts.values():
            host.loading = True
        for step in range(50):
            self.at(self.studio.now_sec + load_sec * step / 50, lambda: self._call_all("OnRefresh", 0xFFFF))
        self.at(self.studio.now_sec + load_sec, lambda: self._loaded(ok))

    def reload_script(self) -> None:
        """FL reads the script again, without OnDeInit, and calls OnInit twice."""
        for role, name in self._devices.items():
            self._collect(role)
            assigned = self._hosts[role].assigned if role in self._hosts else True
            self._hosts[role] = ScriptHost(self.studio, self._script, name, LINK_PORT, self._platform, self._extra)
            self._hosts[role].assigned = assigned
            self._call(role, "OnInit")
            self._call(role, "OnInit")

    def unload(self) -> None:
        """The user takes the script away from its port: the one case with an OnDeInit."""
        self._call_all("OnDeInit")
        self._hosts.clear()

    def set_assigned(self, assigned: bool) -> None:
        """Whether an output has the link's port number."""
        for host in self._hosts.values():
            host.assigned = assigned

    def freeze(self, sec: float) -> None:
        """A modal dialog opens: no OnIdle, refresh or beat callback for `sec` seconds; the song plays on."""
        self._frozen_sec = self.studio.now_sec + sec

    def sounding(self) -> set[tuple[int, int]]:
        """(channel, pitch) of the notes that the synth holds."""
        on: set[tuple[int, int]] = set()
        for note in self.notes:
            (on.add if note.velocity else on.discard)((note.channel, note.pitch))
        return on

    def _between(self, bounds: tuple[float, float]) -> float:
        return self._random.uniform(*bounds)

    def _at_beat(self, beat: float, action: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._due_beats, (beat, self._order, action))

    def _call(self, role: str, name: str, *args: object) -> None:
        if role in self._hosts:
            self._hosts[role].call(name, *args)
            self._collect(role)

    def _call_all(self, name: str, *args: object) -> None:
        for role in self._hosts:
            self._call(role, name, *args)

    def _collect(self, role: str) -> None:
        if role not in self._hosts:
            return
        host = self._hosts[role]
        self._out += [("link", data) for data in host.emitted]
        self.faults += host.faults
        self.printed += host.printed
        for heap in (host.emitted, host.faults, host.printed):
            heap.clear()

    def _gui(self, name: str, *args: object) -> None:
        """A callback of FL's window, which a modal dialog holds back."""
        if self.studio.now_sec >= self._frozen_sec:
            self._call_all(name, *args)

    def _idle(self) -> None:
        self._gui("OnIdle")
        self.at(self.studio.now_sec + self._between(IDLE_SEC), self._idle)

    def _refresh(self, flags: int) -> None:
        self.at(self.studio.now_sec + self._between(REFRESH_DELAY_SEC), lambda: self._gui("OnRefresh", flags))

    def _loaded(self, ok: bool) -> None:
        for host in self._hosts.values():
            host.loading = False
        self._call_all("OnProjectLoad", LOAD_OK if ok else LOAD_ERROR)

    def _move(self, beat: float) -> None:
        """Put the playhead somewhere else; while playing, the clock's own count is not disturbed."""
        now, studio = self.studio.now_sec, self.studio
        self._silence_song()
        to_clock_beats = next((due - studio.beat_at(now) for due, _, action in sorted(self._due_beats) if action == self._clock), None)
        studio.bend(now, beat, studio.tempo_bpm)
        if studio.playing and to_clock_beats is not None:
            self._begin_run()
            self._at_beat(beat + max(0.0, to_clock_beats), self._clock)

    def _begin_run(self) -> None:
        """Lay out beats and chords from the playhead on."""
        self._run += 1
        self._due_beats.clear()
        beat = self.studio.line_beat
        self._at_beat(math.ceil(beat - 1e-9), self._beat)
        self._lay_chord(beat - 1e-9)

    def _clock(self) -> None:
        late_sec = min(abs(self._random.gauss(0.0, self._jitter_sec)), 3.0 * self._jitter_sec)
        self._clock_sec = max(self._clock_sec, self.studio.now_sec + late_sec)
        start = self._starts
        self.at(self._clock_sec, lambda: self._out.append(("link", CLOCK)) if self.studio.playing and start == self._starts else None)
        self._at_beat(self.studio.beat_at(self.studio.now_sec) + 1.0 / TICKS_PER_BEAT, self._clock)

    def _beat(self) -> None:
        unwrapped = round(self.studio.beat_at(self.studio.now_sec))
        downbeat = math.isclose((self.studio.fold(unwrapped) / self.studio.meter.bar_beats) % 1.0, 0.0, abs_tol=1e-9)
        self.at(self.studio.now_sec + self._between(REFRESH_DELAY_SEC), lambda: self._gui("OnUpdateBeatIndicator", 1 if downbeat else 2))
        self._at_beat(unwrapped + 0.5, lambda: self._gui("OnUpdateBeatIndicator", 0))
        self._at_beat(unwrapped + 1.0, self._beat)

    def _lay_chord(self, after_beat: float) -> None:
        """Have the chords of the first onset after `after_beat` (unwrapped) played, and then the next."""
        studio = self.studio
        if studio.song_mode:
            onsets = [chord[0] for chord in self.song if chord[0] > after_beat]
        else:
            start = math.floor(after_beat / studio.pattern_beats) * studio.pattern_beats
            within = [chord[0] for chord in self.song if chord[0] < studio.pattern_beats]
            onsets = [base + onset for base in (start, start + studio.pattern_beats) for onset in within if base + onset > after_beat]
        if onsets:
            onset = min(onsets)
            self._at_beat(onset, lambda: self._strike(onset))

    def _strike(self, onset: float) -> None:
        folded = self.studio.fold(onset)
        for at_beat, duration, pitches, velocity in self.song:
            if math.isclose(at_beat, folded, abs_tol=1e-6):
                self._at_beat(onset + duration, lambda ends=tuple(pitches): self._play_song([(pitch, 0) for pitch in ends]))  # type: ignore[misc]
                self._play_song([(pitch, velocity) for pitch in pitches])
        self._lay_chord(onset + 1e-6)

    def _play_song(self, notes: list[tuple[int, int]]) -> None:
        """Let the MIDI Out plugin play notes: the script hears them up to one audio buffer later, in order."""
        self._song_sec = max(self._song_sec, self.studio.now_sec + self._random.uniform(0.0, BUFFER_SEC))
        run = self._run
        self.at(self._song_sec, lambda: self._send_song(notes) if run == self._run else None)

    def _send_song(self, notes: list[tuple[int, int]]) -> None:
        for pitch, velocity in notes:
            if velocity == 0 and pitch not in self._song_held:
                continue
            (self._song_held.append if velocity else self._song_held.remove)(pitch)
            status = 0x90 if velocity else 0x80
            event = Event(status, pitch, velocity, port=LINK_PORT, pmeFlags=SYSTEM | FROM_HOST)
            self._call("link", "OnMidiOutMsg", event)
            if not event.handled:
                self._out.append(("link", bytes((status, pitch, velocity))))

    def _silence_song(self) -> None:
        self._send_song([(pitch, 0) for pitch in tuple(self._song_held)])

    def _hear(self, data: bytes, now_sec: float) -> None:
        status, channel = data[0] & 0xF0, data[0] & 0x0F
        if status not in (0x80, 0x90):
            return
        beat = self.studio.beat_at(now_sec)
        velocity = data[2] if status == 0x90 else 0
        self.notes.append(HeardNote(now_sec, beat, self.studio.fold(beat), channel, data[1], velocity))
