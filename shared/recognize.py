"""Names chords from the notes that sound: template matching over all roots and qualities. Knows no time and no hysteresis.

Every template says how likely each note above the root is struck when that chord is meant; what is struck and what is missing,
the bass, the quality's commonness and, if it is known, the step from the chord before are weighed as log odds (naive Bayes).
So an omitted fifth costs little, an omitted third much, and a chord without its root can still win.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache

from shared.chords import QUALITIES, Chord

FOREIGN = 0.004
"""How likely a note is struck that neither belongs to the chord nor is one of its usual tensions."""

ROOT, THIRD, FIFTH, SEVENTH, ALTERED = 0.86, 0.98, 0.65, 0.98, 0.95
BARE_NATS = 5.0
"""What it costs to name a chord that lacks its root and is not told by what is left."""

NOISE_NATS = 12.5
"""A set of notes that even its best name explains worse than this is no chord: clusters, a forearm."""

# (quality, commonness, likelihood of each interval): the same quality may stand more than once.
_TABLE: tuple[tuple[str, float, dict[int, float]], ...] = (
    ("maj", 0.14, {4: THIRD, 7: 0.92, 2: 0.05}),
    ("maj", 0.05, {7: 0.98}),
    ("min", 0.10, {3: THIRD, 7: 0.92, 2: 0.05, 5: 0.02}),
    ("dim", 0.020, {3: THIRD, 6: ALTERED, 11: 0.02}),
    ("aug", 0.010, {4: THIRD, 8: ALTERED, 2: 0.03}),
    ("sus4", 0.010, {5: THIRD, 7: 0.92, 2: 0.05, 9: 0.02}),
    ("sus2", 0.004, {2: THIRD, 7: 0.92, 9: 0.02}),
    ("maj6", 0.05, {4: THIRD, 7: FIFTH, 9: SEVENTH, 2: 0.25, 6: 0.04}),
    ("min6", 0.015, {3: THIRD, 7: FIFTH, 9: SEVENTH, 2: 0.2, 11: 0.05}),
    ("maj7", 0.12, {4: THIRD, 7: FIFTH, 11: SEVENTH, 2: 0.25, 6: 0.08, 9: 0.15}),
    ("min7", 0.24, {3: THIRD, 7: FIFTH, 10: SEVENTH, 2: 0.25, 5: 0.15, 9: 0.05}),
    ("7", 0.27, {4: THIRD, 7: FIFTH, 10: SEVENTH, 2: 0.25, 6: 0.08, 9: 0.2}),
    ("minmaj7", 0.005, {3: THIRD, 7: FIFTH, 11: SEVENTH, 2: 0.2, 9: 0.08}),
    ("hdim7", 0.045, {3: THIRD, 6: ALTERED, 10: SEVENTH, 2: 0.08, 5: 0.15, 8: 0.06}),
    ("dim7", 0.025, {3: THIRD, 6: ALTERED, 9: ALTERED, 2: 0.06, 11: 0.06, 5: 0.02, 8: 0.02}),
    ("7sus4", 0.015, {5: THIRD, 7: FIFTH, 10: 0.93, 2: 0.4, 9: 0.25}),
    ("7b9", 0.045, {4: THIRD, 7: 0.5, 10: SEVENTH, 1: ALTERED, 3: 0.05, 6: 0.08, 8: 0.12, 9: 0.15}),
    ("7alt", 0.02, {4: THIRD, 8: ALTERED, 10: SEVENTH, 1: 0.35, 3: 0.35, 6: 0.15}),
    ("7alt", 0.01, {4: THIRD, 7: FIFTH, 10: SEVENTH, 3: ALTERED, 1: 0.1}),
    ("7alt", 0.004, {4: THIRD, 6: ALTERED, 10: SEVENTH, 1: 0.2, 3: 0.1, 2: 0.05}),
)

# How likely the lowest note is each part of the chord, where the root is struck and where it is not.
_BASS_ROOTED = {"root": 0.80, "third": 0.06, "seventh": 0.06, "tone": 0.06, "tension": 0.012, "foreign": 0.004}
_BASS_ROOTLESS = {"root": 0.01, "third": 0.45, "seventh": 0.35, "tone": 0.1, "tension": 0.05, "foreign": 0.01}

# Families of qualities: major, minor, dominant, half-diminished, diminished.
_FAMILY = {
    "maj": "M", "maj6": "M", "maj7": "M", "aug": "M", "sus2": "M", "min": "m", "min6": "m", "min7": "m", "minmaj7": "m",
    "7": "D", "7b9": "D", "7alt": "D", "7sus4": "D", "sus4": "D", "hdim7": "h", "dim": "o", "dim7": "o",
}  # fmt: skip
_FAMILY_SHARES = {"M": 0.214, "m": 0.300, "D": 0.416, "h": 0.045, "o": 0.025}

# After a chord of the first family: how many changes of a thousand go to the second, the root 0..11 semitones up. Counted in
# 530 jazz standards of the iRb corpus (Y. Broze & D. Shanahan, Diachronic Changes in Jazz Harmony, 2013).
_CHANGES = {
    "MM": (43, 10, 13, 5, 3, 52, 0, 22, 5, 3, 7, 10),
    "Mm": (41, 7, 79, 6, 29, 13, 12, 31, 1, 83, 9, 37),
    "MD": (34, 8, 26, 9, 28, 62, 18, 57, 8, 53, 12, 30),
    "Mh": (1, 8, 4, 0, 13, 0, 24, 1, 0, 2, 1, 19),
    "Mo": (4, 34, 0, 18, 1, 0, 3, 1, 1, 0, 0, 0),
    "mM": (1, 11, 1, 2, 1, 3, 1, 17, 11, 0, 12, 3),
    "mm": (44, 5, 20, 15, 3, 77, 2, 13, 6, 4, 16, 16),
    "mD": (5, 8, 16, 6, 1, 536, 14, 21, 12, 3, 7, 17),
    "mh": (1, 1, 15, 0, 1, 2, 0, 1, 0, 23, 0, 3),
    "mo": (0, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 12),
    "DM": (2, 7, 13, 2, 7, 272, 2, 9, 5, 1, 7, 16),
    "Dm": (38, 3, 6, 4, 8, 176, 18, 37, 2, 23, 5, 24),
    "DD": (24, 12, 7, 5, 3, 116, 6, 14, 2, 8, 14, 59),
    "Dh": (3, 1, 2, 0, 2, 5, 3, 6, 1, 7, 1, 3),
    "Do": (1, 7, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
    "hM": (0, 4, 0, 0, 0, 4, 7, 2, 0, 0, 9, 15),
    "hm": (3, 0, 3, 5, 0, 2, 0, 1, 3, 0, 13, 36),
    "hD": (2, 6, 0, 0, 0, 794, 13, 1, 1, 0, 5, 38),
    "hh": (0, 0, 0, 2, 0, 22, 0, 1, 1, 0, 0, 7),
    "ho": (0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 3, 0),
    "oM": (33, 10, 0, 0, 3, 0, 130, 5, 0, 55, 3, 20),
    "om": (0, 260, 3, 0, 0, 5, 5, 5, 8, 0, 22, 288),
    "oD": (8, 33, 3, 2, 12, 3, 33, 2, 0, 13, 7, 0),
    "oh": (0, 5, 0, 2, 0, 2, 3, 0, 0, 0, 5, 3),
    "oo": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7),
}
_CHANGE_SMOOTHING = 1.0


def recognize(pitches: Collection[int], previous: Chord | None = None) -> Chord | None:
    """The chord that MIDI `pitches` make; None for fewer than two pitch classes and for what is no chord.

    The bass is the lowest note where the root sounds too (an inversion, a slash chord), else the root: it is taken to be left
    to a bass player. `previous` is the chord before, which tells rootless voicings apart.
    """
    return _named(class_mask(pitches), min(pitches) % 12, previous) if pitches else None


def class_mask(pitches: Collection[int]) -> int:
    """The pitch classes of MIDI `pitches` as bits 0..11."""
    mask = 0
    for pitch in pitches:
        mask |= 1 << pitch % 12
    return mask


def above_root(mask: int, root: int) -> int:
    """The pitch classes of `mask` as semitones above `root`."""
    return (mask >> root | mask << (12 - root)) & 0xFFF


def nats(pitches: Collection[int], chord: Chord) -> float:
    """How badly `chord` explains the notes that sound, in nats: less is better. `recognize` finds the least, if `previous` is unknown.

    Raises ValueError where there are no pitches.
    """
    mask = above_root(class_mask(pitches), chord.root)
    bass = (min(pitches) - chord.root) % 12
    return min(template.nats(mask, bass) for template in TEMPLATES if template.quality == chord.quality)


class Template:
    """A chord as it is struck: how common it is, and the `chances` of each interval 0..11 above the root.

    The costs in nats: of the notes 0..5 and 6..11 above the root, by bit mask, and of each bass.
    """

    def __init__(self, quality: str, commonness: float, likelihood: dict[int, float]) -> None:
        chances = [likelihood.get(interval, FOREIGN) for interval in range(12)]
        chances[0] = ROOT
        parts = [_part(interval, QUALITIES[quality].tones, chances[interval]) for interval in range(12)]
        self.quality = quality
        self.commonness = commonness
        self.chances = tuple(chances)
        self.low = [cost - math.log(commonness) for cost in _mask_costs(chances[:6])]
        self.high = _mask_costs(chances[6:])
        # Without its root a chord is known by its guide tones; a triad has too few of them.
        guides = [interval for interval, part in enumerate(parts) if part in ("third", "seventh")]
        self._rootless_mask = sum(1 << interval for interval in guides) if len(guides) > 1 else 1
        self._tones_mask = sum(1 << tone for tone in QUALITIES[quality].tones)
        self.bass = [[-math.log(table[part]) for part in parts] for table in (_BASS_ROOTLESS, _BASS_ROOTED)]

    def nats(self, mask: int, bass: int) -> float:
        """The cost of the notes in `mask` (bit i: i semitones above the root) over `bass`, semitones above the root."""
        cost = self.low[mask & 63] + self.high[mask >> 6] + self.bass[mask & 1][bass]
        return cost + BARE_NATS if self._bare(mask) else cost

    def _bare(self, mask: int) -> bool:
        """Neither the root nor enough else to tell it by: a guide tone is missing too, or what is left is a plain triad."""
        triad = mask.bit_count() < 4 and mask & ~self._tones_mask == 0
        return not mask & 1 and (triad or mask & self._rootless_mask != self._rootless_mask)


def _mask_costs(chances: list[float]) -> list[float]:
    """What each set of notes costs, where `chances[i]` is the likelihood that bit i is set."""
    return [sum(-math.log(p if mask >> bit & 1 else 1 - p) for bit, p in enumerate(chances)) for mask in range(1 << len(chances))]


def _part(interval: int, tones: tuple[int, ...], chance: float) -> str:
    if interval == 0:
        return "root"
    if interval in tones:
        return "third" if interval in (3, 4, 5) else "seventh" if interval in (9, 10, 11) else "tone"
    return "tension" if chance > FOREIGN else "foreign"


TEMPLATES = tuple(Template(*template) for template in _TABLE)


def _change_nats(before: str, after: str) -> list[float]:
    """What each step of the root from family `before` to `after` costs, against chords that follow without any order."""
    usual = 1000 * _FAMILY_SHARES[after] / 12
    total = 1000 + 12 * len(_FAMILY_SHARES) * _CHANGE_SMOOTHING
    return [-math.log((count + _CHANGE_SMOOTHING) * 1000 / total / usual) for count in _CHANGES[before + after]]


_CHANGE_NATS = {before: {quality: _change_nats(before, after) for quality, after in _FAMILY.items()} for before in _FAMILY_SHARES}
for _before, _costs in _CHANGE_NATS.items():
    # A major triad may stand for a dominant too: only the notes shall tell.
    _costs["maj"] = [min(pair) for pair in zip(_costs["maj"], _costs["7"], strict=True)]


def change_nats(before: str, after: str) -> list[float]:
    """What it costs that a chord of quality `before` is followed by one of quality `after`, the root 0..11 semitones up."""
    return _CHANGE_NATS[_FAMILY[before]][after]


@lru_cache(maxsize=1 << 16)
def _named(mask: int, bass: int, previous: Chord | None) -> Chord | None:
    if mask & (mask - 1) == 0:
        return None
    best, least = None, NOISE_NATS
    for root in range(12):
        above = above_root(mask, root)
        bass_above = (bass - root) % 12
        for template in TEMPLATES:
            cost = template.nats(above, bass_above)
            if previous is not None:
                cost += change_nats(previous.quality, template.quality)[(root - previous.root) % 12]
            if cost < least:
                best, least = (root, template.quality, bass if above & 1 else root), cost
    return None if best is None else Chord(*best)
