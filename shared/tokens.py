"""The score as numbers: events <-> compound steps, and what a model learns at each step. Knows no net and no sampling.

A *step* is one row of small integers, one column for every `Field` of `FIELDS`. There is a step for every `Frame` and one
for every `Note`; a note repeats the frame in force, so every step says by itself which chord stands, what comes next
and who plays, and no window that forgets the past can forget the task.

After each step come at most three decisions: the *onset* of the next note, in ticks since the beat line (0..23), or
`NEXT`, on to the next frame; then its *pitch*; then its *duration* class. An onset at or past the coming frame means
NEXT as well: in play a chord may fall inside a beat that the model takes for whole, so it is learned in the same way.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared.chords import QUALITY_NAMES, Chord
from shared.errors import DataError
from shared.music import PITCH_MAX, TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter
from shared.score import FEELS, ROLES, STYLES, Conditioning, Event, Frame, Note

Steps = NDArray[np.int16]

FRAME, NOTE = 0, 1
NEXT = TICKS_PER_BEAT
ONSETS = NEXT + 1
PITCHES = PITCH_MAX + 1
# What is farther than these counts as this far: semitones, ticks, ticks.
INTERVAL_MAX, GAP_MAX, END_MAX = 24, 48, 96
FIGURE_INTERVAL_MAX = 8
_FIGURE_INTERVALS = 2 * FIGURE_INTERVAL_MAX + 2
NEXT_IN_BEATS_MAX = 16
TEMPO_BINS_PER_OCTAVE = 6
TEMPO_BINS = math.ceil(TEMPO_BINS_PER_OCTAVE * math.log2(TEMPO_BPM_MAX / TEMPO_BPM_MIN)) + 1
DENOMINATORS = (2, 4, 8, 16)
POLYPHONIC_ROLES = ("comp",)
# Each class stands for its number of ticks: every tick up to a beat, then ever coarser up to 32 beats.
DURATION_TICKS: tuple[int, ...] = tuple(
    ticks for first, last, step in ((1, 24, 1), (26, 48, 2), (52, 96, 4), (104, 192, 8), (208, 384, 16), (416, 768, 32))
    for ticks in range(first, last + 1, step)
)
DURATIONS = len(DURATION_TICKS)
_EDGES = [(before + after) / 2 for before, after in pairwise(DURATION_TICKS)]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a step: values 0..`size`-1."""

    name: str
    size: int


# 0 stands for "none", "unknown" or "does not apply" wherever a field has such a value. Degrees, gaps, ends and all that tells of earlier
# notes follow from other fields and earlier steps: they spare a net the learning of twelve keys one by one, of sums, and of figures that
# a count of them knows at once.
FIELDS = (
    Field("kind", 2),
    Field("since", TICKS_PER_BEAT + 1),  # ticks since the frame before; 0 in the first frame and in notes
    Field("tick_in_beat", TICKS_PER_BEAT),
    Field("pitch", 1 + PITCHES),
    Field("duration", 1 + DURATIONS),
    Field("degree", 13),  # the pitch class of the note, in a frame of the last note, above the chord's root
    Field("interval", 2 * INTERVAL_MAX + 2),  # semitones to the latest note from the one before it
    Field("interval_2", 2 * INTERVAL_MAX + 2),  # ... to that one from the one before
    Field("interval_3", 2 * INTERVAL_MAX + 2),
    Field("figure", _FIGURE_INTERVALS**3),  # the three together
    Field("between", 2 + GAP_MAX),  # ticks between the onsets of the latest note and of the one before it
    Field("between_2", 2 + GAP_MAX),
    Field("last_pitch", 1 + PITCHES),  # in a frame: the last note's
    Field("gap", 2 + GAP_MAX),  # ticks since the last onset before this step
    Field("end", 2 + END_MAX),  # ticks from the beat line to where the last note ends
    Field("beat_in_bar", 64),
    Field("numerator", 33),
    Field("denominator", len(DENOMINATORS)),
    Field("root", 13),
    Field("quality", 1 + len(QUALITY_NAMES)),
    Field("bass", 13),
    Field("next_root", 13),
    Field("next_quality", 1 + len(QUALITY_NAMES)),
    Field("next_bass", 13),
    Field("next_in_beats", 2 + NEXT_IN_BEATS_MAX),
    Field("bass_degree", 13),  # above the chord's root, as is the next
    Field("next_degree", 13),
    Field("role", len(ROLES)),
    Field("tempo", TEMPO_BINS),
    Field("feel", len(FEELS)),
    Field("style", len(STYLES)),
)
COLUMN = {field.name: index for index, field in enumerate(FIELDS)}
SIZES = np.array([field.size for field in FIELDS])
_KIND, _SINCE, _TICK, _PITCH, _DURATION = (COLUMN[name] for name in ("kind", "since", "tick_in_beat", "pitch", "duration"))
_ROLE, _ROOT, _LAST_PITCH, _GAP, _END = (COLUMN[name] for name in ("role", "root", "last_pitch", "gap", "end"))
_MEMORY = [COLUMN[name] for name in ("degree", "last_pitch", "gap", "end")]  # of the note before
_HISTORY = [COLUMN[name] for name in ("interval", "interval_2", "interval_3", "figure", "between", "between_2")]  # of the latest notes
_NOTES_TOLD = {"interval": 2, "interval_2": 3, "interval_3": 4, "between": 2, "between_2": 3}  # by each of them
_CONTEXT = COLUMN["beat_in_bar"]  # from this column on a note repeats its frame
_QUALITY_INDEX = {name: index for index, name in enumerate(QUALITY_NAMES)}
_POLYPHONIC = np.array([role in POLYPHONIC_ROLES for role in ROLES])

# What is learned after each step; -1 where there is nothing to learn.
TARGETS = ("floor", "low", "high", "pitch_floor", "pitch", "duration")


def vocabulary_hash() -> str:
    """A fingerprint of everything that gives the numbers their meaning: weights of another vocabulary are of no use here."""
    table = [
        [(field.name, field.size) for field in FIELDS], DURATION_TICKS, TARGETS, QUALITY_NAMES, ROLES, FEELS, STYLES,
        POLYPHONIC_ROLES, DENOMINATORS, TICKS_PER_BEAT, TEMPO_BINS_PER_OCTAVE, TEMPO_BPM_MIN,
    ]
    return hashlib.sha256(json.dumps(table).encode()).hexdigest()[:16]


def duration_class(ticks: int) -> int:
    """The class nearest to a duration in ticks. Raises DataError outside 1..784."""
    if not 1 <= ticks <= DURATION_TICKS[-1] + 16:
        raise DataError(f"note of {ticks} ticks: expected 1..{DURATION_TICKS[-1] + 16}; shorten it before encoding")
    return int(np.searchsorted(_EDGES, ticks))


def tempo_bin(tempo_bpm: float) -> int:
    """The bin nearest to a tempo in quarter notes a minute, six bins an octave. Raises DataError outside 20..400."""
    if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
        raise DataError(f"tempo {tempo_bpm:g}: expected {TEMPO_BPM_MIN:g}..{TEMPO_BPM_MAX:g} BPM")
    return round(TEMPO_BINS_PER_OCTAVE * math.log2(tempo_bpm / TEMPO_BPM_MIN))


def bin_tempo(index: int) -> float:
    """The tempo in the middle of a bin, in quarter notes a minute."""
    return float(min(TEMPO_BPM_MIN * 2 ** (index / TEMPO_BINS_PER_OCTAVE), TEMPO_BPM_MAX))


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where encoding stands: the frame in force and the last row, which together bind what may follow."""

    frame: Frame
    row: Sequence[int]


def encode(events: Sequence[Event], after: Cursor | None = None) -> Steps:
    """Steps of `events`, shape (events, fields), int16; onsets are exact, durations the nearest class.

    `after` goes on from an earlier call. Raises DataError where the events are no score: not in order, a frame missing
    at a beat line, a note outside its frame's beat, two notes at once from a role that plays one at a time.
    """
    frame, row = (after.frame, after.row) if after is not None else (None, ())
    rows: list[Sequence[int]] = []
    for event in events:
        if isinstance(event, Frame):
            row, frame = _frame_row(event, frame, row), event
        elif frame is None:
            raise DataError(f"note at tick {event.tick} before the first frame: a score begins with a frame")
        else:
            row = _note_row(event, frame, row)
        rows.append(row)
    return np.array(rows, dtype=np.int16).reshape(len(rows), len(FIELDS))


def decode(steps: Steps, start_tick: int = 0) -> list[Event]:
    """The events of `steps`, the first frame at `start_tick`. Tempo is its bin's middle, duration its class's ticks.

    Raises DataError for anything that `encode` could not have written.
    """
    if steps.ndim != 2 or steps.shape[1] != len(FIELDS):
        raise DataError(f"steps of shape {steps.shape}: expected (steps, {len(FIELDS)}); tokenize again with this version")
    outside = np.argwhere((steps < 0) | (steps >= SIZES))
    if len(outside):
        row, column = outside[0]
        field = FIELDS[column]
        raise DataError(f"step {row}: {field.name} {steps[row, column]}: expected 0..{field.size - 1}")
    events: list[Event] = []
    frame: Frame | None = None
    last: Sequence[int] = ()
    for index, row in enumerate(steps.tolist()):
        try:
            event = _frame(row, start_tick if frame is None else frame.tick + row[_SINCE]) if row[_KIND] == FRAME else _note(row, frame)
            again = _frame_row(event, frame, last) if isinstance(event, Frame) else _note_row(event, _given(frame), last)
        except (ValueError, DataError) as error:
            raise DataError(f"step {index}: {error}") from None
        if index == 0:
            again[_SINCE] = row[_SINCE]
        if again != row:
            raise DataError(f"step {index}: its fields contradict each other")
        frame = event if isinstance(event, Frame) else frame
        last = row
        events.append(event)
    return events


def onset_floor(row: Sequence[int]) -> int:
    """The least onset class that may follow a step: its own tick after a frame, later than the note after a note.

    A role that plays chords may strike again at the same tick, with a higher pitch.
    """
    if row[_KIND] == FRAME:
        return row[_TICK]
    again = ROLES[row[_ROLE]] in POLYPHONIC_ROLES and row[_PITCH] < PITCHES
    return row[_TICK] + (0 if again else 1)


def pitch_floor(row: Sequence[int], onset: int) -> int:
    """The least pitch that may follow a step at `onset`: notes struck at once ascend."""
    return row[_PITCH] if row[_KIND] == NOTE and onset == row[_TICK] else 0


def targets(steps: Steps) -> Steps:
    """What follows each step, shape (steps, len(TARGETS)), int16.

    The next onset lies in `low`..`high`: one class before a note; before a frame every class from its tick up to NEXT.
    Classes below `floor` and pitches below `pitch_floor` are forbidden by the grammar. All are -1 after the last step.
    """
    out = np.full((len(steps), len(TARGETS)), -1, dtype=np.int16)
    if len(steps) < 2:
        return out
    here, coming = steps[:-1], steps[1:]
    is_note, was_note = coming[:, _KIND] == NOTE, here[:, _KIND] == NOTE
    frame_index = np.maximum.accumulate(np.where(here[:, _KIND] == FRAME, np.arange(len(here)), 0))
    coming_frame = np.minimum(here[frame_index, _TICK] + coming[:, _SINCE], NEXT)
    again = _POLYPHONIC[here[:, _ROLE]] & (here[:, _PITCH] < PITCHES)
    out[:-1, 0] = here[:, _TICK] + (was_note & ~again)
    out[:-1, 1] = np.where(is_note, coming[:, _TICK], coming_frame)
    out[:-1, 2] = np.where(is_note, coming[:, _TICK], NEXT)
    out[:-1, 3] = np.where(is_note, np.where(was_note & (here[:, _TICK] == coming[:, _TICK]), here[:, _PITCH], 0), -1)
    out[:-1, 4] = np.where(is_note, coming[:, _PITCH] - 1, -1)
    out[:-1, 5] = np.where(is_note, coming[:, _DURATION] - 1, -1)
    return out


def crop(steps: Steps, start: int, stop: int) -> Steps:
    """Steps `start`..`stop` as a window of its own; `start` must be a frame's, else DataError."""
    window = steps[start:stop].copy()
    if not len(window) or window[0, _KIND] != FRAME:
        raise DataError(f"window from step {start}: a window begins with a frame")
    window[0, _SINCE] = 0
    # As if nothing had been before: no memory of a note up to the first one here.
    notes = np.cumsum(window[:, _KIND] == NOTE)
    first = int(np.searchsorted(notes, 1))
    window[:first, _MEMORY] = 0
    window[first : first + 1, _GAP] = 0
    for name, told in _NOTES_TOLD.items():
        window[notes < told, COLUMN[name]] = 0
    early = notes < max(_NOTES_TOLD.values())
    window[early, COLUMN["figure"]] = [_figure(*row) for row in window[early][:, _HISTORY[:3]].tolist()]
    return window


def hidden_next(steps: Steps, beats: int) -> Steps:
    """The same steps, played by someone who sees no chord that is further away than `beats` quarter notes; below 0 none at all."""
    out = steps.copy()
    unseen = out[:, COLUMN["next_in_beats"]] - 1 > beats
    for name in ("next_root", "next_quality", "next_bass", "next_in_beats", "next_degree"):
        out[unseen, COLUMN[name]] = 0
    return out


def transposed(steps: Steps, semitones: int) -> Steps:
    """The same steps `semitones` higher, chords and notes. Raises DataError where a pitch leaves 0..127."""
    out = steps.copy()
    for name in ("root", "bass", "next_root", "next_bass"):
        column = out[:, COLUMN[name]]
        column[:] = np.where(column > 0, (column - 1 + semitones) % 12 + 1, 0)
    for name in ("pitch", "last_pitch"):
        pitch = out[:, COLUMN[name]]
        moved = np.where(pitch > 0, pitch + semitones, 1)
        if moved.min(initial=1) < 1 or moved.max(initial=1) > PITCHES:
            raise DataError(f"transposition by {semitones} semitones: a pitch leaves 0..{PITCH_MAX}")
        pitch[:] = np.where(pitch > 0, moved, 0)
    return out


def pitch_context(steps: Steps) -> Steps:
    """What the scoring of the next pitch leans on, shape (steps, 2): the chord's root and the last note's pitch, as in their fields."""
    return np.stack([steps[:, _ROOT], steps[:, _PITCH] + steps[:, _LAST_PITCH]], axis=1)


def _frame_row(frame: Frame, before: Frame | None, last: Sequence[int]) -> list[int]:
    since = 0 if before is None else frame.tick - before.tick
    if before is not None:
        reached = before.tick - before.tick_in_beat + last[_TICK]
        if not reached < frame.tick <= before.tick + TICKS_PER_BEAT:
            raise DataError(
                f"frame at tick {frame.tick} after tick {reached}, the frame before at {before.tick}: frames ascend, one at every beat line"
            )
    if (frame.next_chord is None) != (frame.next_in_beats is None):
        raise DataError(f"frame at tick {frame.tick}: next_chord and next_in_beats are known together or not at all")
    if frame.next_in_beats is not None and not 0 <= frame.next_in_beats <= NEXT_IN_BEATS_MAX:
        raise DataError(f"frame at tick {frame.tick}: next_in_beats {frame.next_in_beats}: expected 0..{NEXT_IN_BEATS_MAX}")
    if not 0 <= frame.tick_in_beat < TICKS_PER_BEAT or not 0 <= frame.beat_in_bar < SIZES[_CONTEXT]:
        raise DataError(f"frame at tick {frame.tick}: beat {frame.beat_in_bar}, tick in beat {frame.tick_in_beat}: no place in a bar")
    wish = frame.conditioning
    last_pitch, onset, end = (0, 0, 0) if before is None else _last_note(last)
    degree, gap, end_from_here, history = 0, 0, 0, [0] * len(_HISTORY)
    if before is not None and last_pitch:
        moved = (frame.tick - frame.tick_in_beat) - (before.tick - before.tick_in_beat)
        degree = _degree(frame.chord, last_pitch - 1)
        gap, end_from_here = 1 + min(GAP_MAX, frame.tick_in_beat + moved - onset), 1 + max(0, end - moved)
        history = [last[column] for column in _HISTORY]
    return [
        FRAME, since, frame.tick_in_beat, 0, 0, degree, *history, last_pitch, gap, end_from_here,
        frame.beat_in_bar, frame.meter.numerator, DENOMINATORS.index(frame.meter.denominator),
        *_chord_fields(frame.chord), *_chord_fields(frame.next_chord), 0 if frame.next_in_beats is None else frame.next_in_beats + 1,
        _degree(frame.chord, None if frame.chord is None else frame.chord.bass),
        _degree(frame.chord, None if frame.next_chord is None else frame.next_chord.root),
        ROLES.index(wish.role), tempo_bin(wish.tempo_bpm), FEELS.index(wish.feel), STYLES.index(wish.style),
    ]  # fmt: skip


def _note_row(note: Note, frame: Frame, last: Sequence[int]) -> list[int]:
    onset = note.tick - frame.tick + frame.tick_in_beat
    if not onset_floor(last) <= onset < TICKS_PER_BEAT or note.pitch < pitch_floor(last, onset):
        raise DataError(
            f"note at tick {note.tick}, pitch {note.pitch}: notes follow their frame within its beat, in order, "
            f"at one tick only in roles that play chords ({', '.join(POLYPHONIC_ROLES)}), from the lowest up"
        )
    duration = duration_class(note.duration_ticks)
    last_pitch, last_onset, _ = _last_note(last)
    gap, end = 0, 1 + min(END_MAX, onset + DURATION_TICKS[duration])
    history = [0] * len(_HISTORY)
    if last_pitch:
        gap = 1 + min(GAP_MAX, onset - last_onset)
        interval = max(-INTERVAL_MAX, min(INTERVAL_MAX, note.pitch + 1 - last_pitch)) + INTERVAL_MAX + 1
        before, before_2, _, _, between, _ = (last[column] for column in _HISTORY)
        history = [interval, before, before_2, _figure(interval, before, before_2), gap, between]
    return [NOTE, 0, onset, note.pitch + 1, duration + 1, _degree(frame.chord, note.pitch), *history, 0, gap, end, *last[_CONTEXT:]]


def _figure(*intervals: int) -> int:
    """Three intervals, as their fields have them, as one number."""
    number = 0
    for interval in intervals:
        semitones = max(-FIGURE_INTERVAL_MAX, min(FIGURE_INTERVAL_MAX, interval - INTERVAL_MAX - 1))
        number = number * _FIGURE_INTERVALS + (semitones + FIGURE_INTERVAL_MAX + 1 if interval else 0)
    return number


def _last_note(row: Sequence[int]) -> tuple[int, int, int]:
    """The last note up to a step: its pitch as in the field (0: none), and its onset and end in ticks from the step's beat line."""
    if row[_KIND] == NOTE:
        return row[_PITCH], row[_TICK], row[_END] - 1
    return row[_LAST_PITCH], row[_TICK] - row[_GAP] + 1, row[_END] - 1


def _degree(chord: Chord | None, pitch: int | None) -> int:
    return 0 if chord is None or pitch is None else (pitch - chord.root) % 12 + 1


def _chord_fields(chord: Chord | None) -> tuple[int, int, int]:
    return (0, 0, 0) if chord is None else (chord.root + 1, _QUALITY_INDEX[chord.quality] + 1, chord.bass + 1)


def _frame(row: Sequence[int], tick: int) -> Frame:
    value = dict(zip(COLUMN, row, strict=True))
    return Frame(
        tick=tick,
        beat_in_bar=value["beat_in_bar"],
        tick_in_beat=value["tick_in_beat"],
        meter=Meter(value["numerator"], DENOMINATORS[value["denominator"]]),
        chord=_chord(value["root"], value["quality"], value["bass"]),
        next_chord=_chord(value["next_root"], value["next_quality"], value["next_bass"]),
        next_in_beats=value["next_in_beats"] - 1 if value["next_in_beats"] else None,
        conditioning=Conditioning(ROLES[value["role"]], bin_tempo(value["tempo"]), FEELS[value["feel"]], STYLES[value["style"]]),
    )


def _note(row: Sequence[int], frame: Frame | None) -> Note:
    if not row[_PITCH] or not row[_DURATION]:
        raise DataError("a note without pitch or duration")
    given = _given(frame)
    return Note(given.tick - given.tick_in_beat + row[_TICK], row[_PITCH] - 1, DURATION_TICKS[row[_DURATION] - 1])


def _given(frame: Frame | None) -> Frame:
    if frame is None:
        raise DataError("a note before the first frame: steps begin with a frame")
    return frame


def _chord(root: int, quality: int, bass: int) -> Chord | None:
    if not root and not quality and not bass:
        return None
    if not root or not quality or not bass:
        raise DataError("a chord without root, quality or bass")
    return Chord(root - 1, QUALITY_NAMES[quality - 1], bass - 1)
