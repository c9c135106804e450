"""Tokens: what is written is read back, and what cannot be a score is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chords import QUALITY_NAMES, Chord
from shared.errors import DataError
from shared.music import Grid, Meter
from shared.score import FEELS, ROLES, STYLES, Conditioning, Event, Frame, Note
from shared.tokens import (
    COLUMN,
    DURATION_TICKS,
    NEXT,
    TARGETS,
    Cursor,
    bin_tempo,
    crop,
    decode,
    duration_class,
    encode,
    onset_floor,
    pitch_floor,
    targets,
    transposed,
    vocabulary_hash,
)

METERS = (Meter(4, 4), Meter(3, 4), Meter(7, 8), Meter(6, 8), Meter(5, 16), Meter(3, 2))
chords = st.none() | st.builds(Chord, st.integers(0, 11), st.sampled_from(QUALITY_NAMES), st.integers(0, 11))


@st.composite
def scores(draw: st.DrawFn) -> list[Event]:
    """A few beats of any role in any metre, chord changes inside beats and a loop that may end early included."""
    role = draw(st.sampled_from(ROLES))
    wish = Conditioning(role, draw(st.floats(20, 400)), draw(st.sampled_from(FEELS)), draw(st.sampled_from(STYLES)))
    grid = Grid(draw(st.sampled_from(METERS)), draw(st.none() | st.integers(30, 200)))
    tick = draw(st.integers(-50, 5000))
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 8))):
        following = draw(st.none() | st.tuples(chords.filter(bool), st.integers(0, 16)))
        next_chord, next_in_beats = following if following is not None else (None, None)
        events.append(
            Frame(tick, grid.beat_in_bar(tick), grid.tick_in_beat(tick), grid.meter, draw(chords), next_chord, next_in_beats, wish)
        )
        line = grid.next_beat(tick)
        end = draw(st.integers(tick + 1, line)) if draw(st.booleans()) else line
        onsets = draw(st.lists(st.integers(tick, end - 1), max_size=4, unique=True))
        pitches = st.lists(st.integers(0, 127), min_size=1, max_size=3 if role == "comp" else 1, unique=True)
        events += [Note(onset, pitch, draw(st.integers(1, 784))) for onset in sorted(onsets) for pitch in sorted(draw(pitches))]
        tick = end
    return events


def frame(tick: int, role: str = "lead", chord: Chord | None = None) -> Frame:
    return Frame(tick, 0, tick % 24, Meter(), chord, None, None, Conditioning(role))


@settings(deadline=None, max_examples=60)
@given(scores())
def test_a_score_survives_encoding(score: list[Event]) -> None:
    back = decode(encode(score), score[0].tick)
    assert len(back) == len(score)
    for before, after in zip(score, back, strict=True):
        if isinstance(before, Note):
            assert isinstance(after, Note)
            assert (after.tick, after.pitch) == (before.tick, before.pitch)
            assert abs(after.duration_ticks - before.duration_ticks) == min(abs(ticks - before.duration_ticks) for ticks in DURATION_TICKS)
        else:
            assert isinstance(after, Frame)
            assert abs(after.conditioning.tempo_bpm / before.conditioning.tempo_bpm - 1) < 0.07
            assert dataclasses.replace(after, conditioning=before.conditioning) == before
            assert dataclasses.replace(after.conditioning, tempo_bpm=before.conditioning.tempo_bpm) == before.conditioning


@settings(deadline=None, max_examples=40)
@given(scores(), st.data())
def test_encoding_can_go_on_from_any_event(score: list[Event], data: st.DataObject) -> None:
    whole = encode(score)
    cut = data.draw(st.integers(1, len(score)))
    in_force = [event for event in score[:cut] if isinstance(event, Frame)][-1]
    rest = encode(score[cut:], Cursor(in_force, whole[cut - 1].tolist()))
    assert np.array_equal(np.concatenate([whole[:cut], rest]), whole)


@settings(deadline=None, max_examples=40)
@given(scores())
def test_what_follows_is_always_allowed_by_the_grammar(score: list[Event]) -> None:
    steps = encode(score)
    learned = targets(steps)
    assert (learned[-1] == -1).all()
    for index, event in enumerate(score[1:]):
        floor, low, high, lowest, pitch, duration = learned[index].tolist()
        assert floor == onset_floor(steps[index].tolist()) <= low <= high <= NEXT
        if isinstance(event, Note):
            assert low == high == steps[index + 1, COLUMN["tick_in_beat"]]
            assert pitch_floor(steps[index].tolist(), low) == lowest <= pitch == event.pitch
            assert duration == duration_class(event.duration_ticks)
        else:
            assert high == NEXT
            assert (lowest, pitch, duration) == (-1, -1, -1)


def test_before_a_chord_inside_the_beat_every_later_onset_counts_as_next() -> None:
    learned = targets(encode([frame(0), Note(3, 60, 6), frame(12), frame(24)]))
    assert learned[:, 1:3].tolist() == [[3, 3], [12, NEXT], [NEXT, NEXT], [-1, -1]]


def test_every_step_carries_the_chord_in_force() -> None:
    g7 = Chord(7, "7", 7)
    steps = encode([frame(0), Note(0, 60, 6), frame(12, chord=g7), Note(12, 62, 6), Note(18, 64, 6)])
    assert steps[:, COLUMN["root"]].tolist() == [0, 0, 8, 8, 8]


def test_transposition_moves_notes_and_chords_alike() -> None:
    score: list[Event] = [frame(0, chord=Chord(11, "7", 2)), Note(0, 60, 6)]
    moved = decode(transposed(encode(score), 3))
    assert moved[0] == dataclasses.replace(frame(0), chord=Chord(2, "7", 5), conditioning=Conditioning(tempo_bpm=bin_tempo(16)))
    assert moved[1] == Note(0, 63, 6)
    with pytest.raises(DataError, match="leaves"):
        transposed(encode(score), 80)


def test_a_window_is_a_score_of_its_own() -> None:
    steps = encode([frame(0), Note(5, 60, 6), frame(24), Note(30, 61, 7), frame(48)])
    assert decode(crop(steps, 2, 5), 24) == decode(steps)[2:]
    with pytest.raises(DataError, match="begins with a frame"):
        crop(steps, 1, 4)


@pytest.mark.parametrize(
    "score",
    [
        [Note(0, 60, 6)],
        [frame(0), Note(24, 60, 6)],
        [frame(12), Note(6, 60, 6)],
        [frame(0), Note(6, 60, 6), Note(6, 64, 6)],
        [frame(0, "comp"), Note(6, 64, 6), Note(6, 64, 6)],
        [frame(0), Note(12, 60, 6), frame(12)],
        [frame(0), frame(0)],
        [frame(0), frame(48)],
        [frame(0), Note(0, 60, 785)],
    ],
    ids=["no frame", "past the beat", "before the frame", "two at once", "twice", "late note", "same frame", "missing beat", "too long"],
)
def test_what_is_no_score_is_refused(score: list[Event]) -> None:
    with pytest.raises(DataError):
        encode(score)


@settings(deadline=None, max_examples=60)
@given(scores(), st.data())
def test_damaged_steps_decode_to_what_they_say_or_are_refused(score: list[Event], data: st.DataObject) -> None:
    steps = encode(score)
    row, column = data.draw(st.integers(0, len(steps) - 1)), data.draw(st.integers(0, steps.shape[1] - 1))
    steps[row, column] = data.draw(st.integers(-2, 140))
    try:
        back = decode(steps)
    except DataError:
        return
    again = encode(back)
    again[0, COLUMN["since"]] = steps[0, COLUMN["since"]]  # what came before the window does not matter
    assert np.array_equal(again, steps)


def test_every_step_remembers_the_latest_intervals_and_onsets() -> None:
    notes = [Note(0, 60, 6), Note(6, 64, 6), Note(12, 62, 6), Note(18, 90, 6)]
    steps = encode([frame(0), *notes, frame(24), Note(30, 89, 6)])
    told = ("interval", "interval_2", "interval_3", "between", "between_2")
    shown = [[int(step[COLUMN[name]]) for name in told] for step in steps]
    up_4, down_2, far, down_1 = 25 + 4, 25 - 2, 25 + 24, 25 - 1
    assert shown == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [up_4, 0, 0, 7, 0],
        [down_2, up_4, 0, 7, 7],
        [far, down_2, up_4, 7, 7],
        [far, down_2, up_4, 7, 7],  # the frame too
        [down_1, far, down_2, 13, 7],
    ]
    # One number for the three, the same in every key.
    assert len({int(step[COLUMN["figure"]]) for step in steps}) == 5
    assert np.array_equal(transposed(steps, 3)[:, COLUMN["figure"]], steps[:, COLUMN["figure"]])


@settings(deadline=None, max_examples=60)
@given(scores(), st.data())
def test_a_window_remembers_nothing_from_before_it(score: list[Event], data: st.DataObject) -> None:
    starts = [index for index, event in enumerate(score) if isinstance(event, Frame)]
    start = data.draw(st.sampled_from(starts))
    assert np.array_equal(crop(encode(score), start, len(score)), encode(score[start:]))


def test_durations_are_exact_up_to_a_beat_and_then_within_a_25th() -> None:
    for ticks in range(1, 785):
        error = abs(DURATION_TICKS[duration_class(ticks)] - ticks)
        assert error == 0 if ticks <= 24 else error <= ticks / 25


def test_the_hash_stands_for_this_vocabulary() -> None:
    assert vocabulary_hash() == vocabulary_hash()
    assert len(vocabulary_hash()) == 16
    assert len(TARGETS) == targets(encode([frame(0)])).shape[1]
