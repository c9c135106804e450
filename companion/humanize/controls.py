"""Rules that a player follows before any model: strum, pedal, lag, ghost notes, push, flams, swing, quantising. Pure; knows no files.

Two of them do away with something that stands: quantising with notes beside the grid, a strum with how its chord was struck. That comes
first (`evened`), so that the model hears what is left and does not take the same away again; everything else adds to what it says.

Each rule takes notes and gives notes of the same order, or what is added to them. Chance comes from `Dice` with a key of the seed, the part
and the rule, so that one rule changed does not throw the others anew.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from companion.dice import Dice
from companion.humanize.control_settings import Controls, Flams, Ghosts, Lag, PedalLift, Push, Quantise, Strum, Swing
from companion.humanize.notes import Mask, Notes, Ornament, Outcome, Pedal, ms_to_beats
from companion.humanize.timeline import Timeline
from shared.drum_kit import KICK, SNARE, VOICE_OF_PITCH
from shared.swing import usual_ratio
from shared.written import Floats, Ints

STRUCK_SNARES = (38, 40)
"""The snare's own strokes: a side stick (37) has no flam."""
_ON_PLACE_BEATS = 0.045
_CHORD_NOTES_MIN = 2


def evened(notes: Notes, timeline: Timeline, controls: Controls) -> Notes:
    """`notes` without what the rules replace: quantised, and chords that are to be strummed struck at once."""
    if controls.quantise is not None:
        notes = quantised(notes, timeline, controls.quantise)
    if controls.strum is not None:
        notes = gathered(notes, timeline.tempo_at(notes.onset_beat), controls.strum)
    return notes


def apply_controls(notes: Notes, timeline: Timeline, controls: Controls, has_pedal: bool, key: tuple[int | str, ...]) -> Outcome:
    """What the rules add to `notes`, which `evened` has left. `has_pedal`: the part's own pedal is kept. `key` seeds all chance."""
    after, tempo = notes, timeline.tempo_at(notes.onset_beat)
    ornaments: list[Ornament] = []
    if controls.swing is not None:
        after = swung(after, timeline, controls.swing)
    # What is added finds its room between the notes as written: a strum does not shut it.
    if controls.ghosts is not None:
        ornaments += ghosts(after, tempo, controls.ghosts, Dice(*key, "ghosts"))
    if controls.flams is not None:
        ornaments += flams(after, tempo, controls.flams, Dice(*key, "flams"))
    pedals = pedalled(after, tempo, controls.pedal) if controls.pedal is not None and not has_pedal else []
    if controls.strum is not None:
        after = strummed(after, tempo, controls.strum, Dice(*key, "strum"))
    if controls.lag is not None:
        after = lagged(after, tempo, controls.lag, Dice(*key, "lag"))
    if controls.push is not None:
        after = pushed(after, tempo, controls.push)
    return Outcome.between(notes, after, tuple(ornaments), tuple(pedals))


def is_key_switch(pitch: Ints, ranges: Iterable[tuple[int, int]]) -> Mask:
    """Which pitches (N,) lie in one of the ranges, whose ends belong to them."""
    found = np.zeros(len(pitch), dtype=np.bool_)
    for low, high in ranges:
        found |= (pitch >= low) & (pitch <= high)
    return found


def quantised(notes: Notes, timeline: Timeline, rule: Quantise) -> Notes:
    """Notes moved towards the nearest place of the grid, their lengths kept."""
    bar = timeline.bars(notes.onset_beat).beat
    places = np.stack([np.round(bar * division) / division for division in rule.divisions])
    nearest = places[np.argmin(np.abs(places - bar), axis=0), np.arange(len(notes))]
    return notes.moved(np.maximum(notes.onset_beat + rule.strength * (nearest - bar), 0.0))


def swung(notes: Notes, timeline: Timeline, rule: Swing) -> Notes:
    """Upbeats moved to where soloists play them at the tempo; what ends on an upbeat ends later too. Metres over 8 do not swing."""
    return notes.moved(*(_swung(beat, timeline, rule) for beat in (notes.onset_beat, notes.end_beat)))


def gathered(notes: Notes, tempo_bpm: Floats, rule: Strum) -> Notes:
    """Each chord's notes moved to where its first one begins; they end where they did."""
    onset = notes.onset_beat.copy()
    for chord in chords(notes, tempo_bpm, rule.within_ms):
        onset[chord] = min(notes.onset_beat[chord])
    return notes.moved(onset, notes.end_beat)


def strummed(notes: Notes, tempo_bpm: Floats, rule: Strum, dice: Dice) -> Notes:
    """Chords spread from their lowest note up, from their highest down, or in turn, each note with its chance. They end together."""
    onset = notes.onset_beat.copy()
    down = rule.direction == "high_first"
    for chord in chords(notes, tempo_bpm, rule.within_ms):
        by_pitch = sorted(chord, key=lambda index: notes.pitch[index], reverse=down)
        start = min(notes.onset_beat[chord])
        for place, index in enumerate(by_pitch):
            late_ms = rule.spread_ms * place / (len(chord) - 1) + rule.jitter_ms * (2 * dice.roll() - 1)
            onset[index] = max(0.0, start + ms_to_beats(late_ms, tempo_bpm[index]))
        down = not down if rule.direction == "alternate" else down
    return notes.moved(onset, np.maximum(notes.end_beat, onset))


def lagged(notes: Notes, tempo_bpm: Floats, rule: Lag, dice: Dice) -> Notes:
    """The whole track later by one lag."""
    lag_ms = rule.from_ms + (rule.to_ms - rule.from_ms) * dice.roll()
    return notes.moved(np.maximum(notes.onset_beat + ms_to_beats(lag_ms, tempo_bpm), 0.0))


def pushed(notes: Notes, tempo_bpm: Floats, rule: Push) -> Notes:
    """Kick and snare earlier or later."""
    voice = VOICE_OF_PITCH[notes.pitch]
    shift_ms = np.where(voice == KICK, rule.kick_ms, np.where(voice == SNARE, rule.snare_ms, 0.0))
    return notes.moved(np.maximum(notes.onset_beat + ms_to_beats(shift_ms, tempo_bpm), 0.0))


def ghosts(notes: Notes, tempo_bpm: Floats, rule: Ghosts, dice: Dice) -> list[Ornament]:
    """Ghost notes before some of the notes, where nothing else begins so near before."""
    return _before(notes, np.ones(len(notes), dtype=np.bool_), tempo_bpm, rule, (rule.before_ms, rule.before_ms), rule.length_ms, dice)


def flams(notes: Notes, tempo_bpm: Floats, rule: Flams, dice: Dice) -> list[Ornament]:
    """Flams before some strokes of the snare, where the snare has been still before."""
    return _before(notes, np.isin(notes.pitch, STRUCK_SNARES), tempo_bpm, rule, (rule.from_ms, rule.to_ms), rule.to_ms, dice)


def pedalled(notes: Notes, tempo_bpm: Floats, rule: PedalLift) -> list[Pedal]:
    """The pedal put down after each chord and lifted before the next; after the last chord, and in long rests, when its time is over."""
    found: list[tuple[int, ...]] = [tuple(chord.tolist()) for chord in chords(notes, tempo_bpm, rule.within_ms)]
    pedals = []
    for chord, after in zip(found, [*found[1:], ()], strict=True):
        down_beat = float(ms_to_beats(rule.down_ms, tempo_bpm[chord[0]]))
        lift_beat = float(ms_to_beats(rule.lift_ms, tempo_bpm[(after or chord)[0]]))
        pedals.append(Pedal(chord, after, down_beat, lift_beat, rule.hold_beats))
    return pedals


def chords(notes: Notes, tempo_bpm: Floats, within_ms: float) -> list[Ints]:
    """Indices of notes that begin within `within_ms` of the first of them, two or more together, in order of time."""
    order = np.argsort(notes.onset_beat, kind="stable")
    within = ms_to_beats(within_ms, tempo_bpm)
    found: list[Ints] = []
    start = 0
    for place in range(1, len(order) + 1):
        first = order[start]
        if place == len(order) or notes.onset_beat[order[place]] - notes.onset_beat[first] > within[first]:
            if place - start >= _CHORD_NOTES_MIN:
                found.append(order[start:place])
            start = place
    return found


def _before(
    notes: Notes, fits: Mask, tempo_bpm: Floats, rule: Ghosts | Flams, span_ms: tuple[float, float], length_ms: float, dice: Dice
) -> list[Ornament]:
    """Softer notes before some of those that `fits`, `span_ms` before them, where `room_ms` are free before that."""
    chosen = np.flatnonzero(fits)
    chosen = chosen[np.argsort(notes.onset_beat[chosen], kind="stable")]
    onsets = notes.onset_beat[chosen]
    found = []
    for place, index in enumerate(chosen):
        # Drawn for every note, so that a note more or less room does not change the others' chance.
        struck, early = dice.roll() < rule.chance, dice.roll()
        before_ms = span_ms[0] + (span_ms[1] - span_ms[0]) * early
        room = ms_to_beats(before_ms + rule.room_ms, tempo_bpm[index])
        # Notes struck together count as one: the chord's lowest, which comes first, may have the ornament.
        alone = place == 0 or onsets[place] - onsets[place - 1] >= room
        before, length = (float(ms_to_beats(ms, tempo_bpm[index])) for ms in (before_ms, min(before_ms, length_ms)))
        if struck and alone and onsets[place] >= before:
            found.append(Ornament(int(index), before, length, rule.velocity))
    return found


def _swung(beat: Floats, timeline: Timeline, rule: Swing) -> Floats:
    bars = timeline.bars(beat)
    unit = 1.0 if rule.unit == "eighth" else 0.5
    inside = bars.beat % unit
    tempo = timeline.tempo_at(beat) / unit
    ratio = np.array([1.0 + rule.amount * (usual_ratio(bpm) - 1.0) for bpm in tempo])
    late = unit * (ratio / (1.0 + ratio) - 0.5)
    # From eighths on, a metre's own note or three of them are its beat, no whole quarters: there eighths are even (shared.swing).
    swings = np.abs(bars.pulse_beats - np.round(bars.pulse_beats)) < 1e-6
    is_upbeat = swings & (np.abs(inside - unit / 2) <= _ON_PLACE_BEATS * unit)
    return np.asarray(beat + np.where(is_upbeat, late, 0.0))
