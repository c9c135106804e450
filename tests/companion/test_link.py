"""The companion's end of hop 2: its bridge's life, and a link that finds it again."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from time import perf_counter

import pytest

from companion.bridge.door import Joined, Left
from companion.keys import make_keys, user_token
from companion.link import SILENCE_SEC, BridgeLink, BridgeProcess
from shared.errors import ConfigError, PortError
from shared.messages import Heartbeat, Status, Transport, Welcome
from tests.companion.bridge.house import PATIENCE_SEC, TOKEN, Companion, Doorkeeper, context, house, until

LONG_SEC = SILENCE_SEC + 1.0


class Clock:
    """The machine's clock, moved by as much as a test says."""

    def __init__(self) -> None:
        self.ahead_sec = 0.0

    def __call__(self) -> float:
        return perf_counter() + self.ahead_sec


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stopping_a_bridge_leaves_no_process() -> None:
    process = BridgeProcess("tcp://127.0.0.1:0", "tcp://127.0.0.1:0")
    pid = process.pid
    process.stop()
    process.stop()
    assert not alive(pid)
    assert not process.check()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_bridge_that_dies_is_started_again_and_the_link_finds_it() -> None:
    with house() as (sockets, process, fl):
        companion = Companion(sockets, process)
        first = process.pid
        assert not process.check()
        os.kill(first, signal.SIGKILL)
        until(lambda: companion.link.state == "connecting", companion.tend)
        assert not companion.link.send(Status(text="lost"))
        until(process.check)
        assert process.pid != first
        until(lambda: len(companion.told(Welcome)) == 2, companion.tend, fl.tend)
        until(lambda: companion.playing, companion.tend, fl.tend)
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), companion.tend, fl.tend)
        companion.link.close()


def test_a_bridge_that_was_silent_for_long_goes_on_over_the_same_connection() -> None:
    with house() as (sockets, process, fl):
        clock = Clock()
        companion = Companion(sockets, process, clock)
        until(lambda: companion.playing, companion.tend, fl.tend)
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), companion.tend, fl.tend)

        def pass_silently() -> None:
            clock.ahead_sec += LONG_SEC
            companion.tend()

        until(lambda: companion.link.state == "connecting", pass_silently)
        assert not companion.link.send(Status(text="lost"))
        until(lambda: len(companion.told(Welcome)) == 2, companion.tend, fl.tend)
        until(lambda: not fl.sounding(), companion.tend, fl.tend)
        companion.lay(75)
        until(lambda: fl.sounding() == {75}, companion.tend, fl.tend)
        companion.link.close()
        until(lambda: not fl.sounding(), fl.tend)


def test_who_was_kept_from_reading_for_long_has_lost_nothing() -> None:
    with house() as (sockets, process, fl):
        clock = Clock()
        companion = Companion(sockets, process, clock)
        until(lambda: companion.playing, companion.tend, fl.tend)
        clock.ahead_sec += LONG_SEC
        until(lambda: companion.link.waitables[0].poll(0), fl.tend)
        companion.tend()
        assert companion.link.state == "connected"
        companion.lay(72)
        until(lambda: 72 in fl.sounding(), companion.tend, fl.tend)
        assert len(companion.told(Welcome)) == 1
        companion.link.close()


def test_who_read_nothing_until_the_bridge_gave_it_up_is_admitted_again() -> None:
    with context() as sockets:
        keeper = Doorkeeper(sockets)
        link = BridgeLink(sockets, keeper.door.endpoint, TOKEN)

        def hear() -> None:
            link.receive(0.0)

        def flood() -> None:
            for _ in range(1000):
                keeper.door.send(Status(text="." * 80))

        until(lambda: link.state == "connected" and link.round_trip_sec is not None, hear, keeper.tend)
        until(lambda: Left() in keeper.events, flood, keeper.tend)
        until(lambda: keeper.events.count(Joined()) == 2 and link.state == "connected", hear, keeper.tend)
        until(lambda: isinstance(keeper.events[-1], Heartbeat), hear, keeper.tend)
        link.close()
        keeper.door.close()


def kill_without_end(process: BridgeProcess) -> None:
    for _ in range(10):
        os.kill(process.pid, signal.SIGKILL)
        until(process.check)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_bridge_that_dies_again_and_again_is_given_up() -> None:
    process = BridgeProcess("tcp://127.0.0.1:0", "tcp://127.0.0.1:0")
    try:
        with pytest.raises(PortError, match="companion doctor"):
            kill_without_end(process)
    finally:
        process.stop()


def test_a_bridge_that_cannot_start_says_why() -> None:
    with house() as (_, process, _fl), pytest.raises(PortError, match=r"does not start: tcp://.*Address already in use"):
        BridgeProcess(process.endpoint, "tcp://127.0.0.1:0")


def test_no_bridge_is_one_clear_line() -> None:
    with context() as sockets:
        link = BridgeLink(sockets, "tcp://127.0.0.1:9", "token")
        with pytest.raises(PortError, match=r"no bridge answers at tcp://127\.0\.0\.1:9"):
            link.connect(0.3)
        assert not link.send(Heartbeat(sent_sec=0.0))
        link.close()


def test_welcome_comes_first_and_the_clock_is_known() -> None:
    with house() as (sockets, process, _):
        companion = Companion(sockets, process)
        assert [type(message) for message in companion.messages][:2] == [Welcome, Transport]
        until(lambda: companion.link.round_trip_sec is not None, companion.tend)
        trip_sec = companion.link.round_trip_sec
        assert trip_sec is not None
        assert abs(companion.link.bridge_sec(5.0) - 5.0) <= trip_sec
        companion.link.close()


def test_what_a_bridge_on_another_machine_says_first_is_read_with_its_clock() -> None:
    with house() as (sockets, process, _):
        clock = Clock()
        clock.ahead_sec = 90_000.0
        link = BridgeLink(sockets, process.endpoint, process.token, now=clock)
        heard = link.connect(PATIENCE_SEC)
        transport, our_sec = next((message, sec) for message, sec in heard if isinstance(message, Transport))
        assert link.bridge_sec(our_sec) == pytest.approx(transport.at_sec, abs=PATIENCE_SEC)
        link.close()


def test_another_machine_needs_keys() -> None:
    with context() as sockets, pytest.raises(ConfigError, match="companion keys"):
        BridgeLink(sockets, "tcp://192.0.2.1:17817", "token")


def test_the_users_token_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAMBOT_TOKEN", raising=False)
    token = user_token(tmp_path / "jambot")
    assert len(token) >= 32
    assert user_token(tmp_path / "jambot") == token
    if sys.platform != "win32":
        assert (tmp_path / "jambot" / "token").stat().st_mode & 0o077 == 0
    (tmp_path / "jambot" / "token").write_text("")
    with pytest.raises(ConfigError, match="empty"):
        user_token(tmp_path / "jambot")


def test_keys_are_private_and_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_keys(tmp_path / "keys")
    assert "--keys" in capsys.readouterr().out
    if sys.platform != "win32":
        assert (tmp_path / "keys" / "bridge.key_secret").stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="keys stand here already"):
        make_keys(tmp_path / "keys")


def test_hearing_goes_on_while_waiting() -> None:
    with house() as (sockets, process, fl):
        link = BridgeLink(sockets, process.endpoint, process.token)
        link.connect(PATIENCE_SEC)
        fl.tend()
        heard: list[object] = []
        until(
            lambda: any(isinstance(message, Transport) and message.playing for message in heard),
            fl.tend,
            lambda: heard.extend(message for message, _ in link.receive(0.05)),
        )
        link.close()
