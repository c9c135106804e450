"""Five hints at how notes are played: strums, bows, slurs, vibrato, ghost notes. Knows written and played notes; knows no files.

They are heuristics, for people who look at manifests and for other programs: nobody annotated them, and no model of ours reads them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from shared.written import Floats, Ints, Performance, Written

STRUM_SPREAD_MS = 3.0
LEGATO_GAP_SHARE = 0.05
VIBRATO_SEC, VIBRATO_END_SEC = 0.5, 0.3
GHOST_LENGTH_SHARE, GHOST_VELOCITY_SHARE = 0.6, 0.7
NEAR_BEAT = 1e-3


def hints_of(written: Written, played: Performance) -> dict[str, Floats]:
    """The hints that the instrument has, by their names in a manifest; arrays (N,), NaN where a note does not tell."""
    if written.instrument == "guitar":
        return {"strum_dir_hint": strum_direction(written, played)}
    if written.instrument == "strings":
        legato = legato_of(written, played)
        vibrato = vibrato_of(written, played)
        return {"bow_direction_hint": bow_direction(written, legato), "legato_hint": legato, "vibrato_hint": vibrato}
    if written.instrument == "bass":
        return {"ghost_note_hint": ghost_notes(written, played)}
    return {}


def strum_direction(written: Written, played: Performance) -> Floats:
    """Of each note of a chord: 1 where the chord was struck from low to high (down), -1 from high to low (up), 0 at once; else NaN.

    A chord is what is written at one place. Its direction is the sign of the covariance of pitch and lag; chords whose lags spread
    over less than 3 ms are struck at once, and those whose lags are not all known tell nothing.
    """
    hint = np.full(len(written), np.nan)
    for chord in _struck(written):
        lag = played.onset_ms[chord]
        if len(chord) < 2 or np.isnan(lag).any():
            continue
        pitch = written.pitch[chord].astype(np.float64)
        spread = float(lag.max() - lag.min())
        hint[chord] = np.sign(((pitch - pitch.mean()) * lag).sum()) if spread >= STRUM_SPREAD_MS else 0.0
    return hint


def legato_of(written: Written, played: Performance) -> Floats:
    """1 where a note is held into the next onset, or to within 5 % of the way there; 0 where it ends before; NaN for the last notes.

    Its end is its written end where the played length is not known.
    """
    hint = np.full(len(written), np.nan)
    chords = _struck(written)
    length = _played_length(written, played)
    for chord, after in pairwise(chords):
        way = written.onset_beat[after[0]] - written.onset_beat[chord[0]]
        hint[chord] = (way - length[chord] < LEGATO_GAP_SHARE * way).astype(np.float64)
    return hint


def bow_direction(written: Written, legato: Floats) -> Floats:
    """1 down-bow, -1 up-bow: notes slurred to the one before stay on its bow, the others turn it round.

    A bow that begins on a downbeat is a down-bow; after a rest of a felt beat it is one on a felt beat, and an up-bow elsewhere.
    """
    hint = np.full(len(written), np.nan)
    direction, slurred, end_beat = -1.0, False, -np.inf
    on_pulse = _on_pulse(written)
    for chord in _struck(written):
        first = chord[0]
        if not slurred:
            direction = -direction
            if written.bar_beat[first] < NEAR_BEAT:
                direction = 1.0
            elif written.onset_beat[first] - end_beat >= written.pulse_beats[first] - NEAR_BEAT:
                direction = 1.0 if on_pulse[first] else -1.0
        hint[chord] = direction
        slurred = bool(np.nanmax(legato[chord]) > 0) if not np.isnan(legato[chord]).all() else False
        end_beat = float((written.onset_beat[chord] + written.duration_beat[chord]).max())
    return hint


def vibrato_of(written: Written, played: Performance) -> Floats:
    """1 where a note is long enough for vibrato: half a second, or .3 seconds at a phrase's end (a felt beat's rest follows); else 0.

    NaN where the tempo is not known.
    """
    sec = _played_length(written, played) * 60.0 / written.tempo_bpm
    ends = np.zeros(len(written), dtype=bool)
    chords = _struck(written)
    for chord, after in zip(chords, [*chords[1:], None], strict=True):
        written_end = written.onset_beat[chord] + written.duration_beat[chord]
        rest = np.inf if after is None else written.onset_beat[after[0]] - written_end
        ends[chord] = rest >= written.pulse_beats[chord] - NEAR_BEAT
    return np.where(np.isnan(sec), np.nan, (sec >= np.where(ends, VIBRATO_END_SEC, VIBRATO_SEC)).astype(np.float64))


def ghost_notes(written: Written, played: Performance) -> Floats:
    """1 where a note is short (up to .6 of the track's median length), soft (up to .7 of its median velocity) and off the felt beat.

    NaN where the velocity is not known.
    """
    if np.isnan(played.velocity).all():
        return np.full(len(written), np.nan)
    length = _played_length(written, played)
    short = length <= GHOST_LENGTH_SHARE * np.median(length)
    soft = played.velocity <= GHOST_VELOCITY_SHARE * np.nanmedian(played.velocity)
    return np.where(np.isnan(played.velocity), np.nan, (short & soft & ~_on_pulse(written)).astype(np.float64))


def _struck(written: Written) -> list[Ints]:
    """The notes written at one place, as indices, in order."""
    starts = np.flatnonzero(np.diff(written.onset_beat) > NEAR_BEAT) + 1
    return [part for part in np.split(np.arange(len(written)), starts) if len(part)]


def _played_length(written: Written, played: Performance) -> Floats:
    """Played lengths in quarters; the written ones where they are not known."""
    return np.asarray(written.duration_beat * np.exp(np.where(np.isnan(played.log_ratio), 0.0, played.log_ratio)))


def _on_pulse(written: Written) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    pulses = written.bar_beat / written.pulse_beats
    return np.asarray(np.abs(pulses - np.rint(pulses)) * written.pulse_beats < NEAR_BEAT)
