"""Reads JJazzLab's bass lines as they stand: velocity, timing and length. Knows their files; knows no nets.

Walking lines and two versions in two, phrases end to end under one tempo, each begun by a marker with its name. Nobody tells whether
they were played or programmed; they look played (onsets lie some milliseconds ahead of the beat, never twice alike), so their
velocity is marked as of unknown origin. The drum patterns beside them are for another kit than General MIDI's and are not read.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from shared.errors import DataError
from shared.places import nearest_places, written_length
from shared.written import Performance, Written, pulse_beats_of
from trainer.duv.grid import in_order, lag_ms, log_ratio, loudest_each, one_at_a_time
from trainer.duv.manifest import Track
from trainer.duv.reading import NOTES_MIN, UNDIVIDED, TrackReading
from trainer.jjswing import NAME, WALKING
from trainer.midi_file import MidiFile, read_midi
from trainer.reading import Dropped

FILES = {"walking": WALKING, "two-a": "WalkingBass2feelAMidiDB.mid", "two-b": "WalkingBass2feelBMidiDB.mid"}
# A note struck up to this part of a quarter before its phrase belongs to it.
EARLY_BEAT = 1 / 8


def read_tracks(folder: Path) -> TrackReading:
    """The phrases in `folder`; the walking lines must be there. Raises DataError where they are no MIDI file."""
    tracks, dropped = [], []
    for kind, file in FILES.items():
        if kind != "walking" and not (folder / file).exists():
            dropped.append(Dropped(f"{NAME}_{kind}", f"no file {file}"))
            continue
        midi = read_midi(folder / file)
        starts = [(tick, text) for tick, text in midi.texts if text.startswith("_")]
        last = max((int(track.onset[-1]) + 1 for track in midi.tracks), default=0)
        seen: set[str] = set()
        for (start, text), (end, _) in pairwise([*starts, (last, "")]):
            name = text.strip("_ ")
            label = f"{NAME}_{kind}_{name}" + (f"@{start}" if name in seen else "")
            seen.add(name)
            try:
                tracks.append(_phrase(midi, name, label, start, end))
            except ValueError as error:
                dropped.append(Dropped(label, str(error)))
    if not tracks:
        raise DataError(f"{folder / WALKING}: no phrases; expected markers that begin with _")
    return TrackReading(tuple(tracks), tuple(dropped))


def _phrase(midi: MidiFile, name: str, label: str, start: int, end: int) -> Track:
    meter = [meter for tick, meter in midi.meters if tick <= start][-1]
    early = EARLY_BEAT * midi.ticks_per_quarter
    columns = ("onset", "length", "pitch", "velocity")
    onset, length, pitch, velocity = (np.concatenate([getattr(track, column) for track in midi.tracks]) for column in columns)
    inside = (onset >= start - early) & (onset < end - early)
    if inside.sum() < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes")
    played, pitch, loud = (onset[inside] - start) / midi.ticks_per_quarter, pitch[inside], velocity[inside].astype(np.float64)
    sounding = length[inside] / midi.ticks_per_quarter
    places, step = nearest_places(played)
    kept = in_order(loudest_each(places, pitch, loud), places, pitch)
    long = one_at_a_time(places[kept], written_length(sounding[kept], step[kept]))
    tempo_bpm = midi.tempos[0][1]
    written = Written(
        onset_beat=places[kept],
        duration_beat=long,
        pitch=pitch[kept],
        bar_beat=np.mod(places[kept], meter.bar_beats),
        bar_beats=np.full(len(kept), meter.bar_beats),
        pulse_beats=np.full(len(kept), pulse_beats_of(meter)),
        tempo_bpm=np.full(len(kept), tempo_bpm),
        instrument="bass",
        style="jazz",
    )
    performance = Performance(loud[kept], lag_ms(played[kept], places[kept], tempo_bpm), log_ratio(sounding[kept], long))
    # Phrases of one book follow the same changes: they stay together.
    return Track(label, NAME, f"{NAME}{name.rsplit('-', 1)[0].lower()}", UNDIVIDED, written, performance, "unknown")
