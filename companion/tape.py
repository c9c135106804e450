"""Turns what went over the wire into a jam on one beat axis: chords as held, the solo as it really sounded. Pure.

Every epoch (a stretch of playing without a jump) is laid after the one before, on the next bar line, its own place in the
bar kept; so a jam with stops, seeks and loops is one piece of music.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from companion.jam import ChordName, Jam, JamNote, MeterChange, TempoChange
from companion.session import Session
from shared.chords import Chord
from shared.messages import AnyMessage, Chords, Plan, PlannedNote, Played, Transport, Welcome
from shared.music import SongClock, ticks_to_beats
from shared.score import Event, Frame

SHORTEST_BEAT = 1 / 48


@dataclass(slots=True)
class _Stretch:
    """A stretch of playing: where it lies in the jam, and its clock's lines in their order."""

    offset_beat: float
    lines: list[SongClock] = field(default_factory=list)

    def beat_at(self, sec: float) -> float:
        """The jam's beat at a moment, by the line that held then: a report may come after the next stretch has begun, and a
        moment may lie a little before the first line."""
        clock = self.lines[max(0, bisect_right(self.lines, sec, key=lambda line: line.at_sec) - 1)]
        return max(0.0, self.offset_beat + clock.beat_at(sec))


class Tape:
    """Collects a jam. Feed it every message received and sent, in order, and every epoch's score when it ends."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._session = Session()
        self._stretches: list[_Stretch] = []
        self._stretch_of: dict[int, _Stretch] = {}
        self._end_beat = 0.0
        self._planned: dict[int, tuple[_Stretch, PlannedNote]] = {}
        self._held: dict[int, float] = {}
        self._chord_notes: list[JamNote] = []
        self._solo_notes: dict[int, list[JamNote]] = {}
        self._names: list[ChordName] = []
        self._tempos: list[TempoChange] = []
        self._meters: list[MeterChange] = []

    def received(self, message: AnyMessage) -> None:
        """A message from the bridge."""
        match message:
            case Welcome():
                # a bridge that was started again counts its epochs anew
                self._leave(None)
                self._session = Session()
            case Transport():
                self._transport(message)
            case Chords():
                self._chords(message)
            case Played():
                for note in message.notes:
                    if note.sent_sec is not None and note.id in self._planned:
                        self._sounded(*self._planned.pop(note.id), note.sent_sec)
            case _:
                pass

    def sent(self, message: AnyMessage) -> None:
        """A message to the bridge."""
        if isinstance(message, Plan) and message.epoch in self._stretch_of:
            stretch = self._stretch_of[message.epoch]
            self._planned.update((note.id, (stretch, note)) for note in message.notes)

    def ended(self, epoch: int, score: tuple[Event, ...], until_tick: int) -> None:
        """An epoch ended at `until_tick`; its score tells which chords stood."""
        offset_beat = self._stretch_of[epoch].offset_beat if epoch in self._stretch_of else 0.0
        last: Chord | None = None
        for event in score:
            if isinstance(event, Frame) and event.tick <= until_tick and event.chord != last:
                last = event.chord
                self._names.append(ChordName(offset_beat + ticks_to_beats(event.tick), "NC" if last is None else last.symbol))

    def jam(self) -> Jam:
        """The jam so far."""
        for pitch in list(self._held):
            self._release(pitch, self._end_beat)
        return Jam(
            title=self._title,
            chords=tuple(sorted(self._chord_notes, key=_place)),
            solo=tuple(sorted((note for voice in self._solo_notes.values() for note in _one_at_a_time(voice)), key=_place)),
            names=tuple(self._names),
            tempos=tuple(self._tempos) or (TempoChange(0.0, 120.0),),
            meters=tuple(self._meters) or (MeterChange(0.0, 4, 4),),
        )

    def _transport(self, transport: Transport) -> None:
        last = self._session.transport
        if last is not None and last.playing and (not transport.playing or transport.epoch != last.epoch):
            self._leave(transport.at_sec)
        change = self._session.apply(transport)
        if change.started:
            grid, start = self._session.grid, self._session.tick_at(transport.at_sec)
            bars_before = math.ceil(self._end_beat / grid.meter.bar_beats - 1e-6)
            downbeat = ticks_to_beats(start - grid.tick_in_bar(start))
            stretch = _Stretch(bars_before * grid.meter.bar_beats - downbeat)
            self._stretches.append(stretch)
            self._stretch_of[transport.epoch] = stretch
        if not transport.playing:
            return
        stretch = self._stretch_of[transport.epoch]
        stretch.lines.append(self._session.clock)
        beat = stretch.beat_at(transport.at_sec)
        self._end_beat = max(self._end_beat, beat)
        if not self._tempos or abs(self._tempos[-1].bpm - transport.tempo_bpm) > 0.01:
            self._tempos.append(TempoChange(beat if self._tempos else 0.0, transport.tempo_bpm))
        metre = (transport.numerator, transport.denominator)
        if not self._meters or (self._meters[-1].numerator, self._meters[-1].denominator) != metre:
            self._meters.append(MeterChange(round(beat) if self._meters else 0.0, *metre))

    def _chords(self, message: Chords) -> None:
        if not self._session.playing or message.epoch != self._session.epoch:
            return
        beat = max(0.0, self._stretch_of[message.epoch].offset_beat + message.beat)
        for pitch in set(self._held) - set(message.held) | set(message.struck) & set(self._held):
            self._release(pitch, beat)
        for pitch in message.held:
            self._held.setdefault(pitch, beat)

    def _release(self, pitch: int, beat: float) -> None:
        onset = self._held.pop(pitch)
        self._chord_notes.append(JamNote(onset, max(SHORTEST_BEAT, beat - onset), pitch, 80))

    def _leave(self, at_sec: float | None) -> None:
        """The stretch ends: at `at_sec`, or where it was last heard of."""
        if at_sec is not None and self._stretches:
            self._end_beat = max(self._end_beat, self._stretches[-1].beat_at(at_sec))
        for pitch in list(self._held):
            self._release(pitch, self._end_beat)

    def _sounded(self, stretch: _Stretch, note: PlannedNote, sent_sec: float) -> None:
        heard = JamNote(stretch.beat_at(sent_sec), note.duration_beat, note.pitch, note.velocity)
        self._solo_notes.setdefault(note.voice, []).append(heard)


def _place(note: JamNote) -> tuple[float, int]:
    return note.onset_beat, note.pitch


def _one_at_a_time(voice: list[JamNote]) -> list[JamNote]:
    """As the player sounds a voice: a note ends where the next one begins."""
    ended = []
    notes = sorted(voice, key=_place)
    followers: list[JamNote | None] = [*notes, None][1:]
    for note, after in zip(notes, followers, strict=True):
        room = note.duration_beat if after is None else after.onset_beat - note.onset_beat
        ended.append(JamNote(note.onset_beat, max(SHORTEST_BEAT, min(note.duration_beat, room)), note.pitch, note.velocity))
    return ended
