"""Nine voices of a drum kit, and which of them any kit note belongs to. Knows note numbers; knows no time.

The voices and the notes of the Roland kit are those of the Groove MIDI Dataset (Gillick et al., *Learning to Groove with Inverse Sequence
Transformations*, 2019). Notes of General MIDI's kit that no drummer struck there go to the voice that plays the nearest part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOICES = ("kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride")
KICK, SNARE, CLOSED_HAT, OPEN_HAT, LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE = range(len(VOICES))
VOICE_PITCHES = (36, 38, 42, 46, 43, 47, 50, 49, 51)
"""The note that stands for each voice."""

GROOVE_NOTES = ((36,), (38, 37, 40), (42, 22, 44), (46, 26), (43, 58), (47, 45), (50, 48), (49, 52, 55, 57), (51, 53, 59))
"""The notes of the Roland kit, by voice."""
_OTHER_NOTES = (
    (35,),
    (27, 28, 31, 32, 33, 34, 39, 56, 65, 66, 75, 85),  # clap, cowbell, timbales, claves, castanets: they answer the beat as a snare does
    (54, 69, 70, 71, 73, 78, 80, 82),  # tambourine, shakers, what is muted: steady and short
    (72, 74, 79, 81),  # what rings on
    (41, 64, 87),
    (61, 63, 77, 86),
    (30, 60, 62, 76, 84),
    (),
    (67, 68, 83),  # agogos and bells
)
_OTHERWISE = SNARE


def _table() -> NDArray[np.int64]:
    table = np.full(128, _OTHERWISE, dtype=np.int64)
    for notes_by_voice in (GROOVE_NOTES, _OTHER_NOTES):
        for voice, notes in enumerate(notes_by_voice):
            table[list(notes)] = voice
    return table


VOICE_OF_PITCH = _table()
"""The voice 0..8 of each MIDI note, shape (128,). Notes outside General MIDI's kit count as snare."""


def voices_of(pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """The voices 0..8 of kit notes 0..127, in the same shape."""
    voices: NDArray[np.int64] = VOICE_OF_PITCH[pitch]
    return voices
