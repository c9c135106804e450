"""Reads the Violin Etudes: when 22 violinists played the notes of one score. Knows the archive; knows no nets.

N. C. Tamer et al., *Violin Etudes: A Comprehensive Dataset for f0 Estimation and Performance Analysis*, 2022. Each file holds the notes
of an etude's score, moved to where they sound in one recording. So onsets are a player's. Velocities are the score's dynamics, the same
for all players, and are not taken. Lengths are the score's too, stretched with the onsets. Tempo, bars and note values are not told:
they are worked out from what all players of an etude have in common (`trainer.duv.common_score`), and bars of 4/4 are a guess.
"""

from __future__ import annotations

import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from shared.errors import DataError
from shared.music import Meter
from shared.places import SIXTEENTH, written_length
from shared.written import Floats, Ints, Performance, Written, order_of, pulse_beats_of
from trainer.duv.common_score import common_score, local_tempo
from trainer.duv.grid import log_ratio
from trainer.duv.manifest import Track
from trainer.duv.reading import NOTES_MIN, UNDIVIDED, TrackReading
from trainer.midi_file import SUFFIXES, parse_midi
from trainer.reading import Dropped

NAME = "violin_etudes"
ARCHIVE = "violin_etudes.zip"
# What lies further from the player's own tempo is a slip of the alignment.
LAG_MS_MAX = 150.0
STEADY_SHARE_MIN = 0.8


@dataclass(frozen=True, slots=True)
class _Recording:
    """Notes (N,) by pitch, and among one pitch by time, so that place i is the same note in all recordings of an etude."""

    name: str
    player: str
    onset_sec: Floats
    end_sec: Floats
    pitch: Ints


def read_tracks(folder: Path) -> TrackReading:
    """The recordings of the archive in `folder`; a piece is a player. Raises DataError where it is no such archive."""
    etudes: dict[str, list[_Recording]] = defaultdict(list)
    dropped: list[Dropped] = []
    try:
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            for path in sorted(name for name in archive.namelist() if name.lower().endswith(SUFFIXES)):
                try:
                    recording = _recording(PurePosixPath(path).stem, archive.read(path))
                    etudes["_".join(recording.name.split("_")[:2])].append(recording)
                except (DataError, ValueError, zipfile.BadZipFile) as error:
                    dropped.append(Dropped(path, str(error)))
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{folder / ARCHIVE}: cannot be read ({error}); fetch the archive again") from None
    tracks: list[Track] = []
    for recordings in etudes.values():
        for found in _etude(recordings):
            if isinstance(found, Dropped):
                dropped.append(found)
            else:
                tracks.append(found)
    return TrackReading(tuple(tracks), tuple(dropped))


def _recording(stem: str, data: bytes) -> _Recording:
    parts = stem.split("_")
    if len(parts) < 4:
        raise ValueError("not named etude_opus_player_recording")
    midi = parse_midi(data)
    if sum(len(track) for track in midi.tracks) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes")
    onset, length, pitch = (np.concatenate([getattr(track, name) for track in midi.tracks]) for name in ("onset", "length", "pitch"))
    order = np.lexsort((onset, pitch))
    return _Recording(stem, parts[2], midi.seconds(onset[order]), midi.seconds((onset + length)[order]), pitch[order])


def _etude(recordings: list[_Recording]) -> Iterator[Track | Dropped]:
    """The tracks of the recordings that have the notes that most have."""
    usual = Counter(recording.pitch.tobytes() for recording in recordings).most_common(1)[0][0]
    alike = [recording for recording in recordings if recording.pitch.tobytes() == usual]
    yield from (Dropped(one.name, "not the notes that the other players have") for one in recordings if one.pitch.tobytes() != usual)
    onset_beat = common_score(np.stack([recording.onset_sec for recording in alike]))
    for recording in alike:
        yield _track(recording, onset_beat)


def _track(recording: _Recording, onset_beat: Floats) -> Track | Dropped:
    sec_at, beat_sec = local_tempo(onset_beat, recording.onset_sec)
    lag = (recording.onset_sec - sec_at) * 1000.0
    steady = np.abs(lag) <= LAG_MS_MAX
    if steady.mean() < STEADY_SHARE_MIN:
        return Dropped(recording.name, "no steady beat")
    order = order_of(onset_beat, recording.pitch)
    played = ((recording.end_sec - recording.onset_sec) / beat_sec)[order]
    places, meter, count = onset_beat[order], Meter(), len(order)
    length = written_length(played, SIXTEENTH)
    written = Written(
        onset_beat=places,
        duration_beat=length,
        pitch=recording.pitch[order],
        bar_beat=np.mod(places, meter.bar_beats),
        bar_beats=np.full(count, meter.bar_beats),
        pulse_beats=np.full(count, pulse_beats_of(meter)),
        tempo_bpm=np.full(count, 60.0 / float(np.median(beat_sec))),
        instrument="strings",
        style="classical",
    )
    unknown = np.full(count, np.nan)
    performance = Performance(unknown, np.where(steady, lag, np.nan)[order], log_ratio(played, length))
    return Track(recording.name, NAME, f"{NAME} {recording.player}", UNDIVIDED, written, performance, "none")
