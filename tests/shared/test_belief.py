"""A listener who remembers: the habits of a player and the way of the harmony decide what one voicing leaves open."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.belief import Belief
from shared.chords import QUALITY_NAMES, Chord, parse_symbol
from shared.recognize import recognize
from shared.voicings import Style, voice

TWO_FIVES = ("Dm7", "G7", "Cmaj7", "Cm7", "F7", "Bbmaj7", "Bbm7", "Eb7", "Abmaj7", "Dm7", "G7", "Cmaj7")


def heard(voicings: list[tuple[int, ...]]) -> list[str]:
    belief, names = Belief(), []
    for voicing in voicings:
        chord, belief = belief.hear(voicing)
        names.append("-" if chord is None else chord.symbol)
    return names


def voiced(style: Style, symbols: tuple[str, ...] = TWO_FIVES, seed: int | None = None) -> list[tuple[int, ...]]:
    choice = None if seed is None else random.Random(seed)
    chords = [parse_symbol(symbol) for symbol in symbols]
    return [voice(chord, style, choice=choice) for chord in chords if chord is not None]


def test_the_first_chord_is_named_as_if_alone() -> None:
    for quality in QUALITY_NAMES:
        voicing = voice(Chord(5, quality, 5))
        assert Belief().hear(voicing)[0] == recognize(voicing)


def test_roots_that_are_struck_are_believed() -> None:
    assert heard(voiced("root")) == list(TWO_FIVES)


def test_a_player_who_leaves_roots_out_is_soon_understood() -> None:
    names = heard(voiced("rootless"))
    assert names[-3:] == ["Dm7", "G7", "Cmaj7"]
    assert sum(name == meant for name, meant in zip(names, TWO_FIVES, strict=True)) >= 9


def test_the_same_notes_are_another_chord_after_another_past() -> None:
    f_a_c_e = (53, 57, 60, 64)
    assert heard([*voiced("rootless"), f_a_c_e])[-1] == "Dm7"
    assert heard([*voiced("root"), f_a_c_e])[-1] == "Fmaj7"


def test_noise_is_no_chord_and_changes_no_mind() -> None:
    _, belief = Belief().hear(voice(Chord(2, "min7", 2)))
    for noise in ((), (60,), (36, 48), tuple(range(48, 60))):
        chord, after = belief.hear(noise)
        assert chord is None
        assert after is belief


def test_hearing_changes_nothing_in_what_was_believed() -> None:
    _, belief = Belief().hear(voice(Chord(2, "min7", 2)))
    first = belief.hear((53, 57, 59, 64))[0]
    belief.hear((48, 52, 55))
    assert belief.hear((53, 57, 59, 64))[0] == first


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sets(st.integers(0, 127), max_size=8), max_size=12))
def test_whatever_is_played_a_name_has_its_bass_among_the_notes_or_at_its_root(played: list[set[int]]) -> None:
    belief = Belief()
    for pitches in played:
        chord, belief = belief.hear(pitches)
        if chord is not None:
            assert chord.bass in {min(pitches) % 12, chord.root}
