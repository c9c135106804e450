"""Common-property changes for the demo and the bench: forms that belong to everybody. Knows only chart text."""

from __future__ import annotations

from itertools import cycle, islice

BLUES = """
F7   | Bb7      | F7    | Cm7 F7
Bb7  | Bdim7    | F7    | Am7b5 D7b9
Gm7  | C7       | F7 D7 | Gm7 C7
"""

RHYTHM_CHANGES = """
Bb6 G7  | Cm7 F7  | Dm7 G7 | Cm7 F7
Fm7 Bb7 | Eb6 Ab7 | Dm7 G7 | Cm7 F7
"""

TWO_FIVE_ONES = """
Dm7    | G7     | Cmaj7      | %
Cm7 F7 | Bbmaj7 | Bm7b5 E7b9 | Am6
"""

MODAL_VAMP = """
Dm7 | % | Ebm7 | Dm7
"""

FORMS = {"blues": BLUES, "rhythm changes": RHYTHM_CHANGES, "ii-V-I": TWO_FIVE_ONES, "modal vamp": MODAL_VAMP}


def medley(bars: int) -> str:
    """Chart text of exactly `bars` bars of 4/4: the forms one after another, 32 bars in all, then from the beginning."""
    every = [bar.strip() for form in FORMS.values() for line in form.strip().splitlines() for bar in line.split("|")]
    return " | ".join(islice(cycle(every), bars))
