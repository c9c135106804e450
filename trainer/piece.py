"""One player's part in one piece, in ticks, with the chords it was played over: what every source is read into. Knows no files."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter
from shared.score import PITCH_RANGES, Conditioning, Event, Note
from shared.tokens import DURATION_TICKS, POLYPHONIC_ROLES

NOTES_AT_ONCE_MAX = 6
# The lengths that are written, in ticks. What lies between them is touch, which is the humanizer's business: a line that is learned
# from performances would else spend half of what it learns on a few milliseconds at the end of each note.
LENGTHS: tuple[int, ...] = (
    2, 4, *range(6, 24, 3), *range(24, 48, 6), *range(48, 96, 12), *range(96, 192, 24), *range(192, 384, 48), *range(384, 769, 96),
)  # fmt: skip

_REMARK = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NUMBER = re.compile(r"[-_ ]*(take|version|solo|take ?no)?[-_ #]*\d{1,2}\s*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """`notes` of the part to be learned, over `changes`; tick 0 is a downbeat, and everything ends by `end_tick`.

    `name` is unique in its `source` and fit for a folder; pieces with the same `tune` are never divided between training
    and measuring, and `is_take` says that its title names one of several of its tune. `accompaniment` is what else sounded, where it
    is known.
    """

    name: str
    tune: str
    source: str
    conditioning: Conditioning
    meter: Meter
    changes: tuple[ChordChange, ...]
    notes: tuple[Note, ...]
    end_tick: int
    accompaniment: tuple[Note, ...] = ()
    is_take: bool = False

    @property
    def foresight(self) -> Foresight:
        """The piece's chords as a player sees them who has the chart."""
        return Foresight(Grid(self.meter), self.changes)


def score_of(piece: Piece) -> list[Event]:
    """The piece as a score: a frame at every beat line and change from tick 0 to the last before `end_tick`, with the notes between."""
    seen, wish = piece.foresight, piece.conditioning
    events: list[Event] = []
    notes = iter(piece.notes)
    note = next(notes, None)
    tick = 0
    while tick < piece.end_tick:
        events.append(seen.frame_at(tick, wish))
        tick = seen.next_frame_tick(tick)
        while note is not None and note.tick < tick:
            events.append(note)
            note = next(notes, None)
    return events


def playable(notes: Iterable[Note], role: str) -> tuple[Note, ...]:
    """`notes` as `role` can write them: in order, no longer than the longest class, inside the role's range.

    Roles that play one note at a time keep the highest of notes struck together (the bass the lowest), and let each note
    end where the next begins; roles that play chords keep the lowest and the highest ones, six at most, each pitch once.
    Lengths are the nearest of `LENGTHS`, so a note may reach a little into the next, as legato does.
    """
    low, high = PITCH_RANGES[role]
    at: dict[int, dict[int, Note]] = {}
    for note in notes:
        if low <= note.pitch <= high and note.tick >= 0:
            at.setdefault(note.tick, {}).setdefault(note.pitch, note)
    kept: list[Note] = []
    ticks = sorted(at)
    for index, tick in enumerate(ticks):
        struck = [at[tick][pitch] for pitch in sorted(at[tick])]
        if role in POLYPHONIC_ROLES:
            struck = struck if len(struck) <= NOTES_AT_ONCE_MAX else struck[: NOTES_AT_ONCE_MAX - 1] + struck[-1:]
            room = DURATION_TICKS[-1]
        else:
            struck = struck[:1] if role == "bass" else struck[-1:]
            room = ticks[index + 1] - tick if index + 1 < len(ticks) else DURATION_TICKS[-1]
        kept += [replace(note, duration_ticks=written_length(min(note.duration_ticks, room))) for note in struck]
    return tuple(kept)


def written_length(ticks: int) -> int:
    """The length in `LENGTHS` nearest to `ticks`."""
    after = min(bisect_left(LENGTHS, ticks), len(LENGTHS) - 1)
    before = max(0, after - 1)
    return LENGTHS[before] if ticks - LENGTHS[before] < LENGTHS[after] - ticks else LENGTHS[after]


def whole_bars(tick: int, meter: Meter) -> int:
    """The end of the bar in which `tick` lies: `tick` itself where it is a bar line."""
    return -(-tick // meter.bar_ticks) * meter.bar_ticks


def tune_key(title: str) -> str:
    """What two takes of one tune have in common: the title's letters and digits, without take numbers and remarks in brackets."""
    plain = _REMARK.sub(" ", _ascii(title).lower())
    plain = _NUMBER.sub("", plain.strip()) or plain
    plain = re.sub(r"^(the|an?)\b|,\s*(the|an?)\s*$", "", plain)
    return re.sub(r"[^a-z0-9]", "", plain)


def names_take(title: str) -> bool:
    """Whether a title says that it is one of several of a tune: `Solar take 2`, `Solar (F)`. A number alone may count anything."""
    plain = _ascii(title).lower()
    number = _NUMBER.search(_REMARK.sub(" ", plain).strip())
    if number is not None:
        return number[1] not in (None, "solo")
    return any(char.isalpha() for remark in _REMARK.findall(plain) for char in remark)


def file_name(text: str) -> str:
    """`text` as a folder's name on any system: ASCII letters, digits, `-`, `_` and `.`, at most 80 characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", _ascii(text)).strip("._")[:80] or "piece"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
