"""The program `companion`: makes sure that JamBot's own packages stand beside it, then runs the command. Knows no command."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import NoReturn

HOME = Path(__file__).resolve().parent.parent


def foreign_package(home: Path = HOME) -> str | None:
    """What is wrong where `shared` or `config` would not be imported from `home`, JamBot's own folder; None where all is well."""
    for name in ("shared", "config"):
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).resolve() if spec is not None and spec.origin is not None else None
        if found is None or found.parent.parent != home:
            where = found or "a folder without __init__.py"
            return f"JamBot's package `{name}` in {home} is hidden by another: {where}; take that one out of PYTHONPATH or the environment"
    return None


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run `companion` with the command line's arguments and end the process."""
    foreign = foreign_package()
    if foreign is not None:
        sys.exit(_refused(foreign))
    # Imported only now: these need the packages that were just looked for.
    try:
        from companion.commands import companion
        from shared.console import run
    except ModuleNotFoundError as error:
        sys.exit(_refused(f"the Python package {error.name} is missing; in JamBot's folder: pip install -c constraints.txt ."))

    run(companion, "companion", arguments)


def _refused(why: str) -> int:
    print(f"error: {why}", file=sys.stderr)
    return 2
