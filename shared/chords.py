"""Chords: the one table of qualities, their notes, scales, symbols and Harte labels. Knows nothing of time.

Harte labels: C. Harte, *Towards automatic extraction of harmony information from music signals*, 2010.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PITCH_CLASSES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Quality:
    """A chord quality: `tones` and `scale` are pitch classes above the root, `tones` in stacking order."""

    name: str
    symbol: str
    harte: str
    tones: tuple[int, ...]
    scale: tuple[int, ...]
    spellings: tuple[str, ...]


_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_DORIAN = (0, 2, 3, 5, 7, 9, 10)
_MIXOLYDIAN = (0, 2, 4, 5, 7, 9, 10)
_MELODIC_MINOR = (0, 2, 3, 5, 7, 9, 11)
_DIMINISHED = (0, 2, 3, 5, 6, 8, 9, 11)
_HALF_WHOLE = (0, 1, 3, 4, 6, 7, 9, 10)

# The order is part of the token vocabulary: append, never reorder.
_TABLE = (
    Quality("maj", "", "maj", (0, 4, 7), _MAJOR, ("", "maj", "M", "major", "5")),
    Quality("min", "m", "min", (0, 3, 7), _DORIAN, ("m", "min", "-", "minor", "mi")),
    Quality("dim", "dim", "dim", (0, 3, 6), _DIMINISHED, ("dim", "o", "°")),
    Quality("aug", "aug", "aug", (0, 4, 8), (0, 2, 4, 6, 8, 10), ("aug", "+", "#5")),
    Quality("sus4", "sus4", "sus4", (0, 5, 7), _MIXOLYDIAN, ("sus4", "sus")),
    Quality("sus2", "sus2", "sus2", (0, 2, 7), _MAJOR, ("sus2", "2")),
    Quality("maj6", "6", "maj6", (0, 4, 7, 9), _MAJOR, ("6", "maj6", "M6", "69", "6/9", "add9", "maj69")),
    Quality("min6", "m6", "min6", (0, 3, 7, 9), _MELODIC_MINOR, ("m6", "min6", "-6", "m69", "-69", "m6/9")),
    Quality(
        "maj7", "maj7", "maj7", (0, 4, 7, 11), _MAJOR,
        ("maj7", "M7", "j7", "Δ", "Δ7", "^7", "^", "ma7", "maj9", "M9", "maj7#11", "maj13", "maj9#11", "j79", "^9", "maj7#5", "+j7", "7M"),
    ),
    Quality("min7", "m7", "min7", (0, 3, 7, 10), _DORIAN, ("m7", "min7", "-7", "mi7", "m9", "min9", "-9", "m11", "min11", "-11", "-79", "-711", "m13")),
    Quality("7", "7", "7", (0, 4, 7, 10), _MIXOLYDIAN, ("7", "dom7", "9", "13", "7#11", "9#11", "13#11", "79", "713", "7911#", "711#", "7913")),
    Quality("minmaj7", "m(maj7)", "minmaj7", (0, 3, 7, 11), _MELODIC_MINOR, ("mmaj7", "m(maj7)", "-j7", "mM7", "-maj7", "-^7", "minmaj7", "mΔ7", "-Δ7", "m^7", "m7M")),
    Quality("hdim7", "m7b5", "hdim7", (0, 3, 6, 10), (0, 1, 3, 5, 6, 8, 10), ("m7b5", "min7b5", "-7b5", "ø", "ø7", "h7", "hdim7", "m9b5", "mi7b5")),
    Quality("dim7", "dim7", "dim7", (0, 3, 6, 9), _DIMINISHED, ("dim7", "o7", "°7")),
    Quality("7sus4", "7sus4", "sus4(b7)", (0, 5, 7, 10), _MIXOLYDIAN, ("7sus4", "7sus", "9sus4", "9sus", "13sus", "13sus4", "sus7", "sus79", "sus9")),
    Quality("7b9", "7b9", "7(b9)", (0, 4, 7, 10, 1), _HALF_WHOLE, ("7b9", "13b9", "79b", "79b13", "7b9b13", "7b913", "b9")),
    Quality(
        "7alt", "7alt", "7(b9,#9,b13)", (0, 4, 8, 10), (0, 1, 3, 4, 6, 8, 10),
        ("7alt", "alt", "7#9", "7b13", "7#5", "+7", "7+", "aug7", "7#5#9", "7#9#5", "7#5b9", "7b9#5", "7b9#9", "7#9b13", "79#", "7b5", "9#5", "+9", "7913b", "79b13b"),
    ),
)
QUALITIES: dict[str, Quality] = {quality.name: quality for quality in _TABLE}
QUALITY_NAMES: tuple[str, ...] = tuple(QUALITIES)
_BY_SPELLING = {spelling: quality.name for quality in _TABLE for spelling in quality.spellings}
_SYMBOL = re.compile(r"^([A-G])([#b♯♭]*)([^/]*(?:/9)?)(?:/([A-G])([#b♯♭]*))?$")
_FAMILY = re.compile(r"(?:(?P<maj>[Mm]aj|ma(?!dd)|M|j|Δ|\^)|(?P<min>minor|min|mi|m|-)|(?P<hdim7>hdim|ø|h)|(?P<dim>dim|o|°)|(?P<aug>aug|\+))?")
_MAJOR_SEVENTH = re.compile(r"[Mm]aj|ma|M|j|Δ|\^|D(?=7)")
_SUSPENDED = re.compile(r"sus(?:4|2(?!\d))?")
_DEGREE = re.compile(r"13|11|[2345679]|[#b+]|add|omit|no")
_ALTERATIONS = frozenset({"b5", "#5", "b6", "b9", "#9", "b11", "#11", "b13"})


def pitch_class(letter: str, accidentals: str) -> int:
    """Pitch class 0..11 of a letter A..G with any sharps and flats."""
    shift = sum(1 if mark in "#♯" else -1 for mark in accidentals)
    return (_LETTERS[letter] + shift) % 12


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: `root` and `bass` are pitch classes 0..11, `quality` a name in `QUALITIES`."""

    root: int
    quality: str
    bass: int

    def __post_init__(self) -> None:
        if not 0 <= self.root < 12 or not 0 <= self.bass < 12:
            raise ValueError(f"root {self.root} and bass {self.bass}: expected 0..11")
        if self.quality not in QUALITIES:
            raise ValueError(f"quality {self.quality!r}: expected one of {', '.join(QUALITIES)}")

    @property
    def tones(self) -> frozenset[int]:
        """Pitch classes of the chord's own notes."""
        return frozenset((self.root + tone) % 12 for tone in QUALITIES[self.quality].tones)

    @property
    def scale(self) -> frozenset[int]:
        """Pitch classes of the chord's scale."""
        return frozenset((self.root + tone) % 12 for tone in QUALITIES[self.quality].scale)

    @property
    def guide_tones(self) -> frozenset[int]:
        """Third (or fourth) and seventh (or sixth): the two notes that tell the quality."""
        tones = QUALITIES[self.quality].tones
        kept = [tone for tone in tones if tone in (2, 3, 4, 5, 9, 10, 11)]
        return frozenset((self.root + tone) % 12 for tone in kept)

    @property
    def symbol(self) -> str:
        """A lead-sheet symbol such as `Dm7` or `C/E`."""
        slash = "" if self.bass == self.root else f"/{PITCH_CLASSES[self.bass]}"
        return PITCH_CLASSES[self.root] + QUALITIES[self.quality].symbol + slash

    @property
    def harte(self) -> str:
        """A Harte label such as `D:min7` or `C:maj/E` in interval form (`C:maj/3`)."""
        degrees = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")
        slash = "" if self.bass == self.root else f"/{degrees[(self.bass - self.root) % 12]}"
        return f"{PITCH_CLASSES[self.root]}:{QUALITIES[self.quality].harte}{slash}"

    def transposed(self, semitones: int) -> Chord:
        """The same chord `semitones` higher."""
        return Chord((self.root + semitones) % 12, self.quality, (self.bass + semitones) % 12)


def parse_symbol(text: str) -> Chord | None:
    """The chord that a lead-sheet symbol names; None for `NC`. Raises ValueError for anything else."""
    if text in ("NC", "N.C.", "N"):
        return None
    match = _SYMBOL.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no chord symbol")
    letter, marks, suffix, bass_letter, bass_marks = match.groups()
    normal = suffix.replace("♯", "#").replace("♭", "b").replace("(", "").replace(")", "").replace(",", "").replace(" ", "")
    # as the French and Brazilians write a major seventh
    normal = re.sub(r"^7M", "maj7", normal)
    quality = _BY_SPELLING.get(suffix) or _BY_SPELLING.get(normal) or _quality_name(normal)
    if quality is None:
        raise ValueError(f"{text!r}: {suffix!r} is no known chord quality")
    root = pitch_class(letter, marks)
    return Chord(root, quality, pitch_class(bass_letter, bass_marks) if bass_letter else root)


def _quality_name(suffix: str) -> str | None:
    """The quality of a spelling that is not in the table: family, degrees and alterations, before (`7b9`) or after (`79b`) their degree."""
    match = _FAMILY.match(suffix)
    assert match is not None
    family, rest = match.lastgroup or "", suffix[match.end() :]
    rest, suspended = _SUSPENDED.subn("", rest)
    rest, major_seventh = _MAJOR_SEVENTH.subn("", rest) if family else (rest, 0)
    read = _degrees(rest)
    if read is None:
        return None
    degrees, altered = read
    extended = bool(degrees & {"9", "11", "13"} or altered & {"b9", "#9", "#11", "b13"})
    seventh = "7" in degrees or (extended and "6" not in degrees)
    match family:
        case "min" if major_seventh:
            return "minmaj7"
        case "min" if seventh:
            return "hdim7" if "b5" in altered else "min7"
        case "min":
            return "dim" if "b5" in altered else "min6" if "6" in degrees else "min"
        case "maj":
            return "maj7" if seventh else "maj6" if "6" in degrees else "aug" if "#5" in altered else "maj"
        case "hdim7":
            return "hdim7"
        case "dim":
            return "dim7" if seventh else "dim"
    if suspended:
        return "7sus4" if seventh else "sus4"
    if family == "aug" or altered & {"#9", "#5", "b5", "b13"}:
        return "maj7" if major_seventh else "7alt" if seventh else "aug" if family == "aug" or "#5" in altered else "maj"
    if "b9" in altered:
        return "7b9"
    return "7" if seventh else "maj6" if "6" in degrees else "maj"


def _degrees(text: str) -> tuple[set[str], set[str]] | None:
    """(plain degrees, altered degrees such as `b9`) in `text`; None where it holds anything else. What is added or left out tells nothing.

    A sign between two degrees goes with the one before it where the text ends on a sign (`79b11#`), else with the one after.
    """
    tokens = _DEGREE.findall(text)
    if "".join(tokens) != text:
        return None
    signs_after = bool(tokens) and tokens[-1] in "#b+"
    taken = {place + 1 for place, token in enumerate(tokens) if token in ("add", "omit", "no")}
    altered: set[str] = set()
    for place, token in enumerate(tokens):
        if token not in ("#", "b", "+"):
            continue
        sign = "b" if token == "b" else "#"
        sides = [side for side in ((place - 1, place + 1) if signs_after else (place + 1, place - 1)) if 0 <= side < len(tokens)]
        fitting = [side for side in sides if side not in taken and sign + tokens[side] in _ALTERATIONS]
        if fitting:
            taken.add(fitting[0])
            altered.add(sign + tokens[fitting[0]])
        elif token == "+":
            altered.add("#5")
        else:
            return None
    return {token for place, token in enumerate(tokens) if token.isdigit() and place not in taken}, altered
