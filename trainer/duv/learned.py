"""What a humanizer learned from: how many notes of which instrument, and where their velocities come from. Knows tracks; knows no net.

Written as `learned.json` beside the weights, so that the model's card can say what was learned from players and what was not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from shared.errors import DataError
from shared.files import written_whole
from trainer.duv.manifest import Track

LEARNED_FILE_NAME = "learned.json"


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Training tracks of one source, instrument and origin of velocities: how many notes have a known velocity, onset and length."""

    source: str
    instrument: str
    velocity_from: str
    tracks: int
    notes: int
    velocity: int
    timing: int
    duration: int

    @property
    def tracks_of(self) -> tuple[str, str, str]:
        """What tells whether another's tracks are the same."""
        return self.source, self.instrument, self.velocity_from


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """All material of a model called `name`, of the model which it began from, and of those that taught it."""

    name: str
    instrument: str
    material: tuple[Material, ...]
    before: Learned | None = None
    teachers: tuple[Learned, ...] = ()

    def everything(self) -> tuple[Material, ...]:
        """Its own material, then what the others learned; what is in several once, even where less of it was learned there."""
        others = (*(() if self.before is None else (self.before,)), *self.teachers)
        earlier = [one for other in others for one in other.everything()]
        found = {one.tracks_of: one for one in (*earlier, *self.material)}
        return tuple(found[of] for of in dict.fromkeys(one.tracks_of for one in (*self.material, *earlier)))


def material_of(tracks: Iterable[Track]) -> tuple[Material, ...]:
    """What there is in `tracks` to learn from."""
    groups: dict[tuple[str, str, str], list[Track]] = {}
    for track in tracks:
        groups.setdefault((track.source, track.written.instrument, track.velocity_from), []).append(track)
    return tuple(
        Material(
            source=source, instrument=instrument, velocity_from=origin, tracks=len(group), notes=sum(len(track.written) for track in group),
            velocity=_known(group, "velocity"), timing=_known(group, "onset_ms"), duration=_known(group, "log_ratio"),
        )
        for (source, instrument, origin), group in sorted(groups.items())
    )  # fmt: skip


def write_learned(folder: Path, learned: Learned) -> None:
    """Write `learned.json`. Raises OSError where the system refuses."""
    with written_whole(folder / LEARNED_FILE_NAME) as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(learned)) + b"\n")


def read_learned(folder: Path) -> Learned | None:
    """What stands in `learned.json`; None where there is none. Raises DataError where it is damaged."""
    path = folder / LEARNED_FILE_NAME
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Learned)
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: is damaged ({error}); remove it, or train the model again") from None


def _known(tracks: list[Track], quantity: str) -> int:
    return sum(int(np.isfinite(getattr(track.performance, quantity)).sum()) for track in tracks)
