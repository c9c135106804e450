"""How chords are laid out on a keyboard: root position, inversions, rootless, shells, with tensions. Knows no names from notes, no time.

Rootless forms after the usual left-hand practice: 3-5-7-9 and 7-9-3-5, with 13 for 5 in dominants (J. Mehegan, *Jazz
Improvisation*, 1965; M. Levine, *The Jazz Piano Book*, 1989).
"""

from __future__ import annotations

import random
from typing import Literal, get_args

from shared.chords import QUALITIES, Chord

Style = Literal["root", "inverted", "rootless", "tensions", "shell"]
STYLES: tuple[Style, ...] = get_args(Style)

TENSIONS: dict[str, tuple[int, ...]] = {
    "maj": (2,),
    "min": (2, 5),
    "dim": (11,),
    "aug": (2,),
    "sus4": (2, 9),
    "sus2": (9,),
    "maj6": (2, 6),
    "min6": (2, 11),
    "maj7": (2, 6, 9),
    "min7": (2, 5, 9),
    "7": (2, 6, 9),
    "minmaj7": (2, 9),
    "hdim7": (2, 5, 8),
    "dim7": (2, 11),
    "7sus4": (2, 9),
    "7b9": (3, 6, 8, 9),
    "7alt": (1, 3, 6),
}
"""Semitones above the root that players add to each quality."""

_ROOTLESS: dict[str, tuple[tuple[int, ...], ...]] = {
    "maj": ((4, 7, 9, 14),),
    "min": ((3, 7, 10, 14), (3, 7, 9, 14)),
    "dim": ((3, 6, 9, 14),),
    "aug": ((4, 8, 10, 14),),
    "sus4": ((5, 7, 10, 14),),
    "sus2": ((2, 4, 7, 9),),
    "maj6": ((4, 7, 9, 14),),
    "min6": ((3, 7, 9, 14),),
    "maj7": ((4, 7, 11, 14), (4, 9, 11, 14)),
    "min7": ((3, 7, 10, 14),),
    "7": ((4, 9, 10, 14), (4, 7, 10, 14)),
    "minmaj7": ((3, 7, 11, 14),),
    "hdim7": ((3, 6, 10, 14), (3, 6, 10, 17)),
    "dim7": ((3, 6, 9, 14),),
    "7sus4": ((5, 9, 10, 14), (5, 7, 10, 14)),
    "7b9": ((4, 7, 10, 13), (4, 9, 10, 13), (4, 8, 10, 13)),
    "7alt": ((4, 8, 10, 15), (4, 8, 10, 13)),
}


def voice(chord: Chord, style: Style = "root", low: int = 48, choice: random.Random | None = None) -> tuple[int, ...]:
    """MIDI pitches of `chord`, ascending, the lowest within the octave from `low` (0..96).

    A chord over a foreign bass has that bass below. `choice` picks the inversion, rootless form or tensions; without it the
    first of each is taken. Raises ValueError for an unknown style.
    """
    tones = list(QUALITIES[chord.quality].tones)
    picked = choice if choice is not None else random.Random(0)
    match style:
        case "root":
            return _stacked(chord, tones, low)
        case "shell":
            guides = sorted((tone - chord.root) % 12 for tone in chord.guide_tones)
            return _stacked(chord, [0, *(guides or tones[1:])], low)
        case "tensions":
            added = [tone for tone in TENSIONS[chord.quality] if tone not in tones]
            wanted = added[:1] if choice is None else picked.sample(added, picked.randint(1, min(2, len(added))))
            return _stacked(chord, [*tones, *(tone + 12 for tone in sorted(wanted))], low)
        case "inverted":
            turn = 1 if choice is None else picked.randrange(1, len(tones))
            above = (chord.root + tones[turn]) % 12
            return _stacked(Chord(chord.root, chord.quality, above), tones, low)
        case "rootless":
            forms = _ROOTLESS[chord.quality]
            form = forms[0] if choice is None else picked.choice(forms)
            # The B form: the upper pair goes below.
            turned = choice is not None and picked.random() < 0.5
            steps = sorted(form[2:] + tuple(step + 12 for step in form[:2])) if turned else sorted(form)
            first = low + (chord.root + steps[0] - low) % 12
            return tuple(first + step - steps[0] for step in steps)
    raise ValueError(f"style {style!r}: expected one of {', '.join(STYLES)}")


def _stacked(chord: Chord, tones: list[int], low: int) -> tuple[int, ...]:
    """`tones` above the root in close position, turned so that the chord's bass is lowest."""
    bass = low + (chord.bass - low) % 12
    root = bass + (chord.root - chord.bass) % 12
    pitches = {bass}
    for tone in tones:
        pitch = root + tone
        if chord.bass != chord.root:
            pitch -= 12 * ((pitch - bass) // 12)
        if pitch % 12 != bass % 12 or pitch == bass:
            pitches.add(pitch)
    return tuple(sorted(pitches))
