"""Makes the MIDI files that the tests read: tracks of (onset, length, pitch) in quarter notes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import mido

from shared.chords import Chord, parse_symbol
from shared.voicings import voice

PPQ = 480
CHANGES = ("Dm7", "G7", "Cmaj7", "A7")
Line = list[tuple[float, float, int]]


def chord(symbol: str) -> Chord:
    found = parse_symbol(symbol)
    assert found is not None
    return found


def solo(bars: int = 16, seed: int = 1, upbeat: float = 0.5, up: int = 0) -> Line:
    """Eighths over CHANGES, a chord a bar, with rests; the upbeats at `upbeat` of the beat."""
    choice = random.Random(seed)
    line: Line = []
    for bar in range(bars):
        tones = sorted(chord(CHANGES[bar % 4]).scale)
        for eighth in range(8):
            if choice.random() < 0.8:
                beat, off = divmod(eighth, 2)
                line.append((4 * bar + beat + off * upbeat, 0.4, 72 + choice.choice(tones) + up))
    return line


def blocks(bars: int = 16, symbols: Sequence[str] = CHANGES) -> Line:
    return [(4.0 * bar, 3.9, pitch) for bar in range(bars) for pitch in voice(chord(symbols[bar % len(symbols)]))]


def broken_chords(bars: int = 16, symbols: Sequence[str] = CHANGES) -> Line:
    """A left hand that plays each chord's notes one after another, in eighths."""
    line: Line = []
    for bar in range(bars):
        pitches = voice(chord(symbols[bar % len(symbols)]), low=40)
        line += [(4 * bar + place / 2, 0.5, pitches[place % len(pitches)]) for place in range(8)]
    return line


def walking(bars: int = 16, symbols: Sequence[str] = CHANGES) -> Line:
    line: Line = []
    for bar in range(bars):
        low = sorted(36 + tone for tone in chord(symbols[bar % len(symbols)]).tones)
        root = 36 + chord(symbols[bar % len(symbols)]).root
        line += [(4 * bar + beat, 0.9, pitch) for beat, pitch in enumerate((root, low[1], low[2], low[0]))]
    return line


def markers(bars: int = 16, symbols: Sequence[str] = CHANGES) -> list[tuple[float, str]]:
    return [(4.0 * bar, symbols[bar % len(symbols)]) for bar in range(bars)]


def write_midi(
    path: Path,
    tracks: Iterable[tuple[str, int, Line]],
    *,
    texts: Sequence[tuple[float, str]] = (),
    kind: str = "marker",
    bpm: float = 140,
    meter: tuple[int, int] = (4, 4),
    single: bool = False,
) -> Path:
    """Write `tracks` (name, program; channel 10 where -1) to `path`; `single`: one track that holds all, as type 0 does."""
    head = [(0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))]
    head.append((0, mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])))
    field = "name" if kind == "track_name" else "text"
    head += [(round(beat * PPQ), mido.MetaMessage(kind, **{field: text})) for beat, text in texts]
    bodies = [head]
    for index, (name, program, line) in enumerate(tracks):
        channel = 9 if program < 0 else index
        body = [(0, mido.MetaMessage("track_name", name=name))]
        body.append((0, mido.Message("program_change", channel=channel, program=max(0, program))))
        for onset, length, pitch in line:
            body.append((round(onset * PPQ), mido.Message("note_on", channel=channel, note=pitch, velocity=80)))
            body.append((round((onset + length) * PPQ), mido.Message("note_off", channel=channel, note=pitch)))
        bodies.append(body)
    if single:
        bodies = [[event for body in bodies for event in body if not (event[1].is_meta and event[1].type == "track_name")]]
    file = mido.MidiFile(type=0 if single else 1, ticks_per_beat=PPQ)
    for body in bodies:
        track, last = mido.MidiTrack(), 0
        for tick, message in sorted(body, key=lambda event: (event[0], event[1].type != "note_off")):
            track.append(message.copy(time=tick - last))
            last = tick
        file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)
    return path
