"""The plan: a score with a commit point, laid generation by generation. Pure: knows ticks, no clock, no model, no wire time.

    song ──────────────┬───────────────┬──────────────────────────►
      sounded, or       commit point    what the newest task lays,
      too late to stop                  event by event

What stands before the commit point is fixed. `relay` voids the rest, writes the chord just heard into the score, resolves a
note that no longer fits, and the next `task` continues from there. The player loses at once what would sound before the
answer can be there; the old notes after that stay as cover until the new generation's windows replace them.
"""

from __future__ import annotations

from companion.soloist import Task
from companion.touch import Touch
from shared.foresight import Foresight
from shared.messages import Plan, PlannedNote
from shared.music import PITCH_MAX, TICKS_PER_BEAT, ticks_to_beats
from shared.score import Conditioning, Event, Frame, Note

TASK_EVENTS_MAX = 640
RESOLVE_SEMITONES = 2
LAG_MS_MAX = 60.0
"""Later than this behind its tick a note is not laid back but wrong; the player then drops it."""


class Planner:
    """Owns the score of the current epoch and turns what soloists write into windows for the player.

    `planned_until_tick` is the end of what has been laid: up to it every note is known.
    """

    def __init__(self, touch: Touch, seed: int, temperature: float, top_p: float) -> None:
        self._touch = touch
        self._seed = seed
        self._temperature = temperature
        self._top_p = top_p
        self._epoch = 0
        self._score: list[Event] = []
        self._ids: dict[Note, int] = {}
        self._next_id = 0
        self.generation = 0
        self.planned_until_tick = 0
        self.notes_due: dict[int, Note] = {}

    @property
    def score(self) -> tuple[Event, ...]:
        """The epoch's events, oldest first."""
        return tuple(self._score)

    @property
    def empty(self) -> bool:
        """True until the epoch's first frame is written."""
        return not self._score

    def begin(self, epoch: int) -> None:
        """Forget the score: a new stretch of playing begins."""
        self._epoch = epoch
        self._score = []
        self._ids = {}
        self.planned_until_tick = 0
        self.notes_due = {}

    def relay(
        self, heard_tick: int, commit_tick: int, foresight: Foresight, conditioning: Conditioning, apart_ticks: int = 0, void_ticks: int = 0
    ) -> list[Plan]:
        """Void all from the later of the two ticks on, and rewrite the frames from `heard_tick` with what is known now.

        `heard_tick` is where the chord belongs, `commit_tick` the first onset that can still be changed. New notes begin at
        least `apart_ticks` after the last fixed one. Opens a new generation and returns its first windows: one that takes the
        next `void_ticks` from the player, and one with the note that resolves a clash with the new chord, if there is a clash.
        """
        start = max(heard_tick, commit_tick)
        kept: list[Note] = []
        while self._score and self._score[-1].tick >= heard_tick:
            event = self._score.pop()
            if isinstance(event, Note) and event.tick < start:
                kept.insert(0, event)
            elif isinstance(event, Note):
                self.notes_due.pop(self._ids.pop(event), None)
        last = kept[-1] if kept else self._last_note()
        self.planned_until_tick = start
        begin = start if last is None else max(start, last.tick + apart_ticks)
        tick = heard_tick
        while True:
            self._score.append(foresight.frame_at(tick, conditioning))
            after = foresight.next_frame_tick(tick)
            while kept and kept[0].tick < after:
                self._score.append(kept.pop(0))
            if after > begin:
                break
            tick = after
        self.generation += 1
        void = self._window(max(begin, start + void_ticks), (), None)
        self.planned_until_tick = begin
        resolution = self._resolve(begin, foresight, conditioning)
        return [void] if resolution is None else [void, resolution]

    def catch_up(self, commit_tick: int, foresight: Foresight, conditioning: Conditioning) -> None:
        """Write silent frames up to `commit_tick` where the plan has fallen behind it."""
        while (after := foresight.next_frame_tick(self._last_frame().tick)) <= commit_tick:
            self._score.append(foresight.frame_at(after, conditioning))
        self.planned_until_tick = max(self.planned_until_tick, commit_tick)

    def task(self, until_tick: int, foresight: Foresight, conditioning: Conditioning) -> Task:
        """The work of continuing the score up to `until_tick`, as a new generation."""
        self.generation += 1
        window = self._score[-TASK_EVENTS_MAX:]
        return Task(
            generation=self.generation,
            seed=self._seed,
            score=tuple(window),
            score_start=len(self._score) - len(window),
            grid=foresight.grid,
            foresight=foresight,
            conditioning=conditioning,
            min_tick=self.planned_until_tick,
            until_tick=until_tick,
            temperature=self._temperature,
            top_p=self._top_p,
        )

    def accept(self, event: Event, cause: int | None = None, lag_ms_least: float = 0.0) -> Plan:
        """Append what a soloist wrote and return the window that it fills for the player.

        A note lags at least `lag_ms_least`: surprised by a chord, a player comes in a little later, not too late.
        """
        if isinstance(event, Frame):
            self._score.append(event)
            return self._window(max(event.tick, self.planned_until_tick), (), cause)
        return self._window(event.tick + 1, (self._lay(event, self._last_frame().conditioning, lag_ms_least),), cause)

    def _window(self, until_tick: int, notes: tuple[PlannedNote, ...], cause: int | None) -> Plan:
        from_tick = min([self.planned_until_tick, *(round(note.onset_beat * TICKS_PER_BEAT) for note in notes)])
        self.planned_until_tick = until_tick
        return Plan(
            epoch=self._epoch,
            generation=self.generation,
            from_beat=ticks_to_beats(from_tick),
            until_beat=ticks_to_beats(until_tick),
            notes=notes,
            cause=cause if notes else None,
        )

    def _lay(self, note: Note, conditioning: Conditioning, lag_ms_least: float) -> PlannedNote:
        before = self._last_note()
        self._score.append(note)
        self._next_id += 1
        self._ids[note] = self._next_id
        self.notes_due[self._next_id] = note
        velocity, lag_ms = self._touch.play(note, before, self._grid_place(note), conditioning.tempo_bpm)
        return PlannedNote(
            id=self._next_id,
            onset_beat=ticks_to_beats(note.tick),
            duration_beat=ticks_to_beats(note.duration_ticks),
            pitch=note.pitch,
            velocity=velocity,
            lag_ms=max(lag_ms, min(lag_ms_least, LAG_MS_MAX)),
            voice=0,
        )

    def _grid_place(self, note: Note) -> int:
        frame = self._last_frame()
        return (frame.tick_in_beat + note.tick - frame.tick) % TICKS_PER_BEAT

    def _last_frame(self) -> Frame:
        return next(event for event in reversed(self._score) if isinstance(event, Frame))

    def _last_note(self) -> Note | None:
        return next((event for event in reversed(self._score) if isinstance(event, Note)), None)

    def _resolve(self, begin: int, foresight: Foresight, conditioning: Conditioning) -> Plan | None:
        """End a note that sounds into a chord which it does not fit by moving to the nearest chord note by step."""
        note, chord = self._last_note(), foresight.chord_at(begin)
        if note is None or chord is None or note.end_tick <= begin or note.tick >= begin or note.pitch % 12 in chord.scale:
            return None
        steps = [step for size in range(1, RESOLVE_SEMITONES + 1) for step in (-size, size)]
        pitch = next((note.pitch + step for step in steps if (note.pitch + step) % 12 in chord.tones), None)
        if pitch is None or not 0 <= pitch <= PITCH_MAX:
            return None
        trimmed = Note(note.tick, note.pitch, begin - note.tick)
        self._score[self._score.index(note, max(0, len(self._score) - TASK_EVENTS_MAX))] = trimmed
        self._ids[trimmed] = self._ids.pop(note)
        resolution = Note(begin, pitch, max(1, min(note.end_tick, foresight.grid.next_beat(begin)) - begin))
        return self._window(begin + 1, (self._lay(resolution, conditioning, 0.0),), None)
