"""A small table of a touch, made by hand, so that a test can tell what it says."""

from __future__ import annotations

from shared.drum_kit import SNARE, VOICE_OF_PITCH
from shared.touch_table import Quantity, TouchTable, Trees
from shared.touch_trees import SEES, SEES_DRUMS

SNARE_VELOCITY, OTHER_VELOCITY, ROCK_VELOCITY = 100.0, 60.0, 20.0
LATE_MS, LONGER_LN = 10.0, -0.5


def made_table(instrument: str = "drums") -> TouchTable:
    """Drums: the snare louder; others: high notes louder. `rock` adds ROCK_VELOCITY. Off the felt beat all are LATE_MS late, pitched
    notes shorter by LONGER_LN."""
    drums = instrument == "drums"
    sees = SEES_DRUMS if drums else SEES
    voice, phase, rock = sees.index("voice"), sees.index("phase"), len(sees) + 1
    # A snare is voice 1 of the kit; a high note lies above 60.
    louder = Trees(
        (voice, voice, -1, -1, -1, rock, -1, -1),
        (SNARE + 0.5, SNARE - 0.5, OTHER_VELOCITY, SNARE_VELOCITY, OTHER_VELOCITY, 0.5, 0.0, ROCK_VELOCITY),
    )
    higher = Trees((voice, -1, -1, rock, -1, -1), (60.5, OTHER_VELOCITY, SNARE_VELOCITY, 0.5, 0.0, ROCK_VELOCITY))
    quantities = {
        "velocity": _quantity(louder if drums else higher, spread=8.0, carry=0.4),
        "onset_ms": _quantity(Trees((phase, -1, -1), (0.1, 0.0, LATE_MS)), spread=6.0, carry=0.4),
    }
    if not drums:
        quantities["log_ratio"] = _quantity(Trees((-1,), (LONGER_LN,)), spread=0.1, carry=0.0)
    return TouchTable(1, "made", instrument, ("unknown", "rock"), tuple(VOICE_OF_PITCH.tolist()) if drums else (), quantities)


def _quantity(middle: Trees, spread: float, carry: float) -> Quantity:
    return Quantity(middle, Trees((-1,), (spread,)), (-2.0, -1.0, 0.0, 1.0, 2.0), carry)
