"""Settings of Stage A: presets laid over the shipped file, and the user's file over both."""

from __future__ import annotations

from pathlib import Path

from trainer.config import PRESETS, load_stage_a


def test_the_users_file_lies_over_the_preset_and_the_preset_over_the_shipped_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("base: {steps: 7}\n")
    full, small = (load_stage_a(preset=preset) for preset in PRESETS)
    assert small.model.width < full.model.width
    assert small.base.steps < full.base.steps
    assert small.base.shares == full.base.shares
    both = load_stage_a(mine, "small")
    assert (both.base.steps, both.model.width) == (7, small.model.width)
