"""Which part each track of a manifest belongs to. Knows names; knows no music."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trainer.split import parts_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A track to be given a part. `part`: the one that its source gives it, or ""; `take`: the file or recording that it is from."""

    source: str
    instrument: str
    piece: str
    take: str
    part: str = ""


def divide(entries: Iterable[Entry]) -> list[str]:
    """The part of each entry, in order. Neither a piece nor a take of a source is ever in two parts.

    Every instrument has all three parts as far as its source has pieces for them: those with the fewest choose first.
    """
    known = list(entries)
    loose = [entry for entry in known if not entry.part]
    group_of = _groups(loose)
    pieces: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in loose:
        pieces[entry.source, entry.instrument].add(group_of[_piece(entry)])
    parts: dict[tuple[str, str], str] = {}
    for (source, _), groups in sorted(pieces.items(), key=lambda item: (len(item[1]), item[0])):
        _choose(source, groups, parts)
    return [entry.part or parts[entry.source, group_of[_piece(entry)]] for entry in known]


def _choose(source: str, groups: set[str], parts: dict[tuple[str, str], str]) -> None:
    """Give the groups that have no part yet the one that they would have among all of the instrument's."""
    for group, part in parts_of(groups).items():
        parts.setdefault((source, group), part)


def _piece(entry: Entry) -> tuple[str, str]:
    return entry.source, entry.piece


def _groups(entries: Iterable[Entry]) -> Mapping[tuple[str, str], str]:
    """Pieces with a take in common are one group, named by the first of them."""
    leader: dict[tuple[str, str], tuple[str, str]] = {}

    def found(piece: tuple[str, str]) -> tuple[str, str]:
        while leader[piece] != piece:
            leader[piece] = leader[leader[piece]]
            piece = leader[piece]
        return piece

    first_of_take: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in entries:
        piece = _piece(entry)
        leader.setdefault(piece, piece)
        other = first_of_take.setdefault((entry.source, entry.take), piece)
        low, high = sorted((found(piece), found(other)))
        leader[high] = low
    return {piece: found(piece)[1] for piece in leader}
