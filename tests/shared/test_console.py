"""However a command ends, its user sees one line and the right exit status, never a traceback."""

from __future__ import annotations

import errno

import click
import pytest

from shared.console import run
from shared.errors import ConfigError


def ended(command: click.Command, *arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        run(command, "jam", list(arguments))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ConfigError("my.yaml: plan.bars_ahed\nis no setting"), 2, "error: my.yaml: plan.bars_ahed is no setting\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/jam/jam.mid"), 2, "error: /jam/jam.mid: No space left on device\n"),
        (click.UsageError("--bars goes with --demo."), 2, "error: --bars goes with --demo. See: jam --help\n"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            2,
            "error: the Python package torch is missing; in JamBot's folder: pip install -c constraints.txt .\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_is_one_line_and_its_status(capsys: pytest.CaptureFixture[str], error: BaseException, status: int, line: str) -> None:
    assert ended(raising(error)) == status
    shown = capsys.readouterr()
    assert shown.err.lstrip("\n") == line
    assert shown.out == ""


def test_an_error_of_the_program_itself_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()), "jam", [])


def test_a_command_that_is_done_ends_with_0_and_one_that_says_otherwise_with_that() -> None:
    @click.command()
    @click.argument("status", type=int)
    @click.pass_context
    def command(context: click.Context, /, status: int) -> None:
        if status:
            context.exit(status)

    assert ended(command, "0") == 0
    assert ended(command, "1") == 1


def test_unknown_options_are_told_with_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    @click.option("--bars", type=int)
    def command(bars: int) -> None:
        raise AssertionError(bars)

    assert ended(command, "--barz", "3") == 2
    assert "--barz" in capsys.readouterr().err
    assert ended(command, "--bars", "three") == 2
    assert capsys.readouterr().err.count("\n") == 1
