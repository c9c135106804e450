"""The chords of a MIDI file: written as texts, played on a chord track, or heard from the accompaniment. Knows beats; knows no roles.

What is heard is decoded at once for the whole piece (Viterbi over chords, one window a beat): how well each chord explains
the notes of a beat and its bass, and how readily chords follow one another, both as in `shared.recognize`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared.belief import Belief
from shared.chords import Chord, parse_symbol
from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import TICKS_PER_BEAT, Meter
from shared.recognize import TEMPLATES, change_nats
from trainer.midi_beats import Beats
from trainer.midi_file import MidiFile, MidiTrack
from trainer.midi_parts import Parts, onset_groups

NO_CHORDS = "no chords found"
TEXTS_MIN, TEXTS_SHARE_MIN, LONG_SHARE_MIN = 2, 0.6, 0.25
# A chord that is written or struck so near a beat line is meant for it.
NEAR_BEAT_TICKS = 3
GROUPS_MIN = 4
CHORD_TONES_MIN = 0.55
SOUNDING_MIN = 0.25
# What a change costs in nats on the downbeat, in the middle of the bar, on another beat; how much a beat's notes can tell.
CHANGE_NATS = (2.0, 3.5, 6.0)
EVIDENCE_NOTES_MAX = 6.0
BASS_EVIDENCE = 0.5
BASS_PITCH_MAX = 60

Table = NDArray[np.float64]


def find_chords(midi: MidiFile, beats: Beats, parts: Parts, end_tick: int) -> tuple[tuple[ChordChange, ...], str]:
    """The changes from tick 0 to `end_tick`, and where they come from: `texts`, `chord track` or `accompaniment`.

    Raises DataError with the reason where there are none to be found.
    """
    for origin, found in (("texts", _written(midi, beats)), ("chord track", _struck(midi, beats, parts.chord_track))):
        changes = _changes([change for change in found if change[0] < end_tick])
        if any(change.chord is not None for change in changes):
            return changes, origin
    return _heard(beats, parts.harmony, end_tick), "accompaniment"


def written_chords(midi: MidiFile) -> list[tuple[int, Chord | None]]:
    """(file tick, chord) of the texts, if they are chord symbols: most of them, and not all single letters as sections are; else none."""
    found: list[tuple[int, str, Chord | None]] = []
    for tick, text in midi.texts:
        try:
            found.append((tick, text, parse_symbol(re.sub(r"\s+", "", text))))
        except ValueError:
            continue
    long = sum(len(text) > 1 for _, text, _ in found)
    if len(found) < max(TEXTS_MIN, TEXTS_SHARE_MIN * len(midi.texts)) or long < LONG_SHARE_MIN * len(found):
        return []
    return [(tick, chord) for tick, _, chord in found]


def _written(midi: MidiFile, beats: Beats) -> list[tuple[int, Chord | None]]:
    """(tick, chord) of the texts."""
    found = written_chords(midi)
    ticks = beats.ticks(np.array([tick for tick, _ in found], dtype=np.int64))
    return [(_near_beat(tick), chord) for tick, (_, chord) in zip(ticks, found, strict=True)]


def _struck(midi: MidiFile, beats: Beats, track: MidiTrack | None) -> list[tuple[int, Chord | None]]:
    """(tick, chord) of what a chord track strikes; what makes no chord is passed over."""
    if track is None:
        return []
    belief = Belief()
    ticks = beats.ticks(track.onset)
    found: list[tuple[int, Chord | None]] = []
    for group in onset_groups(track, midi.ticks_per_quarter):
        chord, belief = belief.hear([int(pitch) for pitch in track.pitch[group]])
        if chord is not None:
            found.append((_near_beat(float(ticks[group.start])), chord))
    return found if len(found) >= GROUPS_MIN else []


def _near_beat(tick: float) -> int:
    line = round(tick / TICKS_PER_BEAT) * TICKS_PER_BEAT
    return line if abs(tick - line) <= NEAR_BEAT_TICKS else round(tick)


def _changes(found: Sequence[tuple[int, Chord | None]]) -> tuple[ChordChange, ...]:
    """Changes from tick 0 on, each to another chord; of several at one tick the last one counts."""
    at: dict[int, Chord | None] = {0: None}
    for tick, chord in found:
        at[max(0, tick)] = chord
    changes: list[ChordChange] = []
    for tick in sorted(at):
        if not changes or changes[-1].chord != at[tick]:
            changes.append(ChordChange(tick, at[tick]))
    return tuple(changes)


def _heard(beats: Beats, harmony: Sequence[MidiTrack], end_tick: int) -> tuple[ChordChange, ...]:
    windows = -(-end_tick // TICKS_PER_BEAT)
    weights, bass = _windows(beats, harmony, windows)
    sounding = weights.sum(axis=1)
    if (sounding > 0).mean() < SOUNDING_MIN:
        raise DataError(f"{NO_CHORDS} (no chord symbols, and hardly any accompaniment)")
    path = _best_path(_evidence(weights, bass), beats.meter)
    chords = [_chord(state, int(low)) for state, low in zip(path, bass, strict=True)]
    explained = sum(weights[place, list(chord.tones)].sum() for place, chord in enumerate(chords))
    if explained < CHORD_TONES_MIN * sounding.sum():
        raise DataError(f"{NO_CHORDS} (the accompaniment makes none that are clear)")
    found: list[tuple[int, Chord | None]] = []
    for place, (state, chord) in enumerate(zip(path, chords, strict=True)):
        # The bass that a chord begins with is its own; walking on does not change the chord.
        if place == 0 or state != path[place - 1]:
            found.append((place * TICKS_PER_BEAT, chord))
    return _changes(found)


def _windows(beats: Beats, harmony: Sequence[MidiTrack], windows: int) -> tuple[Table, Table]:
    """For each beat: how long each pitch class sounds, in beats, shape (windows, 12); its lowest note's class, -1 without a low note."""
    weights, lowest = np.zeros((windows, 12)), np.full(windows, BASS_PITCH_MAX)
    for track in harmony:
        starts, ends = beats.ticks(track.onset) / TICKS_PER_BEAT, beats.ticks(track.onset + track.length) / TICKS_PER_BEAT
        for start, end, pitch in zip(starts.tolist(), ends.tolist(), track.pitch.tolist(), strict=True):
            # A note struck a little before the beat belongs to it.
            begin = start + NEAR_BEAT_TICKS / TICKS_PER_BEAT
            for place in range(max(0, int(begin // 1)), min(windows, int(np.ceil(end)))):
                weights[place, pitch % 12] += max(0.0, min(end, place + 1) - max(start, place))
                if begin < place + 0.5:
                    lowest[place] = min(lowest[place], pitch)
    return weights, np.where(lowest < BASS_PITCH_MAX, lowest % 12, -1)


def _evidence(weights: Table, bass: Table) -> Table:
    """Log likelihood of each beat's notes under each chord, shape (windows, states): notes drawn as the chord's template has them."""
    total = weights.sum(axis=1, keepdims=True)
    count = np.minimum(total * 2, EVIDENCE_NOTES_MAX)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    drawn, basses = _tables()
    out = count * (share @ drawn.T)
    low = bass >= 0
    out[low] -= BASS_EVIDENCE * basses[:, bass[low].astype(np.int64)].T
    return np.asarray(out)


def _best_path(evidence: Table, meter: Meter) -> list[int]:
    """The state of each window on the path that explains all best."""
    changes = _change_costs()
    best = evidence[0].copy()
    back = np.zeros(evidence.shape, dtype=np.int64)
    bar = max(1, round(meter.bar_beats))
    for place in range(1, len(evidence)):
        beat = place % bar
        cost = CHANGE_NATS[0 if beat == 0 else 1 if 2 * beat == bar else 2]
        moved = best[:, None] - changes
        source = moved.argmax(axis=0)
        change = moved[source, np.arange(len(best))] - cost
        stays = best >= change
        back[place] = np.where(stays, np.arange(len(best)), source)
        best = np.where(stays, best, change) + evidence[place]
    path = [int(best.argmax())]
    for place in range(len(evidence) - 1, 0, -1):
        path.append(int(back[place, path[-1]]))
    return path[::-1]


def _chord(state: int, bass: int) -> Chord:
    template, root = divmod(state, 12)
    chord = Chord(root, TEMPLATES[template].quality, root)
    return Chord(root, chord.quality, bass) if bass in chord.tones else chord


@lru_cache(maxsize=1)
def _tables() -> tuple[Table, Table]:
    """By state (template x root): log chance of each pitch class among its notes, and cost in nats of each bass."""
    chances = np.array([template.chances for template in TEMPLATES])
    drawn = np.log(chances / chances.sum(axis=1, keepdims=True))
    basses = np.array([template.bass[1] for template in TEMPLATES])
    turn = (np.arange(12)[None, :] - np.arange(12)[:, None]) % 12
    return drawn[:, turn].reshape(-1, 12), basses[:, turn].reshape(-1, 12)


@lru_cache(maxsize=1)
def _change_costs() -> Table:
    """What it costs in nats to go from one state to another, against chance, and how common the chord is: shape (states, states)."""
    table = np.empty((len(TEMPLATES), 12, len(TEMPLATES), 12))
    steps = (np.arange(12)[None, :] - np.arange(12)[:, None]) % 12
    for i, before in enumerate(TEMPLATES):
        for j, after in enumerate(TEMPLATES):
            table[i, :, j, :] = np.array(change_nats(before.quality, after.quality))[steps] - np.log(after.commonness)
    return table.reshape(len(TEMPLATES) * 12, len(TEMPLATES) * 12)
