"""The machine's lateness: a thread that was kept from running says for how long; what was cut off says that."""

from __future__ import annotations

import os
import signal
import sys
from time import sleep

import pytest

from companion.lateness import Watch
from shared.errors import JamBotError

HELD_SEC = 0.3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold a process and let it go on")
def test_a_thread_that_is_kept_from_running_says_for_how_long() -> None:
    with Watch() as watch:
        os.kill(watch.pid, signal.SIGSTOP)
        sleep(HELD_SEC)
        os.kill(watch.pid, signal.SIGCONT)
        sleep(HELD_SEC)
    late = watch.late_ms
    assert late.p50 is not None
    assert late.worst is not None
    assert 0 <= late.p50 < late.worst
    assert late.worst >= HELD_SEC * 1000 * 0.9


def test_a_watch_that_was_ended_is_told() -> None:
    with pytest.raises(JamBotError, match="measure again"), Watch() as watch:
        os.kill(watch.pid, signal.SIGTERM)


def test_what_went_wrong_beside_the_watch_is_what_is_told() -> None:
    with pytest.raises(ZeroDivisionError), Watch():
        raise ZeroDivisionError
