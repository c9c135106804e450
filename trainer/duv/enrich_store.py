"""Tracks kept while manifests are made, so that a killed run goes on, and the processes that read. Knows no music and no manifest."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec

from shared.errors import DataError
from shared.files import written_whole
from trainer.duv.manifest import Line, line_of
from trainer.duv.sources import find_key, read_find
from trainer.music_found import Find
from trainer.reading import Dropped

FOLDER = ".enriching"
# Starting a process takes about as long as reading so many files.
FILES_A_PROCESS_MIN = 100
WORKERS_MAX = 60


class Unit(msgspec.Struct, frozen=True):
    """What reading one find gave; each line as bytes, so that a thousand songs are not all unpacked at once."""

    lines: list[bytes]
    dropped: list[Dropped]


class EnrichStore:
    """A folder with a file for each finished unit, named by what was read and how."""

    def __init__(self, folder: Path, finds: Sequence[Find]) -> None:
        self.folder = folder / FOLDER
        self._finds = {find_key(find): find for find in finds}

    @property
    def keys(self) -> list[str]:
        """The names of the units, each once."""
        return list(self._finds)

    def read(self, workers: int, tell: Callable[[int, int], None]) -> None:
        """Read what is not kept yet, in up to `workers` processes; `tell(done, total)` hears how far it is.

        Raises DataError where a process dies, OSError where the system refuses to write.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [(key, find) for key, find in self._finds.items() if self._kept(key) is None]
        # The whole sources take longest: they begin first.
        missing.sort(key=lambda item: item[1].path.is_file())
        total, done = len(self._finds), len(self._finds) - len(missing)
        tell(done, total)
        sources = sum(not find.path.is_file() for _, find in missing)
        processes = min(workers, WORKERS_MAX, sources + -(-(len(missing) - sources) // FILES_A_PROCESS_MIN))
        if processes < 2:
            for key, find in missing:
                _read_and_keep(self.folder, key, find)
                done += 1
                tell(done, total)
            return
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
            try:
                for job in as_completed([pool.submit(_read_and_keep, self.folder, key, find) for key, find in missing]):
                    job.result()
                    done += 1
                    tell(done, total)
            except BrokenProcessPool:
                again = "run the same command again with --workers 1: it goes on where it was"
                raise DataError(f"a reading process died (out of memory?); {again}") from None
            finally:
                # Where one failed, or Ctrl-C came, nobody waits for the others.
                pool.shutdown(wait=False, cancel_futures=True)

    def units(self) -> Iterator[Unit]:
        """What was read, in the order of the finds. Raises DataError where a unit is gone."""
        for key, find in self._finds.items():
            unit = self._kept(key)
            if unit is None:
                raise DataError(f"{self.folder}: the reading of {find.label} is gone; run the same command again, one at a time")
            yield unit

    def remove(self) -> None:
        """Forget all units."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self, key: str) -> Unit | None:
        try:
            return msgspec.msgpack.decode((self.folder / key).read_bytes(), type=Unit)
        except (FileNotFoundError, msgspec.DecodeError):
            # A damaged one is read again.
            return None


def decode_line(data: bytes) -> Line:
    """A line out of a unit."""
    return msgspec.msgpack.decode(data, type=Line)


def _read_and_keep(folder: Path, key: str, find: Find) -> None:
    reading = read_find(find)
    unit = Unit([msgspec.msgpack.encode(line_of(track)) for track in reading.tracks], list(reading.dropped))
    with written_whole(folder / key) as draft:
        draft.write_bytes(msgspec.msgpack.encode(unit))
