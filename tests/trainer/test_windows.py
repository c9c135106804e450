"""Training windows: reproducible by number, in all keys, with the future sometimes hidden; shards they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError
from shared.score import PITCH_RANGES
from shared.tokens import COLUMN, decode, encode, hidden_next, targets
from tests.trainer.made_solos import solo
from trainer.piece import score_of
from trainer.shards import MANIFEST, Shards, open_shards, write_shards
from trainer.windows import Windows, base_weights, whole

LENGTH = 48


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    folder = tmp_path_factory.mktemp("prepared")
    write_shards(folder, [solo(seed) for seed in range(30)], [], {}, True)
    return open_shards(folder)


def windows(shards: Shards, seed: int = 1) -> Windows:
    entries = shards.part("train", ["lead"])
    return Windows(shards, entries, [1.0] * len(entries), LENGTH, seed)


def test_what_was_written_is_read_back(shards: Shards) -> None:
    by_name = {entry.name: entry for entry in shards.entries}
    for seed in range(30):
        entry = by_name[f"solo {seed}"]
        assert np.array_equal(shards.steps(entry), encode(score_of(solo(seed))))
        assert entry.notes == len(solo(seed).notes)


def test_a_batch_follows_from_its_number_alone(shards: Shards) -> None:
    first, again, other = windows(shards).batch(7, 4), windows(shards).batch(7, 4), windows(shards, seed=2).batch(7, 4)
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)
    assert not np.array_equal(first.rows, windows(shards).batch(8, 4).rows)


def test_windows_are_scores_in_all_keys_within_the_roles_range(shards: Shards) -> None:
    batch = windows(shards).batch(0, 256)
    low, high = PITCH_RANGES["lead"]
    pitches = batch.rows[..., COLUMN["pitch"]]
    assert (pitches[pitches > 0] - 1).min() >= low
    assert (pitches - 1).max() <= high
    roots = np.bincount(batch.rows[:, 0, COLUMN["root"]], minlength=13)[1:]
    assert (roots > 0).all()
    for rows, wanted in zip(batch.rows[:32], batch.targets[:32], strict=True):
        length = int(np.flatnonzero(wanted[:, 1] >= 0)[-1]) + 2
        decode(rows[:length])
        assert np.array_equal(targets(rows[:length]), wanted[:length])
        assert (wanted[length:] == -1).all()


def test_the_coming_chord_is_sometimes_seen_sometimes_not(shards: Shards) -> None:
    coming = windows(shards).batch(3, 256).rows[:, :, COLUMN["next_in_beats"]]
    seen = (coming > 0).any(axis=1)
    assert 0.5 < seen.mean() < 0.95


def test_a_horizon_hides_what_is_further_and_nothing_else() -> None:
    steps = encode(score_of(solo(3)))
    near = hidden_next(steps, 1)
    far = steps[:, COLUMN["next_in_beats"]] > 2
    assert far.any()
    assert not far.all()
    assert np.array_equal(near[~far], steps[~far])
    for name in ("next_root", "next_quality", "next_bass", "next_in_beats", "next_degree"):
        assert not near[far][:, COLUMN[name]].any()
    decode(near)


def test_measuring_reads_every_step_once_and_frames_at_seams_twice(shards: Shards) -> None:
    entries = shards.part("train", ["lead"])
    counted = sum(int((batch.targets[..., 4] >= 0).sum()) for batch in whole(shards, entries, LENGTH, 8))
    notes = sum(entry.notes for entry in entries)
    assert notes - len(entries) <= counted <= 1.1 * notes


def test_shares_are_those_of_role_and_jazz(shards: Shards) -> None:
    entries = shards.part("train", ["lead"])
    weights = base_weights(entries, {"lead": 0.8, "bass": 0.2, "comp": 0.0}, 0.7)
    assert sum(weights) == pytest.approx(0.8)


def test_a_damaged_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    written = write_shards(tmp_path, [solo(seed) for seed in range(6)], [], {}, True)
    entry = written.entries[0]
    path = tmp_path / "tokens" / f"{entry.role}-{entry.part}.npy"
    whole_file = path.read_bytes()
    np.save(path, np.load(path)[:10])
    with pytest.raises(DataError, match="cut short"):
        [open_shards(tmp_path).steps(entry) for entry in written.entries]
    path.write_bytes(whole_file[:50])
    with pytest.raises(DataError, match="cannot be read"):
        open_shards(tmp_path).steps(entry)
    manifest = tmp_path / MANIFEST
    manifest.write_text(manifest.read_text().replace(written.manifest.vocabulary, "0" * 16))
    with pytest.raises(DataError, match=r"token version 0{16}, this version speaks .*--overwrite"):
        open_shards(tmp_path)
    manifest.write_text("{")
    with pytest.raises(DataError, match="no manifest"):
        open_shards(tmp_path)
    with pytest.raises(DataError, match="nothing is left"):
        write_shards(tmp_path, [], [], {}, True)
