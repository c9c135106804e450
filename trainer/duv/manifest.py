"""Enriched manifests: tracks as written and as played, a line of JSON each. Knows the file; knows no source and no net.

    {"track", "source", "piece", "part", "instrument", "style", "velocity_from", "is_measured", "clearness",
     "tempo_bpm", "bar_beats", "pulse_beats",                     a number, or an array where it changes
     "onset_beat", "beat_pos", "dur_beats", "pitch",              as written; `beat_pos`: quarters since the downbeat
     "prev_ioi", "next_ioi", "is_downbeat",                       follow from these: quarters to the onset before and after
     "velocity", "onset_ms", "log_ratio", "vel_norm",             as played; `vel_norm` is velocity / 127
     "strum_dir_hint", "bow_direction_hint", "legato_hint", "vibrato_hint", "ghost_note_hint"}    see `trainer.duv.hints`

Arrays have a value for each note; null is what is not known, a whole array or one value. What follows from the rest is written
for people and other programs; reading a manifest works it out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import DataError
from shared.files import written_whole
from shared.written import Floats, Performance, Written
from trainer.duv.hints import hints_of
from trainer.split import PARTS

VELOCITY_FROM = ("player", "loudness", "unknown", "none")
"""Where velocities come from: a player's touch, the loudness of a recording, nobody knows, or there are none."""
DOWNBEAT_BEAT = 1e-4
Values = list[float | None] | None
_AGAIN = "write it anew with `python -m trainer duv enrich`"


@dataclass(frozen=True, slots=True)
class Track:
    """One part in one take. `piece`: what may not be divided between training and measuring; `part`: train, val or test.

    `is_measured`: it belongs to what is evaluated (for drums: 4/4). `clearness`: how clearly its onsets lie on the grid, 0..1.
    """

    name: str
    source: str
    piece: str
    part: str
    written: Written
    performance: Performance
    velocity_from: str
    is_measured: bool = True
    clearness: float | None = None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a manifest, see the module."""

    track: str
    source: str
    piece: str
    part: str
    instrument: str
    style: str
    velocity_from: str
    tempo_bpm: float | list[float | None] | None
    bar_beats: float | list[float]
    pulse_beats: float | list[float]
    onset_beat: list[float]
    beat_pos: list[float]
    dur_beats: list[float]
    pitch: list[int]
    velocity: Values
    onset_ms: Values
    log_ratio: Values
    is_measured: bool = True
    clearness: float | None = None
    prev_ioi: Values = None
    next_ioi: Values = None
    is_downbeat: list[bool] | None = None
    vel_norm: Values = None
    strum_dir_hint: Values = None
    bow_direction_hint: Values = None
    legato_hint: Values = None
    vibrato_hint: Values = None
    ghost_note_hint: Values = None


def line_of(track: Track) -> Line:
    """The line that tells of `track`."""
    written, played = track.written, track.performance
    gaps = np.diff(written.onset_beat)
    unknown = np.full(min(1, len(written)), np.nan)
    return Line(
        track=track.name, source=track.source, piece=track.piece, part=track.part, instrument=written.instrument, style=written.style,
        velocity_from=track.velocity_from, is_measured=track.is_measured,
        clearness=None if track.clearness is None else round(track.clearness, 3),
        tempo_bpm=_one_or_all(written.tempo_bpm, 3), bar_beats=_known(written.bar_beats), pulse_beats=_known(written.pulse_beats),
        onset_beat=_rounded(written.onset_beat, 6), beat_pos=_rounded(written.bar_beat, 6), dur_beats=_rounded(written.duration_beat, 6),
        pitch=written.pitch.tolist(),
        velocity=_values(played.velocity, 2), onset_ms=_values(played.onset_ms, 2), log_ratio=_values(played.log_ratio, 4),
        prev_ioi=_values(np.concatenate((unknown, gaps)), 6), next_ioi=_values(np.concatenate((gaps, unknown)), 6),
        is_downbeat=(written.bar_beat < DOWNBEAT_BEAT).tolist(), vel_norm=_values(played.velocity / 127.0, 4),
        **{name: _values(hint, 3) for name, hint in hints_of(written, played).items()},
    )  # fmt: skip


def track_of(line: Line) -> Track:
    """The track that a line tells of. Raises ValueError where it contradicts itself."""
    count = len(line.onset_beat)
    if line.part not in PARTS or line.velocity_from not in VELOCITY_FROM:
        raise ValueError(f"part {line.part!r} or velocity_from {line.velocity_from!r} is none that is known")
    written = Written(
        onset_beat=_floats(line.onset_beat, count), duration_beat=_floats(line.dur_beats, count),
        pitch=np.array(line.pitch, dtype=np.int64), bar_beat=_floats(line.beat_pos, count), bar_beats=_floats(line.bar_beats, count),
        pulse_beats=_floats(line.pulse_beats, count), tempo_bpm=_floats(line.tempo_bpm, count),
        instrument=line.instrument, style=line.style,
    )  # fmt: skip
    played = Performance(_floats(line.velocity, count), _floats(line.onset_ms, count), _floats(line.log_ratio, count))
    if len(played) != len(written):
        raise ValueError("velocity, onset_ms and log_ratio need a value for each note")
    named = (line.track, line.source, line.piece, line.part)
    return Track(*named, written, played, line.velocity_from, line.is_measured, line.clearness)


def encode_line(line: Line) -> bytes:
    """A line as it stands in the file."""
    return msgspec.json.encode(line) + b"\n"


def write_manifest(path: Path, tracks: Iterable[Track]) -> None:
    """Write `tracks` to `path`, whole or not at all. Raises OSError where the system refuses."""
    with written_whole(path) as draft, draft.open("wb") as file:
        for track in tracks:
            file.write(encode_line(line_of(track)))


def iterate_manifest(path: Path) -> Iterator[Track]:
    """The tracks of the manifest at `path`, one by one. Raises DataError, with the number of the line, where it is no manifest."""
    decoder = msgspec.json.Decoder(Line)
    try:
        with path.open("rb") as file:
            for number, row in enumerate(file, 1):
                try:
                    yield track_of(decoder.decode(row))
                except (ValueError, msgspec.DecodeError) as error:
                    raise DataError(f"{path}: line {number} is no track of a manifest ({error}); {_AGAIN}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {_AGAIN}") from None


def read_manifest(path: Path) -> list[Track]:
    """All tracks of the manifest at `path`. Raises DataError as `iterate_manifest` does."""
    return list(iterate_manifest(path))


def _floats(values: float | list[float] | list[float | None] | None, count: int) -> Floats:
    """An array (count,) of one value for all, or of the values given; NaN for null."""
    if isinstance(values, list):
        return np.array(values, dtype=np.float64)
    return np.full(count, np.nan if values is None else float(values))


def _rounded(values: Floats, digits: int) -> list[float]:
    rounded: list[float] = np.round(values, digits).tolist()
    return rounded


def _known(values: Floats) -> float | list[float]:
    rounded = _rounded(values, 6)
    return rounded[0] if len(set(rounded)) == 1 else rounded


def _one_or_all(values: Floats, digits: int) -> float | list[float | None] | None:
    known = _values(values, digits)
    return known[0] if known is not None and len(set(known)) == 1 else known


def _values(values: NDArray[np.float64], digits: int) -> Values:
    """Values with null for NaN; null as a whole where none is known."""
    missing = np.isnan(values)
    if missing.all():
        return None
    if not missing.any():
        return list(_rounded(values, digits))
    return [None if gone else value for value, gone in zip(_rounded(values, digits), missing.tolist(), strict=True)]
