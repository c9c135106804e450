"""A jam's MIDI file as sound, where fluidsynth and a soundfont are installed. Knows where such things usually lie."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Mapping
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from shared.files import written_whole

Samples = NDArray[np.int16]

SAMPLE_RATE_HZ = 44100
TAIL_SEC = 2.0
SILENCE = 10
"""Samples (16 bits) no louder than this are silence."""
FONT_VARIABLE = "JAMBOT_SOUNDFONT"
_HOME = Path.home()
_PLACES: dict[str, tuple[Path, ...]] = {
    "win32": (Path("C:/soundfonts"), Path("C:/ProgramData/soundfonts"), _HOME / "Documents/Soundfonts", _HOME / "Music/Soundfonts"),
    "darwin": (
        _HOME / "Library/Audio/Sounds/Banks",
        Path("/Library/Audio/Sounds/Banks"),
        Path("/opt/homebrew/share/soundfonts"),
        Path("/usr/local/share/soundfonts"),
    ),
    "linux": (
        _HOME / ".local/share/soundfonts",
        _HOME / ".local/share/sounds/sf2",
        Path("/usr/share/sounds/sf2"),
        Path("/usr/share/soundfonts"),
        Path("/usr/local/share/soundfonts"),
    ),
}
_INSTALL = {
    "win32": f"choco install fluidsynth, and name a .sf2 file in the environment variable {FONT_VARIABLE}",
    "darwin": f"brew install fluid-synth, and name a .sf2 file in the environment variable {FONT_VARIABLE}",
    "linux": "sudo apt-get install fluidsynth fluid-soundfont-gm",
}
# A whole General MIDI set sounds better than whatever else lies in the folder.
_GENERAL = ("fluidr3_gm", "generaluser", "default", "timgm6mb", "gm")


def find_soundfont(environment: Mapping[str, str], places: tuple[Path, ...] | None = None) -> Path | None:
    """The soundfont that `JAMBOT_SOUNDFONT` names, else the best in the usual places; None where there is none."""
    named = environment.get(FONT_VARIABLE)
    if named:
        return Path(named) if Path(named).is_file() else None
    if places is None:
        places = _PLACES.get(sys.platform, _PLACES["linux"])
    found = [font for place in places for font in _fonts(place)]
    return min(found, key=_rank, default=None)


def render_wav(midi: Path, wav: Path, program: str | None = None, font: Path | None = None) -> tuple[bool, str]:
    """Render `midi` to `wav`, its silent tail cut: (True, the soundfont's name), or (False, why not and what to do).

    `program` and `font` are looked for where they are not given. Raises OSError where `wav` cannot be written.
    """
    program = program or shutil.which("fluidsynth")
    if program is None:
        return False, f"fluidsynth is not installed; to hear the jam as a file: {_INSTALL.get(sys.platform, _INSTALL['linux'])}"
    font = font or find_soundfont(os.environ)
    if font is None:
        return False, f"no soundfont found; name a .sf2 file in the environment variable {FONT_VARIABLE}"
    if not _is_soundfont(font):
        # fluidsynth itself would go on with another one, or with silence.
        return False, f"{font} is no soundfont; name a .sf2 file in the environment variable {FONT_VARIABLE}"
    length_sec = mido.MidiFile(midi).length
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        where = ["-r", str(SAMPLE_RATE_HZ), "-O", "s16", "-T", "wav", "-F", str(raw)]
        command = [program, "-ni", "-q", "-g", "0.8", *where, str(font), str(midi)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=60 + length_sec, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return False, f"{program} could not render {midi}: {error}"
        samples = _samples(raw) if raw.exists() else np.zeros((0, 2), np.int16)
        if not np.any(np.abs(samples.astype(np.int32)) > SILENCE):
            said = " ".join(done.stderr.split())[:200] or f"it wrote silence and ended with status {done.returncode}"
            return False, f"{program} could not render {midi} with {font}: {said}"
    _write(wav, without_tail(samples, length_sec))
    return True, font.name


def without_tail(samples: Samples, music_sec: float) -> Samples:
    """Samples (n, channels) cut where the music has ended and died away, `TAIL_SEC` after its end at the latest."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)).max(axis=1) > SILENCE)
    last_loud = int(loud[-1]) + 1 if loud.size else 0
    end = min(last_loud, round((music_sec + TAIL_SEC) * SAMPLE_RATE_HZ))
    cut = samples[:end].copy()
    fade = min(end, SAMPLE_RATE_HZ // 5)
    if end < last_loud:
        cut[end - fade :] = (cut[end - fade :] * np.linspace(1.0, 0.0, fade)[:, None]).astype(np.int16)
    return cut


def _samples(wav: Path) -> Samples:
    with wave.open(str(wav), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())


def _write(wav: Path, samples: Samples) -> None:
    with written_whole(wav) as draft, wave.open(str(draft), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples.tobytes())


def _fonts(place: Path) -> list[Path]:
    return [path for path in place.glob("*") if path.suffix.lower() in (".sf2", ".sf3")] if place.is_dir() else []


def _is_soundfont(font: Path) -> bool:
    try:
        with font.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"


def _rank(font: Path) -> tuple[int, str]:
    name = font.name.lower()
    return next((index for index, part in enumerate(_GENERAL) if part in name), len(_GENERAL)), name
