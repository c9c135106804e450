"""The plan: a score with a commit point, laid generation by generation. Pure: knows ticks, no clock, no model, no wire time.

    song ──────────────┬───────────────┬──────────────────────────►
      sounded, or       commit point    what the newest task lays,
      too late to stop                  event by event

What stands before the commit point is fixed. `relay` voids the rest, writes the chord just heard into the score, resolves a
note that no longer fits, and the next `task` continues from there. The player loses at once what would sound before the
answer can be there; the old notes after that stay as cover until the new generation's windows replace them.

A note is laid as the rules play it. `touch` plays those that can still be changed as a humanizer says, in a window of its own; notes
laid after that lean the same way, so that none stands out before the humanizer has seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from companion.soloist import Task, Touched
from companion.touch import LAG_MS_MAX, Lean, Touch
from shared.foresight import ChordChange, Foresight
from shared.messages import Plan, PlannedNote
from shared.music import PITCH_MAX, TICKS_PER_BEAT, Grid, beats_to_sec, ticks_to_beats
from shared.score import Conditioning, Event, Frame, Note
from shared.settings import SoloSettings
from shared.swing import swing_wish

TASK_EVENTS_MAX = 8192
"""As far back as the longest context may read: a part that begins later with every task would have to be read anew each time."""
VOICE_MAX = 15
RESOLVE_SEMITONES = 2


@dataclass(slots=True)
class _Laid:
    """A note of the score as the rules play it, at their tempo, and as the player was told last."""

    ruled: PlannedNote
    tempo_bpm: float
    planned: PlannedNote


class Planner:
    """Owns the score of the current epoch and turns what soloists write into windows for the player.

    `planned_until_tick` is the end of what has been laid: up to it every note is known. `notes_due` holds the notes, by id, of which
    nobody has heard yet whether they sounded, `humanized` the ids of those that are played as a humanizer says.
    """

    def __init__(self, touch: Touch, seed: int, solo: SoloSettings) -> None:
        self._touch = touch
        self._seed = seed
        self._solo = solo
        self._epoch = 0
        self._score: list[Event] = []
        self._laid: dict[Note, _Laid] = {}
        self._next_id = 0
        self._lean = Lean()
        self.generation = 0
        self.planned_until_tick = 0
        self.notes_due: dict[int, Note] = {}
        self.humanized: set[int] = set()

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
        self._laid = {}
        self.planned_until_tick = 0
        self.notes_due = {}
        self.humanized = set()

    def relay(
        self,
        heard_tick: int,
        commit_tick: int,
        foresight: Foresight,
        conditioning: Conditioning,
        apart_ticks: int = 0,
        void_ticks: int = 0,
        lag_ms_least: float = 0.0,
    ) -> list[Plan]:
        """Void all from the later of the two ticks on, and rewrite the frames from `heard_tick` with what is known now.

        `heard_tick` is where the chord belongs, `commit_tick` the first onset that can still be changed. New notes begin at
        least `apart_ticks` after the last fixed one. Opens a new generation and returns its first windows: one that takes the
        next `void_ticks` from the player, and one with the note that resolves a clash with the new chord, if there is a clash: it
        lags at least `lag_ms_least`, see `accept`.
        """
        start = max(heard_tick, commit_tick)
        kept: list[Note] = []
        while self._score and self._score[-1].tick >= heard_tick:
            event = self._score.pop()
            if isinstance(event, Note) and event.tick < start:
                kept.insert(0, event)
            elif isinstance(event, Note):
                identity = self._laid.pop(event).planned.id
                self.notes_due.pop(identity, None)
                self.humanized.discard(identity)
        if self._score:
            self._hold_until(heard_tick, foresight.grid)
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
        resolution = self._resolve(begin, foresight, conditioning, lag_ms_least)
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
            temperature=self._solo.temperature,
            top_p=self._solo.top_p,
            swing=swing_wish(self._solo.swing),
        )

    def accept(self, event: Event, cause: int | None = None, lag_ms_least: float = 0.0) -> Plan:
        """Append what a soloist wrote and return the window that it fills for the player.

        A note lags at least `lag_ms_least`: surprised by a chord, a player comes in a little later, not too late.
        """
        if isinstance(event, Frame):
            self._score.append(event)
            return self._window(max(event.tick, self.planned_until_tick), (), cause)
        self._lay(event, self._last_frame().conditioning, lag_ms_least, len(self._notes_from(event.tick)))
        # notes struck together stand in one window: one of its own for each would void the one before
        struck = tuple(self._laid[note].planned for note in self._notes_from(event.tick))
        return self._window(event.tick + 1, struck, cause)

    def touch(self, touched: Touched, commit_tick: int) -> Plan | None:
        """Play the notes from `commit_tick` on as a humanizer says: the window that says so, None where nothing changes.

        A note before it keeps the touch with which it was sent.
        """
        wishes = {(wish.tick, wish.pitch): wish for wish in touched.notes}
        notes = self._notes_from(max(commit_tick, touched.notes[0].tick))
        before = self._note_before(notes[0].tick) if notes else None
        touching: list[_Laid] = []
        changed = False
        for place, note in enumerate(notes):
            laid, wish = self._laid[note], wishes.get((note.tick, note.pitch))
            played = laid.planned
            if wish is not None:
                after_beat = next((ticks_to_beats(after.tick) for after in notes[place + 1 :] if after.tick > note.tick), None)
                played = self._touch.humanized(laid.ruled, wish, laid.tempo_bpm, after_beat)
                self.humanized.add(played.id)
                touching.append(laid)
            lag_ms = max(played.lag_ms, self._lag_ms_behind(before, note, laid.tempo_bpm))
            played = msgspec.structs.replace(played, lag_ms=lag_ms)
            changed = changed or played != laid.planned
            laid.planned, before = played, note
        if touching:
            self._lean = Lean.between([laid.ruled for laid in touching], [laid.planned for laid in touching])
        if not changed:
            return None
        return Plan(
            epoch=self._epoch,
            generation=self.generation,
            from_beat=ticks_to_beats(notes[0].tick),
            until_beat=ticks_to_beats(notes[-1].tick + 1),
            notes=tuple(self._laid[note].planned for note in notes),
        )

    def _notes_from(self, tick: int) -> list[Note]:
        """The score's notes from `tick` on, ascending."""
        found: list[Note] = []
        for event in reversed(self._score):
            if event.tick < tick:
                break
            if isinstance(event, Note):
                found.append(event)
        return found[::-1]

    def _note_before(self, tick: int) -> Note | None:
        return next((event for event in reversed(self._score) if isinstance(event, Note) and event.tick < tick), None)

    def _lag_ms_behind(self, before: Note | None, note: Note, tempo_bpm: float) -> float:
        """The least lag with which `note` keeps half of its written distance from the note before: none overtakes another."""
        if before is None:
            return 0.0
        half_sec = beats_to_sec(ticks_to_beats(note.tick - before.tick), tempo_bpm) / 2
        return self._laid[before].planned.lag_ms - half_sec * 1000.0

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

    def _lay(self, note: Note, conditioning: Conditioning, lag_ms_least: float, voice: int) -> PlannedNote:
        before, tempo_bpm = self._last_note(), conditioning.tempo_bpm
        self._score.append(note)
        self._next_id += 1
        self.notes_due[self._next_id] = note
        velocity, lag_ms = self._touch.play(note, before, self._grid_place(note), tempo_bpm)
        ruled = PlannedNote(
            id=self._next_id,
            onset_beat=ticks_to_beats(note.tick),
            duration_beat=ticks_to_beats(note.duration_ticks),
            pitch=note.pitch,
            velocity=velocity,
            lag_ms=lag_ms,
            voice=min(voice, VOICE_MAX),
        )
        leaning = self._touch.leaning(ruled, self._lean, tempo_bpm)
        lag_ms = max(leaning.lag_ms, min(lag_ms_least, LAG_MS_MAX), self._lag_ms_behind(before, note, tempo_bpm))
        planned = msgspec.structs.replace(leaning, lag_ms=lag_ms)
        self._laid[note] = _Laid(ruled, tempo_bpm, planned)
        return planned

    def _grid_place(self, note: Note) -> int:
        frame = self._last_frame()
        return (frame.tick_in_beat + note.tick - frame.tick) % TICKS_PER_BEAT

    def _hold_until(self, tick: int, grid: Grid) -> None:
        """Write the beat lines before `tick` where the plan has fallen behind it, over the chord that stood: a score leaves none out."""
        last = self._last_frame()
        known = Foresight(grid, (ChordChange(last.tick, last.chord),))
        after = known.next_frame_tick(last.tick)
        while after < tick:
            self._score.append(known.frame_at(after, last.conditioning))
            after = known.next_frame_tick(after)

    def _last_frame(self) -> Frame:
        return next(event for event in reversed(self._score) if isinstance(event, Frame))

    def _last_note(self) -> Note | None:
        return next((event for event in reversed(self._score) if isinstance(event, Note)), None)

    def _resolve(self, begin: int, foresight: Foresight, conditioning: Conditioning, lag_ms_least: float) -> Plan | None:
        """End a note that sounds into a chord which it does not fit by moving to the nearest chord note by step."""
        note, chord = self._last_note(), foresight.chord_at(begin)
        if note is None or chord is None or note.end_tick <= begin or note.tick >= begin or note.pitch % 12 in chord.scale:
            return None
        steps = [step for size in range(1, RESOLVE_SEMITONES + 1) for step in (-size, size)]
        pitch = next((note.pitch + step for step in steps if (note.pitch + step) % 12 in chord.tones), None)
        if pitch is None or not 0 <= pitch <= PITCH_MAX:
            return None
        trimmed = Note(note.tick, note.pitch, begin - note.tick)
        place = next(place for place in range(len(self._score) - 1, -1, -1) if self._score[place] is note)
        self._score[place] = trimmed
        laid = self._laid[trimmed] = self._laid.pop(note)
        resolution = Note(begin, pitch, max(1, min(note.end_tick, foresight.grid.next_beat(begin)) - begin))
        return self._window(begin + 1, (self._lay(resolution, conditioning, lag_ms_least, laid.planned.voice),), None)
