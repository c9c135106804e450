"""Reads POP909's piano arrangements as played. Knows its archive; knows no nets.

Z. Wang et al., *POP909: A Pop-song Dataset for Music Arrangement Generation*, 2020. What is a player's in the `PIANO` tracks: the
velocities and when keys are let go. Their onsets are a sequencer's (nine in ten lie within a millisecond of the sixteenths of the
annotated beats), so timing is unknown; and about half of all bars have a twin in their song, velocities included.
`MELODY` and `BRIDGE` have programmed velocities and are left alone.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from shared.errors import DataError
from shared.places import nearest_places, written_length
from shared.written import Floats, Performance, Written, pulse_beats_of
from trainer.duv.grid import in_order, log_ratio, loudest_each, sequenced_share
from trainer.duv.manifest import Track
from trainer.duv.reading import NOTES_MIN, UNDIVIDED, TrackReading
from trainer.midi_file import parse_midi
from trainer.pop909 import ARCHIVE, NAME, steady_beats
from trainer.reading import Dropped

PIANO = "PIANO"
TOLERANCE_MS = 1.5


def read_tracks(folder: Path) -> TrackReading:
    """The piano of every song of the archive in `folder`. Raises DataError where it is no such archive."""
    tracks, dropped = [], []
    try:
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            for name in sorted({path.split("/")[0] for path in archive.namelist() if path.endswith(".mid")}):
                try:
                    tracks.append(_piano(name, archive.read(f"{name}/{name}.mid"), archive.read(f"{name}/beat_midi.txt").decode()))
                except (DataError, KeyError, ValueError, IndexError, zipfile.BadZipFile) as error:
                    dropped.append(Dropped(f"{NAME}_{name}", str(error).strip("'\"")))
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{folder / ARCHIVE}: cannot be read ({error}); fetch the archive again") from None
    return TrackReading(tuple(tracks), tuple(dropped))


def _piano(name: str, data: bytes, beats_text: str) -> Track:
    times, meter = steady_beats(beats_text)
    beat_sec = np.array(times)
    midi = parse_midi(data)
    piano = next((track for track in midi.tracks if track.name == PIANO), None)
    if piano is None:
        raise ValueError(f"no track {PIANO}")
    onset, end = (_beats_at(midi.seconds(ticks), beat_sec) for ticks in (piano.onset, piano.onset + piano.length))
    places, step = nearest_places(onset)
    velocity = piano.velocity.astype(np.float64)
    kept = in_order(loudest_each(places, piano.pitch, velocity), places, piano.pitch)
    kept = kept[(places[kept] >= 0) & (places[kept] < len(times) - 1)]
    if len(kept) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes")
    sounding = (end - onset)[kept]
    length = written_length(sounding, step[kept])
    tempo_bpm = 60.0 / float(np.median(np.diff(beat_sec)))
    written = Written(
        onset_beat=places[kept],
        duration_beat=length,
        pitch=piano.pitch[kept],
        bar_beat=np.mod(places[kept], meter.bar_beats),
        bar_beats=np.full(len(kept), meter.bar_beats),
        pulse_beats=np.full(len(kept), pulse_beats_of(meter)),
        tempo_bpm=np.full(len(kept), tempo_bpm),
        instrument="keys",
        style="pop",
    )
    played = Performance(velocity[kept], np.full(len(kept), np.nan), log_ratio(sounding, length))
    exact = sequenced_share(onset[kept], TOLERANCE_MS / 60_000.0 * tempo_bpm)
    return Track(f"{NAME}_{name}", NAME, f"{NAME}{name}", UNDIVIDED, written, played, "player", clearness=max(0.0, exact))


def _beats_at(sec: Floats, beat_sec: Floats) -> Floats:
    """Times in quarters since the first annotated beat; the first and the last beat's length go on beyond the ends."""
    place = np.clip(np.searchsorted(beat_sec, sec, side="right") - 1, 0, len(beat_sec) - 2)
    return np.asarray(place + (sec - beat_sec[place]) / (beat_sec[place + 1] - beat_sec[place]))
