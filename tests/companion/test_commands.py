"""The command line: what cannot be played is refused with one line, before anything starts or is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from companion.cli import HOME, foreign_package, main


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a refused command says."""
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    shown = capsys.readouterr()
    assert caught.value.code == 2
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    return shown.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--demo", "--tempo", "0"], ["--tempo", "0", "20", "400"]),
        (["--demo", "--tempo", "1000"], ["--tempo", "1000", "20", "400"]),
        (["--demo", "--tempo", "nan"], ["--tempo", "nan", "finite"]),
        (["--demo", "--tempo", "fast"], ["--tempo", "fast"]),
        (["--demo", "--bars", "0"], ["--bars", "0"]),
        (["--demo", "--bridge", "tcp://127.0.0.1:1"], ["--bridge", "--demo"]),
        (["--bars", "8"], ["--bars", "--demo"]),
        (["--offline"], ["--offline", "--demo"]),
        (["--chart", "Dm7 | G7", "--chart-file", "blues.txt"], ["--chart", "--chart-file"]),
        (["--chart", "Dm7 | Gx7"], ["--chart", "line 1, column 7", "Gx7"]),
        (["--chart", ""], ["--chart", "no chords"]),
        (["--chart-file", "no-such.txt"], ["no-such.txt"]),
        (["--role", "drums"], ["--role", "drums", "lead"]),
        (["--temperature", "0"], ["--temperature", "0"]),
        (["--device", "tpu"], ["--device", "tpu", "cuda"]),
        (["--bridge", "localhost"], ["--bridge", "localhost", "tcp://HOST:PORT"]),
        (["--bridge", "tcp://192.0.2.1:17817"], ["--bridge", "192.0.2.1", "--keys"]),
        (["--bridge", "tcp://192.0.2.1:17817", "--keys", "no-such-folder"], ["no-such-folder"]),
        (["--keys", "folder"], ["--keys", "--bridge"]),
        (["--model", "coltrane"], ["--model", "coltrane", "fallback"]),
        (["bench", "--model", "coltrane"], ["coltrane"]),
        (["install-fl", "--fl-dir", "no-such-folder"], ["no-such-folder", "Settings"]),
        (["--seed", "-1"], ["--seed", "-1"]),
        (["--seed", "3", "bench"], ["--seed", "bench"]),
        (["bench", "--seconds", "0"], ["--seconds", "0"]),
        (["bench", "--json", "no/such/folder/x.json"], ["x.json", "folder"]),
        (["replay", "no-such.jsonl"], ["no-such.jsonl"]),
        (["benhc"], ["benhc", "bench"]),
        (["--barz"], ["--barz", "--bars"]),
        (["--config", "no-such.yaml"], ["no-such.yaml"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_cannot_be_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], words: list[str], told: list[str]) -> None:
    line = refused(capsys, *words)
    for word in told:
        assert word in line


def test_a_folder_that_cannot_be_written_is_refused_before_playing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refused(capsys, "--demo", "--offline", "--out", str(tmp_path / "file" / "jam"))
    assert str(tmp_path / "file") in line
    assert "--out" in line


def test_a_midi_file_is_no_chart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1\1\xe0")
    line = refused(capsys, "--chart-file", str(tmp_path / "song.mid"))
    assert "song.mid" in line
    assert "MIDI file" in line


def test_a_typo_in_the_settings_is_refused_with_its_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("plan:\n  bars_ahed: 3\n", encoding="utf-8")
    line = refused(capsys, "--demo", "--config", str(tmp_path / "my.yaml"), "--out", str(tmp_path / "jam"))
    for word in ("my.yaml line 2", "plan.bars_ahed", "bars_ahead", "guard_ms"):
        assert word in line
    assert not (tmp_path / "jam").exists()


def test_the_script_goes_into_fl_studios_folder_and_out_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "Settings").mkdir()
    script = tmp_path / "Settings" / "Hardware" / "JamBot" / "device_JamBot.py"
    for words, told, there in (([], "new", True), ([], "unchanged", True), (["--uninstall"], "removed", False)):
        with pytest.raises(SystemExit) as caught:
            main(["install-fl", "--fl-dir", str(tmp_path), *words])
        assert caught.value.code == 0
        assert f"{told:<10} {script}" in capsys.readouterr().out
        assert script.exists() is there


def test_help_and_mistakes_are_answered_without_loading_a_model() -> None:
    program = (
        "import sys\nfrom companion.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n"
        "    print(end.code, *sorted({'torch', 'numpy', 'matplotlib', 'zmq'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=HOME, capture_output=True, text=True, check=True)
    assert "--chart-file" in done.stdout
    assert done.stdout.splitlines()[-1] == "0"


def test_our_own_packages_are_found_beside_the_companion() -> None:
    assert foreign_package() is None


def test_a_foreign_package_named_shared_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("", encoding="utf-8")
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(HOME)!r}]; from companion.cli import main; main(['--help'])"
    done = subprocess.run([sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: JamBot's package `shared`")
    assert str(tmp_path / "shared") in done.stderr
    assert done.stderr.count("\n") == 1
