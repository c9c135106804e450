"""From folders of music to a prepared folder: read, without copies, divided by tune, written whole. Knows the steps; knows no format.

    <out>/tokens, manifest.json             what is trained on, see `trainer.shards`; the manifest is written last
    <out>/roles/<role>/<name>/              the same for people, see `trainer.role_folder`
    <out>/prepared-summary.json             what was read, kept, left out and why
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shared.errors import ConfigError, DataError
from shared.files import written_whole
from trainer.config import PrepareSettings
from trainer.duplicates import near_copies, other_titles, tunes_of, without_copies
from trainer.music_found import Find, find_music
from trainer.piece import Piece
from trainer.reading import Dropped, Reading
from trainer.reading_store import ReadingStore
from trainer.role_folder import remove_others, write_role_folder
from trainer.shards import MANIFEST, Shards, open_shards, write_shards
from trainer.split import part_of, parts_of

SUMMARY = "prepared-summary.json"
ROLES = "roles"
Tell = Callable[[str, int, int], None]
Said = dict[str, str | int | float | bool | list[str]]


@dataclass(frozen=True, slots=True)
class PrepareOrder:
    """What to prepare, where to, how; `workers` processes read, `overwrite` lets a folder of other settings or music be replaced."""

    folders: tuple[Path, ...]
    out: Path
    settings: PrepareSettings
    workers: int = os.cpu_count() or 1
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """The opened folder; `again`: it was there already, made of the same music with the same settings."""

    shards: Shards
    again: bool


def prepare(order: PrepareOrder, tell: Tell) -> Prepared:
    """Prepare `order`; `tell(step, done, total)` hears how far it is. A run that was killed goes on where it was.

    Raises ConfigError or DataError, one line with the mend, and leaves no manifest where it does not come to its end.
    """
    finds = find_music(order.folders, order.out)
    if order.overwrite:
        # At once: cut off from here on, it goes on without --overwrite too.
        (order.out / MANIFEST).unlink(missing_ok=True)
    store = ReadingStore(order.out, order.settings.roles, order.settings.split_pitch)
    keys = store.keys(finds)
    settings: Said = {
        "roles": list(order.settings.roles),
        "split_pitch": order.settings.split_pitch,
        "music": hashlib.blake2b("".join(sorted(keys)).encode(), digest_size=16).hexdigest(),
    }
    there = _already_there(order, settings)
    if there is not None:
        return Prepared(there, True)
    try:
        readings = store.read(finds, keys, order.workers, lambda done, total: tell("reading", done, total))
        shards = _write(order, finds, readings, settings, tell)
        store.remove()
    except OSError as error:
        where = error.filename or order.out
        raise DataError(f"{where}: cannot be written ({error.strerror}); make room or name another --out, then run again") from None
    return Prepared(shards, False)


def reason_counts(dropped: Sequence[Dropped]) -> Counter[str]:
    """How many were left out for each reason, details in brackets aside."""
    return Counter(left.reason.split(" (")[0] for left in dropped)


def _already_there(order: PrepareOrder, settings: Said) -> Shards | None:
    """The prepared folder, if it is the one that is wanted; None where there is none. Else raises ConfigError."""
    if not (order.out / MANIFEST).exists():
        return None
    shards = open_shards(order.out)
    if (shards.manifest.settings, shards.manifest.transpose_all_keys) != (settings, order.settings.transpose_all_keys):
        raise ConfigError(f"--out {order.out}: prepared from other music or with other settings; add --overwrite, or name another --out")
    return shards


def _write(
    order: PrepareOrder,
    finds: Sequence[Find],
    readings: Sequence[Reading],
    settings: Said,
    tell: Tell,
) -> Shards:
    dropped = [left for reading in readings for left in reading.dropped]
    read = _named_apart([piece for reading in readings for piece in reading.pieces])
    if not read:
        often = ", ".join(f"{count} {reason}" for reason, count in reason_counts(dropped).most_common(4))
        roles = " or ".join(order.settings.roles)
        raise DataError(
            f"{', '.join(map(str, order.folders))}: no usable part for {roles} in {len(finds)} files ({often}); "
            "name a folder with whole MIDI files that have a melody and chords, or another --role"
        )
    (order.out / MANIFEST).unlink(missing_ok=True)
    pieces, copies, pairs = without_copies(read)
    tunes = tunes_of(pieces, [*pairs, *near_copies(pieces)])
    # What is measured is the first role: its tunes need every part.
    first = parts_of(tunes[piece.name] for piece in pieces if piece.conditioning.role == order.settings.roles[0])
    parts = {tune: first.get(tune) or part_of(tune) for tune in tunes.values()}
    folders = set()
    for index, piece in enumerate(pieces):
        tell("writing", index, len(pieces))
        folders.add(write_role_folder(order.out / ROLES, piece, tunes[piece.name], parts[tunes[piece.name]]))
    tell("writing", len(pieces), len(pieces))
    remove_others(order.out / ROLES, folders)
    dropped += copies
    _write_summary(order.out / SUMMARY, finds, pieces, dropped)
    titles = other_titles(tunes, pieces, pairs)
    return write_shards(order.out, pieces, dropped, settings, order.settings.transpose_all_keys, tunes, parts, titles)


def _named_apart(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, no two of a role and of different sources or folders with the same name."""
    seen: Counter[tuple[str, str]] = Counter()
    named = []
    for piece in pieces:
        place = piece.conditioning.role, piece.name.lower()
        seen[place] += 1
        named.append(piece if seen[place] == 1 else replace(piece, name=f"{piece.name}-{seen[place]}"))
    return named


def _write_summary(path: Path, finds: Sequence[Find], pieces: Sequence[Piece], dropped: Sequence[Dropped]) -> None:
    kept: dict[str, dict[str, dict[str, int]]] = {}
    for piece in pieces:
        row = kept.setdefault(piece.source, {}).setdefault(piece.conditioning.role, {"pieces": 0, "notes": 0})
        row["pieces"] += 1
        row["notes"] += len(piece.notes)
    summary = {
        "read": dict(Counter(find.kind for find in finds)),
        "kept": kept,
        "dropped": dict(reason_counts(dropped).most_common()),
        "dropped_files": [{"name": left.name, "reason": left.reason} for left in dropped],
    }
    with written_whole(path) as draft:
        draft.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


