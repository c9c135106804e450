"""What FL Studio asks of a script's text: ASCII, Python 3.6, a header, and no import that FL might refuse."""

from __future__ import annotations

import ast

import pytest

from companion import __version__
from companion.install_fl import script_files, script_version

FL_MODULES = {"channels", "device", "general", "mixer", "patterns", "transport", "ui"}
ALLOWED = {
    "device_JamBot.py": {"sys", "time", "link"} | FL_MODULES,
    "link.py": {"frames", "sounding"},
    "sounding.py": set(),
    "frames.py": set(),
}
TYPING_ONLY = {"typing", "shared", "fl_scripts"}
OWN_NAMES_OF_FL = {"midi", "utils", "playlist", "arrangement", "plugins", "screen", "launchMapPages"} | FL_MODULES


def imports(tree: ast.AST) -> set[str]:
    """The modules that a file imports when it runs: all but those under `if TYPE_CHECKING`."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found |= imports(ast.Module(node.orelse, []))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        else:
            found |= imports(node)
    return found


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_file_imports_only_what_it_may(name: str) -> None:
    tree = ast.parse(script_files()[name])
    assert imports(tree) == ALLOWED[name]
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"open", "exec", "eval", "compile", "__import__", "input"}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_file_is_ascii_and_python_3_6(name: str) -> None:
    source = script_files()[name].decode("ascii")
    tree = ast.parse(source, feature_version=(3, 6))
    futures = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert not futures


def test_no_file_bears_the_name_of_a_module_of_fl() -> None:
    assert set(ALLOWED) == set(script_files())
    assert not {name.removesuffix(".py") for name in ALLOWED} & OWN_NAMES_OF_FL


def test_the_header_names_the_script_as_its_folder() -> None:
    lines = script_files()["device_JamBot.py"].decode("ascii").splitlines()
    assert lines[0] == "# name=JamBot"
    assert "# supportedDevices=JamBot Link In" in lines


def test_every_callback_takes_more_arguments_than_it_names() -> None:
    tree = ast.parse(script_files()["device_JamBot.py"])
    callbacks = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert {"OnInit", "OnDeInit", "OnMidiMsg", "OnMidiOutMsg", "OnSysEx", "OnIdle", "OnRefresh", "OnProjectLoad"} <= {
        node.name for node in callbacks
    }
    assert all(node.args.vararg is not None for node in callbacks)


def test_the_script_bears_the_version_of_the_companion() -> None:
    assert script_version() == __version__
