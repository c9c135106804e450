"""How late the machine wakes a thread that only waits, as first in line as the player: what nothing that runs on it can play around. Shell.

A process of its own, so that no work of ours stands in its way:

    with Watch() as watch:
        ...
    watch.late_ms
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from time import perf_counter, sleep
from types import TracebackType

import msgspec

from companion.figures import percentile
from companion.priority import play_first, stop_collecting
from shared.errors import JamBotError

EVERY_SEC = 0.004
END_SEC = 5.0


class LateMs(msgspec.Struct, frozen=True):
    """Milliseconds between the moment for which a thread asked to be woken and the moment when it ran."""

    p50: float | None
    p99: float | None
    worst: float | None


class Watch:
    """Waits beside what is measured, from `with` to its end; `late_ms` is there after it. Raises JamBotError where it was ended."""

    late_ms: LateMs
    pid: int

    def __enter__(self) -> Watch:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "companion.lateness"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C ends it as well, without a word
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
        )
        self.pid = self._child.pid
        assert self._child.stdout is not None
        self._child.stdout.readline()  # from here on it waits; where it died there is nothing to read, and the end tells
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        try:
            said, _ = self._child.communicate(timeout=END_SEC)
        except subprocess.TimeoutExpired:
            self._child.kill()
            said, _ = self._child.communicate()
        if kind is not None:
            return
        try:
            self.late_ms = msgspec.json.decode(said, type=LateMs)
        except msgspec.DecodeError:
            raise JamBotError(f"what watches the machine's lateness ended with {self._child.returncode}; measure again") from None


def watch_until_stdin_ends() -> LateMs:
    """Say with an empty line that it begins, and sleep 4 ms at a time until standard input ends; how late each sleep ended."""
    ended = threading.Event()

    def read() -> None:
        while os.read(0, 64):
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    late_ms: list[float] = []
    due_sec = perf_counter() + EVERY_SEC
    print(flush=True)
    while not ended.is_set():
        sleep(max(0.0, due_sec - perf_counter()))
        woken_sec = perf_counter()
        late_ms.append((woken_sec - due_sec) * 1000.0)
        due_sec = woken_sec + EVERY_SEC
    return LateMs(percentile(late_ms, 0.5), percentile(late_ms, 0.99), max(late_ms, default=None))


if __name__ == "__main__":
    play_first()
    stop_collecting()
    sys.stdout.buffer.write(msgspec.json.encode(watch_until_stdin_ends()))
