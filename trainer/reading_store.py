"""Readings kept while a folder is prepared, so that a killed run goes on, and the processes that read. Knows no music."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec

from shared.errors import DataError
from shared.files import written_whole
from trainer.music_found import Find, key_of, read_find
from trainer.reading import Reading

FOLDER = ".reading"
# Starting a process takes about as long as reading so many files.
FILES_A_PROCESS_MIN = 24
WORKERS_MAX = 60
Progress = Callable[[int, int], None]


class ReadingStore:
    """A folder with a file for each finished reading, named by what was read and how."""

    def __init__(self, folder: Path, roles: Sequence[str], split_pitch: int) -> None:
        self.folder = folder / FOLDER
        self._roles = tuple(roles)
        self._split_pitch = split_pitch

    def keys(self, finds: Sequence[Find]) -> list[str]:
        """The name of each find's reading."""
        return [key_of(find, self._roles, self._split_pitch) for find in finds]

    def read(self, finds: Sequence[Find], keys: Sequence[str], workers: int, tell: Progress) -> list[Reading]:
        """The readings of `finds`, in their order: those that are kept, and the others in up to `workers` processes.

        Raises DataError where a process dies, OSError where the system refuses to write.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        readings = {key: reading for key in keys if (reading := self._kept(key)) is not None}
        # The whole sources take longest: they begin first.
        missing = {key: find for find, key in zip(finds, keys, strict=True) if key not in readings}
        wanted = sorted(missing.items(), key=lambda item: item[1].path.is_file())
        done = len(finds) - len(wanted)
        tell(done, len(finds))
        sources = sum(not find.path.is_file() for _, find in wanted)
        processes = min(workers, WORKERS_MAX, sources + -(-(len(wanted) - sources) // FILES_A_PROCESS_MIN))
        if processes < 2:
            for key, find in wanted:
                _read_and_keep(self.folder, key, find, self._roles, self._split_pitch)
                done += 1
                tell(done, len(finds))
        else:
            with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
                try:
                    jobs = [pool.submit(_read_and_keep, self.folder, key, find, self._roles, self._split_pitch) for key, find in wanted]
                    for job in as_completed(jobs):
                        job.result()
                        done += 1
                        tell(done, len(finds))
                except BrokenProcessPool:
                    raise DataError(
                        "a reading process died (out of memory?); run the same command again with --workers 1: it goes on where it was"
                    ) from None
                finally:
                    # Where one failed, or Ctrl-C came, nobody waits for the others.
                    pool.shutdown(wait=False, cancel_futures=True)
        for key, find in wanted:
            reading = self._kept(key)
            if reading is None:
                raise DataError(f"{self.folder}: the reading of {find.label} is gone; run the same command again, one at a time")
            readings[key] = reading
        return [readings[key] for key in keys]

    def remove(self) -> None:
        """Forget all readings."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self, key: str) -> Reading | None:
        try:
            return msgspec.msgpack.decode((self.folder / key).read_bytes(), type=Reading)
        except (FileNotFoundError, msgspec.DecodeError):
            # A damaged one is read again.
            return None


def _read_and_keep(folder: Path, key: str, find: Find, roles: Sequence[str], split_pitch: int) -> None:
    data = msgspec.msgpack.encode(read_find(find, roles, split_pitch))
    with written_whole(folder / key) as draft:
        draft.write_bytes(data)
