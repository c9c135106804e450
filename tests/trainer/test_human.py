"""Human ranges: quantiles of solos, and the shipped ones."""

from __future__ import annotations

import msgspec
import pytest

from tests.trainer.made_lines import a_line
from trainer.human import PUBLISHED, PUBLISHED_SWING, Human, Range, human_figures, shipped_human
from trainer.measures import GATES, MEASURES


def test_a_range_holds_what_lies_between_its_tenth_and_ninetieth_percentile() -> None:
    # Eleven solos whose repeats make up 0 %, 10 %, ... 100 % of ten intervals.
    solos = [a_line([60] * (repeats + 1) + list(range(62, 82, 2))[: 10 - repeats]) for repeats in range(11)]
    found = human_figures(solos, "made").measures["immediate_repeats"]
    assert (found.p10, found.p50, found.p90, found.mean, found.solos) == pytest.approx((0.1, 0.5, 0.9, 0.5, 11))
    assert [found.holds(value) for value in (0.05, 0.1, 0.9, 0.95)] == [False, True, True, False]


def test_a_measure_that_no_solo_has_is_left_out() -> None:
    assert "chord_tone_share" not in human_figures([a_line([60, 62, 64], chord="NC")], "made").measures


def test_the_shipped_ranges_cover_every_measure_and_stand_near_the_published_ones() -> None:
    human = shipped_human()
    assert set(human.measures) == set(MEASURES)
    # The scales that the published chord-scale share was counted with are not told.
    for name in set(PUBLISHED) - {"chord_scale_share"}:
        middle, low, high = PUBLISHED[name]
        found = human.measures[name]
        assert found.p50 == pytest.approx(middle, rel=0.03), name
        assert low is None or found.p10 == pytest.approx(low, rel=0.08), name
        assert high is None or found.p90 == pytest.approx(high, rel=0.05), name
    for band, ratio in PUBLISHED_SWING.items():
        assert human.swing[band].ratio == pytest.approx(ratio, abs=0.02)


def test_every_gate_leaves_room() -> None:
    human = shipped_human()
    assert all(human.measures[name].p10 < human.measures[name].p50 < human.measures[name].p90 for name in GATES)


def test_quantiles_that_do_not_ascend_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        Range(solos=1, mean=0.0, quantiles=(1.0, *([0.0] * 20)))


def test_figures_survive_being_written() -> None:
    human = human_figures([a_line([60, 62, 64, 65] * 4, tempo_bpm=130.0)], "made")
    assert msgspec.convert(msgspec.to_builtins(human), Human) == human
