"""The tracks that baselines learn from and that models are measured on. Knows sources and parts; knows no model.

`groove_midi` is read from the data set's own folder, everything else from manifests (`python -m trainer duv enrich`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import DataError
from shared.written import DRUMS
from trainer.reading import Dropped
from trainer.split import PARTS as PARTS

if TYPE_CHECKING:
    from trainer.duv.manifest import Track

GROOVE = "groove_midi"

DATASETS = (GROOVE, "keys", "lead", "guitar", "bass", "strings")
"""What can be measured: the benchmark of drums, and an instrument's tracks of manifests."""
EVERY_PART = "all"


NOT_COMMON = "not in 4/4"
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """Tracks of one instrument: those that measuring counts, those that are `not_counted` since they are not in 4/4, and takes that could
    not be read or hold nothing (`dropped`; of these nobody asks to which part they belong).
    """

    tracks: tuple[Track, ...]
    not_counted: tuple[Track, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    def of_part(self, part: str) -> tuple[Track, ...]:
        """The tracks of one part, or of all."""
        return tuple(track for track in self.tracks if part in (EVERY_PART, track.part))

    def left_out(self, part: str) -> tuple[Dropped, ...]:
        """What measuring a part leaves out, each with the reason."""
        others = [Dropped(track.name, NOT_COMMON) for track in self.not_counted if part in (EVERY_PART, track.part)]
        return (*others, *self.dropped)


def left_out_line(left_out: Sequence[Dropped]) -> str:
    """How many were left out for which reasons, and the first of each by name; empty where nothing was."""
    if not left_out:
        return ""
    names: dict[str, list[str]] = defaultdict(list)
    for one in left_out:
        names[one.reason].append(one.name)
    told = []
    for reason, found in sorted(names.items(), key=lambda item: -len(item[1])):
        more = ", ..." if len(found) > _NAMES_SHOWN else ""
        told.append(f"{len(found)} {reason}: {', '.join(found[:_NAMES_SHOWN])}{more}")
    return f"Left out {len(left_out)} take{'s' * (len(left_out) != 1)} ({'; '.join(told)})."


def instrument_of(dataset: str) -> str:
    """The instrument of one of DATASETS."""
    return DRUMS if dataset == GROOVE else dataset


def usual_part(dataset: str) -> str:
    """The part that is measured unless another is asked for: of the benchmark's folder all that is in it, else the test part."""
    return EVERY_PART if dataset == GROOVE else "test"


def read_set(path: Path, instrument: str) -> MeasuredSet:
    """The tracks of `instrument` in `path`: a folder of the Groove MIDI Dataset, a manifest, or a folder of manifests.

    Raises DataError where there is none to measure.
    """
    # Imported only now: whoever asks for help need not wait for what reads MIDI.
    from trainer.duv.groove import INFO, absent_takes, read_tracks
    from trainer.duv.manifest import iterate_manifest

    if (path / INFO).is_file():
        reading = read_tracks(path)
        found, dropped = reading.tracks, (*reading.dropped, *absent_takes(path))
    else:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        found = tuple(track for file in files for track in iterate_manifest(file) if track.written.instrument == instrument)
        dropped = tuple(Dropped(track.name, "without notes") for track in found if not len(track.written))
    played = [track for track in found if track.written.instrument == instrument and len(track.written)]
    kept, others = (tuple(track for track in played if track.is_measured is counted) for counted in (True, False))
    measured = MeasuredSet(kept, others, dropped)
    if not kept:
        why = left_out_line(measured.left_out(EVERY_PART))
        mend = f"Name a manifest, a folder of them, or one with {INFO} and its archive"
        raise DataError(" ".join(filter(None, (f"{path}: no {instrument} to measure in it.", why, mend))))
    return measured


def sources_of(tracks: Sequence[Track]) -> str:
    """Where tracks come from, for people."""
    names = sorted({track.source for track in tracks})
    return f"{len(tracks)} tracks, {sum(len(track.written) for track in tracks)} notes of {', '.join(names)}"
