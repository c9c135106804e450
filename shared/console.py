"""How a command of JamBot ends: whatever goes wrong, one line on stderr and the right exit status. Knows no command.

Exit status: 0 done, 1 a check or comparison failed, 2 something is wrong that the line names, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

import click

from shared.errors import JamBotError


def run(command: click.Command, name: str, arguments: list[str] | None = None) -> NoReturn:
    """Run a click command as the program `name` and end the process; `arguments` None: those of the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A console that has no flat sign shows "?" there.
            stream.reconfigure(errors="replace")
    sys.exit(_status(command, name, arguments))


def _status(command: click.Command, name: str, arguments: list[str] | None) -> int:
    try:
        result = command.main(arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command_path = context.command_path if context is not None else name
        return _fail(f"{error.format_message()} See: {command_path} --help")
    except JamBotError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(f"the Python package {error.name} is missing; in JamBot's folder: pip install -c constraints.txt .")
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename is not None else ""
        return _fail(f"{place}{error.strerror or error}")
    return result if isinstance(result, int) else 0


def _fail(message: str) -> int:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return 2
