"""FL Studio's state <-> frames: what the script notices, says and obeys. Knows FL's functions only as passed in, and no sockets.

Everything runs on FL's main thread and must return at once. A call that FL refuses as unsafe is not tried again from the
same callback, only from OnIdle: repeated refusals have crashed FL. Nothing is sent while a project loads, for the same reason.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from fl_scripts.JamBot.sounding import Audition, Held
    from shared import frames
else:
    import frames
    from sounding import Audition, Held

SCRIPT_VERSION = "0.1.0"
HELLO_SEC = 2.0
PLAYING_BEACON_SEC, STOPPED_BEACON_SEC = 0.5, 1.0
LOAD_MAX_SEC = 60.0
JUMP_BEATS = 0.25
SONG_POSITION_TICKS = 2  # FL: SONGLENGTH_ABSTICKS
SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123
LOAD_START = 0
LONG_AGO = float("-inf")
URGENT = frames.START | frames.STOP | frames.JUMP | frames.PATTERN | frames.PROJECT


class FL(object):
    """FL Studio's API modules, under their own names."""

    def __init__(
        self, channels: "Any", device: "Any", general: "Any", mixer: "Any", patterns: "Any", transport: "Any", ui: "Any"
    ) -> None:
        self.channels, self.device, self.general, self.mixer = channels, device, general, mixer
        self.patterns, self.transport, self.ui = patterns, transport, ui


class Safely(object):
    """Calls a callback's work so that no exception reaches FL, and tells the first one of each kind.

    The one place where a broad except is right: an exception that leaves a callback can end the script without a word or
    crash FL with the user's song, and the link mends itself at the next callback.
    """

    def __init__(self, tell: "Callable[[str], object]") -> None:
        self._tell = tell
        self._told = set()  # type: set[tuple[str, str]]

    def __call__(self, name: str, work: "Callable[..., None]", *args: "Any") -> None:
        try:
            work(*args)
        except Exception as error:
            kind = (name, type(error).__name__)
            if kind not in self._told:
                self._told.add(kind)
                self._tell("JamBot: {} failed: {}: {}".format(name, kind[1], error))


class Link(object):
    """One script instance. Every `on_...` is one callback: it notes what happened, looks at FL, and sends what may be sent.

    `clock` gives seconds; `platform` is sys.platform: Windows' MIDI drivers take one frame a callback, macOS' eight.
    """

    def __init__(self, fl: FL, clock: "Callable[[], float]", platform: str) -> None:
        self._fl, self._clock = fl, clock
        self._pace = 8 if platform == "darwin" else 1
        self._refusing = set()  # type: set[str]
        self._audition = Audition(fl.channels)
        self._hint, self._hint_shown = "", ""
        self._renew("", -1)

    def _renew(self, name: str, port: int) -> None:
        """Begin a new life: a nonce of our own, nothing held, nothing known, nobody heard."""
        now = self._clock()
        nonce = int(now * 1e6)
        for mark in "{} {}".format(name, port):
            nonce = nonce * 131 + ord(mark)
        self._outbox = frames.Outbox(frames.TO_BRIDGE, nonce & frames.NONCE_MAX, self._pace)
        self._inbox, self._told_status = None, False  # type: frames.Inbox | None, bool
        self._heard_sec = None  # type: float | None
        self._port, self._is_link, self._assigned = _within(port, -1, 255), "jambot" in name.lower(), False
        self._held = {"keys": Held(), "song": Held()}
        self._notes = []  # type: list[tuple[str, int, int]]
        self._controllers = {}  # type: dict[int, int]
        self._state = None  # type: dict[str, Any] | None
        self._looked_sec, self._beacon_sec, self._held_sec, self._hello_sec = now, LONG_AGO, LONG_AGO, LONG_AGO
        self._why = frames.PROJECT
        self._loading_sec = None  # type: float | None

    def start(self) -> None:
        """OnInit, which FL may call many times without OnDeInit: always a new life."""
        self._audition.keep(())
        self._renew(self._fl.device.getName(), self._fl.device.getPortNumber())
        self._step("OnInit")

    def stop(self) -> None:
        """OnDeInit: nothing of ours sounds on, and the bridge need not wait for a silence to notice."""
        self._audition.keep(())
        try:
            self._audition.play()
        finally:
            if self._fl.device.isAssigned():
                self._fl.device.midiOutSysex(self._outbox.at_once("bye", {}))

    def on_midi(self, source: str, event: "Any") -> None:
        """A short message from the keyboard ("keys") or from FL's MIDI Out plugin ("song"); it is passed on unhandled."""
        if self._loading_sec is not None:
            return
        message, channel = event.status & 0xF0, event.status & 0x0F
        held, first, second = self._held[source], event.data1 & 0x7F, event.data2 & 0x7F
        if message == 0x90 and second:
            held.strike(channel, first)
            self._notes.append((source, first, second))
        elif message in (0x80, 0x90):
            self._end(source, held.release(channel, first))
        elif message == 0xB0 and first == SUSTAIN:
            self._end(source, held.pedal(channel, second >= 64))
        elif message == 0xB0 and first in (ALL_SOUND_OFF, ALL_NOTES_OFF):
            self._end(source, held.clear(channel))
        elif message == 0xB0 and source == "keys":
            self._controllers[first] = second
        self._step("OnMidiMsg" if source == "keys" else "OnMidiOutMsg")

    def on_sysex(self, event: "Any") -> None:
        """A frame from the bridge, an echo of our own, or somebody else's SysEx, which is left alone."""
        frame = frames.decode(event.sysex)
        if frame is None:
            return
        event.handled = True
        if frame.direction == frames.TO_FL and self._loading_sec is None:
            now = self._clock()
            if self._inbox is None or self._inbox.nonce != frame.nonce:
                self._inbox, self._told_status = frames.Inbox(frame.nonce), False
                self._held_sec = self._hello_sec = LONG_AGO
                self._why |= frames.IDLE
            self._heard_sec, self._is_link = now, True
            for ready in self._inbox.receive(frame, now):
                self._act(ready.kind, ready.fields, now)
        self._step("OnSysEx")

    def on_idle(self) -> None:
        """OnIdle: the one callback from which everything is tried."""
        if self._loading_sec is not None and self._clock() - self._loading_sec > LOAD_MAX_SEC:
            self._loading_sec = None
        self._step("OnIdle")

    def on_refresh(self) -> None:
        """OnRefresh: something changed; looking tells what."""
        self._step("OnRefresh")

    def on_beat(self, value: int) -> None:
        """OnUpdateBeatIndicator: 1 on a downbeat, 2 on a beat, 0 between."""
        self._why |= frames.BEAT if value else 0
        self._step("OnUpdateBeatIndicator")

    def on_project_load(self, status: int) -> None:
        """OnProjectLoad: silence from 0 (begun) to 100 (loaded) or 101 (failed)."""
        if status == LOAD_START:
            self._loading_sec = self._clock()
            return
        self._loading_sec = None
        self._audition.keep(())
        for source in sorted(self._held):
            self._end(source, self._held[source].clear())
        self._state = None
        self._why |= frames.PROJECT
        self._step("OnProjectLoad")

    def _end(self, source: str, pitches: "list[int]") -> None:
        self._notes += [(source, pitch, 0) for pitch in pitches]

    def _act(self, kind: str, fields: "dict[str, Any]", now: float) -> None:
        """Obey a frame of the bridge."""
        if kind == "ack":
            self._outbox.acked(fields, now)
        elif kind == "heartbeat":
            self._audition.keep(fields["sounding"])
        elif kind == "audition":
            self._audition.add(fields["notes"])
        elif kind == "welcome" and not self._told_status:
            self._hint = "JamBot: connected to the bridge"
        elif kind == "status":
            self._hint, self._told_status = fields["text"], True
            if not fields["audition"]:
                self._audition.keep(())

    def _step(self, where: str) -> None:
        """The end of every callback: hear what waited, look, play, show, send."""
        now = self._clock()
        if self._loading_sec is not None:
            return
        if self._inbox is not None:
            for ready in self._inbox.poll(now):
                self._act(ready.kind, ready.fields, now)
        if self._heard_sec is not None and now - self._heard_sec > frames.LOST_SEC:
            self._inbox, self._heard_sec = None, None
            self._audition.keep(())
            self._hint = "JamBot: the bridge is gone; start companion"
        self._try(where, "look", lambda: self._look(now))
        self._try(where, "audition", self._audition.play)
        self._try(where, "send", lambda: self._send(where, now))
        if self._hint != self._hint_shown:
            self._try(where, "hint", self._show)

    def _try(self, where: str, what: str, work: "Callable[[], None]") -> None:
        """Do what FL may refuse as unsafe just now; if it does, leave it to OnIdle from then on."""
        place = "{} {}".format(where, what)
        if place in self._refusing:
            return
        try:
            work()
        except (TypeError, RuntimeError) as error:
            if "unsafe" not in str(error).lower():
                raise
            if where != "OnIdle":
                self._refusing.add(place)

    def _show(self) -> None:
        self._fl.ui.setHintMsg(self._hint)
        self._hint_shown = self._hint

    def _look(self, now: float) -> None:
        """Read FL's state and note why the bridge should hear of it."""
        if not self._is_link:
            return
        fl, before = self._fl, self._state
        tempo = fl.mixer.getCurrentTempo()
        pattern = fl.patterns.patternNumber()
        state = {
            "playing": bool(fl.transport.isPlaying()),
            "recording": bool(fl.transport.isRecording()),
            "loop_mode": "song" if fl.transport.getLoopMode() else "pattern",
            "position_ppq_ticks": _within(fl.transport.getSongPos(SONG_POSITION_TICKS), 0, (1 << 31) - 1),
            "ppq": _within(fl.general.getRecPPQ(), 1, 9999),
            # FL gives thousandths of a BPM, but some builds have given BPM; no song is slower than 1 or faster than 999.
            "tempo_millibpm": _within(tempo if tempo > 1000 else tempo * 1000, 1000, 999999),
            "bar_ppq_ticks": _within(fl.general.getRecPPB(), 1, (1 << 20) - 1),
            "pattern": _within(pattern, 0, 9999),
            "pattern_beats": _within(fl.patterns.getPatternLength(pattern), 0, 99999),
            "channel": _within(fl.channels.selectedChannel(1, 0, 1), -1, 9999),
        }
        if before is not None:
            self._why |= self._change(before, state, now - self._looked_sec)
            if before["playing"] and not state["playing"]:
                self._end("song", self._held["song"].clear())
        self._state, self._looked_sec = state, now
        if now - self._beacon_sec >= (PLAYING_BEACON_SEC if state["playing"] else STOPPED_BEACON_SEC):
            self._why |= frames.IDLE

    @staticmethod
    def _change(before: "dict[str, Any]", state: "dict[str, Any]", passed_sec: float) -> int:
        """Why a beacon is due: what differs, other than the playhead moving on as it should."""
        why = 0
        if before["playing"] != state["playing"]:
            why |= frames.START if state["playing"] else frames.STOP
        moved = (state["position_ppq_ticks"] - before["position_ppq_ticks"]) / float(state["ppq"])
        due = passed_sec * state["tempo_millibpm"] / 60000.0 if before["playing"] and state["playing"] else 0.0
        if abs(moved - due) > JUMP_BEATS:
            why |= frames.JUMP
        if any(before[name] != state[name] for name in ("pattern", "pattern_beats", "loop_mode")):
            why |= frames.PATTERN
        if any(before[name] != state[name] for name in ("tempo_millibpm", "bar_ppq_ticks", "ppq", "channel", "recording")):
            why |= frames.IDLE
        return why

    def _send(self, where: str, now: float) -> None:
        """Send as much as one callback may, the most pressing first."""
        device = self._fl.device
        if not device.isAssigned():
            self._assigned = False
            self._hint = "JamBot: in MIDI settings give output JamBot Link Out this input's port number"
            del self._notes[:]
            self._controllers.clear()
            return
        if not self._assigned:
            self._assigned = True
            self._hint = "JamBot: waiting for the bridge; start companion" if self._is_link else ""
        turns = [self._queued, self._beacon, self._snapshot, self._ack, self._hello]
        if where == "OnIdle" and not self._notes:
            # Resends to a bridge that cannot answer must not keep the snapshots back that make up for them.
            turns = [self._snapshot, self._ack, self._queued, self._beacon, self._hello]
        if self._why & URGENT or where == "OnUpdateBeatIndicator":
            turns.insert(0, self._beacon)
        room = self._pace
        for turn in turns:
            for data in turn(now, room) if room else ():
                device.midiOutSysex(data)
                room -= 1

    def _queued(self, now: float, room: int) -> "list[bytes]":
        """Notes and controllers. They wait here, together, while others still wait in the outbox."""
        if self._outbox.next_sec() != LONG_AGO:
            self._push()
        return self._outbox.take(now, room)

    def _push(self) -> None:
        while self._notes:
            source, count = self._notes[0][0], 1
            while count < min(len(self._notes), frames.NOTES_MAX) and self._notes[count][0] == source:
                count += 1
            self._outbox.push("notes", {"source": source, "notes": tuple(note[1:] for note in self._notes[:count])})
            del self._notes[:count]
        values = sorted(self._controllers.items())
        for start in range(0, len(values), frames.NOTES_MAX):
            self._outbox.push("controller", {"values": tuple(values[start : start + frames.NOTES_MAX])})
        self._controllers.clear()

    def _beacon(self, now: float, _room: int) -> "list[bytes]":
        """Where the song is. Only a position read in this same callback is worth telling."""
        if not self._why or self._state is None or self._looked_sec != now:
            return []
        fields = dict(self._state, why=self._why)
        self._beacon_sec, self._why = now, 0
        return [self._outbox.at_once("beacon", fields)]

    def _snapshot(self, now: float, _room: int) -> "list[bytes]":
        if now - self._held_sec < frames.HEARTBEAT_SEC:
            return []
        self._push()
        self._held_sec = now
        held = {source: self._held[source].pitches for source in self._held}
        return [self._outbox.at_once("held", dict(held, after=self._outbox.after))]

    def _ack(self, _now: float, _room: int) -> "list[bytes]":
        owed = None if self._inbox is None else self._inbox.ack_due()
        return [] if owed is None else [self._outbox.at_once("ack", owed)]

    def _hello(self, now: float, _room: int) -> "list[bytes]":
        if now - self._hello_sec < HELLO_SEC:
            return []
        self._hello_sec = now
        host = "".join(mark if " " <= mark <= "~" else "?" for mark in str(self._fl.ui.getVersion()))[:40]
        role = "link" if self._is_link else "keys"
        return [self._outbox.at_once("hello", {"script": SCRIPT_VERSION, "host": host, "role": role, "port": self._port})]


def _within(number: float, least: int, most: int) -> int:
    """A number of FL's as a whole one that its field can carry."""
    return max(least, min(most, round(number)))
