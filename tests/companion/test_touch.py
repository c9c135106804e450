"""A player's touch: behind the beat as humans are, loud where a line rises, the same for the same seed; and as a humanizer says."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import mean

import msgspec
import pytest

from companion.soloist import NoteTouch
from companion.touch import LAG_MS_MAX, LAG_WANDER_MS, LEGATO_MS, Touch
from shared.messages import PlannedNote
from shared.music import sec_to_beats
from shared.score import Note
from shared.settings import TouchIntensities, load_settings

TOUCH = Touch(7, load_settings().touch)
EIGHTHS = [Note(12 * step, 60, 12) for step in range(400)]
RULED = PlannedNote(id=1, onset_beat=8.0, duration_beat=0.5, pitch=60, velocity=84, lag_ms=21.0, voice=0)
SOFT_AND_LATE = NoteTouch(192, 60, 30.0, 50.0, -1.0)


def humanized(wish: NoteTouch, share: float = 1.0, after_beat: float | None = 9.0, tempo_bpm: float = 140.0) -> PlannedNote:
    intensities = TouchIntensities(velocity=share, duration=share, timing=share)
    touch = Touch(7, msgspec.structs.replace(load_settings().touch, intensities=intensities))
    return touch.humanized(RULED, wish, tempo_bpm, after_beat)


@pytest.mark.parametrize(("tempo_bpm", "human_ms"), [(125.0, 24.0), (160.0, 20.0), (240.0, 9.0), (280.0, 3.0)])
def test_the_lag_is_that_of_human_soloists(tempo_bpm: float, human_ms: float) -> None:
    lags = [TOUCH.play(note, None, 0, tempo_bpm)[1] for note in EIGHTHS]
    assert mean(lags) == pytest.approx(human_ms, abs=1.5)
    assert all(0 <= TOUCH.lag_ms_least(tempo_bpm) <= lag <= human_ms + LAG_WANDER_MS for lag in lags)


def test_neighbouring_notes_deviate_together() -> None:
    lags = [TOUCH.play(note, None, 0, 140.0)[1] for note in EIGHTHS]
    middle = mean(lags)
    together = mean((a - middle) * (b - middle) for a, b in pairwise(lags))
    assert together / mean((lag - middle) ** 2 for lag in lags) > 0.7


def test_a_rising_line_grows_and_an_off_beat_is_accented() -> None:
    low, high = Note(0, 60, 12), Note(12, 67, 12)
    assert TOUCH.play(high, low, 0, 140.0)[0] > TOUCH.play(high, high, 0, 140.0)[0] > TOUCH.play(high, Note(0, 74, 12), 0, 140.0)[0]
    assert TOUCH.play(high, high, 14, 140.0)[0] > TOUCH.play(high, high, 0, 140.0)[0]


def test_the_seed_decides_the_touch() -> None:
    def touched(seed: int) -> list[tuple[int, float]]:
        return [Touch(seed, load_settings().touch).play(note, None, 0, 140.0) for note in EIGHTHS[:20]]

    assert touched(1) == touched(1)
    assert touched(1) != touched(2)


def test_intensity_leads_from_the_rules_to_the_humanizer() -> None:
    assert humanized(SOFT_AND_LATE, 0.0) == RULED
    half, full = humanized(SOFT_AND_LATE, 0.5), humanized(SOFT_AND_LATE, 1.0)
    assert (half.velocity, full.velocity) == (57, 30)
    assert (half.lag_ms, full.lag_ms) == (35.5, 50.0)
    assert RULED.duration_beat > half.duration_beat > full.duration_beat == pytest.approx(0.5 * math.exp(-1))


@pytest.mark.parametrize("tempo_bpm", [60.0, 140.0, 300.0])
def test_no_humanizer_leads_the_line_out_of_what_the_plan_can_keep(tempo_bpm: float) -> None:
    for extreme in (-1e3, 1e3):
        played = humanized(NoteTouch(192, 60, extreme, extreme, math.copysign(3.5, extreme)), tempo_bpm=tempo_bpm)
        assert 1 <= played.velocity <= 127
        assert TOUCH.lag_ms_least(tempo_bpm) <= played.lag_ms <= LAG_MS_MAX
        assert 0 < played.duration_beat <= 2 * RULED.duration_beat


def test_a_long_note_reaches_into_the_next_as_far_as_players_bind_notes() -> None:
    long = NoteTouch(192, 60, 84.0, 21.0, 2.0)
    legato_beat = sec_to_beats(LEGATO_MS / 1000, 140.0)
    assert humanized(long, after_beat=8.75).duration_beat == pytest.approx(0.75 + legato_beat)
    assert humanized(long, after_beat=8.5).duration_beat == pytest.approx(0.5 + legato_beat)
    assert humanized(long, after_beat=8.25).duration_beat == 0.5, "an overlap that is written stands"
    assert humanized(long, after_beat=20.0).duration_beat == 1.0
    assert humanized(long, after_beat=None).duration_beat == 0.5
