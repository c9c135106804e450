"""The tracks that baselines learn from and that models are measured on. Knows sources and parts; knows no model.

`groove_midi` is read from the data set's own folder, everything else from manifests (`python -m trainer duv enrich`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import DataError
from shared.written import DRUMS
from trainer.split import PARTS as PARTS

if TYPE_CHECKING:
    from trainer.duv.manifest import Track
    from trainer.reading import Dropped

GROOVE = "groove_midi"

DATASETS = (GROOVE, "keys", "lead", "guitar", "bass", "strings")
"""What can be measured: the benchmark of drums, and an instrument's tracks of manifests."""
EVERY_PART = "all"


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """Tracks of one instrument that measuring counts, and what could not be read."""

    tracks: tuple[Track, ...]
    dropped: tuple[Dropped, ...] = ()

    def of_part(self, part: str) -> tuple[Track, ...]:
        """The tracks of one part, or of all."""
        return tuple(track for track in self.tracks if part in (EVERY_PART, track.part))


def instrument_of(dataset: str) -> str:
    """The instrument of one of DATASETS."""
    return DRUMS if dataset == GROOVE else dataset


def usual_part(dataset: str) -> str:
    """The part that is measured unless another is asked for: of the benchmark's folder all that is in it, else the test part."""
    return EVERY_PART if dataset == GROOVE else "test"


def read_set(path: Path, instrument: str) -> MeasuredSet:
    """The tracks of `instrument` in `path`: a folder of the Groove MIDI Dataset, a manifest, or a folder of manifests.

    Raises DataError where there is none.
    """
    # Imported only now: whoever asks for help need not wait for what reads MIDI.
    from trainer.duv.groove import INFO, read_tracks
    from trainer.duv.manifest import iterate_manifest

    if (path / INFO).is_file():
        reading = read_tracks(path)
        found, dropped = reading.tracks, reading.dropped
    else:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        found, dropped = tuple(track for file in files for track in iterate_manifest(file)), ()
    kept = tuple(track for track in found if track.is_measured and track.written.instrument == instrument and len(track.written))
    if not kept:
        raise DataError(f"{path}: no {instrument} to measure in it; name a manifest, a folder of them, or one with {INFO} and its archive")
    return MeasuredSet(kept, dropped)


def sources_of(tracks: Sequence[Track]) -> str:
    """Where tracks come from, for people."""
    names = sorted({track.source for track in tracks})
    return f"{len(tracks)} tracks, {sum(len(track.written) for track in tracks)} notes of {', '.join(names)}"
