"""A script's side of hop 1 for the tests: says frames, hears frames."""

from __future__ import annotations

from typing import Any

from shared.frames import TO_BRIDGE, Frame, Outbox, decode

BEACON: dict[str, Any] = {
    "playing": False,
    "recording": False,
    "loop_mode": "song",
    "position_ppq_ticks": 0,
    "ppq": 96,
    "tempo_millibpm": 120_000,
    "bar_ppq_ticks": 384,
    "pattern": 1,
    "pattern_beats": 0,
    "channel": 3,
    "why": 0,
}


class Script:
    """One script instance; `say` returns the bytes of what it sends at `now_sec`."""

    def __init__(self, nonce: int = 77) -> None:
        self.outbox = Outbox(TO_BRIDGE, nonce, pace=8)

    def say(self, kind: str, now_sec: float, **fields: Any) -> list[bytes]:
        self.outbox.push(kind, fields)
        return self.outbox.take(now_sec)

    def beacon(self, now_sec: float, **fields: Any) -> list[bytes]:
        return self.say("beacon", now_sec, **(BEACON | fields))

    def hello(self, now_sec: float, role: str = "link") -> list[bytes]:
        return self.say("hello", now_sec, script="1", host="FL Studio 2025", role=role, port=7)

    def notes(self, now_sec: float, *pairs: tuple[int, int], source: str = "keys") -> list[bytes]:
        return self.say("notes", now_sec, source=source, notes=pairs)

    def held(self, now_sec: float, keys: tuple[int, ...] = (), song: tuple[int, ...] = ()) -> list[bytes]:
        return self.say("held", now_sec, after=self.outbox.after, keys=keys, song=song)


def frames(data: list[bytes]) -> list[Frame]:
    """The frames in what the bridge sent."""
    decoded = [decode(item) for item in data]
    assert None not in decoded
    return [frame for frame in decoded if frame is not None]
