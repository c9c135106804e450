"""Pieces: what a role can play of any notes, and which titles are one tune."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import PITCH_RANGES, ROLES, Conditioning, Note
from shared.tokens import decode, encode
from trainer.piece import LENGTHS, NOTES_AT_ONCE_MAX, Piece, file_name, playable, score_of, tune_key, whole_bars, written_length

NOTES = st.lists(st.builds(Note, st.integers(0, 400), st.integers(0, 127), st.integers(1, 2000)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(NOTES, st.sampled_from(ROLES))
def test_what_a_role_plays_of_any_notes_is_a_score(notes: list[Note], role: str) -> None:
    played = playable(notes, role)
    piece = Piece("a", "a", "midi", Conditioning(role), Meter(), (ChordChange(0, None),), played, 480)
    assert tuple(event for event in decode(encode(score_of(piece))) if isinstance(event, Note)) == played
    low, high = PITCH_RANGES[role]
    assert {note.tick for note in played} == {note.tick for note in notes if low <= note.pitch <= high}
    assert all(note.duration_ticks in LENGTHS for note in played)


def test_of_notes_struck_together_each_role_keeps_its_own() -> None:
    chord = [Note(0, pitch, 24) for pitch in (45, 50, 52, 55, 57, 59, 62, 64)]
    assert [note.pitch for note in playable(chord, "lead")] == [64]
    assert [note.pitch for note in playable(chord, "bass")] == [45]
    comp = [note.pitch for note in playable(chord, "comp")]
    assert len(comp) == NOTES_AT_ONCE_MAX
    assert (comp[0], comp[-1]) == (45, 64)


def test_lengths_are_the_nearest_and_end_where_the_next_note_begins() -> None:
    assert [written_length(ticks) for ticks in (1, 3, 5, 7, 8, 23, 27, 50, 5000)] == [2, 4, 6, 6, 9, 24, 30, 48, 768]
    assert [note.duration_ticks for note in playable([Note(0, 60, 48), Note(12, 62, 7)], "lead")] == [12, 6]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anthropology", "Anthropology (take 2)"), ("A Foggy Day", "Foggy Day, A"), ("Body and Soul-2", "Body And Soul"),
        ("The Song Is You", "Song Is You, The"), ("Donna Lee", "Donna Lee [alternate]"), ("Café", "Cafe"),
    ],
)  # fmt: skip
def test_takes_of_one_tune_have_one_key(one: str, other: str) -> None:
    assert tune_key(one) == tune_key(other)


def test_different_tunes_have_different_keys() -> None:
    titles = ["There Is No Greater Love", "Is No Greater Love", "Take Five", "Thermo", "Mo", "Airegin", "All Blues", "Blues"]
    assert len({tune_key(title) for title in titles}) == len(titles)


def test_names_fit_any_file_system() -> None:
    assert file_name("Mr. P.C.: 'Äther'/live?") == "Mr._P.C._Ather_live"
    assert file_name("...") == "piece"
    assert len(file_name("x" * 300)) == 80


def test_a_bar_line_ends_no_further_bar() -> None:
    assert [whole_bars(tick, Meter(3, 4)) for tick in (0, 1, 72, 73)] == [0, 72, 72, 144]
