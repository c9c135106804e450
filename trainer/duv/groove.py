"""Reads the Groove MIDI Dataset by the rules of its benchmark: nine voices, nearest sixteenth, loudest hit. Knows no nets.

J. Gillick et al., *Learning to Groove with Inverse Sequence Transformations*, 2019. The drummers played to a click that the files'
ticks follow: a hit's written place is the nearest sixteenth, what is left is its micro-timing, in milliseconds at the take's tempo.
Of the hits of one voice on one sixteenth the loudest counts. Strokes on a drum have no length of their own: they are written a
sixteenth long, and how long they were held is not asked. `info.csv` tells tempo, metre, style and split of every take. Where it leaves out
the style, it is unknown; where it leaves out the split, or has one that nobody knows, the take is not for learning.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.drum_kit import voices_of
from shared.errors import DataError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, Meter
from shared.places import SIXTEENTH
from shared.written import DRUMS, PLAYING_STYLES, UNKNOWN_STYLE, Performance, Written, pulse_beats_of
from trainer.duv.grid import in_order, lag_ms, loudest_each
from trainer.duv.manifest import Track
from trainer.duv.reading import TrackReading
from trainer.midi_beats import clearness
from trainer.midi_file import SUFFIXES, parse_midi
from trainer.reading import Dropped

NAME = "groove_midi"
ARCHIVE, INFO = "groove_midi.zip", "info.csv"
PARTS = {"train": "train", "validation": "val", "test": "test"}
NOT_FOR_LEARNING = "test"
STYLES = {"afrocuban": "afro", "afrobeat": "afro"}
COLUMNS = ("id", "style", "bpm", "beat_type", "time_signature", "midi_filename", "split")
NEEDED = ("bpm", "time_signature", "midi_filename")
"""The columns without which nothing can be measured."""


@dataclass(frozen=True, slots=True)
class Take:
    """A drummer's take. `style` is its main part, as in `PLAYING_STYLES`; `full_style` is what the data set says (`jazz/funk`).

    `bpm`: quarters a minute. `split`: train, val or test. `kind`: beat or fill. `clearness`: how clearly its hits lie on the beat's
    halves, thirds or quarters, 1 all of them, about 0 anywhere: a take that kept to another tempo than the file tells has little.
    """

    name: str
    split: str
    style: str
    full_style: str
    bpm: float
    meter: Meter
    kind: str
    written: Written
    performance: Performance
    clearness: float

    @property
    def is_measured(self) -> bool:
        """Whether the benchmark counts the take: 4/4 only."""
        return self.meter == Meter()


def read_groove(folder: Path) -> list[Take]:
    """All takes of the archive in `folder`, in the table's order. Raises DataError where it, or a take in it, cannot be read."""
    takes = []
    for take in _takes(folder):
        if isinstance(take, Dropped):
            raise DataError(f"{folder / ARCHIVE}: {take.name}: {take.reason}; fetch the archive again")
        takes.append(take)
    return takes


def read_tracks(folder: Path) -> TrackReading:
    """The takes as tracks, divided as the data set has it; takes that cannot be read are left out. Raises DataError for no archive."""
    found = list(_takes(folder))
    dropped = [take for take in found if isinstance(take, Dropped)]
    dropped += [Dropped(take.name, "without notes") for take in found if isinstance(take, Take) and not len(take.written)]
    return TrackReading(tuple(_track(take) for take in found if isinstance(take, Take) and len(take.written)), tuple(dropped))


def absent_takes(folder: Path) -> list[Dropped]:
    """The takes of the table whose files are not in the archive: they may be kept elsewhere. Raises DataError as `read_tracks` does."""
    rows = _rows(folder / INFO)
    with _opened(folder) as archive:
        there = {_plain(name, rows) for name in archive.namelist()}
    return [Dropped(name, f"in {INFO} but not in {ARCHIVE}") for name in rows if name not in there]


def _track(take: Take) -> Track:
    named = (take.name, NAME, take.name, take.split)
    return Track(*named, take.written, take.performance, "player", take.is_measured, take.clearness)


def _takes(folder: Path) -> Iterator[Take | Dropped]:
    rows = _rows(folder / INFO)
    with _opened(folder) as archive:
        # The archive may hold all in one folder.
        names = {_plain(name, rows): name for name in archive.namelist() if name.lower().endswith(SUFFIXES)}
        for name, row in rows.items():
            if name in names:
                try:
                    yield _take(row, _contents(archive, names.pop(name)))
                except (DataError, ValueError) as error:
                    yield Dropped(name, str(error))
        for name in sorted(names):
            yield Dropped(name, f"not in {INFO}")


@contextmanager
def _opened(folder: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{folder / ARCHIVE}: cannot be read ({error}); fetch the archive again") from None


def _contents(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file's bytes. Raises DataError where they are damaged, locked or packed in a way that is not known."""
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise DataError("damaged in the archive") from None


def _plain(name: str, rows: dict[str, dict[str, str]]) -> str:
    inside = name.partition("/")[2]
    return inside if name not in rows and inside in rows else name


def _rows(path: Path) -> dict[str, dict[str, str]]:
    """The table by file name. Takes whose files are kept elsewhere may stand in it too."""
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error}); it belongs beside {ARCHIVE}") from None
    missing = set(NEEDED) - set(rows[0] if rows else ())
    if missing:
        raise DataError(f"{path}: lacks {', '.join(sorted(missing))}; expected {', '.join(COLUMNS)}")
    return {row["midi_filename"] or f"line {number} of {INFO}": row for number, row in enumerate(rows, 2)}


def _take(row: dict[str, str], data: bytes) -> Take:
    lacking = [name for name in NEEDED if not row[name]]
    if lacking:
        raise ValueError(f"no {', '.join(lacking)} in {INFO}")
    bpm = float(row["bpm"])
    if not TEMPO_BPM_MIN <= bpm <= TEMPO_BPM_MAX:
        raise ValueError(f"tempo {bpm:g}")
    over, _, under = row["time_signature"].replace("/", "-").partition("-")
    meter = Meter(int(over), int(under))
    full_style = row.get("style", "")
    main = full_style.partition("/")[0]
    style = STYLES.get(main, main) if STYLES.get(main, main) in PLAYING_STYLES else UNKNOWN_STYLE
    midi = parse_midi(data)
    onset, pitch, velocity = (
        np.concatenate([getattr(track, name) for track in midi.tracks]) if midi.tracks else np.zeros(0, dtype=np.int64)
        for name in ("onset", "pitch", "velocity")
    )
    played = onset / midi.ticks_per_quarter
    places = np.rint(played / SIXTEENTH) * SIXTEENTH
    kept = in_order(loudest_each(places, voices_of(pitch), velocity.astype(np.float64)), places, pitch)
    written = drum_track(places[kept], pitch[kept], meter, bpm, style)
    lag = lag_ms(played[kept], places[kept], bpm)
    performance = Performance(velocity[kept].astype(np.float64), lag, np.full(len(kept), np.nan))
    clear = clearness(played)[0] if len(played) else 0.0
    name, part = row.get("id") or row["midi_filename"], PARTS.get(row.get("split", ""), NOT_FOR_LEARNING)
    return Take(name, part, style, full_style, bpm, meter, row.get("beat_type", ""), written, performance, clear)


def drum_track(onset_beat: np.ndarray, pitch: np.ndarray, meter: Meter, bpm: float, style: str) -> Written:
    """Strokes (N,) in one metre and tempo, bars from beat 0 on, as they are written."""
    count = len(onset_beat)
    return Written(
        onset_beat=onset_beat,
        duration_beat=np.full(count, SIXTEENTH),
        pitch=pitch,
        bar_beat=np.mod(onset_beat, meter.bar_beats),
        bar_beats=np.full(count, meter.bar_beats),
        pulse_beats=np.full(count, pulse_beats_of(meter)),
        tempo_bpm=np.full(count, bpm),
        instrument=DRUMS,
        style=style,
    )
