"""Where a figure comes from: the command that gave it and the machine it ran on. Knows no figures."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from pathlib import Path


def provenance() -> dict[str, str]:
    """`command` as it was typed, folders that lie elsewhere by their names alone, and `machine`: what a file of figures says of itself."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        name = f"python -m {program.parent.name}"
    elif program.suffix == ".py":
        name = f"python -m {program.parent.name}.{program.stem}"
    else:
        name = program.stem
    return {"command": shlex.join([*name.split(), *map(_short, sys.argv[1:])]), "machine": machine()}


def machine() -> str:
    """Processors, system and Python of this machine."""
    return f"{os.cpu_count()} {platform.machine()} cores, {platform.system()}, Python {platform.python_version()}"


def _short(word: str) -> str:
    path = Path(word)
    return path.name if path.is_absolute() or ".." in path.parts else word
