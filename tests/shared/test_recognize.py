"""Names of what is played: by the notes alone, over any bass, and with the chord before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chords import QUALITY_NAMES, Chord, parse_symbol
from shared.recognize import nats, recognize
from shared.voicings import STYLES, voice

chords = st.builds(lambda root, quality: Chord(root, quality, root), st.integers(0, 11), st.sampled_from(QUALITY_NAMES))


def named(*pitches: int, previous: str | None = None) -> str | None:
    chord = recognize(pitches, None if previous is None else parse_symbol(previous))
    return None if chord is None else chord.symbol


@pytest.mark.parametrize("root", range(12))
@pytest.mark.parametrize("quality", QUALITY_NAMES)
def test_every_chord_in_root_position(quality: str, root: int) -> None:
    chord = Chord(root, quality, root)
    assert recognize(voice(chord)) == chord


@pytest.mark.parametrize(
    ("pitches", "symbol"),
    [
        ((48, 55), "C"),
        ((48, 55, 60), "C"),
        ((40, 47, 52), "E"),
        ((48, 52), "C"),
        ((48, 51), "Cm"),
        ((48, 59), "Cmaj7"),
        ((48, 58), "C7"),
        ((36, 52, 58), "C7"),
        ((52, 60, 67), "C/E"),
        ((55, 60, 64), "C/G"),
        ((36, 54, 57, 62), "D7/C"),
        ((43, 53, 57, 60, 64), "G7sus4"),
        ((48, 52, 58, 62, 69), "C7"),
        ((48, 52, 58, 63, 68), "C7alt"),
        ((48, 52, 55, 58, 63), "C7alt"),
        ((48, 52, 58, 61, 69), "C7b9"),
        ((48, 52, 59, 62, 66), "Cmaj7"),
        ((48, 51, 58, 62, 65), "Cm7"),
        ((52, 58, 62, 69), "C7"),
        ((48, 60, 72, 52, 64, 55), "C"),
    ],
)
def test_voicings_that_players_use(pitches: tuple[int, ...], symbol: str) -> None:
    assert named(*pitches) == symbol


@pytest.mark.parametrize("pitches", [(), (60,), (36, 48, 60), (48, 49, 50, 51), tuple(range(48, 60))])
def test_a_note_an_octave_or_a_cluster_is_no_chord(pitches: tuple[int, ...]) -> None:
    assert named(*pitches) is None


@pytest.mark.parametrize(
    ("before", "pitches", "symbol"),
    [
        ("Dm7", (53, 57, 59, 64), "G7"),
        ("Am7b5", (54, 60, 63, 70), "D7alt"),
        ("A7", (53, 57, 60, 64), "Dm7"),
    ],
)
def test_the_chord_before_tells_a_rootless_voicing(before: str, pitches: tuple[int, ...], symbol: str) -> None:
    assert named(*pitches, previous=before) == symbol


def test_the_chord_before_does_not_outshout_a_plain_chord() -> None:
    for before in QUALITY_NAMES:
        for step in range(12):
            assert named(48, 52, 55, previous=Chord(step, before, step).symbol) == "C"


@settings(deadline=None, max_examples=200)
@given(st.sets(st.integers(0, 127)), st.none() | chords, st.integers(-11, 11))
def test_names_move_with_the_notes(pitches: set[int], before: Chord | None, step: int) -> None:
    here = recognize(pitches, before)
    there = recognize({pitch + step for pitch in pitches}, None if before is None else before.transposed(step))
    if here is None or there is None:
        assert here is None
        assert there is None
    elif before is None:
        # Names that explain the notes equally well may change places.
        assert nats(pitches, there.transposed(-step)) == pytest.approx(nats(pitches, here))


@settings(deadline=None, max_examples=100)
@given(chords, st.sampled_from(STYLES), st.randoms(use_true_random=False))
def test_voicings_hold_notes_of_their_chord_within_reach(chord: Chord, style: str, choice: object) -> None:
    pitches = voice(chord, style, choice=choice)  # type: ignore[arg-type]
    assert list(pitches) == sorted(set(pitches))
    assert 48 <= pitches[0] < 60
    assert pitches[-1] - pitches[0] <= 24
    assert (chord.root in {pitch % 12 for pitch in pitches}) == (style != "rootless")
    assert {pitch % 12 for pitch in pitches} >= chord.guide_tones


def test_a_slash_chord_has_its_bass_below() -> None:
    assert voice(Chord(0, "maj", 4)) == (52, 55, 60)
    assert voice(Chord(2, "maj", 0), low=36) == (36, 38, 42, 45)
