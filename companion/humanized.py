"""A soloist with a humanizer at its side: what the one has written, the other says how to play. Knows bars and readouts; knows no clock.

    soloist ──► frames and notes, handed on at once ──► a bar is full ──► the humanizer reads the last bars ──► `Touched`

At every bar line the last two bars are touched: the one just written for the first time, and the one before it for good, now that its
sequel is known. No note waits for its touch. What is said of a note follows from the seed, its place and the bars around it alone, so a
line that is written again with the same bars is played the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import numpy as np

from companion.onnx_phrase import PhraseRunner
from companion.soloist import NoteTouch, Product, Soloist, Task, Touched
from companion.sway import sway
from companion.worker import Diligent
from shared.bins import VELOCITY_RANGE, Distribution
from shared.features import features
from shared.foresight import ChordChange, Foresight
from shared.music import PITCH_MAX, TICKS_PER_BEAT, Grid, ticks_to_beats
from shared.nets.phrase import QUANTITIES, VELOCITY
from shared.score import Conditioning, Event, Frame, Note
from shared.written import Written, pulse_beats_of

TOUCHED_BARS = 2
READ_BARS = 4
"""What the net reads, the touched bars among them."""
SEEN_BARS = 8
"""What the features of a note may look back at: a phrase and its habits."""
READ_NOTES_MAX = 48
SEEN_NOTES_MAX = 96
FIRST_TICKS = TICKS_PER_BEAT
"""A line that has just been cut is written so far beyond its first note before anything is touched: that note is awaited."""
DECIMALS = 3
"""Nobody hears more of them, and machines that round otherwise in the last place agree."""

_Placed = tuple[Note, Frame]


class Humanizer:
    """A humanizer's net and what it is told of the line: who plays (`instrument`), how (`style`), and the `seed` of what is drawn.

    `level`: the velocity around which it shapes the last bars, for a net that knows none of its own; None where it does.
    """

    def __init__(self, runner: PhraseRunner, name: str, instrument: str, style: str, seed: int, level: float | None = None) -> None:
        self.name = name
        self._runner = runner
        self._instrument, self._style = instrument, style
        self._seed = seed
        self._level = level
        self._read_notes = min(READ_NOTES_MAX, runner.context)
        self._warm_up()

    def touch(self, events: Sequence[Event], interrupted: Callable[[], bool] = lambda: False) -> Touched | None:
        """How the last bars of a score are played, those after its last TOUCHED_BARS + 1 bar lines. None where there is no note, or
        where `interrupted` says so meanwhile."""
        began_sec = perf_counter()
        seen, touched_tick, read_tick = _bars(events)
        seen = seen[-SEEN_NOTES_MAX:]
        read = [placed for placed in seen if placed[0].tick >= read_tick][-self._read_notes :]
        notes = [note for note, _ in read if note.tick >= touched_tick]
        if not notes:
            return None
        look = features(written(seen, self._instrument, self._style)).part(slice(len(seen) - len(read), len(seen)))
        if interrupted():
            return None
        masses = self._runner.masses(look)
        shares = sway(self._seed, len(QUANTITIES), [(note.tick, note.pitch) for note in notes])
        said = {name: Distribution(self._runner.edges[name], masses[name], name == VELOCITY) for name in QUANTITIES}
        velocity, onset_ms, log_ratio = (
            said[name].of(slice(-len(notes), None)).quantile(share) for name, share in zip(QUANTITIES, shares, strict=True)
        )
        if self._level is not None:
            velocity = velocity + self._level - said[VELOCITY].mean().mean()
        drawn = (values.round(DECIMALS).tolist() for values in (velocity.clip(*VELOCITY_RANGE), onset_ms, log_ratio))
        played = (NoteTouch(note.tick, note.pitch, *values) for note, *values in zip(notes, *drawn, strict=True))
        return Touched(tuple(played), (perf_counter() - began_sec) * 1000.0)

    def _warm_up(self) -> None:
        """Touch a note: the first pass sets up the libraries beneath, for ten times the usual time."""
        frame = Foresight(Grid(), (ChordChange(0, None),)).frame_at(0, Conditioning())
        self.touch([frame, Note(0, PITCH_MAX // 2, TICKS_PER_BEAT)])


class HumanizedSoloist:
    """`soloist`, whose notes `humanizer` touches. One thread at a time."""

    def __init__(self, soloist: Soloist, humanizer: Humanizer) -> None:
        self._soloist = soloist
        self._humanizer = humanizer
        self._interrupted: Callable[[], bool] = lambda: False

    @property
    def name(self) -> str:
        """The soloist's name."""
        return self._soloist.name

    def heed(self, interrupted: Callable[[], bool]) -> None:
        """Ask `interrupted` now and then, and stop where it says so."""
        self._interrupted = interrupted
        if isinstance(self._soloist, Diligent):
            self._soloist.heed(interrupted)

    def idle(self) -> bool:
        """What the soloist does in quiet moments."""
        return isinstance(self._soloist, Diligent) and self._soloist.idle()

    def play(self, task: Task) -> Iterator[Product]:
        """Continue `task.score`, see `Soloist.play`; at bar lines say how it is played."""
        score: list[Event] = list(task.score)
        due, ready_tick = False, task.until_tick
        for event in self._soloist.play(task):
            yield event
            if isinstance(event, Touched):
                continue
            score.append(event)
            due = due or _is_bar_line(event)
            if isinstance(event, Note):
                ready_tick = min(ready_tick, event.tick + FIRST_TICKS)
            elif due and event.tick >= ready_tick:
                due = False
                touched = self._humanizer.touch(score, self._interrupted)
                if touched is not None:
                    yield touched


def written(notes: Sequence[_Placed], instrument: str, style: str) -> Written:
    """Notes with the frames that they belong to, ascending, as a humanizer reads them."""
    return Written(
        onset_beat=np.array([ticks_to_beats(note.tick) for note, _ in notes]),
        duration_beat=np.array([ticks_to_beats(note.duration_ticks) for note, _ in notes]),
        pitch=np.array([note.pitch for note, _ in notes], dtype=np.int64),
        bar_beat=np.array([frame.beat_in_bar + ticks_to_beats(frame.tick_in_beat + note.tick - frame.tick) for note, frame in notes]),
        bar_beats=np.array([frame.meter.bar_beats for _, frame in notes]),
        pulse_beats=np.array([pulse_beats_of(frame.meter) for _, frame in notes]),
        tempo_bpm=np.array([frame.conditioning.tempo_bpm for _, frame in notes]),
        instrument=instrument,
        style=style,
    )


def _bars(events: Sequence[Event]) -> tuple[list[_Placed], int, int]:
    """The notes of the last SEEN_BARS bars with their frames; the ticks from which on they are touched, and read."""
    lines: list[int] = []
    start = len(events)
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if isinstance(event, Frame):
            start = place
            if _is_bar_line(event):
                lines.append(event.tick)
                if len(lines) > SEEN_BARS:
                    break
    notes: list[_Placed] = []
    frame: Frame | None = None
    for event in events[start:]:
        if isinstance(event, Frame):
            frame = event
        elif frame is not None:
            notes.append((event, frame))
    notes.sort(key=lambda placed: (placed[0].tick, placed[0].pitch))
    first = notes[0][0].tick if notes else 0
    touched, read = (lines[bars] if len(lines) > bars else first for bars in (TOUCHED_BARS, READ_BARS))
    return notes, touched, read


def _is_bar_line(event: Event) -> bool:
    return isinstance(event, Frame) and event.beat_in_bar == 0 and event.tick_in_beat == 0
