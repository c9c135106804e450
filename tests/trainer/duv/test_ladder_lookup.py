"""The lookup baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shared.written import Written
from tests.trainer.duv.made_music import written
from trainer.duv.ladder_lookup import LEAST_NOTES, fit_lookup

BACKBEATS = written([1.0, 3.0], [38, 38], [0.25] * 2, "drums")


def track(style: str, bars: int = LEAST_NOTES) -> Written:
    """A kick on one and a snare on two of each bar."""
    onsets = [float(4 * bar + beat) for bar in range(bars) for beat in (0, 1)]
    return replace(written(onsets, [36, 38] * bars, [0.25] * 2 * bars, "drums"), style=style)


def test_a_note_is_played_as_its_voice_was_on_its_place_in_its_style() -> None:
    jazz, rock = track("jazz"), track("rock")
    count = 4 * LEAST_NOTES
    values = np.column_stack([[40.0, 60.0] * LEAST_NOTES + [100.0, 120.0] * LEAST_NOTES, [5.0] * count, [np.nan] * count])
    lookup = fit_lookup([jazz, rock], values)
    assert lookup.point(jazz)[:2, 0].tolist() == [40, 60]
    assert lookup.point(rock)[:2, 0].tolist() == [100, 120]
    assert lookup.point(replace(jazz, style="latin"))[:2, 0].tolist() == [70, 90]
    # No snare was ever struck on four: it answers by the snares on two.
    assert lookup.point(BACKBEATS)[:, 0].tolist() == [90, 90]
    # And no hi-hat at all: by everything.
    assert lookup.point(written([0.0], [42], [0.25], "drums"))[0, 0] == 80
    assert np.isnan(lookup.point(jazz)[:, 2]).all()


def test_samples_are_spread_as_players_were() -> None:
    notes = track("funk", 500)
    dice = np.random.default_rng(1)
    loud = np.where(dice.random(1000) < 0.3, dice.normal(30, 3, 1000), dice.normal(90, 10, 1000))
    values = np.column_stack([loud, dice.normal(-4, 8, 1000), np.zeros(1000)])
    drawn = fit_lookup([notes], values).sampled(notes, np.random.default_rng(2))
    for column in (0, 1):
        distance = np.abs(np.sort(drawn[:, column]) - np.sort(values[:, column])).mean()
        assert distance < 0.1 * values[:, column].std()
