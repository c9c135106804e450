"""The kit: every note has a voice, and those of the Groove MIDI Dataset have the ones of its paper."""

from __future__ import annotations

import numpy as np
import pytest

from shared.drum_kit import VOICE_PITCHES, VOICES, voices_of

# Columns of the table in the data set's own description: Roland's note, what it is, the paper's voice.
PAPER = {
    36: 36, 38: 38, 40: 38, 37: 38, 48: 50, 50: 50, 45: 47, 47: 47, 43: 43, 58: 43, 46: 46, 26: 46, 42: 42, 22: 42, 44: 42, 49: 49,
    55: 49, 57: 49, 52: 49, 51: 51, 59: 51, 53: 51,
}  # fmt: skip


@pytest.mark.parametrize(("note", "stands_for"), PAPER.items())
def test_notes_of_groove_midi_go_where_its_paper_puts_them(note: int, stands_for: int) -> None:
    assert VOICE_PITCHES[voices_of(np.array([note]))[0]] == stands_for


def test_a_voices_own_note_is_of_that_voice() -> None:
    assert voices_of(np.array(VOICE_PITCHES)).tolist() == list(range(len(VOICES)))


@pytest.mark.parametrize(
    ("note", "voice"), [(35, "kick"), (39, "snare"), (41, "low tom"), (54, "closed hat"), (81, "open hat"), (3, "snare")]
)
def test_notes_that_no_drummer_struck_there_have_a_voice_too(note: int, voice: str) -> None:
    assert VOICES[voices_of(np.array([note]))[0]] == voice
