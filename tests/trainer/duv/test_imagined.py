"""Imagined music: notes that somebody wrote, in bars that fit, and nothing said of how it is played that nobody knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.drum_kit import voices_of
from shared.written import Written
from tests.trainer.duv.made_takes import solo, take
from trainer.duv.imagined import Pair, imagined


def pair(number: int, style: str = "rock") -> Pair:
    made = take(number, style=style)
    return made.written, made.performance


def bars(written: Written) -> set[tuple[int, float, int]]:
    return {(int(voice), float(beat), round(onset * 48)) for voice, beat, onset in
            zip(voices_of(written.pitch), written.bar_beat, written.onset_beat, strict=True)}  # fmt: skip


@given(st.integers(0, 10**6))
def test_every_note_stands_where_one_of_the_two_has_it(seed: int) -> None:
    (mine, _), (theirs, _) = pair(0), pair(2, "jazz")
    written, played = imagined(pair(0), pair(2, "jazz"), np.random.default_rng(seed))
    assert 0 < len(written) == len(played)
    assert bars(written) <= bars(mine) | bars(theirs)
    of_mine, of_theirs = (set(voices_of(notes.pitch).tolist()) for notes in (mine, theirs))
    for voice in set(voices_of(written.pitch).tolist()):
        part = {note for note in bars(written) if note[0] == voice}
        assert part <= bars(mine) or part <= bars(theirs), "a voice is one drummer's throughout"
        assert voice in of_mine | of_theirs
    assert written.onset_beat[-1] <= mine.onset_beat[-1]
    assert (written.style, written.instrument) == (mine.style, mine.instrument)
    tempo = written.tempo_bpm / mine.tempo_bpm[0]
    assert np.ptp(tempo) < 1e-9
    assert 2**-0.2 <= tempo[0] <= 2**0.2
    assert np.isfinite(played.velocity).all()
    assert np.isnan(played.log_ratio).all(), "of drums nobody knows it"


def test_two_takes_meet_at_the_downbeat_wherever_they_begin() -> None:
    (mine, playing), other = pair(0), pair(2)
    later = replace(mine, onset_beat=mine.onset_beat + 8.0)
    one, two = (imagined(first, other, np.random.default_rng(5))[0] for first in ((mine, playing), (later, playing)))
    assert np.allclose(two.onset_beat, one.onset_beat + 8.0)
    assert np.array_equal(two.pitch, one.pitch)


def test_takes_in_other_metres_and_other_instruments_are_not_mixed_in() -> None:
    mine, other = pair(0), pair(2)
    waltz = replace(other[0], bar_beats=np.full(len(other[0]), 3.0)), other[1]
    tune = solo(1)
    for stranger in (waltz, (tune.written, tune.performance)):
        for seed in range(20):
            assert bars(imagined(mine, stranger, np.random.default_rng(seed))[0]) <= bars(mine[0])
    line, _ = imagined((tune.written, tune.performance), mine, np.random.default_rng(1))
    assert set(line.onset_beat) <= set(tune.written.onset_beat)


def test_it_differs_from_what_was_played() -> None:
    found = [imagined(pair(0), pair(2), np.random.default_rng(seed))[0] for seed in range(20)]
    assert len({tuple(written.onset_beat) + tuple(written.pitch) for written in found}) > 10


def test_one_note_stays_one_note() -> None:
    written, played = pair(0)
    one = written.part(slice(0, 1)), played.part(slice(0, 1))
    for seed in range(30):
        assert len(imagined(one, one, np.random.default_rng(seed))[0]) == 1
