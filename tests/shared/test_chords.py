"""Chord symbols as people write them, and what each chord holds."""

from __future__ import annotations

import mir_eval
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chords import QUALITIES, QUALITY_NAMES, Chord, parse_symbol

chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(QUALITY_NAMES), st.integers(0, 11))

SPELLINGS = {
    "maj": ["C", "Cmaj", "CM", "C5"],
    "min": ["Cm", "C-", "Cmin", "Cm(add9)", "Cminb6"],
    "dim": ["Cdim", "Co", "C°", "Cmb5"],
    "aug": ["Caug", "C+"],
    "sus4": ["Csus", "Csus4"],
    "sus2": ["Csus2", "C2"],
    "maj6": ["C6", "C69", "C6/9", "C6911#"],
    "min6": ["Cm6", "C-6", "Cm6/9", "Cmin69"],
    "maj7": ["Cmaj7", "CM7", "Cj7", "CΔ", "C^7", "Cmaj9(13)", "Cmaj7(#11)", "Cmaj7+", "Cmaj911#", "Cj7911#", "Cma7"],
    "min7": ["Cm7", "C-7", "Cmin7", "Cmi7", "Cm9", "Cm11", "C-7913", "C-7911"],
    "7": ["C7", "C9", "C13", "C7(#11)", "C13#11", "C713", "C769", "C11"],
    "minmaj7": ["Cm(maj7)", "C-j7", "CmM7", "CmMaj7", "CminD7", "C-j7913", "Cm(maj9)"],
    "hdim7": ["Cm7b5", "Cø", "Cø7", "Ch7", "C-7b5", "Cm7(b5)", "Cm9b5"],
    "dim7": ["Cdim7", "Co7", "C°7"],
    "7sus4": ["C7sus4", "C7sus", "C9sus", "C13sus", "Csus7913", "C7susadd3", "C79bsus"],
    "7b9": ["C7b9", "C79b", "C13b9", "Caddb9", "C9b", "C7b9#11", "C79b11#"],
    "7alt": ["C7alt", "Calt", "C7#9", "C79#", "C7#5", "C+7", "C7(#9,b13)", "C79bb5", "C713b", "C+79#", "C9+", "C7b5", "C79#11#"],
}


@pytest.mark.parametrize(("quality", "symbol"), [(quality, symbol) for quality, symbols in SPELLINGS.items() for symbol in symbols])
def test_spellings(quality: str, symbol: str) -> None:
    assert parse_symbol(symbol) == Chord(0, quality, 0)


@pytest.mark.parametrize(
    ("symbol", "chord"),
    [
        ("F#m7", Chord(6, "min7", 6)),
        ("B♭7", Chord(10, "7", 10)),
        ("Cb", Chord(11, "maj", 11)),
        ("Am7/G", Chord(9, "min7", 7)),
        ("C6/9/E", Chord(0, "maj6", 4)),
        ("NC", None),
        ("N.C.", None),
    ],
)
def test_roots_and_basses(symbol: str, chord: Chord | None) -> None:
    assert parse_symbol(symbol) == chord


@pytest.mark.parametrize("symbol", ["", "H", "c7", "C7x", "Cfoo", "C7#7", "C7bb", "C/", "C/H", "Cm7#", "7", "C 7/"])
def test_what_is_no_chord_is_refused_with_its_text(symbol: str) -> None:
    with pytest.raises(ValueError, match="chord") as caught:
        parse_symbol(symbol)
    assert repr(symbol) in str(caught.value)


@given(chords)
def test_symbols_are_read_back(chord: Chord) -> None:
    assert parse_symbol(chord.symbol) == chord


@given(chords)
def test_harte_labels_hold_root_bass_and_guide_tones(chord: Chord) -> None:
    root, bitmap, bass = mir_eval.chord.encode(chord.harte)
    assert root == chord.root
    assert (root + bass) % 12 == chord.bass
    inside = {(root + place) % 12 for place, bit in enumerate(bitmap) if bit}
    assert chord.guide_tones <= inside


@given(chords, st.integers(-30, 30))
def test_transposing_moves_every_note(chord: Chord, semitones: int) -> None:
    moved = chord.transposed(semitones)
    assert moved.tones == {(tone + semitones) % 12 for tone in chord.tones}
    assert moved.scale == {(tone + semitones) % 12 for tone in chord.scale}


@pytest.mark.parametrize("quality", QUALITY_NAMES)
def test_a_chords_notes_lie_in_its_scale(quality: str) -> None:
    assert set(QUALITIES[quality].tones) <= set(QUALITIES[quality].scale)


@pytest.mark.parametrize(("symbol", "quality"), [("C7M", "maj7"), ("Ab7M#11", "maj7"), ("Cm7M", "minmaj7"), ("C7#11", "7")])
def test_a_major_seventh_may_be_written_behind_its_degree(symbol: str, quality: str) -> None:
    chord = parse_symbol(symbol)
    assert chord is not None
    assert chord.quality == quality
