"""The pod's script, with a Python that only writes down what it is asked: it begins, goes on, packs, and names what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "trainer" / "runpod.sh"
needs_bash = pytest.mark.skipif(sys.platform != "linux" or shutil.which("bash") is None, reason="the script is for Linux")
# Answers what the script asks of a Python; as the trainer it does the asked-for end and leaves results.
PYTHON = """#!/usr/bin/env bash
case "$*" in
*sys.version_info*) exit "${FAKE_OLD:-0}" ;;
*torch.__version__*) [ -z "${FAKE_BARE:-}" ] || exit 1; echo 2.9.0+cu128 ;;
*"-m trainer"*)
    printf '%s\\n' "$@" >>"$FAKE_WORDS"
    echo training
    mkdir -p checkpoints/mine samples/stage_a
    echo state >checkpoints/mine/base-state.safetensors
    [ -z "${FAKE_END:-}" ] || exit "$FAKE_END"
    echo weights >checkpoints/mine/model.safetensors
    echo solo >samples/stage_a/01_a.mid
    ;;
esac
"""


class Pod:
    """A workspace, and a Python that has JamBot."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace, self.words = folder, folder / "workspace", folder / "words"
        python = folder / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)
        (folder / "my music").mkdir()

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        told = {"JAMBOT_WORKSPACE": str(self.workspace), "JAMBOT_PYTHON": str(self.folder / "python"), "FAKE_WORDS": str(self.words)}
        environment = {**os.environ, **told, **more}
        return subprocess.run(["bash", str(SCRIPT), *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def asked(self) -> list[str]:
        """The trainer's words of the last run."""
        words = self.words.read_text().split("-P\n-u\n-m\ntrainer\n")[-1]
        return words.splitlines()


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


@needs_bash
def test_it_is_a_script() -> None:
    assert subprocess.run(["bash", "-n", str(SCRIPT)], check=False).returncode == 0
    if shutil.which("shellcheck") is not None:
        assert subprocess.run(["shellcheck", str(SCRIPT)], check=False).returncode == 0


@needs_bash
def test_music_becomes_a_packed_model(pod: Pod) -> None:
    (pod.folder / "chart.txt").write_text("C")
    done = pod.run("my music", "--name", "mine", "--charts", "chart.txt", RUNPOD_PUBLIC_IP="1.2.3.4", RUNPOD_TCP_PORT_22="40022")
    assert done.returncode == 0, done.stderr
    music, chart = str(pod.folder / "my music"), str(pod.folder / "chart.txt")
    assert pod.asked() == ["stage-a", "--input_dir", music, "--name", "mine", "--charts", chart]
    packed = pod.workspace / "mine.tar.gz"
    with tarfile.open(packed) as tar:
        names = {member.name for member in tar if member.isfile()}
    assert names == {"checkpoints/mine/model.safetensors", "samples/stage_a/01_a.mid"}
    assert f"scp -P 40022 root@1.2.3.4:{packed} ." in done.stdout
    assert "runpodctl send" in done.stdout


@needs_bash
def test_after_a_stop_it_goes_on_with_the_words_of_last_time(pod: Pod) -> None:
    stopped = pod.run("my music", "--name", "mine", "--overwrite", FAKE_END="3")
    assert stopped.returncode == 3
    assert "mend what it says" in stopped.stderr
    assert not (pod.workspace / "mine.tar.gz").exists()
    assert "--overwrite" in pod.asked()
    again = pod.run()
    assert again.returncode == 0, again.stderr
    # What was begun anew is not begun anew again.
    assert pod.asked() == ["stage-a", "--input_dir", str(pod.folder / "my music"), "--name", "mine"]
    assert (pod.workspace / "jambot-run" / "stage-a.log").read_text().count("training") == 2
    assert (pod.workspace / "mine.tar.gz").is_file()


@needs_bash
def test_two_at_a_time_are_refused(pod: Pod) -> None:
    assert pod.run("my music", "--name", "mine").returncode == 0
    lock = pod.workspace / "jambot-run" / "lock"
    with subprocess.Popen(["flock", str(lock), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"held\n")
        holder.stdin.flush()
        holder.stdout.readline()
        second = pod.run()
        holder.stdin.close()
    assert second.returncode == 2
    assert "a run is under way" in second.stderr


@needs_bash
@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        ((), {}, "name the folder with your music"),
        (("nowhere",), {}, "nowhere: no such folder"),
        (("my music", "--charts", "none.txt"), {}, "--charts none.txt: no such file"),
        (("my music", "--samples", "x"), {}, "leave it out"),
        (("my music", "--name=x"), {}, "--name: write its value apart"),
        (("my music",), {"FAKE_OLD": "1"}, "JamBot needs Python 3.11 or 3.12"),
        (("my music",), {"FAKE_BARE": "1"}, "has no PyTorch"),
        (("my music",), {"JAMBOT_PYTHON": "nothing-here"}, "nothing-here: no such program"),
    ],
)
def test_what_is_wrong_is_said_before_anything_begins(pod: Pod, words: tuple[str, ...], more: dict[str, str], message: str) -> None:
    done = pod.run(*words, **more)
    assert done.returncode == 2
    assert message in done.stderr
    assert not pod.words.exists()
