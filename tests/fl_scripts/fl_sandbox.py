"""FL Studio 2024's interpreter, emulated: needs CPython 3.12.

    python3.12 fl_sandbox.py OPEN CLOSED     first the file OPEN runs, then the file CLOSED under the ban

Both run in one isolated sub-interpreter, where C extensions such as pyzmq refuse to load; while CLOSED runs, an audit hook
refuses sockets, files, programs and threads as FL's does, with no exception set. Exit code 0 if neither failed.
"""

import _xxsubinterpreters as interpreters
import ctypes
import os
import sys

# mypy: ignore-errors

REFUSED = ("socket.", "subprocess.", "ctypes.", "shutil.", "os.", "open", "_thread.start_new_thread")
HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p)
banned = False


def _heed(event, _args, _data):
    return -1 if banned and event.decode().startswith(REFUSED) else 0


hook = HOOK(_heed)  # the interpreter keeps only the pointer


def main(open_path, closed_path):
    """Run both files; 0 if neither failed."""
    global banned
    sources = ["import sys, time, types, socket, threading, subprocess\n"]
    for path in (open_path, closed_path):
        with open(path, encoding="ascii") as file:
            sources.append(file.read())
    ctypes.pythonapi.PySys_AddAuditHook.argtypes = [HOOK, ctypes.c_void_p]
    ctypes.pythonapi.PySys_AddAuditHook(hook, None)
    interpreter = interpreters.create()
    try:
        for number, source in enumerate(sources):
            banned = number == 2
            interpreters.run_string(interpreter, source)
    except interpreters.RunFailedError as error:
        banned = False
        print("failed:", error)
        return 1
    finally:
        banned = False
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # a sub-interpreter under an audit hook does not take itself down cleanly
