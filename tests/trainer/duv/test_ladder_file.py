"""The baselines on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from shared.errors import CheckpointError
from tests.trainer.duv.made_grooves import drum_track, made_ladder
from trainer.duv.ladder_file import load_ladder, save_ladder


def test_a_ladder_plays_the_same_from_its_file(tmp_path: Path) -> None:
    ladder = made_ladder([drum_track(1), drum_track(2)])
    save_ladder(tmp_path / "new" / "ladder.safetensors", ladder)
    read = load_ladder(tmp_path / "new" / "ladder.safetensors")
    assert (read.instrument, read.learned_from) == ("drums", "made takes")
    notes = [drum_track(3).written]
    for mine, other in zip(ladder.rungs(), read.rungs(), strict=True):
        assert mine.point is not None
        assert other.point is not None
        for name in ("velocity", "onset_ms", "log_ratio"):
            np.testing.assert_array_equal(getattr(mine.point(notes)[0], name), getattr(other.point(notes)[0], name))


def test_what_is_no_ladder_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "ladder.safetensors"
    with pytest.raises(CheckpointError, match=r"ladder\.safetensors: cannot be read"):
        load_ladder(path)
    path.write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_ladder(path)
    save_file({"x": np.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="no ladder"):
        load_ladder(path)
    save_file({"x": np.zeros(1)}, path, {"jambot_ladder": "1", "instrument": "drums", "rows": "others"})
    with pytest.raises(CheckpointError, match="other features"):
        load_ladder(path)


def test_a_ladder_without_a_tensor_is_refused(tmp_path: Path) -> None:
    from safetensors import safe_open

    path = tmp_path / "ladder.safetensors"
    save_ladder(path, made_ladder([drum_track(1)]))
    with safe_open(path, framework="numpy") as file:
        meta, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys() if name != "ridge.weight"}  # noqa: SIM118
    save_file(tensors, path, meta)
    with pytest.raises(CheckpointError, match="damaged"):
        load_ladder(path)
