"""Keeps a jam: an event log from which the same notes can be made again, and a MIDI file. Knows files, not how notes are made.

The log is one JSON line an entry: a header first, then `["m", sec, message]` received, `["p", sec, generation, product]`
handed over by the soloist, `["d", sec, generation]` its task done, `["t", sec]` time passed. Seconds are the bridge's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from companion.jam import Jam, write_midi
from companion.model_store import shown_name
from companion.soloist import Product, Touched
from companion.tape import Tape
from shared.errors import DataError
from shared.messages import AnyMessage
from shared.score import Event, Note

FORMAT = 3
"""Of the log's entries and of what the conductor makes of them: a log of another format would not give the same notes again."""
FLUSH_ENTRIES = 50


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay must have the same: model and touch (a humanizer's name, or `rules`) with their fingerprints, seed, chart, settings."""

    jambot: str
    format: int
    model: str
    fingerprint: str
    touch: str
    touch_fingerprint: str
    seed: int
    chart: str | None
    settings: dict[str, Any]


class Recorder:
    """The conductor's journal on disk: `folder/stem.jsonl`, and `folder/stem.mid` at the end.

    `folder` None: nothing is kept, the jam is only collected in memory. `log` False: the MIDI file alone. A log of the same
    name is written anew. Raises DataError where the folder refuses. A disk that fills up later stops the log, not the music:
    `fault` then says so.
    """

    def __init__(self, folder: Path | None, stem: str, header: Header, log: bool = True) -> None:
        self.tape = Tape(shown_name(header.model))
        self.midi_path = None if folder is None else folder / f"{stem}.mid"
        self.fault: str | None = None
        self._file: BinaryIO | None = None
        self._unflushed = 0
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._file = (folder / f"{stem}.jsonl").open("wb") if log else None
            except OSError as error:
                raise DataError(f"{folder}: the jam cannot be kept there: {error.strerror}; choose another folder with --out") from None
        self._write(header)

    def received(self, message: AnyMessage, now_sec: float) -> None:
        """A message came from the bridge."""
        self._write(["m", now_sec, message])
        self.tape.received(message)

    def sent(self, message: AnyMessage) -> None:
        """A message went to the bridge; it follows from the rest and is not logged."""
        self.tape.sent(message)

    def produced(self, generation: int, product: Product, now_sec: float) -> None:
        """The soloist handed over something of the current generation."""
        self._write(["p", now_sec, generation, brief(product)])

    def finished(self, generation: int, now_sec: float) -> None:
        """The soloist ended the current generation's task."""
        self._write(["d", now_sec, generation])

    def polled(self, now_sec: float) -> None:
        """Time passed and something was done."""
        self._write(["t", now_sec])

    def ended(self, epoch: int, score: tuple[Event, ...], until_tick: int) -> None:
        """An epoch ended."""
        self.tape.ended(epoch, score, until_tick)

    def close(self) -> Jam:
        """Finish the log and write the MIDI file beside it; where nothing sounded, neither stays."""
        jam = self.tape.jam()
        sounded = bool(jam.chords or jam.solo)
        if self._file is not None:
            self._end_log(self._file)
            if not sounded:
                Path(self._file.name).unlink(missing_ok=True)
            self._file = None
        if self.midi_path is not None and sounded:
            write_midi(jam, self.midi_path)
        return jam

    def _write(self, entry: object) -> None:
        if self._file is None or self.fault is not None:
            return
        try:
            self._file.write(msgspec.json.encode(entry) + b"\n")
            self._unflushed += 1
            if self._unflushed >= FLUSH_ENTRIES:
                self._file.flush()
                self._unflushed = 0
        except OSError as error:
            self.fault = f"{self._file.name}: the log ends here: {error.strerror}; the jam goes on"

    def _end_log(self, file: BinaryIO) -> None:
        try:
            file.close()
        except OSError as error:
            self.fault = self.fault or f"{file.name}: the log is not whole: {error.strerror}"


def brief(product: Product) -> list[Any]:
    """A product for the log: [tick, pitch, duration_ticks] of a note, [tick] of a frame, [[tick, pitch, velocity, onset_ms, log_ratio],
    ...] of a touch."""
    match product:
        case Touched():
            return [[note.tick, note.pitch, note.velocity, note.onset_ms, note.log_ratio] for note in product.notes]
        case Note():
            return [product.tick, product.pitch, product.duration_ticks]
        case _:
            return [product.tick]


def read_log(path: Path) -> tuple[Header, Iterator[list[Any]]]:
    """The header and the entries of a log. A last line cut short by a kill is left out. Raises DataError."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path}: the log cannot be read: {error.strerror}") from None
    try:
        header = msgspec.json.decode(lines[0], type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DataError(f"{path}: this is no JamBot log; logs end in .jsonl and stand beside a jam's .mid file") from None
    if header.format != FORMAT:
        raise DataError(f"{path}: log format {header.format}; this JamBot reads format {FORMAT}")
    return header, _entries(path, lines[1:-1])


def _entries(path: Path, lines: list[bytes]) -> Iterator[list[Any]]:
    decoder = msgspec.json.Decoder(list[Any])
    for number, line in enumerate(lines, start=2):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(f"{path} line {number}: damaged: {error}") from None
