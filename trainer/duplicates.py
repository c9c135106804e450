"""Which pieces are the same music: exact copies in any key, and takes that share most of their lines. Knows notes; knows no files.

Near-duplicates are told by shingles, as texts are (A. Broder, *On the resemblance and containment of documents*, 1997): all runs
of eight notes as intervals and coarse rhythm, so that key, tempo and a little unsteadiness do not matter.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.midi_pieces import NAME as MIDI
from trainer.piece import Piece
from trainer.reading import Dropped

SHINGLE_NOTES = 8
SHARED_MIN = 0.8
# Classes of gaps between onsets: no note value lies within a tick of a border.
GAP_BORDERS = (4, 10, 20, 30, 42, 60, 84)
# A figure that stands in so many pieces (scales, repeated notes) tells nothing of where a piece comes from.
COMMON_PIECES = 200
# A title that more files share than this, or than this part of them all, is none (bossa_01, bossa_02, ...), unless they are called takes.
SAME_TITLE_MAX, SAME_TITLE_SHARE_MAX = 8, 0.5
# Neither is one that tells nothing, however few share it.
NO_TITLES = frozenset((
    "audio", "clip", "demo", "etude", "exercise", "export", "file", "improvisation", "jam", "jazz", "lead", "leadsheet", "lick", "line",
    "loop", "melody", "midi", "music", "new", "newproject", "noname", "nr", "part", "phrase", "piece", "project", "recording", "sample",
    "sequence", "solo", "song", "test", "theme", "track", "tune", "unknown", "unnamed", "untitled", "vocal", "vocals",
))  # fmt: skip


def fingerprint(piece: Piece) -> str:
    """The same for two pieces of a role whose notes differ by transposition and a shift in time only."""
    ticks, pitches = _columns(piece)
    shape = np.stack([np.diff(ticks), np.diff(pitches)]).astype("<i4")
    return hashlib.blake2b(f"{piece.conditioning.role}:".encode() + shape.tobytes(), digest_size=16).hexdigest()


def shingles(piece: Piece) -> frozenset[int]:
    """Hashes of all runs of eight notes, by interval and rhythm; empty for fewer notes."""
    ticks, pitches = _columns(piece)
    gaps = np.searchsorted(GAP_BORDERS, np.diff(ticks))
    pairs = ((np.diff(pitches) + 128) * (len(GAP_BORDERS) + 1) + gaps).astype(np.uint64)
    runs = len(pairs) - SHINGLE_NOTES + 2
    if runs < 1:
        return frozenset()
    hashed = np.zeros(runs, dtype=np.uint64)
    for place in range(SHINGLE_NOTES - 1):
        # Fowler-Noll-Vo, a number at a time; it overflows by design.
        hashed = (hashed ^ pairs[place : place + runs]) * np.uint64(1099511628211)
    return frozenset(hashed.tolist())


def without_copies(pieces: Iterable[Piece]) -> tuple[list[Piece], list[Dropped], list[tuple[Piece, Piece]]]:
    """The pieces, each music once; what was left out; and (kept, copy) pairs. Known sources are kept rather than loose files."""
    kept: dict[str, Piece] = {}
    dropped, pairs = [], []
    for piece in sorted(pieces, key=lambda piece: (piece.source == MIDI, piece.source, piece.name)):
        first = kept.setdefault(fingerprint(piece), piece)
        if first is not piece:
            dropped.append(Dropped(piece.name, f"duplicate (of {first.name})"))
            pairs.append((first, piece))
    return list(kept.values()), dropped, pairs


def near_copies(pieces: Sequence[Piece]) -> list[tuple[Piece, Piece]]:
    """Pairs of one role that share at least 80 % of the shingles of the shorter one."""
    sets = [shingles(piece) for piece in pieces]
    holders: dict[tuple[str, int], list[int]] = defaultdict(list)
    found = []
    for index, piece in enumerate(pieces):
        role = piece.conditioning.role
        shared: Counter[int] = Counter()
        for shingle in sets[index]:
            others = holders[role, shingle]
            if len(others) < COMMON_PIECES:
                shared.update(others)
                others.append(index)
        for other, count in shared.items():
            if count >= SHARED_MIN * min(len(sets[index]), len(sets[other])):
                found.append((pieces[other], piece))
    return found


def tunes_of(pieces: Sequence[Piece], same: Iterable[tuple[Piece, Piece]]) -> dict[str, str]:
    """By piece name, one tune for all that belong together: the same title, or `same` music."""
    groups = _Groups()
    pairs = list(same)
    # The titles of both of a pair count, also of a copy that is not among `pieces`.
    titles = _titles(pieces, [second for _, second in pairs])
    for name, title in titles.items():
        groups.join(("name", name), ("tune", title))
    for first, second in pairs:
        groups.join(("name", first.name), ("name", second.name))
    names: dict[Hashable, list[tuple[bool, str]]] = defaultdict(list)
    for piece in pieces:
        names[groups.root(("name", piece.name))].append((piece.source == MIDI, titles[piece.name]))
    return {piece.name: min(names[groups.root(("name", piece.name))])[1] for piece in pieces}


def other_titles(tunes: dict[str, str], pieces: Iterable[Piece], same: Iterable[tuple[Piece, Piece]]) -> dict[str, list[str]]:
    """By tune (as `tunes_of` has them), the other titles that its pieces and their left-out copies have; tunes without any are left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for kept, named in [*((piece, piece) for piece in pieces), *same]:
        found[tunes[kept.name]].add(named.tune)
    others = {tune: sorted(titles - NO_TITLES - {tune}) for tune, titles in found.items()}
    return {tune: titles for tune, titles in others.items() if titles}


def _titles(pieces: Sequence[Piece], copies: Sequence[Piece]) -> dict[str, str]:
    """The tune of every piece and copy by name: its title, or its own name where that of a loose file is none."""
    # A file may play several roles.
    loose = {piece.name: piece.tune for piece in pieces if piece.source == MIDI}
    often = Counter(loose[name] for name in {piece.name for piece in pieces if not piece.is_take} & loose.keys())
    limit = min(SAME_TITLE_MAX, max(2, int(SAME_TITLE_SHARE_MAX * len(loose))))

    def title(piece: Piece) -> str:
        known = piece.source != MIDI or (piece.tune not in NO_TITLES and (piece.is_take or often[piece.tune] <= limit))
        return piece.tune if known else piece.name.lower()

    return {piece.name: title(piece) for piece in (*pieces, *copies)}


class _Groups:
    """Things that were joined, directly or through others (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, item: Hashable) -> Hashable:
        path = []
        while (parent := self._parent.setdefault(item, item)) != item:
            path.append(item)
            item = parent
        self._parent.update((passed, item) for passed in path)
        return item

    def join(self, first: Hashable, second: Hashable) -> None:
        self._parent[self.root(first)] = self.root(second)


def _columns(piece: Piece) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    notes = sorted((note.tick, note.pitch) for note in piece.notes)
    ticks, pitches = zip(*notes, strict=True) if notes else ((), ())
    return np.array(ticks, dtype=np.int64), np.array(pitches, dtype=np.int64)
