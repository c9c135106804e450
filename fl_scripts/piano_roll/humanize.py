"""FL Studio's piano roll: gives the notes of the open pattern a player's touch. Knows FL's score and dialog; no file, no connection.

`companion bake-piano-roll` makes the script that FL runs: `shared/touch_trees.py`, then the names below that are under TYPE_CHECKING
with their values, then the rest of this file. Python 3.6 syntax, ASCII, standard library.
"""

import math

import flpianoroll  # type: ignore[import-not-found, import-untyped, unused-ignore]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from shared.touch_trees import STEPS, Dice, answer, felt_beats, grown, shaped, surroundings, wander

    TITLE = ""
    TEMPO_BPM = 120
    VOICE_OF_PITCH = ()  # type: tuple[int, ...]
    QUANTITIES = {}  # type: dict[str, Any]

VELOCITY, TIMING, LENGTH, VARIATION = "Velocity", "Timing", "Length", "Variation"
SEED, TEMPO, SELECTED, ACCENTS = "Seed", "Tempo (BPM)", "Selected notes only", "Keep my accents"
HELP = (
    "Velocity, Timing, Length: how far each note moves to what the player would do; 0 leaves it as it is.\r\n"
    "Variation: 0 plays the same figure alike each time, 1 as unevenly as the player. Another seed plays it another way.\r\n"
    "Timing is in milliseconds: set your song's tempo. A finer timebase (project settings) keeps it more exactly."
)
TIME_SIGNATURE = 8  # FL: the mode of a marker that changes the metre


def createDialog() -> "Any":
    """FL asks what to show before it calls `apply`."""
    form = flpianoroll.ScriptDialog(TITLE, HELP)
    form.AddInputKnob(VELOCITY, 0.8, 0.0, 1.0)
    form.AddInputKnob(TIMING, 0.4, 0.0, 1.0)
    if "log_ratio" in QUANTITIES:
        form.AddInputKnob(LENGTH, 0.8, 0.0, 1.0)
    form.AddInputKnob(VARIATION, 0.5, 0.0, 1.0)
    form.AddInputKnobInt(SEED, 1, 1, 999)
    form.AddInputKnobInt(TEMPO, TEMPO_BPM, 20, 400)
    form.AddInputCheckbox(SELECTED, True)
    form.AddInputCheckbox(ACCENTS, False)
    return form


def apply(form: "Any") -> None:
    """FL calls this with the dialog's values: change the score in place."""
    score = flpianoroll.score
    wishes = {name: float(form.GetInputValue(name)) for name in (VELOCITY, TIMING, VARIATION, SEED, TEMPO, SELECTED, ACCENTS)}
    wishes[LENGTH] = float(form.GetInputValue(LENGTH)) if "log_ratio" in QUANTITIES else 0.0
    notes = [score.getNote(index) for index in range(score.noteCount)]
    # A slide bends another note's pitch and a muted note is not played: neither is struck.
    strokes = [Stroke(note, score.PPQ) for note in notes if not (note.slide or note.muted)]
    if not strokes:
        return
    strokes.sort(key=lambda stroke: (stroke.step, stroke.number, stroke.time))
    metres = _metres(score)
    if round(wishes[SELECTED]) and any(note.selected for note in notes):
        for stroke in strokes:
            stroke.free = bool(stroke.note.selected)
    touch(strokes, metres, score.PPQ, wishes)
    for stroke in strokes:
        stroke.write()


class Stroke(object):
    """One of FL's notes and what becomes of it: `time` and `length` in FL's ticks, `velocity` 0..1. `step` is its place on the grid."""

    __slots__ = ("free", "length", "note", "number", "step", "time", "velocity")

    def __init__(self, note: "Any", ppq: int) -> None:
        self.note, self.number, self.free = note, note.number, True
        self.time, self.length, self.velocity = note.time, note.length, note.velocity
        self.step = math.floor(note.time * STEPS / float(ppq) + 0.5)

    def write(self) -> None:
        """Give FL's note what has changed; what has not is not touched."""
        if not self.free:
            return
        if self.velocity != self.note.velocity:
            self.note.velocity = self.velocity
        if self.time != self.note.time:
            self.note.time = self.time
        if self.length != self.note.length:
            self.note.length = self.length


class Metre(object):
    """A metre from `start` on: FL's ticks; the bar and the felt beat in quarters."""

    __slots__ = ("bar", "bar_beats", "pulse_beats", "start")

    def __init__(self, start: int, numerator: int, denominator: int, ppq: int) -> None:
        self.start, self.bar_beats, self.pulse_beats = start, 4.0 * numerator / denominator, felt_beats(numerator, denominator)
        self.bar = self.bar_beats * ppq


def touch(strokes: "list[Stroke]", metres: "list[Metre]", ppq: int, wishes: "dict[str, float]") -> None:
    """Change the free strokes, which ascend by step, then by pitch, as `wishes` say."""
    places = []
    for stroke in strokes:
        metre = _metre_at(metres, stroke.step * ppq / float(STEPS))
        bar_beat = (stroke.step / float(STEPS) - metre.start / float(ppq)) % metre.bar_beats
        duration = max(1, stroke.length) / float(ppq)
        places.append((stroke.step / float(STEPS), duration, stroke.number, bar_beat, metre.bar_beats, metre.pulse_beats))
    rows = surroundings(places, wishes[TEMPO], VOICE_OF_PITCH)

    if wishes[VELOCITY] > 0.0 and "velocity" in QUANTITIES:
        level = sum(stroke.velocity for stroke in strokes) / len(strokes)
        for stroke, played in zip(strokes, _played("velocity", rows, wishes)):
            target = played / 127.0
            if round(wishes[ACCENTS]):
                target += stroke.velocity - level
            mixed = stroke.velocity + wishes[VELOCITY] * (target - stroke.velocity)
            stroke.velocity = min(1.0, max(1.0 / 127.0, mixed))

    if not (wishes[TIMING] > 0.0 or wishes[LENGTH] > 0.0):
        return
    if wishes[TIMING] > 0.0 and "onset_ms" in QUANTITIES:
        ticks_a_ms = wishes[TEMPO] * ppq / 60000.0
        for stroke, played in zip(strokes, _played("onset_ms", rows, wishes)):
            target = stroke.step * ppq / float(STEPS) + played * ticks_a_ms
            stroke.time = max(0, round(stroke.time + wishes[TIMING] * (target - stroke.time)))
    if wishes[LENGTH] > 0.0 and "log_ratio" in QUANTITIES:
        for stroke, played in zip(strokes, _played("log_ratio", rows, wishes)):
            stroke.length = max(1, round(stroke.length * (1.0 + wishes[LENGTH] * (math.exp(played) - 1.0))))
    _keep_apart(strokes)
    _keep_inside(strokes, metres, ppq)


def _played(name: str, rows: "list[list[float]]", wishes: "dict[str, float]") -> "list[float]":
    """What the player does at each note, in the table's unit."""
    columns, numbers, spread_columns, spread_numbers, shape, carry = QUANTITIES[name]
    middle, spread = grown(columns, numbers), grown(spread_columns, spread_numbers)
    found = [answer(middle, row) for row in rows]
    if wishes[VARIATION] > 0.0:
        dice = Dice(round(wishes[SEED]), sorted(QUANTITIES).index(name))
        for i, normal in enumerate(wander(len(rows), carry, dice)):
            found[i] += wishes[VARIATION] * max(0.0, answer(spread, rows[i])) * shaped(normal, shape)
    return found


def _keep_apart(strokes: "list[Stroke]") -> None:
    """Notes of one pitch keep their order, and where one ended before the next began it still does."""
    pitches = {}  # type: dict[int, list[Stroke]]
    for stroke in sorted(strokes, key=lambda stroke: stroke.note.time):
        pitches.setdefault(stroke.number, []).append(stroke)
    for line in pitches.values():
        for before, stroke in zip(line, line[1:]):
            # Neither goes beyond the middle between them.
            room = max(0, (stroke.note.time - before.note.time - 1) // 2)
            before.time = min(before.time, before.note.time + room)
            stroke.time = max(stroke.time, stroke.note.time - room)
        for before, stroke in zip(line, line[1:]):
            begins = stroke.time if stroke.free else stroke.note.time
            if before.note.time + before.note.length <= stroke.note.time and before.length > 0:
                before.length = max(1, min(before.length, begins - before.time))


def _keep_inside(strokes: "list[Stroke]", metres: "list[Metre]", ppq: int) -> None:
    """No note reaches beyond the bar line after the last one as written, or FL would make the pattern a bar longer."""
    last = max(max(stroke.note.time + stroke.note.length, stroke.note.time + 1) for stroke in strokes)
    metre = _metre_at(metres, last - 1)
    end = math.ceil(metre.start + math.ceil((last - metre.start) / metre.bar) * metre.bar)
    for stroke in strokes:
        stroke.time = min(stroke.time, end - 1)
        stroke.length = min(stroke.length, max(1, end - stroke.time)) if stroke.length > 0 else stroke.length


def _metres(score: "Any") -> "list[Metre]":
    """The score's metres by their start: the project's, then those of its time signature markers."""
    found = [(0, score.tsnum, score.tsden)]
    for index in range(score.markerCount):
        marker = score.getMarker(index)
        if marker.mode == TIME_SIGNATURE:
            found.append((marker.time, marker.tsnum, marker.tsden))
    # FL shows 0/0 where the project names no metre.
    known = [(start, numerator, denominator) for start, numerator, denominator in found if numerator > 0 and denominator > 0]
    if not known or known[0][0] > 0:
        known.insert(0, (0, 4, 4))
    return [Metre(start, numerator, denominator, score.PPQ) for start, numerator, denominator in sorted(known, key=lambda one: one[0])]


def _metre_at(metres: "list[Metre]", tick: float) -> Metre:
    found = metres[0]
    for metre in metres:
        if metre.start <= tick:
            found = metre
    return found
