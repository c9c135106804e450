"""Asks the system to run this process before others, as far as it lets us. Knows nothing of what the process does."""

from __future__ import annotations

import ctypes
import gc
import os
import sys

FIFO_PRIORITY = 10
NICENESS = -10


def play_first() -> str:
    """Put this thread, and those it will start, before all others: for the player. Returns what was granted, for people to read."""
    if sys.platform == "linux":
        return _real_time()
    if sys.platform == "win32":
        return _windows(0x80)
    if sys.platform == "darwin":
        return _macos()
    return "normal"


def think_early() -> str:
    """Put this thread before ordinary ones and after the player's: for the companion. Returns what was granted."""
    if sys.platform == "linux":
        return _nice()
    if sys.platform == "win32":
        return _windows(0x8000)
    if sys.platform == "darwin":
        return _macos()
    return "normal"


def stop_collecting() -> None:
    """Keep the garbage collector from pausing the player; call it when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.disable()


if sys.platform == "linux":

    def _nice() -> str:
        try:
            # on Linux this is the thread's own, and that of threads it starts
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        except OSError as error:
            return f"normal (better refused: {error.strerror})"
        return "above normal"

    def _real_time() -> str:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
        except OSError as error:
            return f"normal (real-time refused: {error.strerror})"
        return "real-time"


if sys.platform == "win32":

    def _windows(priority_class: int) -> str:
        kernel, multimedia = ctypes.windll.kernel32, ctypes.windll.winmm
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetPriorityClass.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        # sleeps are then exact to a millisecond instead of sixteen
        multimedia.timeBeginPeriod(1)
        return "raised" if kernel.SetPriorityClass(kernel.GetCurrentProcess(), priority_class) else "normal (better refused)"


if sys.platform == "darwin":

    def _macos() -> str:
        user_interactive = 0x21
        refused = ctypes.CDLL(None).pthread_set_qos_class_self_np(user_interactive, 0)
        return "normal (user-interactive refused)" if refused else "user-interactive"
