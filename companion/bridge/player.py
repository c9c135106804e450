"""The exact player: planned notes in, note bytes out at their moment. Pure: knows neither the time of day nor ports.

A note is due at `sec_at(onset_beat) + lag_ms`, reckoned anew whenever the clock's line moves. Every note-on gets exactly
one note-off: at the end of its duration, at the next note of its voice, when another voice strikes the same pitch, when
an epoch ends, or in `silence`. All voices share one MIDI channel, because FL's generic controller ports do.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

from shared.errors import ProtocolError
from shared.messages import Cancel, Plan, PlannedNote, PlayedNote
from shared.music import SongClock, sec_to_beats

NOTE_ON = 0x90
NOTE_OFF = 0x80
CONTROL_CHANGE = 0xB0
SUSTAIN_PEDAL = 64
ALL_NOTES_OFF = 123
RELEASE_VELOCITY = 64

LATE_SEC = 0.001
DROP_SEC = 0.020
SOUND_SEC_MIN = 0.005
QUEUE_MAX = 4096


def note_off(pitch: int) -> bytes:
    """The note-off of a pitch on the player's channel."""
    return bytes((NOTE_OFF, pitch, RELEASE_VELOCITY))


def silence_everything() -> list[bytes]:
    """Note-offs for all 128 pitches, pedal up, all notes off: for a port whose past is unknown."""
    controls = [bytes((CONTROL_CHANGE, SUSTAIN_PEDAL, 0)), bytes((CONTROL_CHANGE, ALL_NOTES_OFF, 0))]
    return controls + [note_off(pitch) for pitch in range(128)]


@dataclass(slots=True)
class _Sounding:
    note: PlannedNote
    sent_sec: float


class Player:
    """Queue and sounding notes of one epoch.

    Counters `notes_sent`, `notes_late` (sent more than 1 ms after their moment) and `notes_dropped` (more than 20 ms late,
    not sent) run for the player's life.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.notes_sent = 0
        self.notes_late = 0
        self.notes_dropped = 0
        self._line: SongClock | None = None
        self._generation = -1
        # (due beat, order of arrival, note): due beats hold while the tempo holds, so a phase shift re-sorts nothing
        self._queue: list[tuple[float, int, PlannedNote]] = []
        self._order = 0
        self._voices: dict[int, _Sounding] = {}
        self._done_ids: set[int] = set()
        self._played: list[PlayedNote] = []

    @property
    def sounding(self) -> int:
        """Notes that sound now."""
        return len(self._voices)

    @property
    def queued(self) -> int:
        """Notes that wait for their moment."""
        return len(self._queue)

    @property
    def has_played(self) -> bool:
        """True where `take_played` has something to tell."""
        return bool(self._played)

    def begin(self, epoch: int, line: SongClock | None) -> list[bytes]:
        """Enter an epoch; `line` None while the song stands still. Returns the note-offs of what the old one left."""
        self.epoch = epoch
        self._line = line
        return self.silence()

    def follow(self, line: SongClock) -> None:
        """The clock's line moved within the epoch."""
        retune = self._line is not None and self._line.tempo_bpm != line.tempo_bpm
        self._line = line
        if retune:
            self._queue = sorted((self._due_beat(note), order, note) for _, order, note in self._queue)

    def plan(self, plan: Plan) -> bool:
        """Lay a plan; False where its epoch or generation is stale. Raises ProtocolError for notes outside its window."""
        for note in plan.notes:
            if not plan.from_beat <= note.onset_beat < plan.until_beat:
                raise ProtocolError(
                    f"plan {plan.generation}: note {note.id} at beat {note.onset_beat:g} is outside {plan.from_beat:g}..{plan.until_beat:g}"
                )
        if self._line is None or plan.epoch != self.epoch or plan.generation < self._generation:
            return False
        kept = [entry for entry in self._queue if not plan.from_beat <= entry[2].onset_beat < plan.until_beat]
        if len(kept) + len(plan.notes) > QUEUE_MAX:
            raise ProtocolError(f"plan {plan.generation}: more than {QUEUE_MAX} notes in the queue; plan fewer beats ahead")
        self._generation = plan.generation
        self._queue = kept
        for note in plan.notes:
            if note.id not in self._done_ids:
                insort(self._queue, (self._due_beat(note), self._order, note))
                self._order += 1
        return True

    def cancel(self, cancel: Cancel) -> bool:
        """Void what is queued from a beat on; False where the epoch is stale. Sounding notes end as written."""
        if cancel.epoch != self.epoch:
            return False
        self._queue = [entry for entry in self._queue if entry[2].onset_beat < cancel.from_beat]
        return True

    def silence(self) -> list[bytes]:
        """End everything and forget the queue: the note-offs to send now. Generations start anew."""
        self._queue.clear()
        self._done_ids.clear()
        self._generation = -1
        return self.end_all()

    def end_all(self) -> list[bytes]:
        """End what sounds: its note-offs. The queue stands."""
        return [self._end(voice) for voice in list(self._voices)]

    def next_sec(self) -> float | None:
        """When `poll` is due next, in seconds; None while nothing is planned or sounding."""
        moments = [self._off_sec(sounding) for sounding in self._voices.values()]
        if self._queue and self._line is not None:
            moments.append(self._line.sec_at(self._queue[0][0]))
        return min(moments, default=None)

    def poll(self, now_sec: float) -> list[bytes]:
        """Everything due by `now_sec`, in the order of its moments, note-offs before note-ons."""
        out: list[bytes] = []
        line = self._line
        if line is None:
            return out
        while True:
            on_sec = line.sec_at(self._queue[0][0]) if self._queue else None
            off_sec, voice = min(((self._off_sec(sounding), voice) for voice, sounding in self._voices.items()), default=(None, 0))
            if off_sec is not None and off_sec <= now_sec and (on_sec is None or off_sec <= on_sec):
                out.append(self._end(voice))
            elif on_sec is not None and on_sec <= now_sec:
                out += self._start(self._queue.pop(0)[2], on_sec, now_sec)
            else:
                return out

    def take_played(self) -> tuple[PlayedNote, ...]:
        """What became of notes since the last call."""
        played, self._played = tuple(self._played), []
        return played

    def _start(self, note: PlannedNote, due_sec: float, now_sec: float) -> list[bytes]:
        late_sec = now_sec - due_sec
        self._done_ids.add(note.id)
        if late_sec > DROP_SEC:
            self.notes_dropped += 1
            self._played.append(PlayedNote(note.id, due_sec, None))
            return []
        out = [self._end(voice) for voice, other in list(self._voices.items()) if voice == note.voice or other.note.pitch == note.pitch]
        out.append(bytes((NOTE_ON, note.pitch, note.velocity)))
        self._voices[note.voice] = _Sounding(note, now_sec)
        self.notes_sent += 1
        self.notes_late += late_sec > LATE_SEC
        self._played.append(PlayedNote(note.id, due_sec, now_sec))
        return out

    def _end(self, voice: int) -> bytes:
        return note_off(self._voices.pop(voice).note.pitch)

    def _due_beat(self, note: PlannedNote) -> float:
        assert self._line is not None
        return note.onset_beat + sec_to_beats(note.lag_ms / 1000, self._line.tempo_bpm)

    def _off_sec(self, sounding: _Sounding) -> float:
        """End of a sounding note; a late one still sounds for 5 ms, else a synth would swallow it."""
        assert self._line is not None
        end_beat = sounding.note.onset_beat + sounding.note.duration_beat
        return max(self._line.sec_at(end_beat) + sounding.note.lag_ms / 1000, sounding.sent_sec + SOUND_SEC_MIN)
