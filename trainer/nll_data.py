"""What a likelihood is measured on, and what its n-gram is counted from. Knows prepared folders and Weimar's tables; knows no net."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shared.checkpoint import Card
from shared.errors import DataError
from shared.tokens import Steps, encode
from trainer import weimar
from trainer.ngram import CONTEXTS, NGram, fit
from trainer.piece import score_of
from trainer.shards import MANIFEST, jazz_of, open_shards
from trainer.source import SOURCES
from trainer.split import part_of

ROLE = "lead"
ALL = "all"
ASKED_PARTS = (ALL, "test", "val")
# Without a validation part, this share of the training pieces weighs the n-gram's orders instead of being counted.
WEIGHING_EVERY = 10


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The lines of `part` of a folder, in their own keys with every next chord known; `dropped` ones could not be read."""

    part: str
    pieces: tuple[Steps, ...]
    dropped: int


def read_held_out(folder: Path, part: str | None = None) -> HeldOut:
    """The lead lines of a prepared folder (its `test` part unless another is asked for), or of Weimar's tables (`all` unless ...).

    Of a prepared folder jazz alone, where that part has any: it is what the n-gram and the adapter know.
    Raises DataError where the folder is neither, or holds no lead line in that part.
    """
    if (folder / MANIFEST).is_file():
        shards = open_shards(folder)
        part = part or "test"
        chosen = jazz_of([entry for entry in shards.entries if entry.role == ROLE and part in (ALL, entry.part)])
        found = HeldOut(part, tuple(shards.steps(entry) for entry in chosen), 0)
    elif (folder / weimar.NOTES).is_file():
        reading = weimar.read_pieces(folder, ROLE)
        part = part or ALL
        pieces = [piece for piece in reading.pieces if part in (ALL, part_of(piece.tune))]
        found = HeldOut(part, tuple(encode(score_of(piece)) for piece in pieces), len(reading.dropped))
    else:
        raise DataError(
            f"{folder}: neither a prepared folder ({MANIFEST}) nor tables like those of the Weimar Jazz Database "
            f"({weimar.NOTES}, {weimar.BEATS}, {weimar.META}); name one with --data"
        )
    if not found.pieces:
        raise DataError(f"{folder}: no {ROLE} line in part {found.part}; choose another --part: {', '.join(ASKED_PARTS)}")
    return found


def count_ngram(folder: Path, jazz_only: bool) -> tuple[dict[str, NGram], Card]:
    """The n-grams (by the names of `trainer.ngram.CONTEXTS`) of the training part's lead lines, and their card. Raises DataError.

    With `jazz_only` they know nothing but jazz, as they are measured on jazz: with pop songs beside they do worse there.
    """
    shards = open_shards(folder)
    entries = [entry for entry in shards.entries if entry.role == ROLE and (SOURCES[entry.source].jazz or not jazz_only)]
    train = [shards.steps(entry) for entry in entries if entry.part == "train"]
    held = [shards.steps(entry) for entry in entries if entry.part == "val"]
    if not held:
        held = train[::WEIGHING_EVERY]
        train = [steps for index, steps in enumerate(train) if index % WEIGHING_EVERY]
    if not train or not held:
        kind = "jazz " if jazz_only else ""
        raise DataError(f"{folder}: too few {kind}{ROLE} lines for an n-gram, two in the training part at least; prepare more music")
    sources = [SOURCES[name] for name in sorted({entry.source for entry in entries if entry.part == "train"})]
    named, licences = (", ".join(dict.fromkeys(words)) for words in zip(*((one.title, one.licence) for one in sources), strict=True))
    ngrams = {which: fit(train, held, contexts) for which, contexts in CONTEXTS.items()}
    return ngrams, Card("n-gram", named, licences)
