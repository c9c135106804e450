"""Which instrument's manifest a MIDI track belongs to, by its name and program. Knows names; knows no notes."""

from __future__ import annotations

import re

DRUM_NAMES = re.compile(r"drum|perc|\bkit\b|\bdr\b", re.I)
# The order decides: a "bass clarinet" is no bass, a "string bass" is one.
NAMES = (
    ("lead", re.compile(r"bass clarinet|bass trombone", re.I)),
    ("drums", DRUM_NAMES),
    ("bass", re.compile(r"bass\b|\bbas\b|upright", re.I)),
    ("guitar", re.compile(r"guitar|gtr|\bgit\b", re.I)),
    ("strings", re.compile(r"string|violin|viola|cello|\bstr\b|fiddle", re.I)),
    ("keys", re.compile(r"piano|keys|keyboard|rhodes|wurli|clavi|vibraphone|marimba|\be\.?p\.?\b", re.I)),
    (
        "lead",
        re.compile(
            r"lead|melod|solo|sax|trumpet|horn|trombone|clarinet|flute|oboe|bassoon|harmonica|whistle|vocal|voice|vox"
            r"|\balto\b|\btenor\b|soprano",
            re.I,
        ),
    ),
)
# Organs are left out: they know no touch.
PROGRAMS = (
    (range(16), "keys"), (range(24, 32), "guitar"), (range(32, 40), "bass"), (range(40, 46), "strings"), (range(48, 52), "strings"),
    (range(52, 55), "lead"), (range(56, 88), "lead"), (range(110, 112), "lead"),
)  # fmt: skip


def instrument_of(name: str, program: int | None, is_drum: bool) -> str | None:
    """The instrument, as in `shared.written.INSTRUMENTS`, of a track with a name and a General MIDI program 0..127; None for no match.

    The drum channel counts first, then the name, then the program; a track without a name or a program that tells is no match.
    """
    if is_drum:
        return "drums"
    named = next((instrument for instrument, pattern in NAMES if pattern.search(name)), None)
    if named is not None or program is None:
        return named
    return next((instrument for programs, instrument in PROGRAMS if program in programs), None)
