"""How well chords are recognized from their voicings, in the field's measures. Knows voicings and songs; knows no files.

Measures: `mir_eval.chord` (Raffel et al., *mir_eval: a transparent implementation of common MIR metrics*, 2014) counts root,
thirds, triads and sevenths; each leaves out the chords that its vocabulary does not hold (`counted` tells the share that
sevenths count). `quality` is stricter: root and quality of JamBot's own table, every chord counted. Chords weigh alike.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

import mir_eval
import numpy as np
from rich.table import Table

from shared.belief import Belief
from shared.chords import Chord
from shared.recognize import recognize
from shared.voicings import STYLES, Style, voice
from trainer.song import Song

MEASURES = ("root", "thirds", "triads", "sevenths")
CONTEXTS = ("alone", "after", "listening")
Pairs = Counter[tuple[Chord, Chord | None]]


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of chords named rightly, 0..1, in one style of voicing.

    `context`: each chord `alone`, `after` the one recognized before it, or `listening` as in a jam, all before it in mind.
    """

    style: Style
    context: str
    chords: int
    root: float
    thirds: float
    triads: float
    sevenths: float
    quality: float
    counted: float


def score(songs: list[Song], seed: int) -> list[Row]:
    """A row for each style of voicing and context. `seed` and a song's name choose its voicings."""
    return [_row(style, context, _heard(songs, seed, style, context)) for style in STYLES for context in CONTEXTS]


def figures(rows: list[Row]) -> list[dict[str, object]]:
    """The rows as plain values for JSON, rounded to four places."""
    return [{name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()} for row in rows]


def table(rows: list[Row]) -> Table:
    """The rows as a table in percent."""
    shown = Table(title=f"Chords named rightly, percent of {rows[0].chords} chords" if rows else "No chords")
    for name in ("voicing", "chord"):
        shown.add_column(name)
    for name in (*MEASURES, "quality", "counted"):
        shown.add_column(name, justify="right")
    for row in rows:
        values = (row.root, row.thirds, row.triads, row.sevenths, row.quality, row.counted)
        shown.add_row(row.style, row.context, *(f"{100 * value:.1f}" for value in values), end_section=row.context == CONTEXTS[-1])
    return shown


def _heard(songs: list[Song], seed: int, style: Style, context: str) -> Pairs:
    """How often each chord was meant and each heard for it."""
    pairs: Pairs = Counter()
    for song in songs:
        choice = random.Random(f"{seed}:{song.name}:{style}")
        previous: Chord | None = None
        belief = Belief()
        for chord, _ in song.chords:
            if chord is None:
                previous = None
                continue
            voicing = voice(chord, style, choice=choice)
            if context == "listening":
                heard, belief = belief.hear(voicing)
            else:
                heard = recognize(voicing, previous if context == "after" else None)
            pairs[chord, heard] += 1
            previous = heard if heard is not None else previous
    return pairs


def _row(style: Style, context: str, pairs: Pairs) -> Row:
    meant = [chord.harte for chord, _ in pairs]
    heard = [mir_eval.chord.NO_CHORD if chord is None else chord.harte for _, chord in pairs]
    weights = np.array(list(pairs.values()), dtype=float)
    shares, counted = {}, 0.0
    for name in MEASURES:
        compare: Callable[[list[str], list[str]], np.ndarray[tuple[int], np.dtype[np.float64]]] = getattr(mir_eval.chord, name)
        right = np.asarray(compare(meant, heard), dtype=float)
        valid = right >= 0
        # With nothing to count there is nothing wrong, as in mir_eval.
        shares[name] = float(right[valid] @ weights[valid] / weights[valid].sum()) if valid.any() else 0.0
        counted = float(weights[valid].sum() / weights.sum()) if len(weights) else 0.0
    total = sum(pairs.values())
    exact = sum(count for (chord, other), count in pairs.items() if other and (chord.root, chord.quality) == (other.root, other.quality))
    return Row(style, context, total, **shares, quality=exact / total if total else 0.0, counted=counted)
