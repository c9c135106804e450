"""The n-gram: it counts the decisions that the net takes, in all keys at once, and comes back from its file as it went."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from shared.checkpoint import Card, read_header
from shared.chords import Chord
from shared.errors import CheckpointError, DataError
from shared.music import Meter
from shared.score import Conditioning, Frame, Note
from shared.tokens import COLUMN, NEXT, NOTE, Steps, encode, targets, transposed
from tests.trainer.made_solos import solos
from trainer.ngram import CONTEXTS, NGram, fit, load, save
from trainer.ngram_table import BUCKETS, NGramTable

CARD = Card("n-gram", "made-up solos", "MIT")


PLAIN, INFORMED = CONTEXTS["plain"], CONTEXTS["informed"]


@pytest.fixture(scope="module", params=list(CONTEXTS))
def counted(request: pytest.FixtureRequest) -> NGram:
    return fit(solos(12), solos(4, first=50), CONTEXTS[request.param])


@pytest.fixture(scope="module")
def both() -> dict[str, NGram]:
    return {which: fit(solos(12), solos(4, first=50), contexts) for which, contexts in CONTEXTS.items()}


def chords(seed: int) -> Steps:
    """A part that strikes chords: notes at one tick ascend."""
    chance = np.random.default_rng(seed)
    wish, chord = Conditioning("comp"), Chord(int(chance.integers(12)), "7", 0)
    events: list[Frame | Note] = []
    for beat in range(8):
        events.append(Frame(24 * beat, beat % 4, 0, Meter(), chord, None, None, wish))
        for tick in sorted(chance.choice(24, size=2, replace=False)):
            struck = sorted(chance.choice(np.arange(50, 80), size=3, replace=False))
            events += [Note(24 * beat + int(tick), int(pitch), 6) for pitch in struck]
    return encode(events)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.booleans())
def test_what_may_come_adds_up_to_one_and_nothing_else_may_come(counted: NGram, seed: int, struck_together: bool) -> None:
    steps = chords(seed) if struck_together else solos(1, first=seed)[0]
    wanted = targets(steps)
    onset, pitch, duration = counted.onset(steps), counted.pitch(steps), counted.duration(steps)
    for found in (onset, pitch, duration):
        assert found.sum(1) == pytest.approx(np.ones(len(found)))
    notes = wanted[:, 4] >= 0
    assert len(onset) == len(steps) - 1
    assert len(pitch) == len(duration) == notes.sum()
    assert not onset[np.arange(onset.shape[1]) < wanted[:-1, :1]].any()
    assert not pitch[np.arange(pitch.shape[1]) < wanted[notes, 3:4]].any()


def test_without_counts_every_open_class_is_even() -> None:
    ngram = fit(solos(2), solos(1), PLAIN)
    blank = NGram(
        PLAIN,
        {kind: NGramTable(one.sizes, one.classes, one.levels, np.zeros((len(one.levels), BUCKETS))) for kind, one in ngram.tables.items()}
    )
    chord = Chord(2, "min7", 2)
    frames = [Frame(24 * beat, beat, 0, Meter(), chord, None, None, Conditioning()) for beat in range(2)]
    found = blank.nats(encode([frames[0], Note(22, 60, 3), frames[1]]))
    # 25 onsets are open after the frame, two after the note on tick 22.
    assert found.onset == pytest.approx(np.log(25) + np.log(2))
    assert found.pitch == pytest.approx(np.log(128))
    assert found.notes == 1


def test_going_on_to_a_frame_inside_a_beat_is_the_sum_of_all_that_lies_beyond(counted: NGram) -> None:
    chord, wish = Chord(2, "min7", 2), Conditioning()
    steps = encode([Frame(0, 0, 0, Meter(), chord, None, None, wish), Frame(12, 0, 12, Meter(), Chord(7, "7", 7), None, None, wish)])
    assert counted.nats(steps).onset == pytest.approx(-np.log(counted.onset(steps)[0, 12 : NEXT + 1].sum()))


def test_a_key_is_like_any_other(counted: NGram) -> None:
    steps = solos(1, first=70)[0]
    here, there = counted.nats(steps), counted.nats(transposed(steps, 5))
    assert (there.onset, there.duration) == (here.onset, here.duration)
    # All but the very first pitch, which has none before it.
    assert there.pitch - first_pitch_nats(counted, transposed(steps, 5)) == pytest.approx(here.pitch - first_pitch_nats(counted, steps))


def first_pitch_nats(ngram: NGram, steps: Steps) -> float:
    pitch = int(steps[steps[:, COLUMN["kind"]] == NOTE, COLUMN["pitch"]][0]) - 1
    return float(-np.log(ngram.pitch(steps)[0, pitch]))


def test_it_learns_what_the_lines_have_in_common() -> None:
    known = fit(solos(100, bars=16), solos(20, first=200), INFORMED).nats(solos(1, first=300, bars=40)[0]).figures
    # Durations never change; a fifth of the beats rest; twelve pitches are played, of which the chord leaves four or five.
    assert known["duration"] < 0.05
    assert known["onset"] < 0.4
    assert np.log(4) < known["pitch"] < np.log(12)


def test_the_file_gives_back_the_same_and_says_what_it_is(both: dict[str, NGram], tmp_path: Path) -> None:
    path = tmp_path / "ngram.safetensors"
    save(path, both, CARD)
    steps = solos(1, first=60)[0]
    assert {which: ngram.nats(steps) for which, ngram in load(path).items()} == {which: ngram.nats(steps) for which, ngram in both.items()}
    assert both["plain"].nats(steps) != both["informed"].nats(steps)
    assert (read_header(path).kind, read_header(path).card) == ("ngram", CARD)


def test_other_files_are_refused_in_one_line(both: dict[str, NGram], tmp_path: Path) -> None:
    path = tmp_path / "ngram.safetensors"
    save(path, both, CARD)
    whole = path.read_bytes()
    arrays = load_file(path)
    meta = json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])["__metadata__"]

    def refused(message: str) -> None:
        with pytest.raises(CheckpointError, match=message):
            load(path)

    save_file(arrays, path, {**meta, "vocabulary": "another"})
    refused("vocabulary another")
    save_file(arrays, path, {**meta, "kind": "decoder"})
    refused("holds a decoder")
    save_file(arrays, path, {**meta, "architecture": "{}"})
    refused("other contexts")
    save_file({**arrays, "plain.pitch.1.types": arrays["plain.pitch.1.types"][:-1]}, path, meta)
    refused("order 1 of pitch does not fit together")
    save_file({**arrays, "informed.onset.weights": arrays["informed.onset.weights"] * 2}, path, meta)
    refused("weights of onset")
    path.write_bytes(whole[:-50])
    refused("damaged or cut short")
    path.unlink()
    refused("cannot be read")


def test_without_notes_there_is_nothing_to_count() -> None:
    with pytest.raises(DataError, match="no notes to count"):
        fit([], solos(1), PLAIN)
    with pytest.raises(DataError, match="no notes to weigh"):
        fit(solos(1), [], PLAIN)
