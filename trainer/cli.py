"""The program `trainer`: makes sure that JamBot's own `shared` stands beside it, then runs the command. Knows no command."""

from __future__ import annotations

import sys
from typing import NoReturn

import shared


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run `trainer` with the command line's arguments and end the process."""
    if not hasattr(shared, "JAMBOT"):
        where = getattr(shared, "__file__", None) or "a folder without __init__.py"
        print(f"error: JamBot's package `shared` is hidden by another: {where}; take that one out of PYTHONPATH", file=sys.stderr)
        sys.exit(2)
    # Imported only now: these need the package that was just looked at.
    from shared.console import run
    from trainer.commands import trainer

    run(trainer, "trainer", arguments)
