"""What there is to read in the folders that a user names: tables and archives known by a file of theirs, and MIDI files.

Knows which files make a source and how it is read; knows nothing of what becomes of the pieces.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigError, DataError
from trainer import jjswing, midi_pieces, omnibook, pop909, weimar
from trainer.midi_file import SUFFIXES
from trainer.reading import Dropped, Reading, printable
from trainer.shards import MANIFEST

NONCOMMERCIAL = "noncommercial"
# Raised where reading changes what comes out: what an unfinished run has kept is then read again.
READER_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Known:
    """A source that lies in a folder: all its files, known by the first; the roles that it has; and its reader (folder, role)."""

    files: tuple[str, ...]
    roles: tuple[str, ...]
    read: Callable[[Path, str], Reading]


KNOWN = {
    weimar.NAME: _Known((weimar.NOTES, weimar.BEATS, weimar.META), ("lead", "bass"), weimar.read_pieces),
    omnibook.NAME: _Known((omnibook.NOTES, omnibook.META), ("lead",), omnibook.read_pieces),
    pop909.NAME: _Known((pop909.ARCHIVE,), tuple(pop909.TRACKS), pop909.read_pieces),
    jjswing.NAME: _Known((jjswing.WALKING,), ("bass",), jjswing.read_pieces),
}
FILES: Mapping[str, tuple[str, ...]] = {kind: source.files for kind, source in KNOWN.items()}


@dataclass(frozen=True, slots=True)
class Find:
    """A MIDI file, or the folder of a known source; `label` is what it is called in reports."""

    kind: str
    path: Path
    label: str


def find_music(folders: Sequence[Path], out: Path, files: Mapping[str, tuple[str, ...]] = FILES) -> list[Find]:
    """All music in and below `folders`, in order. `files` names the files of every known source, the one it is known by first.

    Left out are `out` and what else was prepared before, and folders called `noncommercial` unless they are named themselves.
    Raises ConfigError for a folder that is none, DataError where one holds nothing to read.
    """
    finds: dict[Path, Find] = {}
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"--input_dir {folder}: no such folder")
        found = list(_below(folder, folder, out.resolve(), files))
        if not found:
            known = ", ".join(names[0] for names in files.values())
            raise DataError(f"{folder}: no music in it; expected MIDI files ({', '.join(SUFFIXES)}), or {known}")
        for find in found:
            finds.setdefault(find.path.resolve(), find)
    return list(finds.values())


def _below(folder: Path, top: Path, out: Path, files: Mapping[str, tuple[str, ...]]) -> Iterator[Find]:
    """Finds in `folder` and its folders, those of a known source first."""
    known = [kind for kind, names in files.items() if (folder / names[0]).is_file()]
    for kind in known:
        yield Find(kind, folder, kind)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if path.name.lower() != NONCOMMERCIAL and path.resolve() != out and not (path / MANIFEST).is_file():
                yield from _below(path, top, out, files)
        elif not known and path.suffix.lower() in SUFFIXES:
            yield Find(midi_pieces.NAME, path, printable(path.relative_to(top).as_posix()))


def key_of(find: Find, roles: Sequence[str], split_pitch: int) -> str:
    """The same for the same content read in the same way, whatever its files' dates."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([READER_VERSION, find.kind, find.label, list(roles), split_pitch]).encode())
    for path in _files(find):
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        except OSError as error:
            digest.update(os.strerror(error.errno or 0).encode())
    return digest.hexdigest()


def read_find(find: Find, roles: Sequence[str], split_pitch: int) -> Reading:
    """The pieces of a find, for every role; a source that cannot be read is left out with the reason."""
    try:
        if find.kind == midi_pieces.NAME:
            return midi_pieces.read_pieces(find.path.read_bytes(), Path(find.label), roles, split_pitch)
        known = KNOWN[find.kind]
        readings = [known.read(find.path, role) for role in roles if role in known.roles]
    except DataError as error:
        return Reading((), (Dropped(find.label, printable(str(error))),))
    except OSError as error:
        return Reading((), (Dropped(find.label, f"cannot be read ({error.strerror})"),))
    dropped = tuple(left for reading in readings for left in reading.dropped)
    return Reading(tuple(piece for reading in readings for piece in reading.pieces), dropped)


def _files(find: Find) -> list[Path]:
    return [find.path] if find.kind == midi_pieces.NAME else [find.path / name for name in KNOWN[find.kind].files]
