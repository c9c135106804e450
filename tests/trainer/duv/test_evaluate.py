"""Every rung on the same takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError
from shared.humanizer import load_humanizer
from tests.trainer.duv.made_grooves import drum_track, made_ladder
from tests.trainer.duv.made_humanizer import write_humanizer
from trainer.duv.evaluate import PLAYINGS, adapted_rung, compare_adapters, evaluate, humanizer_rung, steps_of
from trainer.duv.ladder import Rung, untaught
from trainer.duv.manifest import Track

TAKES = [drum_track(seed, "test", "funk" if seed % 2 else "rock") for seed in range(6)]


def truth(tracks: list[Track]) -> Rung:
    """A model that plays exactly what the drummers played."""
    return Rung("duv", "DUV", lambda written: [track.performance for track in tracks])


def test_who_plays_like_the_human_has_no_error_and_beats_the_baseline_whole() -> None:
    done: list[int] = []
    rungs = [*untaught(), *made_ladder(TAKES).rungs(), truth(TAKES)]
    result = evaluate(TAKES, rungs, 1, done.append)
    assert sum(done) == steps_of(rungs) == len(result.results)
    found = result.result("duv", "point")
    assert found is not None
    assert found.figures["velocity_mae"] == 0
    assert found.figures["r"] == pytest.approx(1)
    assert found.figures["ghost_share"] == pytest.approx(result.ghost_share)
    assert result.gains["duv"]["velocity_mae"][0] == 1
    assert result.result("quantised", "sampled") is None


def test_a_quantity_that_was_never_learned_is_named() -> None:
    lengths = replace(TAKES[0].performance, log_ratio=np.zeros(len(TAKES[0].written)))
    with pytest.raises(DataError, match="constant cannot be measured: log_ratio"):
        evaluate([replace(TAKES[0], performance=lengths)], made_ladder(TAKES).rungs(), 1, lambda count: None)


def test_samples_follow_the_seed_and_differ_from_take_to_take(tmp_path: Path) -> None:
    rung = humanizer_rung(load_humanizer(write_humanizer(tmp_path)))
    same = [replace(TAKES[0], name=str(number)).written for number in range(2)]
    assert rung.sampled is not None
    once, again, other = rung.sampled(same, [1, 1, 2])
    np.testing.assert_array_equal(once[0].velocity, again[0].velocity)
    assert not np.array_equal(once[0].velocity, other[0].velocity)
    assert not np.array_equal(once[0].velocity, once[1].velocity)


def test_what_is_sampled_is_told_as_the_mean_of_several_playings(tmp_path: Path) -> None:
    rung = humanizer_rung(load_humanizer(write_humanizer(tmp_path)))
    result = evaluate(TAKES, [rung], 1, lambda count: None).result("duv", "sampled")
    assert result is not None
    errors = [one.figures()["velocity_mae"] or 0.0 for one in result.tallies]
    assert len(set(errors)) == PLAYINGS
    assert result.figures["velocity_mae"] == pytest.approx(np.mean(errors))
    low, high = result.intervals["velocity_mae"] or (0.0, 0.0)
    assert low < np.mean(errors) < high


def test_an_adapter_plays_its_style_and_the_base_the_others(tmp_path: Path) -> None:
    folder = write_humanizer(tmp_path, ["funk"])
    base, funk = load_humanizer(folder), load_humanizer(folder, "funk")
    adapted = adapted_rung(base, {"funk": funk}).point
    forced = adapted_rung(base, {"funk": funk}, "funk").point
    assert adapted is not None
    assert forced is not None
    rock, funky = TAKES[0].written, TAKES[1].written
    (on_rock, on_funk), (forced_on_rock, _) = adapted([rock, funky]), forced([rock, funky])
    np.testing.assert_array_equal(on_rock.velocity, base.perform(rock).velocity)
    np.testing.assert_array_equal(on_funk.velocity, funk.perform(funky).velocity)
    np.testing.assert_array_equal(forced_on_rock.velocity, funk.perform(rock).velocity)
    assert not np.array_equal(on_funk.velocity, base.perform(funky).velocity)


def test_adapters_are_compared_at_home_and_elsewhere(tmp_path: Path) -> None:
    folder = write_humanizer(tmp_path, ["funk", "jazz"])
    adapted = {style: load_humanizer(folder, style) for style in ("funk", "jazz")}
    funk, jazz = compare_adapters(TAKES, [track.performance for track in TAKES], adapted, lambda count: None)
    assert (funk.style, funk.takes) == ("funk", 3)
    for pair in (funk.own, funk.elsewhere):
        assert pair is not None
        assert pair[0]["velocity_mae"] == 0
        assert (pair[1]["velocity_mae"] or 0) > 0
    assert jazz.own is None
