"""Reads a MIDI file of anybody's for the humanizer: tracks by instrument, written places, what is a player's. Knows no nets.

A track belongs to an instrument by its name or program. Notes are written on the nearest sixteenth or triplet of the file's own beats,
whichever fits a beat better; drums as in the Groove benchmark, the loudest hit of a voice counting. What a sequencer wrote teaches
nothing: equal velocities and onsets on a sequencer's grid are taken as not known.
"""

from __future__ import annotations

import hashlib

import numpy as np

from shared.drum_kit import voices_of
from shared.errors import DataError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN
from shared.places import SIXTEENTH, nearest_places, written_length
from shared.written import DRUMS, Floats, Ints, Performance, Written, pulse_beats_of
from trainer.duv.grid import in_order, lag_ms, log_ratio, loudest_each, sequenced_share
from trainer.duv.instrument_names import instrument_of
from trainer.duv.manifest import Track
from trainer.duv.reading import NOTES_MIN, UNDIVIDED, TrackReading
from trainer.midi_beats import clearness
from trainer.midi_file import MidiFile, MidiTrack, parse_midi
from trainer.reading import Dropped

NAME = "midi"
# How clearly onsets must lie at halves, thirds and quarters of the file's beats; few onsets do so by chance.
CLEARNESS_MIN, CLEARNESS_CHANCE = 0.3, 1.7
SEQUENCED_SHARE = 0.9
TOLERANCE_MS = 1.5
EVEN_VELOCITY_STD = 1.0


def read_tracks(data: bytes, label: str) -> TrackReading:
    """The tracks of a MIDI file's bytes that teach something; `label` names the file. Broken files and other tracks are left out."""
    try:
        midi = parse_midi(data)
        clear = _clearness(midi)
    except DataError as error:
        return TrackReading((), (Dropped(label, str(error)),))
    tracks, dropped, seen = [], [], set()
    for index, track in enumerate(midi.tracks):
        name = f"{label}#{index}"
        try:
            found = _track(midi, track, name, clear)
        except (DataError, ValueError) as error:
            dropped.append(Dropped(f"{name} {track.name}".strip(), str(error)))
            continue
        key = (found.piece, found.performance.velocity.tobytes(), found.performance.onset_ms.tobytes())
        if key in seen:
            dropped.append(Dropped(name, "a copy of another track of the file"))
        else:
            seen.add(key)
            tracks.append(found)
    return TrackReading(tuple(tracks), tuple(dropped))


def _clearness(midi: MidiFile) -> float:
    onsets = np.concatenate([track.onset for track in midi.tracks]) if midi.tracks else np.zeros(0, dtype=np.int64)
    if len(onsets) < NOTES_MIN:
        raise DataError(f"fewer than {NOTES_MIN} notes")
    clear = clearness(onsets / midi.ticks_per_quarter)[0]
    if clear < max(CLEARNESS_MIN, CLEARNESS_CHANCE / np.sqrt(len(onsets))):
        raise DataError("notes do not follow the file's beats (played without a click?)")
    return clear


def _track(midi: MidiFile, track: MidiTrack, name: str, clear: float) -> Track:
    instrument = instrument_of(track.name, track.program, track.is_drum)
    if instrument is None:
        raise ValueError("no instrument of the humanizer")
    tempo_bpm = _at(track.onset, midi.tempos)
    if not ((tempo_bpm >= TEMPO_BPM_MIN) & (tempo_bpm <= TEMPO_BPM_MAX)).all():
        raise ValueError("tempo out of range")
    is_drums = instrument == DRUMS
    played = track.onset / midi.ticks_per_quarter
    velocity = track.velocity.astype(np.float64)
    if is_drums:
        places, step = np.rint(played / SIXTEENTH) * SIXTEENTH, np.full(len(played), SIXTEENTH)
    else:
        places, step = nearest_places(played)
    kept = in_order(loudest_each(places, voices_of(track.pitch) if is_drums else track.pitch, velocity), places, track.pitch)
    if len(kept) < NOTES_MIN:
        raise ValueError(f"fewer than {NOTES_MIN} notes")
    sounding = track.length[kept] / midi.ticks_per_quarter
    length = step[kept] if is_drums else written_length(sounding, step[kept])
    written = _written(midi, places[kept], track.pitch[kept], length, tempo_bpm[kept], instrument)
    lag = lag_ms(played[kept], places[kept], tempo_bpm[kept])
    performance = _performance(midi, played[kept], lag, written, velocity[kept], None if is_drums else sounding)
    kind = "none" if np.isnan(performance.velocity).all() else "player"
    return Track(name, NAME, _pattern(written), UNDIVIDED, written, performance, kind, bool((written.bar_beats == 4.0).all()), clear)


def _written(midi: MidiFile, places: Floats, pitch: Ints, length: Floats, tempo_bpm: Floats, instrument: str) -> Written:
    starts = np.array([tick for tick, _ in midi.meters]) / midi.ticks_per_quarter
    # A note written on the bar line belongs to the metre that begins there, even if it was struck before.
    which = np.maximum(np.searchsorted(starts, places + 1e-6, side="right") - 1, 0)
    bar_beats = np.array([meter.bar_beats for _, meter in midi.meters])[which]
    first = np.floor(places[0] / bar_beats[0]) * bar_beats[0]
    return Written(
        onset_beat=places - first,
        duration_beat=length,
        pitch=pitch,
        bar_beat=np.mod(places - starts[which], bar_beats),
        bar_beats=bar_beats,
        pulse_beats=np.array([pulse_beats_of(meter) for _, meter in midi.meters])[which],
        tempo_bpm=tempo_bpm,
        instrument=instrument,
    )


def _performance(
    midi: MidiFile, played: Floats, lag: Floats, written: Written, velocity: Floats, sounding: Floats | None
) -> Performance:
    """What is a player's. Raises DataError where nothing is."""
    unknown = np.full(len(written), np.nan)
    tolerance_beat = max(TOLERANCE_MS / 60_000.0 * float(np.median(written.tempo_bpm)), 0.5 / midi.ticks_per_quarter)
    is_sequenced = sequenced_share(played, tolerance_beat) >= SEQUENCED_SHARE
    if is_sequenced and velocity.std() <= EVEN_VELOCITY_STD:
        raise DataError("written by a sequencer (even velocities, onsets on its grid)")
    ratio = unknown if sounding is None else log_ratio(sounding, written.duration_beat)
    return Performance(unknown if velocity.std() <= EVEN_VELOCITY_STD else velocity, unknown if is_sequenced else lag, ratio)


def _pattern(written: Written) -> str:
    """The same for takes of the same notes in any key: kit re-renders and transpositions stay together."""
    pitch = written.pitch if written.is_drums else written.pitch - written.pitch[0]
    steps = np.rint((written.onset_beat - written.onset_beat[0]) * 12).astype(np.int64)
    return "pattern " + hashlib.blake2b(steps.tobytes() + pitch.tobytes(), digest_size=10).hexdigest()


def _at(ticks: Ints, changes: tuple[tuple[int, float], ...]) -> Floats:
    """The value of a quantity that changes, at file ticks."""
    starts = [tick for tick, _ in changes]
    return np.array([value for _, value in changes])[np.searchsorted(starts, ticks, side="right") - 1]
