"""What sounds: the notes held by a player, and the notes that we let FL play. Knows no time and no frames."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

QUEUE_MAX = 256
UNKNOWN = -1  # the channel of a note taken over: the one selected when it ends is the likeliest


class Held(object):
    """Notes that sound for one source: keys down, and keys let go under a held sustain pedal. Channels are kept apart."""

    def __init__(self) -> None:
        self._down = set()  # type: set[tuple[int, int]]
        self._let_go = set()  # type: set[tuple[int, int]]
        self._pedals = set()  # type: set[int]

    @property
    def pitches(self) -> "tuple[int, ...]":
        """The pitches that sound, ascending."""
        return tuple(sorted({pitch for _, pitch in self._down | self._let_go}))

    def strike(self, channel: int, pitch: int) -> None:
        """A key goes down."""
        self._down.add((channel, pitch))
        self._let_go.discard((channel, pitch))

    def release(self, channel: int, pitch: int) -> "list[int]":
        """A key comes up: the pitches that end with it."""
        before = self.pitches
        if (channel, pitch) in self._down:
            self._down.discard((channel, pitch))
            if channel in self._pedals:
                self._let_go.add((channel, pitch))
        return self._ended(before)

    def pedal(self, channel: int, down: bool) -> "list[int]":
        """The sustain pedal moves: the pitches that end with it."""
        before = self.pitches
        if down:
            self._pedals.add(channel)
        else:
            self._pedals.discard(channel)
            self._let_go = {note for note in self._let_go if note[0] != channel}
        return self._ended(before)

    def clear(self, channel: "int | None" = None) -> "list[int]":
        """All notes off, on one channel or on all: the pitches that end."""
        before = self.pitches
        self._down = {note for note in self._down if channel not in (None, note[0])}
        self._let_go = {note for note in self._let_go if channel not in (None, note[0])}
        self._pedals = {pedal for pedal in self._pedals if channel not in (None, pedal)}
        return self._ended(before)

    def _ended(self, before: "tuple[int, ...]") -> "list[int]":
        now = self.pitches
        return [pitch for pitch in before if pitch not in now]


class Audition(object):
    """Plays returned notes on FL's selected channel. Every note-on that FL took gets its note-off, whatever comes between."""

    def __init__(self, channels: "Any") -> None:
        self._channels = channels
        self._queue = []  # type: list[tuple[int, int]]
        self._sounding = {}  # type: dict[int, int]

    def add(self, notes: "tuple[tuple[int, int], ...]") -> None:
        """Queue (pitch, velocity) pairs; velocity 0 ends a note."""
        self._queue = (self._queue + list(notes))[-QUEUE_MAX:]

    def keep(self, pitches: "tuple[int, ...]") -> None:
        """End what sounds or waits beyond `pitches`, and take over what they name and we do not know.

        FL may load the script again at any time without a word: such a note was begun by the life before.
        """
        self._queue = [note for note in self._queue if note[0] in pitches or note[1] == 0]
        self._queue += [(pitch, 0) for pitch in self._sounding if pitch not in pitches and (pitch, 0) not in self._queue]
        for pitch in pitches:
            self._sounding.setdefault(pitch, UNKNOWN)

    def play(self) -> None:
        """Play the queue, in order. What FL refuses stays queued: the exception is the caller's to heed."""
        while self._queue:
            pitch, velocity = self._queue[0]
            selected = self._channels.selectedChannel(1, 0, 1)
            if pitch in self._sounding:
                channel = selected if self._sounding[pitch] == UNKNOWN else self._sounding[pitch]
                if channel >= 0:
                    self._channels.midiNoteOn(channel, pitch, 0, -1)
                del self._sounding[pitch]
            if velocity and selected >= 0:
                self._channels.midiNoteOn(selected, pitch, velocity, -1)
                self._sounding[pitch] = selected
            del self._queue[0]
