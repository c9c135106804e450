"""From folders of music to manifests for the humanizer: read, without copies, divided, written whole. Knows the steps; no format.

    <out>/<instrument>.jsonl          the tracks, see `trainer.duv.manifest`
    <out>/enriched-summary.json       what was read, kept, left out and why; written last
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from shared.errors import ConfigError, DataError
from shared.files import written_whole
from shared.written import INSTRUMENTS
from trainer.duv.divide import Entry, divide
from trainer.duv.enrich_store import EnrichStore, decode_line
from trainer.duv.manifest import Line, encode_line
from trainer.duv.sources import FILES
from trainer.ledger import file_digest, key_of
from trainer.music_found import find_music
from trainer.prepare import reason_counts
from trainer.reading import Dropped

SUMMARY = "enriched-summary.json"
QUANTITIES = ("velocity", "onset_ms", "log_ratio")
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class EnrichOrder:
    """What to read, where to, for which instruments; `overwrite` lets manifests of other music or other instruments be replaced."""

    folders: tuple[Path, ...]
    out: Path
    instruments: tuple[str, ...] = INSTRUMENTS
    workers: int = os.cpu_count() or 1
    overwrite: bool = False


class Kept(msgspec.Struct, forbid_unknown_fields=True):
    """What a manifest holds of one part: tracks, notes, and of each quantity how many notes know it, their mean and spread."""

    tracks: int = 0
    notes: int = 0
    known: dict[str, int] = {}
    mean: dict[str, float] = {}
    std: dict[str, float] = {}


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `enriched-summary.json` holds; `kept` by instrument, then by part; `digests` of the manifests by name, none in older ones."""

    key: str
    instruments: list[str]
    sources: list[str]
    kept: dict[str, dict[str, Kept]]
    reasons: dict[str, int]
    dropped: list[Dropped]
    digests: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Enriched:
    """The summary; `again`: the manifests were there already, made of the same music."""

    summary: Summary
    again: bool


def enrich(order: EnrichOrder, tell: Tell) -> Enriched:
    """Make the manifests of `order`; `tell(step, done, total)` hears how far it is. A run that was killed goes on where it was.

    Raises ConfigError or DataError, one line with the mend, and leaves no summary where it does not come to its end.
    """
    finds = find_music(order.folders, order.out, FILES)
    try:
        store = EnrichStore(order.out, finds)
        key = key_of(sorted(store.keys), sorted(order.instruments))
        there = _already_there(order, key)
        if there is not None:
            return Enriched(there, True)
        store.read(order.workers, lambda done, total: tell("reading", done, total))
        summary = _write(order, store, key, tell)
        store.remove()
    except OSError as error:
        where = error.filename or order.out
        raise DataError(f"{where}: cannot be written ({error.strerror}); make room or name another --out, then run again") from None
    return Enriched(summary, False)


def read_summary(folder: Path) -> Summary:
    """The summary in `folder`. Raises DataError where there is none."""
    path = folder / SUMMARY
    try:
        return msgspec.json.decode(path.read_bytes(), type=Summary)
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); make manifests first: python -m trainer duv enrich") from None


def _already_there(order: EnrichOrder, key: str) -> Summary | None:
    """The summary, if its manifests are those that are wanted and lie there as they were written; None where they are to be written."""
    if order.overwrite or not (order.out / SUMMARY).exists():
        return None
    summary = read_summary(order.out)
    if summary.key != key:
        raise ConfigError(f"--out {order.out}: made from other music or for other instruments; add --overwrite, or name another --out")
    whole = summary.digests and all(file_digest(order.out / name) == digest for name, digest in summary.digests.items())
    return summary if whole else None


def _write(order: EnrichOrder, store: EnrichStore, key: str, tell: Tell) -> Summary:
    dropped: list[Dropped] = []
    entries, wanted = _entries(order, store, dropped)
    if not entries:
        often = ", ".join(f"{count} {reason}" for reason, count in reason_counts(dropped).most_common(4))
        names = " or ".join(order.instruments)
        raise DataError(f"{', '.join(map(str, order.folders))}: nothing to learn from for {names} ({often or 'no such tracks'})")
    parts = dict(zip(wanted, divide(entries), strict=True))
    (order.out / SUMMARY).unlink(missing_ok=True)
    sums: dict[str, dict[str, _Sums]] = {}
    with ExitStack() as open_files:
        files: dict[str, IO[bytes]] = {}
        for instrument in sorted({entry.instrument for entry in entries}):
            draft = open_files.enter_context(written_whole(order.out / f"{instrument}.jsonl"))
            files[instrument] = open_files.enter_context(draft.open("wb"))
        done, number = 0, -1
        for unit in store.units():
            for data in unit.lines:
                number += 1
                if number in parts:
                    line = msgspec.structs.replace(decode_line(data), part=parts[number])
                    files[line.instrument].write(encode_line(line))
                    sums.setdefault(line.instrument, {}).setdefault(line.part, _Sums()).add(line)
                    done += 1
                    tell("writing", done, len(parts))
    for instrument in set(INSTRUMENTS) - set(files):
        (order.out / f"{instrument}.jsonl").unlink(missing_ok=True)
    kept = {instrument: {part: of_part.kept() for part, of_part in rows.items()} for instrument, rows in sums.items()}
    reasons = dict(reason_counts(dropped).most_common())
    sources = sorted({entry.source for entry in entries})
    digests = {path.name: file_digest(path) for path in (order.out / f"{instrument}.jsonl" for instrument in sorted(files))}
    summary = Summary(key, list(order.instruments), sources, kept, reasons, dropped, digests)
    with written_whole(order.out / SUMMARY) as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    return summary


def _entries(order: EnrichOrder, store: EnrichStore, dropped: list[Dropped]) -> tuple[list[Entry], list[int]]:
    """The tracks that are wanted, each once, and their numbers among all that were read; what is left out goes to `dropped`."""
    entries, wanted = [], []
    seen: dict[bytes, str] = {}
    number = -1
    for unit in store.units():
        dropped += unit.dropped
        for data in unit.lines:
            number += 1
            line = decode_line(data)
            if line.instrument not in order.instruments:
                continue
            content = _content(line)
            if content in seen:
                dropped.append(Dropped(line.track, f"a copy (of {seen[content]})"))
                continue
            seen[content] = line.track
            entries.append(Entry(line.source, line.instrument, line.piece, line.track.partition("#")[0], line.part))
            wanted.append(number)
    return entries, wanted


def _content(line: Line) -> bytes:
    """The same for the same notes played in the same way."""
    played = [line.instrument, line.onset_beat, line.pitch, line.velocity, line.onset_ms, line.log_ratio]
    return hashlib.blake2b(msgspec.msgpack.encode(played), digest_size=16).digest()


class _Sums:
    """Counts, sums and sums of squares of the quantities over lines."""

    def __init__(self) -> None:
        self._kept = Kept()
        self._sums = {name: np.zeros(3) for name in QUANTITIES}

    def add(self, line: Line) -> None:
        """Count a line."""
        self._kept.tracks += 1
        self._kept.notes += len(line.pitch)
        for name in QUANTITIES:
            values = np.array([value for value in getattr(line, name) or [] if value is not None])
            self._sums[name] += (len(values), values.sum(), (values**2).sum())

    def kept(self) -> Kept:
        """What was counted."""
        for name, (count, total, squares) in self._sums.items():
            self._kept.known[name] = int(count)
            if count:
                mean = total / count
                self._kept.mean[name] = round(float(mean), 4)
                self._kept.std[name] = round(float(np.sqrt(max(0.0, squares / count - mean**2))), 4)
        return self._kept
