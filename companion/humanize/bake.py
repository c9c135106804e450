"""Makes the script for FL Studio's piano roll that humanizes a pattern by itself. Knows source text; knows no notes and no command line."""

from __future__ import annotations

import ast
import importlib.resources
from pathlib import Path

from companion import __version__
from shared.errors import ConfigError
from shared.touch_table import TouchTable, Trees

USUAL_TEMPO_BPM = 120
_PARTS = (("shared", "touch_trees.py"), ("fl_scripts", "piano_roll/humanize.py"))
_FIGURES_A_LINE = 32


def baked(table: TouchTable, style: str, tempo_bpm: int = USUAL_TEMPO_BPM) -> str:
    """The whole script for one of the table's styles: ASCII, for Python 3.6 and later, importing `math` and `flpianoroll` only.

    `tempo_bpm` is what the dialog shows first. Raises ConfigError for a style that the table does not know.
    """
    trees, script = (_bare(_source(package, path)) for package, path in _PARTS)
    alone = table.in_style(style)
    lines = [
        # Escaped, since people name models in their own letters.
        ascii(f"JamBot {__version__}: humanizes the open pattern as {table.model} plays {table.instrument}, style {style}."),
        trees,
        f"TITLE = {title(table, style)!r}",
        f"TEMPO_BPM = {tempo_bpm}",
        f"VOICE_OF_PITCH = {_numbers(table.voice_of_pitch)}",
        "QUANTITIES = {",
        *(
            f"{name!r}: ({_trees(quantity.middle)}, {_trees(quantity.spread)}, {_numbers(quantity.shape)}, {quantity.carry!r}),"
            for name, quantity in alone.quantities.items()
        ),
        "}",
        script,
    ]
    return "\n".join(lines) + "\n"


def title(table: TouchTable, style: str) -> str:
    """How the script is called, in FL's menu and above its dialog."""
    return f"JamBot humanize {table.instrument} {style}"


def script_path(folder: Path, table: TouchTable, style: str) -> Path:
    """Where the script lies in FL's folder for piano-roll scripts; FL shows the file's name."""
    return folder / f"{title(table, style)}.pyscript"


def _source(package: str, path: str) -> str:
    try:
        return importlib.resources.files(package).joinpath(path).read_text(encoding="ascii")
    except (OSError, ModuleNotFoundError):
        raise ConfigError(f"{package}/{path} is missing from the installation; install JamBot again: pip install .") from None


def _bare(source: str) -> str:
    """A module's text without its docstring and without what is there for type checkers only."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        unused = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        switch = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TYPE_CHECKING"
        words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if unused or switch or words:
            lines[node.lineno - 1 : node.end_lineno] = []
    return "\n".join(lines).strip() + "\n"


def _trees(trees: Trees) -> str:
    return f"{_numbers(trees.columns)}, {_numbers(trees.numbers)}"


def _numbers(numbers: tuple[float, ...]) -> str:
    """A tuple's text, some figures a line."""
    words = [f"{number:.10g}" for number in numbers]
    rows = (",".join(words[start : start + _FIGURES_A_LINE]) for start in range(0, len(words), _FIGURES_A_LINE))
    return "(" + ",\n".join(rows) + ("," if words else "") + ")"
