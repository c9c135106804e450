"""What soloists are usually asked for: tempo and style, drawn as human solos have them. Knows numbers; knows no charts.

Deciles of tempo and counts of style over the 409 solos of the Weimar Jazz Database that are open for training (`avgtempo`,
`style`); swing holds those whose rhythm feel is swing, two-beat or ballad, even all others.
"""

from __future__ import annotations

import random
from itertools import pairwise

# The first to the ninth decile, quarter notes a minute: what is slower or faster is a tenth of all on either side.
TEMPO_DECILES = {
    "swing": (80, 125, 138, 157, 178, 199, 225, 250, 282),
    "even": (101, 106, 118, 132, 147, 153, 157, 184, 219),
}
STYLE_COUNTS = {
    "swing": {"postbop": 123, "hardbop": 64, "swing": 53, "bebop": 51, "cool": 42, "traditional": 27, "free": 5},
    "even": {"postbop": 16, "fusion": 16, "cool": 6, "hardbop": 5, "bebop": 1},
}


def usual_tempo_bpm(feel: str, choice: random.Random) -> float:
    """A whole tempo between the first and the ninth decile, quarter notes a minute, each tenth as likely as the others."""
    low, high = choice.choice(list(pairwise(TEMPO_DECILES[feel])))
    return float(round(choice.uniform(low, high)))


def usual_style(feel: str, choice: random.Random) -> str:
    """A style, as often as it is played with this feel."""
    counts = STYLE_COUNTS[feel]
    return choice.choices(list(counts), list(counts.values()))[0]
