"""Prepared music on disk: token steps by role and part, and the manifest that says what they are. Knows files; knows no net.

    manifest.json                   what is here: vocabulary, sources, every piece with its place, what was left out
    tokens/<role>-<part>.npy        steps (all pieces one after another, fields) int16

The manifest is written last: a folder without one is no prepared folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from shared.errors import DataError
from shared.files import written_whole
from shared.tokens import FIELDS, Steps, encode, vocabulary_hash
from trainer.piece import Piece, score_of
from trainer.reading import Dropped
from trainer.source import SOURCES
from trainer.split import PARTS, part_of

FORMAT = 1
MANIFEST = "manifest.json"
_AGAIN = "run `python -m trainer prepare` with --overwrite"


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece in the shards: rows `start`..`start + steps` of its role's and part's file, of which `notes` are notes."""

    name: str
    tune: str
    source: str
    role: str
    part: str
    start: int
    steps: int
    notes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `manifest.json` holds. `settings` are those that the folder was prepared with, as far as they change what is in it.

    `titles` are, by tune, other titles that its pieces came under.
    """

    format: int
    vocabulary: str
    transpose_all_keys: bool
    settings: dict[str, str | int | float | bool | list[str]]
    sources: list[str]
    entries: list[Entry]
    dropped: list[Dropped]
    titles: dict[str, list[str]] = {}


class Shards:
    """The opened folder: `entries` and their steps, which stay on disk until they are asked for."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.entries = tuple(manifest.entries)
        self._files: dict[str, Steps] = {}

    def steps(self, entry: Entry) -> Steps:
        """Steps (T, F) of a piece in its own key, with every next chord known. Raises DataError where the file is cut short."""
        name = _file_name(entry.role, entry.part)
        if name not in self._files:
            self._files[name] = _open(self.folder / name)
        rows = self._files[name][entry.start : entry.start + entry.steps]
        if len(rows) < entry.steps:
            raise DataError(f"{self.folder / name}: cut short; {_AGAIN}")
        return rows

    def part(self, part: str, roles: Sequence[str]) -> list[Entry]:
        """The entries of a part in any of `roles`."""
        return [entry for entry in self.entries if entry.part == part and entry.role in roles]

    def titles(self, part: str) -> set[str]:
        """Every title of the tunes in a part."""
        tunes = {entry.tune for entry in self.entries if entry.part == part}
        return tunes.union(*(self.manifest.titles.get(tune, ()) for tune in tunes))


def write_shards(
    folder: Path,
    pieces: Iterable[Piece],
    dropped: Sequence[Dropped],
    settings: dict[str, str | int | float | bool | list[str]],
    transpose_all_keys: bool,
    tunes: dict[str, str] | None = None,
    parts: dict[str, str] | None = None,
    titles: dict[str, list[str]] | None = None,
) -> Shards:
    """Write the shards of `pieces` and, last, the manifest. `tunes` gives pieces that belong together, by name, one tune's name.

    `parts` gives tunes their part, where it is not that of `part_of`, and `titles` what else they are called.
    A piece that is no score is left out with the reason. Raises OSError where the system refuses, DataError where nothing is left.
    """
    rows: dict[tuple[str, str], list[Steps]] = {}
    ends: dict[tuple[str, str], int] = {}
    entries: list[Entry] = []
    left_out = list(dropped)
    (folder / MANIFEST).unlink(missing_ok=True)
    for piece in pieces:
        tune = (tunes or {}).get(piece.name, piece.tune)
        key = piece.conditioning.role, (parts or {}).get(tune) or part_of(tune)
        try:
            steps = encode(score_of(piece))
        except DataError as error:
            left_out.append(Dropped(piece.name, str(error)))
            continue
        start = ends.get(key, 0)
        entries.append(Entry(piece.name, tune, piece.source, *key, start, len(steps), len(piece.notes)))
        rows.setdefault(key, []).append(steps)
        ends[key] = start + len(steps)
    if not entries:
        raise DataError(f"{folder}: nothing is left to learn from; see what was dropped and why, and name other music")
    for old in (folder / "tokens").glob("*.npy"):
        old.unlink()
    for key, pieces_steps in rows.items():
        with written_whole(folder / _file_name(*key)) as draft, draft.open("wb") as file:
            np.save(file, np.concatenate(pieces_steps), allow_pickle=False)
    sources = sorted({entry.source for entry in entries})
    manifest = Manifest(FORMAT, vocabulary_hash(), transpose_all_keys, settings, sources, entries, left_out, titles or {})
    with written_whole(folder / MANIFEST) as draft:
        draft.write_text(json.dumps(msgspec.to_builtins(manifest), indent=1) + "\n", encoding="utf-8")
    return Shards(folder, manifest)


def open_shards(folder: Path) -> Shards:
    """The prepared folder. Raises DataError where it is none, or was prepared with another vocabulary."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        mend = f"prepare a folder first: python -m trainer prepare --input_dir DIR --out {folder}"
        raise DataError(f"{path}: cannot be read ({error.strerror}); {mend}") from None
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: this is no manifest ({error}); {_AGAIN}") from None
    if manifest.format != FORMAT or manifest.vocabulary != vocabulary_hash():
        raise DataError(
            f"{path}: prepared for token version {manifest.vocabulary}, this version speaks {vocabulary_hash()}; {_AGAIN}"
        )
    unknown = {entry.part for entry in manifest.entries} - set(PARTS) or {entry.source for entry in manifest.entries} - set(SOURCES)
    if unknown:
        raise DataError(f"{path}: unknown part or source {min(unknown)}; {_AGAIN}")
    return Shards(folder, manifest)


def jazz_of(entries: Sequence[Entry]) -> list[Entry]:
    """The jazz among `entries`, which is what an adapter learns and is measured on; all of them where there is none."""
    return [entry for entry in entries if SOURCES[entry.source].jazz] or list(entries)


def counts(shards: Shards) -> dict[tuple[str, str], dict[str, int]]:
    """Pieces, steps and notes by role and part."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for entry in shards.entries:
        row = found.setdefault((entry.role, entry.part), {"pieces": 0, "steps": 0, "notes": 0})
        row["pieces"] += 1
        row["steps"] += entry.steps
        row["notes"] += entry.notes
    return found


def _file_name(role: str, part: str) -> str:
    return f"tokens/{role}-{part}.npy"


def _open(path: Path) -> Steps:
    try:
        rows: Steps = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); {_AGAIN}") from None
    if rows.dtype != np.int16 or rows.ndim != 2 or rows.shape[1] != len(FIELDS):
        raise DataError(f"{path}: shape {rows.shape}, {rows.dtype}: no token file of this version; {_AGAIN}")
    return rows
