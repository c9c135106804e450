"""The ladder of baselines on drummers whose rule is known."""

from __future__ import annotations

import numpy as np

from shared.written import Written
from tests.trainer.duv.made_grooves import drum_track, needs_lightgbm
from trainer.duv.ladder import fit_ladder, steps_of_fit, untaught
from trainer.duv.measures import tally

TEST = [drum_track(seed, "test") for seed in (90, 91)]
WRITTEN: list[Written] = [track.written for track in TEST]


@needs_lightgbm
def test_who_sees_more_plays_better() -> None:
    steps: list[int] = []
    ladder = fit_ladder([drum_track(seed) for seed in range(24)], "made takes", 1, steps.append, rounds=60)
    assert sum(steps) == steps_of_fit()
    errors = {}
    for rung in ladder.rungs():
        assert rung.point is not None
        found = tally(WRITTEN, [track.performance for track in TEST], rung.point(WRITTEN)).figures()
        errors[rung.name] = found["velocity_mae"] or 0.0
    # The rule asks what was struck just before: only trees can follow it in full.
    assert errors["lightgbm"] < 0.7 * errors["ridge"]
    assert errors["lightgbm_bare"] < 0.5 * errors["lookup"]
    assert errors["ridge"] < errors["lookup"]


def test_untouched_notes_are_loud_and_exact() -> None:
    quantised = untaught()[0].point
    assert quantised is not None
    (first, _) = quantised(WRITTEN)
    assert set(first.velocity) == {100.0}
    assert set(first.onset_ms) == {0.0}


def test_jitter_is_seeded_and_as_wide_as_it_says() -> None:
    jittered = untaught()[1].sampled
    assert jittered is not None
    once, again, other = (playing[0] for playing in jittered(WRITTEN, [1, 1, 2]))
    np.testing.assert_array_equal(once.onset_ms, again.onset_ms)
    assert not np.array_equal(once.onset_ms, other.onset_ms)
    assert 5 < once.onset_ms.std() < 15
    assert 90 < once.velocity.mean() < 110
