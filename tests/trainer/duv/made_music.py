"""Makes what the tests of the humanizer's sources read: written notes, and MIDI bytes of played ones."""

from __future__ import annotations

import io
from collections.abc import Sequence

import mido
import numpy as np

from shared.music import Meter
from shared.written import Performance, Written, pulse_beats_of

PPQ = 480
COMMON = Meter()
Played = tuple[float, float, int, int]  # onset and length in quarters, pitch, velocity


def written(
    onsets: Sequence[float], pitches: Sequence[int], lengths: Sequence[float], instrument: str, meter: Meter = COMMON, bpm: float = 120.0
) -> Written:
    onset_beat = np.array(onsets, dtype=np.float64)
    count = len(onset_beat)
    return Written(
        onset_beat, np.array(lengths, dtype=np.float64), np.array(pitches, dtype=np.int64), np.mod(onset_beat, meter.bar_beats),
        np.full(count, meter.bar_beats), np.full(count, pulse_beats_of(meter)), np.full(count, bpm), instrument,
    )  # fmt: skip


def played(
    count: int,
    velocity: Sequence[float] | None = None,
    onset_ms: Sequence[float] | None = None,
    log_ratio: Sequence[float] | None = None,
) -> Performance:
    unknown = [float("nan")] * count
    return Performance(*(np.array(unknown if values is None else values, dtype=np.float64) for values in (velocity, onset_ms, log_ratio)))


def midi_bytes(
    tracks: Sequence[tuple[str, int, Sequence[Played]]], bpm: float = 120.0, meter: tuple[int, int] = (4, 4), ppq: int = PPQ
) -> bytes:
    """A file of `tracks` (name, program, or -1 for the drum channel, notes)."""
    file = mido.MidiFile(ticks_per_beat=ppq)
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)),
                mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]),
            ]
        )
    )
    for index, (name, program, notes) in enumerate(tracks):
        channel = 9 if program < 0 else index
        events = []
        for onset, length, pitch, velocity in notes:
            events.append((round(onset * ppq), mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
            events.append((round((onset + length) * ppq), mido.Message("note_off", channel=channel, note=pitch)))
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        track.append(mido.Message("program_change", channel=channel, program=max(0, program)))
        last = 0
        for tick, message in sorted(events, key=lambda event: (event[0], event[1].type != "note_off")):
            track.append(message.copy(time=tick - last))
            last = tick
        file.tracks.append(track)
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()
