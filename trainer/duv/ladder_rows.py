"""What ridge regression and gradient boosting see of a note. Knows written tracks; knows neither what is learned nor how.

Drums, as in the benchmark: which voices strike on each of the 16 sixteenths before, on and after a stroke, which voice it is, where in the
bar it stands. Pitched notes: the humanizer's own features (`shared.features`), and those of the notes around it. Style and tempo, where
asked for, come last.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from shared.drum_kit import VOICE_OF_PITCH, VOICES, voices_of
from shared.features import CODE_SIZES, VALUES, features, features_hash
from shared.written import PLAYING_STYLES, Ints, Written
from trainer.duv.ladder_lookup import places_of

STEPS_AROUND = 16
NOTES_AROUND = 6
STEPS_PER_BEAT = 4
_BAR_STEPS = 16
_CONTEXT_CODES = ("instrument", "style", "tempo")
_NEIGHBOUR_CODES = ("pitch", "sixteenth", "pulse_part", "chord_rank")
_NEIGHBOUR_VALUES = ("gap_before", "gap_after", "duration", "register")
_SKIPPED_VALUES = ("onset_beat", "tempo", "tempo_known")

Rows = NDArray[np.float32]


def rows_of(written: Written, with_context: bool) -> Rows:
    """A row for each note, (N, F) without NaN; `with_context`: style and tempo too."""
    seen = _drum_rows(written) if written.is_drums else _pitched_rows(written)
    return np.hstack([seen, _context(written)]) if with_context else seen


def rows_hash(is_drums: bool) -> str:
    """A fingerprint of what the columns mean: what was fitted to others is of no use here."""
    kit = (VOICE_OF_PITCH.tolist(), STEPS_AROUND, STEPS_PER_BEAT, _BAR_STEPS)
    notes = (features_hash(), NOTES_AROUND, _NEIGHBOUR_CODES, _NEIGHBOUR_VALUES, _SKIPPED_VALUES)
    return sha256(repr((PLAYING_STYLES, kit if is_drums else notes)).encode()).hexdigest()[:16]


def _drum_rows(written: Written) -> Rows:
    step = np.rint(written.onset_beat * STEPS_PER_BEAT).astype(np.int64)
    if not len(step):
        return np.empty((0, _drum_columns()), np.float32)
    step -= step.min()
    voice, count = voices_of(written.pitch), len(step)
    grid = np.zeros((step.max() + 1 + 2 * STEPS_AROUND, len(VOICES)), np.float32)
    grid[step + STEPS_AROUND, voice] = 1
    window = sliding_window_view(grid, 2 * STEPS_AROUND + 1, axis=0)[step]
    place = places_of(written)
    return np.hstack([
        window.reshape(count, -1),
        window[np.arange(count), voice],
        _one_of(voice, len(VOICES)),
        _one_of(np.minimum(place, _BAR_STEPS - 1), _BAR_STEPS),
        _columns(voice, place, place % STEPS_PER_BEAT),
    ])  # fmt: skip


def _drum_columns() -> int:
    return (2 * STEPS_AROUND + 1) * (len(VOICES) + 1) + len(VOICES) + _BAR_STEPS + 3


def _pitched_rows(written: Written) -> Rows:
    seen = features(written)
    codes = {name: seen.codes[:, column] for column, name in enumerate(CODE_SIZES)}
    values = {name: seen.values[:, column] for column, name in enumerate(VALUES)}
    own = [_columns(*(column for name, column in codes.items() if name not in _CONTEXT_CODES))]
    own.append(_columns(*(column for name, column in values.items() if name not in _SKIPPED_VALUES)))
    shared = np.hstack([_columns(*(codes[name] for name in _NEIGHBOUR_CODES)), _columns(*(values[name] for name in _NEIGHBOUR_VALUES))])
    return np.hstack([*own, *(_shifted(shared, away) for away in _around())])


def _around() -> list[int]:
    return [away for away in range(-NOTES_AROUND, NOTES_AROUND + 1) if away]


def _shifted(rows: Rows, away: int) -> Rows:
    """The row of the note `away` places on, -1 where there is none."""
    found = np.full_like(rows, -1)
    count = len(rows)
    if abs(away) < count:
        found[max(0, -away) : count - max(0, away)] = rows[max(0, away) : count + min(0, away)]
    return found


def _context(written: Written) -> Rows:
    style = np.full(len(written), PLAYING_STYLES.index(written.style))
    return np.hstack([_one_of(style, len(PLAYING_STYLES)), _columns(np.nan_to_num(written.tempo_bpm, nan=0.0))])


def _one_of(code: Ints, size: int) -> Rows:
    return np.eye(size, dtype=np.float32)[code]


def _columns(*columns: NDArray[Any]) -> Rows:
    return np.column_stack(columns).astype(np.float32)
