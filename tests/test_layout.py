"""The house's rules that a reader would otherwise have to check: import arrows, sizes, and what may run inside FL Studio."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import companion
import shared

ROOT = Path(__file__).resolve().parent.parent
LINES_MAX = 400
FL_MODULES = {
    "arrangement", "callbacks", "channels", "device", "fl", "flpianoroll", "general", "launchMapPages", "midi", "mixer", "patterns",
    "playlist", "plugins", "screen", "transport", "ui", "utils", "vfs",
}  # fmt: skip


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{named(path)} imports relatively; name the package"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


ALL = [*sources("companion", "config", "fl_scripts", "shared", "tests", "trainer"), ROOT / "run.py"]


@pytest.mark.parametrize("path", sources("shared", "config"), ids=named)
def test_shared_knows_neither_companion_nor_trainer(path: Path) -> None:
    assert tops(path).isdisjoint({"companion", "trainer", "fl_scripts", "tests"})


@pytest.mark.parametrize("path", sources("companion", "trainer"), ids=named)
def test_companion_and_trainer_meet_only_in_shared(path: Path) -> None:
    other = "trainer" if named(path).startswith("companion/") else "companion"
    assert tops(path).isdisjoint({other, "tests"})


def test_frames_need_the_standard_library_only() -> None:
    assert tops(ROOT / "shared" / "frames.py") <= sys.stdlib_module_names


@pytest.mark.parametrize("path", [*sources("fl_scripts"), *(ROOT / "shared" / name for name in ("frames.py", "touch_trees.py"))], ids=named)
def test_what_runs_inside_fl_studio_is_ascii_and_old_python(path: Path) -> None:
    ast.parse(path.read_text(encoding="ascii"), feature_version=(3, 6))


def test_the_bridge_starts_without_torch_and_numpy() -> None:
    modules = [named(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in sources("companion/bridge")]
    wanted = [module for module in modules if not module.endswith("__main__")]
    program = f"import sys, {', '.join(wanted)}; print(*(name for name in ('torch', 'numpy') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_file_is_one_noun(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES_MAX, "if it needs a table of contents it is two files"


@pytest.mark.parametrize("path", [path for path in ALL if path.stem != "__init__" or path.stat().st_size > 0], ids=named)
def test_a_module_says_first_what_it_knows(path: Path) -> None:
    if path.parent.parent.name == "fl_scripts":
        assert path.read_text(encoding="ascii").startswith(("# name=", '"""'))
        return
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


# Inside FL Studio an exception that escapes a callback can end FL Studio, so the script may catch all.
@pytest.mark.parametrize("path", [path for path in ALL if not named(path).startswith("fl_scripts/")], ids=named)
def test_what_is_caught_broadly_is_handed_on(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")):
            names = {inner.id for line in node.body for inner in ast.walk(line) if isinstance(inner, ast.Name)}
            raises = any(isinstance(inner, ast.Raise) for line in node.body for inner in ast.walk(line))
            assert raises or node.name in names, f"line {node.lineno} catches everything and forgets it"


@pytest.mark.parametrize("path", sources("companion", "config", "shared", "trainer"), ids=named)
def test_no_file_of_a_user_is_run_or_unpickled(path: Path) -> None:
    assert tops(path).isdisjoint({"pickle", "dill", "joblib", "marshal", "shelve"})
    # The simulated FL Studio runs the real script as FL does: as a text.
    forbidden = {"yaml.load", "torch.load", "eval"} | (set() if named(path).startswith("companion/sim/") else {"exec"})
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in forbidden, f"line {node.lineno}"


def test_no_module_of_ours_is_named_like_one_of_fl_studios() -> None:
    modules = {path.stem for path in sources("companion", "config", "fl_scripts", "shared", "trainer")}
    packages = {path.parent.name for path in ALL}
    assert (modules | packages).isdisjoint(FL_MODULES)


def test_one_version_everywhere() -> None:
    assert companion.__version__ == shared.JAMBOT
