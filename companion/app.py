"""A live jam: bridge, link, soloist and recorder put together, a status line, and an end that leaves nothing behind. Shell."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
import zmq

from companion.bridge.ports import PortNames
from companion.cast import build_conductor, header_of
from companion.conductor import Conductor
from companion.figures import percentile
from companion.keys import client_keys, user_token
from companion.link import BridgeLink, BridgeProcess
from companion.live_loop import LiveLoop, SoloistThread
from companion.model_store import fingerprint, open_soloist
from companion.options import LiveOptions
from companion.recorder import Recorder
from companion.touch_store import choose_touch, with_touch
from shared.messages import Status

CONNECT_SEC = 5.0
PLAIN_LINE_SEC = 2.0


class StopRequest:
    """Becomes true at Ctrl-C or SIGTERM; a second Ctrl-C interrupts at once."""

    def __init__(self) -> None:
        self.asked = False
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def live(options: LiveOptions) -> None:
    """Play with FL Studio until Ctrl-C. Raises PortError, ConfigError, CheckpointError or DataError before a note sounds."""
    stop = StopRequest()
    settings = options.settings
    touch = choose_touch(settings)
    soloist = with_touch(open_soloist(options.model, options.device), touch, settings, options.seed)
    with ExitStack() as stack:
        context = stack.enter_context(zmq.Context())
        bridge = None
        if options.bridge is None:
            names = PortNames(settings.ports.link_in, settings.ports.link_out, settings.ports.notes)
            bridge = BridgeProcess(settings.link.endpoint, "midi", settings.ports.api, names)
            stack.callback(bridge.stop)
        link = connect(context, options, bridge)
        stack.callback(link.close)
        heard = link.connect(CONNECT_SEC)
        header = header_of(options.model, fingerprint(options.model, options.device), touch, options.seed, options.chart, settings)
        recorder = Recorder(options.out, datetime.now().strftime("jam-%Y-%m-%d-%H%M%S"), header)
        stack.callback(_finish, recorder)
        thread = stack.enter_context(SoloistThread(context, soloist))
        conductor = build_conductor(settings, options.seed, options.chart, thread.worker, recorder)
        for message, our_sec in heard:
            conductor.receive(message, link.bridge_sec(our_sec))
        status = StatusLine(soloist.name, conductor, link, bridge, recorder)
        # before the recorder is closed, however the jam ends: the chords' names are written with it
        stack.callback(lambda: conductor.stop(status.now_sec))
        click.echo(f"JamBot plays {soloist.name}, seed {options.seed}; press play in FL Studio, Ctrl-C ends")
        click.echo(f"loudness, lag and length by {touch.shown}")
        LiveLoop(conductor, thread, link, recorder, status.tend, status.complain).run(lambda: stop.asked)
        status.end()


def connect(context: zmq.Context[zmq.Socket[bytes]], options: LiveOptions, bridge: BridgeProcess | None) -> BridgeLink:
    """A link to our own bridge, or to the one that the options name, with the token or the keys that it asks for."""
    if bridge is not None:
        return BridgeLink(context, bridge.endpoint, bridge.token)
    assert options.bridge is not None
    if options.keys is not None:
        return BridgeLink(context, options.bridge, "", client_keys(options.keys))
    return BridgeLink(context, options.bridge, user_token())


class StatusLine:
    """Tells the user, and FL's hint bar, how things stand; starts a bridge of our own again if it died."""

    def __init__(
        self, name: str, conductor: Conductor, link: BridgeLink, bridge: BridgeProcess | None, recorder: Recorder
    ) -> None:
        self._name = name
        self._recorder = recorder
        self._told_fault: str | None = None
        self._conductor = conductor
        self._link = link
        self._bridge = bridge
        self._terminal = sys.stdout.isatty()
        self._line = ""
        self._hint = ""
        self._line_sec = float("-inf")
        self.now_sec = 0.0

    def tend(self, now_sec: float) -> None:
        """Show what has changed; called a few times a second."""
        self.now_sec = now_sec
        if self._bridge is not None and self._bridge.check():
            self.complain("the bridge had died and was started again")
        if self._recorder.fault != self._told_fault:
            self._told_fault = self._recorder.fault
            self.complain(f"{self._told_fault}")
        line = self._describe()
        if line != self._line and (self._terminal or now_sec - self._line_sec >= PLAIN_LINE_SEC):
            self._line, self._line_sec = line, now_sec
            click.echo(f"\r\x1b[2K{line}" if self._terminal else line, nl=not self._terminal)
        hint = self._describe_briefly()
        if hint != self._hint and self._link.send(Status(text=hint)):
            self._hint = hint

    def complain(self, line: str) -> None:
        """Show a line that stays."""
        click.echo(f"\r\x1b[2K{line}" if self._terminal else line, err=True)

    def end(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._terminal and self._line:
            click.echo()

    def _describe_briefly(self) -> str:
        """For FL's hint bar: short, ASCII, and not so lively that it flickers."""
        chord = self._conductor.chord_symbol
        if not self._conductor.session.playing:
            return f"JamBot ({self._name}): ready, press play"[:80]
        if chord == "-":
            return f"JamBot ({self._name}): listening for chords"[:80]
        return f"JamBot ({self._name}): {chord}, {self._conductor.bars_ahead:.0f} bars ahead"[:80]

    def _describe(self) -> str:
        session, figures = self._conductor.session, self._conductor.figures
        transport = session.transport
        if self._link.state != "connected":
            return "bridge lost, reconnecting"
        if transport is None or not transport.script:
            return "waiting for FL Studio's script (run `companion doctor` if FL is open)"
        if not transport.playing:
            return "connected, FL Studio is stopped"
        ready = percentile(figures.ready_ms, 0.5)
        parts = [
            "connected" if transport.clock == "midi" else "connected without MIDI clock (turn on Send master sync)",
            f"bar {session.grid.bar_index(session.tick_at(self.now_sec)) + 1}",
            self._conductor.chord_symbol if self._conductor.chord_symbol != "-" else "listening for chords",
            f"{self._conductor.bars_ahead:.1f} bars ahead",
            "ready -" if ready is None else f"ready {ready:.0f} ms",
            f"{figures.fallbacks} fallbacks",
        ]
        return " | ".join(parts)


def _finish(recorder: Recorder) -> None:
    jam = recorder.close()
    path: Path | None = recorder.midi_path
    if path is not None and path.exists():
        click.echo(f"kept {path} ({len(jam.solo)} notes) and its log")
