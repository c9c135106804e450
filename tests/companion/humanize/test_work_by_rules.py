"""Rules and the model on the same notes: what one took away the other leaves alone, and what is added follows the notes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from companion.humanize.control_settings import laid_controls
from companion.humanize.midi_file import parse_midi
from companion.humanize.song import BarRange
from tests.companion.humanize.maker import (
    MS,
    TPB,
    Fake,
    Stroke,
    job,
    meta,
    midi,
    name,
    notes,
    played,
    song,
    strokes_of,
    with_rules,
)


def test_flams_go_with_their_stroke_and_are_softer() -> None:
    snares: list[Stroke] = [(float(beat), 0.25, 38, 100) for beat in range(1, 65)]
    fake = Fake(velocity=lambda written: 50.0, onset_ms=lambda written: -10.0)
    data, (report,) = played(song(snares), with_rules("drums", intensity=1.0), fake=fake)
    after = strokes_of(data)
    assert len(report.added) == len(after) - len(snares) > 0
    for soft, stroke in pairwise(after):
        if soft[3] != 50:
            assert soft[3] == 30
            assert 14 <= (stroke[0] - soft[0]) / MS <= 26
            assert soft[0] + soft[1] <= stroke[0] + 1e-9


def test_a_strum_stays_whole_whatever_the_model_does() -> None:
    chord: list[Stroke] = [(1.0, 1.0, pitch, 90) for pitch in (40, 47, 52)]
    data, _ = played(song(chord, "Guitar", 0), with_rules("guitar", intensity=1.0, timing=0.4), fake=Fake(onset_ms=lambda written: 10.0))
    by_pitch = {stroke[2]: (stroke[0] - 1) / MS for stroke in strokes_of(data)}
    assert 18 - 9 <= by_pitch[52] - by_pitch[40] <= 18 + 9
    assert np.mean(list(by_pitch.values())) == pytest.approx(9 + 4, abs=4)


def pedalled(data: bytes) -> list[tuple[float, bool]]:
    """Where the pedal goes down (True) and up, in quarters."""
    track = parse_midi(data).tracks[1]
    return [(event.tick / TPB, event.data[1] > 0) for event in track.events if event.status & 0xF0 == 0xB0 and event.data[0] == 64]


THREE_CHORDS: list[Stroke] = [(float(beat), 0.9, pitch, 90) for beat in (0, 2, 12) for pitch in (48, 55, 64)]


@pytest.mark.parametrize("late_ms", [0.0, 40.0])
def test_the_pedal_is_up_25_ms_before_each_chord_and_down_after_it_wherever_the_model_puts_it(late_ms: float) -> None:
    rules = laid_controls("keys", {"strum": None}, "test")
    fake = Fake(onset_ms=lambda written: late_ms)
    data, (report,) = played(song(THREE_CHORDS, "Piano", 0), job("keys", controls=rules, duration=0.0, timing=1.0), fake=fake)
    places = [place - late_ms * MS for place, _ in pedalled(data)]
    assert places == pytest.approx([20 * MS, 2 - 25 * MS, 2 + 20 * MS, 6 + 20 * MS, 12 + 20 * MS, 16 + 20 * MS], abs=1.1 / TPB)
    assert [down for _, down in pedalled(data)] == [True, False] * 3
    assert report.pedals == 3


@pytest.mark.parametrize(("longer", "latest_beat"), [(0.0, 20 * MS), (0.1, 0.25)])
def test_a_chord_that_the_model_lengthens_does_not_ring_on_in_the_pedal_of_the_next(longer: float, latest_beat: float) -> None:
    legato: list[Stroke] = [(2.0 * place, 2.0, pitch + place, 90) for place in range(4) for pitch in (48, 55, 64)]
    rules = laid_controls("keys", {"strum": None}, "test")
    data, _ = played(song(legato, "Piano", 0), job("keys", controls=rules, intensity=1.0), fake=Fake(log_ratio=lambda written: longer))
    downs = [place for place, down in pedalled(data) if down]
    assert len(downs) == 4
    for place, down in enumerate(downs):
        ends = [onset + length for onset, length, _, _ in strokes_of(data) if onset < 2 * place]
        assert all(end < down for end in ends), "the hands let go before the foot goes down"
        assert down - 2 * place < latest_beat + 2 / TPB


@pytest.mark.parametrize(("channel", "port", "kept"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_a_pedal_in_the_track_of_one_hand_is_that_of_the_other_too(channel: int, port: int, kept: bool) -> None:
    right = [name("Piano right"), (0, meta(0x21, b"\0")), *notes(THREE_CHORDS)]
    foot = [(beat * TPB, bytes([0xB0 | channel, 64, depth])) for beat, depth in ((1, 127), (3, 0))]
    left = [name("Piano left"), (0, meta(0x21, bytes([port]))), *sorted([*notes([(0, 4, 36, 80)], channel), *foot])]
    _, reports = played(parse_midi(midi(right, left)), with_rules("keys"))
    assert [report.pedals for report in reports] == [0 if kept else 3, 0]


@pytest.mark.parametrize(("strength", "late_ms"), [(0.0, 2.7), (0.5, 1.35), (1.0, 0.0)])
def test_lateness_that_quantising_took_away_is_not_taken_away_again(strength: float, late_ms: float) -> None:
    """The model wants the notes on the grid, and gets 85 % of that: of what is left."""
    late: list[Stroke] = [(1 + beat + 18 * MS, 0.5, 40, 90) for beat in range(8)]
    rules = laid_controls("bass", {"quantise": {"strength": strength, "divisions": [4]}, "lag": None, "ghosts": None}, "test")
    data, _ = played(song(late, "Bass", 0), job("bass", controls=rules, duration=0.0, timing=0.85))
    away = [(new[0] - 1 - beat) / MS for beat, new in enumerate(strokes_of(data))]
    assert away == pytest.approx([late_ms] * 8, abs=0.6)


@pytest.mark.parametrize("timing", [0.0, 0.4, 0.85])
def test_a_rolled_chord_that_is_strummed_sounds_as_the_rule_spreads_it(timing: float) -> None:
    rolled: list[Stroke] = [(1 + late * MS, 1 - late * MS, pitch, 90) for late, pitch in ((0, 60), (10, 48), (20, 55))]
    data, _ = played(song(rolled, "Piano", 0), with_rules("keys", duration=0.0, timing=timing))
    by_pitch = {stroke[2]: stroke for stroke in strokes_of(data)}
    assert [(by_pitch[pitch][0] - 1) / MS for pitch in (48, 55, 60)] == pytest.approx([0, 5, 10], abs=0.6)
    assert [sum(stroke[:2]) for stroke in by_pitch.values()] == pytest.approx([2.0] * 3, abs=1 / TPB)


def test_sections_with_different_rules_are_heard_each_as_its_rules_leave_the_notes() -> None:
    """A note that one section's rules move past its neighbour is another note to the model there."""
    fake = Fake(velocity=lambda written: written.pitch.astype(np.float64) + 30)
    close: list[Stroke] = [(bar * 4 + place, 0.25, pitch, 100) for bar in range(2) for place, pitch in ((0.3, 50), (0.45, 40))]
    rules = laid_controls("bass", {"quantise": {"strength": 1.0, "divisions": [2]}, "lag": None, "ghosts": None}, "test")
    jobs = [job("bass", BarRange(bar, bar), controls, velocity=1.0, timing=0.0) for bar, controls in ((0, None), (1, rules))]
    data, _ = played(song(close, "Bass", 0), *jobs, fake=fake)
    assert [stroke[3] - stroke[2] for stroke in strokes_of(data)] == [30] * 4
