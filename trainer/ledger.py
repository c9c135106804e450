"""Which steps of a long work are finished: by what went in and what came out, not by files that happen to lie there. Knows no step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from shared import JAMBOT
from shared.errors import DataError
from shared.files import written_whole
from trainer.reading import printable


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finished step: the `key` of what went in, and the digest of every file that came out, by path."""

    key: str
    outputs: dict[str, str]


class Ledger:
    """A JSON file of finished steps. Raises DataError for a file that is no ledger."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._done: dict[str, Done] = {}
        if path.is_file():
            try:
                self._done = msgspec.json.decode(path.read_bytes(), type=dict[str, Done])
            except (OSError, msgspec.DecodeError) as error:
                raise DataError(f"{path}: cannot be read as a list of finished steps ({error}); remove it and run again") from None

    def has(self, step: str, key: str) -> bool:
        """Whether `step` was finished with the same things going in, and what came out still lies there unchanged."""
        done = self._done.get(step)
        return done is not None and done.key == key and all(file_digest(Path(path)) == digest for path, digest in done.outputs.items())

    def write(self, step: str, key: str, outputs: Iterable[Path]) -> None:
        """Say that `step` is finished, on disk. Raises OSError where the system refuses."""
        self._done[step] = Done(key, {path.as_posix(): file_digest(path) for path in outputs})
        with written_whole(self.path) as draft:
            draft.write_text(json.dumps(msgspec.to_builtins(self._done), indent=1) + "\n", encoding="utf-8")


def key_of(*parts: object) -> str:
    """The same for the same `parts` in the same version of JamBot: settings, digests, numbers, text."""
    return hashlib.blake2b(msgspec.json.encode([JAMBOT, *parts]), digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """A digest of what is in a file, empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def tree_digest(path: Path, suffixes: Sequence[str]) -> str:
    """A digest of a file, or of the names and contents of a folder's files that end in one of `suffixes`, hidden ones aside."""
    if not path.is_dir():
        return file_digest(path)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes and not file.name.startswith("."))
    return key_of(*((printable(file.name), file_digest(file)) for file in files))
