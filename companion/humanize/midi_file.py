"""A MIDI file event by event, and back byte by byte. Knows the format; knows no music beyond pairing a note with its end.

Libraries read a file into their own terms and write it anew, so that running status, odd lengths of time and unknown chunks change. Here
every event keeps the bytes that it had: a track to which nothing was done is written as it was read, and in a track that is touched only
the touched events differ. Format: *Standard MIDI Files 1.0*, MIDI Manufacturers Association, 1988.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import DataError

FILE_BYTES_MAX = 1 << 26
META, SYSEX, SYSEX_MORE = 0xFF, 0xF0, 0xF7
META_NAME, META_PORT, META_END, META_TEMPO, META_METRE = 0x03, 0x21, 0x2F, 0x51, 0x58
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, WHEEL = 0x80, 0x90, 0xB0, 0xC0, 0xE0
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SMPTE = 0x8000
_MEND = "export it again from your sequencer"


@dataclass(slots=True)
class Event:
    """One event of a track: `delta` and `body` are the bytes as they stood, `body` without a status where the last one still holds.

    `status` is what holds (0x80..0xEF with the channel, or 0xF0, 0xF7, 0xFF), `kind` a meta event's type, 0 elsewhere; `data` what follows.
    """

    tick: int
    delta: bytes
    body: bytes
    status: int
    kind: int
    data: bytes


@dataclass(slots=True)
class Track:
    """A track chunk: its `raw` contents, the `events` in them, and the bytes after its end mark, if any."""

    raw: bytes
    events: list[Event]
    tail: bytes = b""

    @property
    def name(self) -> str:
        """The track's name in characters that can be shown, empty where it has none."""
        data = self._first(META_NAME)
        try:
            name = data.decode("utf-8")
        except UnicodeDecodeError:
            name = data.decode("latin-1")
        return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())

    @property
    def port(self) -> bytes:
        """Which set of sixteen channels the track's are of, empty where it does not say: then they are those of all that do not."""
        return self._first(META_PORT)

    def _first(self, kind: int) -> bytes:
        """What the track's first meta event of a kind holds, nothing where there is none."""
        return next((event.data for event in self.events if event.status == META and event.kind == kind), b"")


@dataclass(slots=True)
class MidiFile:
    """A whole file: header chunk, chunks in order (tracks, and unknown ones as bytes with their heads), bytes after the last chunk."""

    head: bytes
    ticks_per_beat: int
    chunks: list[Track | bytes]
    tail: bytes = b""

    @property
    def tracks(self) -> list[Track]:
        """The tracks in order."""
        return [chunk for chunk in self.chunks if isinstance(chunk, Track)]


@dataclass(frozen=True, slots=True)
class NoteEvents:
    """A note: indices of the event that begins it and of the one that ends it, None where none does."""

    on: int
    off: int | None


@dataclass(slots=True)
class Edit:
    """What becomes of a track: new `ticks` and new note-on `velocities` by event index, and `added` channel messages.

    An added message is (tick, event index near which it belongs where several share a tick, bytes with their status); it comes just before
    that event.
    """

    ticks: dict[int, int] = field(default_factory=dict)
    velocities: dict[int, int] = field(default_factory=dict)
    added: list[tuple[int, int, bytes]] = field(default_factory=list)


def read_midi(path: Path) -> MidiFile:
    """The file at `path`. Raises DataError, with the path, where it cannot be read or is damaged."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DataError(f"{path}: {path.stat().st_size >> 20} MB; no music is that long, name a MIDI file")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); name a MIDI file") from None
    try:
        return parse_midi(data)
    except DataError as error:
        raise DataError(f"{path}: {error}; {_MEND}") from None


def parse_midi(data: bytes) -> MidiFile:
    """A file's bytes as events. Raises DataError with the place where they are no MIDI."""
    if not data:
        raise DataError("the file is empty")
    if data[:4] != b"MThd" or len(data) < 14 or (head_end := 8 + int.from_bytes(data[4:8], "big")) > len(data) or head_end < 14:
        raise DataError("no MIDI file, or its beginning is damaged")
    layout, division = int.from_bytes(data[8:10], "big"), int.from_bytes(data[12:14], "big")
    if layout > 1:
        raise DataError(f"MIDI format {layout}, whose tracks are no parts of one song; formats 0 and 1 can be humanized")
    if division == 0:
        raise DataError("damaged: its beats hold no ticks")
    if division & _SMPTE:
        raise DataError("timed in film frames and not in beats")
    chunks: list[Track | bytes] = []
    at = head_end
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        body = data[at + 8 : at + 8 + length]
        if kind == b"MTrk":
            if len(body) < length:
                raise DataError(f"damaged: cut short in track {_count(chunks) + 1} (byte {len(data)})")
            chunks.append(_parse_track(body, _count(chunks) + 1, at + 8))
        elif len(body) < length:
            break
        else:
            chunks.append(data[at : at + 8 + length])
        at += 8 + length
    if not _count(chunks):
        raise DataError("damaged: there is no track in it")
    return MidiFile(data[:head_end], division, chunks, data[at:])


def midi_bytes(file: MidiFile, edits: dict[int, Edit]) -> bytes:
    """The file's bytes with `edits` by place in `file.chunks` done; chunks without one come out as they went in."""
    out = [file.head]
    for place, chunk in enumerate(file.chunks):
        if isinstance(chunk, bytes):
            out.append(chunk)
            continue
        body = chunk.raw if place not in edits else _encode(chunk, edits[place])
        out += [b"MTrk", len(body).to_bytes(4, "big"), body]
    return b"".join([*out, file.tail])


def note_events(track: Track) -> dict[int, list[NoteEvents]]:
    """The track's notes by channel 0..15, in order of their beginning. Where one pitch sounds twice, the first begun ends first."""
    notes: dict[int, list[NoteEvents]] = defaultdict(list)
    open_at: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    for index, event in enumerate(track.events):
        kind, channel = event.status & 0xF0, event.status & 0x0F
        if kind == NOTE_ON and event.data[1] > 0:
            open_at[channel, event.data[0]].append(len(notes[channel]))
            notes[channel].append(NoteEvents(index, None))
        elif kind in (NOTE_OFF, NOTE_ON) and (waiting := open_at[channel, event.data[0]]):
            place = waiting.popleft()
            notes[channel][place] = NoteEvents(notes[channel][place].on, index)
    return dict(notes)


def varint(value: int) -> bytes:
    """A number of at least 0 as the format's variable length: seven bits a byte, the highest first."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _count(chunks: Sequence[Track | bytes]) -> int:
    return sum(isinstance(chunk, Track) for chunk in chunks)


def _parse_track(raw: bytes, number: int, offset: int) -> Track:
    events: list[Event] = []
    at = tick = running = 0
    size = len(raw)
    try:
        while at < size:
            start = at
            delta, at = _read_varint(raw, at)
            tick += delta
            delta_bytes, start = raw[start:at], at
            status, kind = raw[at], 0
            if status < 0x80:
                status = running
            else:
                at += 1
            if 0x80 <= status < 0xF0:
                running = status
                end = at + _DATA_BYTES[status & 0xF0]
                if end > size or max(raw[at:end]) > 0x7F:
                    raise _damaged(number, offset + at)
            elif status in (META, SYSEX, SYSEX_MORE):
                if status == META:
                    kind = raw[at]
                    at += 1
                length, at = _read_varint(raw, at)
                end = at + length
                if end > size:
                    raise _damaged(number, offset + at)
            else:
                raise _damaged(number, offset + start)
            events.append(Event(tick, delta_bytes, raw[start:end], status, kind, raw[at:end]))
            at = end
            if status == META and kind == META_END:
                break
    except IndexError:
        raise _damaged(number, offset + size) from None
    return Track(raw, events, raw[at:])


def _damaged(number: int, byte: int) -> DataError:
    return DataError(f"damaged: track {number} holds what is no MIDI event (byte {byte})")


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = raw[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at


def _encode(track: Track, edit: Edit) -> bytes:
    """The track with the edit done: events by tick, those of one tick in their old order, the end mark last."""
    out: list[bytes] = []
    last_tick, running, last_index = 0, 0, -1
    after_message = False
    for tick, index, added in _placed(track, edit):
        if added is not None:
            out += [varint(tick - last_tick), added]
            last_tick, running, last_index, after_message = tick, added[0], -2, True
            continue
        event = track.events[index]
        body = event.body
        if index in edit.velocities:
            body = body[:-1] + bytes([edit.velocities[index]])
        # A status holds on over meta events in files of careless writers; that is left to where it stood before.
        if body[0] < 0x80 and event.status < SYSEX and (running != event.status or not (after_message or last_index == index - 1)):
            body = bytes([event.status]) + body
        delta = tick - last_tick
        before = track.events[index - 1].tick if index > 0 else 0
        # A length of time may be written with needless bytes: where it did not change, neither do they.
        out += [event.delta if delta == event.tick - before else varint(delta), body]
        last_tick, last_index, after_message = tick, index, event.status < SYSEX
        running = event.status if after_message else running
    return b"".join([*out, track.tail])


def _placed(track: Track, edit: Edit) -> Iterator[tuple[int, int, bytes | None]]:
    """(tick, index, added message or None for the event at that index) in the order in which they are written."""
    events = track.events
    ended = bool(events) and events[-1].status == META and events[-1].kind == META_END
    inner = len(events) - ended
    keys = [(edit.ticks.get(index, events[index].tick), index, 1, 0) for index in range(inner)]
    keys += [(tick, index, 0, place) for place, (tick, index, _) in enumerate(edit.added)]
    keys.sort()
    for tick, index, old, place in keys:
        yield tick, index, None if old else edit.added[place][2]
    if ended:
        last = keys[-1][0] if keys else 0
        yield max(events[-1].tick, last), inner, None
