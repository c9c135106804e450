"""The live loop on real sockets: what the bridge refuses is told."""

from __future__ import annotations

from companion.cast import build_conductor, header_of
from companion.fallback import FallbackSoloist
from companion.link import BridgeLink
from companion.live_loop import LiveLoop, SoloistThread
from companion.recorder import Recorder
from companion.touch_store import BY_RULES
from shared.messages import Error, Goodbye
from shared.settings import load_settings
from tests.companion.bridge.house import TOKEN, Doorkeeper, context, until


def test_what_the_bridge_refuses_is_told_once() -> None:
    settings = load_settings()
    recorder = Recorder(None, "jam", header_of("fallback", "", BY_RULES, 1, None, settings))
    with context() as sockets, SoloistThread(sockets, FallbackSoloist()) as thread:
        keeper = Doorkeeper(sockets)
        link = BridgeLink(sockets, keeper.door.endpoint, TOKEN)
        told: list[str] = []
        conductor = build_conductor(settings, 1, None, thread.worker, recorder)
        loop = LiveLoop(conductor, thread, link, recorder, lambda _: None, told.append)
        # what is said is held back until the bridge's clock is known
        until(lambda: link.round_trip_sec is not None, loop.step, keeper.tend)
        for number in range(3):
            keeper.door.send(Error(code="message", text=f"plan {number}: no"))
        keeper.door.send(Goodbye())
        until(lambda: link.state == "connecting", loop.step)
        assert told == ["the bridge refuses: plan 0: no"]
        link.close()
        keeper.door.close()
