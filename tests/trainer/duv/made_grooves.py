"""Makes drum takes whose drummers follow rules that a model can find, the data set's folder of them, and a ladder without LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.duv.made_music import Played, midi_bytes, played, written
from tests.trainer.duv.test_groove import write
from trainer.duv.ladder import Ladder
from trainer.duv.ladder_boosting import Trees
from trainer.duv.ladder_lookup import fit_lookup
from trainer.duv.ladder_lookup import played as columns
from trainer.duv.ladder_ridge import fit_ridge
from trainer.duv.ladder_rows import rows_of
from trainer.duv.manifest import Track

KICK, SNARE = 36, 38
LOUD, GHOST, GHOST_LATE_MS = 100, 25, 12.0
BPM = 100.0
SPLITS = {"train": "train", "val": "validation", "test": "test"}


def _lightgbm_starts() -> bool:
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):  # not installed, or no OpenMP on this machine
        return False
    return True


needs_lightgbm = pytest.mark.skipif(not _lightgbm_starts(), reason="LightGBM does not start here")


def drum_track(seed: int, part: str = "train", style: str = "funk", bars: int = 8) -> Track:
    """Kicks and snares anywhere: a snare right after a kick is a ghost note, and late; everything else is loud and on time."""
    dice = np.random.default_rng(seed)
    steps = np.flatnonzero(dice.random(16 * bars) < 0.7)
    pitch = np.where(dice.random(len(steps)) < 0.5, KICK, SNARE)
    after_kick = np.isin(steps - 1, steps[pitch == KICK])
    is_ghost = (pitch == SNARE) & after_kick
    velocity = np.where(is_ghost, GHOST, LOUD) + dice.integers(-5, 6, len(steps))
    onset_ms = np.where(is_ghost, GHOST_LATE_MS, 0.0) + dice.normal(0, 2, len(steps))
    notes = written((steps / 4).tolist(), pitch.tolist(), [0.25] * len(steps), "drums", bpm=BPM)
    name = f"take {seed}"
    performance = played(len(steps), velocity.tolist(), onset_ms.tolist())
    return Track(name, "groove_midi", name, part, replace(notes, style=style), performance, "player")


def bass_track(seed: int, part: str = "train") -> Track:
    """Eighths on E or A: A is louder, what stands on the beat is long, the rest short and late."""
    dice = np.random.default_rng(seed)
    pitch = dice.choice([40, 45], 64)
    on_beat = np.arange(64) % 2 == 0
    values = (np.where(pitch == 45, 100, 60), np.where(on_beat, 0.0, 9.0), np.where(on_beat, 0.0, -0.7))
    spread = (3.0, 1.0, 0.02)
    performance = played(64, *((value + dice.normal(0, by, 64)).tolist() for value, by in zip(values, spread, strict=True)))
    notes = written((np.arange(64) / 2).tolist(), pitch.tolist(), [0.5] * 64, "bass", bpm=BPM)
    name = f"line {seed}"
    return Track(name, "made", name, part, notes, performance, "player")


def write_groove(folder: Path, tracks: Sequence[Track]) -> Path:
    """The tracks as the data set's archive and table, a bar later so that early strokes have room."""
    folder.mkdir(parents=True, exist_ok=True)
    takes = {track.name: midi_bytes([("Drums", -1, _notes(track))], BPM) for track in tracks}
    rows = [(track.name, track.written.style, f"{BPM:g}", "4-4", SPLITS[track.part]) for track in tracks]
    return write(folder, takes, rows)


def _notes(track: Track) -> list[Played]:
    onset_beat = 4.0 + track.written.onset_beat + track.performance.onset_ms * BPM / 60_000
    notes = zip(onset_beat, track.written.pitch, track.performance.velocity, strict=True)
    return [(float(at), 0.1, int(pitch), int(velocity)) for at, pitch, velocity in notes]


def made_ladder(tracks: Sequence[Track]) -> Ladder:
    """Lookup and ridge fitted to `tracks`; trees of one leaf, which say 64 and 0 ms of everything."""
    values = columns([track.performance for track in tracks])
    rows = np.concatenate([rows_of(track.written, True) for track in tracks])
    trees = {name: Trees(np.array([-1], np.int16), np.array([answer], np.float32)) for name, answer in (("velocity", 64), ("onset_ms", 0))}
    lookup = fit_lookup([track.written for track in tracks], values)
    return Ladder("drums", "made takes", np.array([90.0, 1.0, np.nan]), lookup, fit_ridge([(rows, values)]), trees, trees)
