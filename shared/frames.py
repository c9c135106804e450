"""Hop 1's wire, FL Studio <-> bridge: SysEx frames and their sure delivery. Knows bytes and passing time; no ports, no music.

FL Studio runs this file too: Python 3.6 syntax, ASCII, nothing imported. Time is passed in, as seconds on any steady clock.

    F0 7D 'J' 'B' version direction nonce(3) seq(2) kind payload checksum(2) F7       all 7-bit, at most 256 bytes

*nonce* names one life of one sender; a script that FL loads again takes a new one and so starts clean. *Reliable* kinds
count their own `seq`, are acked, resent a few times and delivered once and in order. The others count theirs, are sent
once, and one that comes late is dropped. A *snapshot* (a frame with an `after` field) tells which notes are held after
every reliable frame before `after`: it repairs whatever was lost, so that no note can hang. `held` and `heartbeat` are
the snapshots, sent every HEARTBEAT_SEC.

FL gives every input device its own script instance, and only the one on the link's port hears the bridge. The others get
no acks: they give up after RESEND_SEC, and their snapshots do the rest. The bridge keeps one `Inbox` for each nonce.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
FRAME_MAX_BYTES = 256
TO_BRIDGE, TO_FL, EITHER = 1, 2, 3
NONCE_MAX = (1 << 21) - 1
SEQ_MASK = (1 << 14) - 1
TEXT_MAX = 80
NOTES_MAX = 64

HEARTBEAT_SEC = 0.5
LOST_SEC = 2.0  # a peer that has been silent this long counts as gone
RESEND_SEC = (0.15, 0.3)
GAP_SEC = 0.6  # longer than all resends take, idle gaps of 90 ms included
FORGET_SEC = 30.0
WINDOW = 64

BEAT, START, STOP, PATTERN, PROJECT, IDLE, JUMP = 1, 2, 4, 8, 16, 32, 64  # a beacon's `why`, added up

NUMBER, CHOICE, TEXT, PAIRS, PITCHES = "number", "choice", "text", "pairs", "pitches"
_FLAG = (False, True)


class Kind(object):
    """One kind of frame. `fields` are (name, type, *limits): see `_TABLE`."""

    __slots__ = ("code", "direction", "fields", "name", "reliable")

    def __init__(self, code: int, name: str, direction: int, reliable: bool, fields: "tuple[tuple[Any, ...], ...]") -> None:
        self.code, self.name, self.direction, self.reliable, self.fields = code, name, direction, reliable, fields


# (name, NUMBER, least, most): int. (name, CHOICE, values): one of them. (name, TEXT, most): printable ASCII str.
# (name, PAIRS, most): tuple of pairs 0..127. (name, PITCHES): ascending tuple of 0..127.
_TABLE = (
    Kind(1, "hello", TO_BRIDGE, False, (
        ("script", TEXT, 16), ("host", TEXT, 40), ("role", CHOICE, ("link", "keys")), ("port", NUMBER, -1, 255),
    )),
    Kind(2, "beacon", TO_BRIDGE, False, (
        ("playing", CHOICE, _FLAG), ("recording", CHOICE, _FLAG), ("loop_mode", CHOICE, ("pattern", "song")),
        ("position_ppq_ticks", NUMBER, 0, (1 << 31) - 1), ("ppq", NUMBER, 1, 9999), ("tempo_millibpm", NUMBER, 1000, 999999),
        ("bar_ppq_ticks", NUMBER, 1, (1 << 20) - 1), ("pattern", NUMBER, 0, 9999), ("pattern_beats", NUMBER, 0, 99999),
        ("channel", NUMBER, -1, 9999), ("why", NUMBER, 0, 127),
    )),
    # (pitch, velocity) in the order played; velocity 0 ends the note.
    Kind(3, "notes", TO_BRIDGE, True, (("source", CHOICE, ("keys", "song")), ("notes", PAIRS, NOTES_MAX))),
    Kind(4, "held", TO_BRIDGE, False, (("after", NUMBER, 0, SEQ_MASK), ("keys", PITCHES), ("song", PITCHES))),
    Kind(5, "controller", TO_BRIDGE, True, (("values", PAIRS, NOTES_MAX),)),
    Kind(6, "bye", TO_BRIDGE, False, ()),
    Kind(7, "ack", EITHER, False, (("nonce", NUMBER, 0, NONCE_MAX), ("next", NUMBER, 0, SEQ_MASK))),
    Kind(8, "welcome", TO_FL, True, (("bridge", TEXT, 16),)),
    Kind(9, "heartbeat", TO_FL, False, (("after", NUMBER, 0, SEQ_MASK), ("sounding", PITCHES))),
    Kind(10, "status", TO_FL, True, (("text", TEXT, TEXT_MAX), ("audition", CHOICE, _FLAG))),
    Kind(11, "audition", TO_FL, True, (("notes", PAIRS, NOTES_MAX),)),
)  # fmt: skip
KINDS = {kind.name: kind for kind in _TABLE}
REPAIRED = ("notes", "audition")  # what a snapshot makes up for
_BY_CODE = {kind.code: kind for kind in _TABLE}
_HEAD = bytes((0xF0, 0x7D, 0x4A, 0x42, VERSION))
_HEAD_BYTES, _TAIL_BYTES = 12, 3
_PITCH_BYTES = 19


class Frame(object):
    """A frame as received: `kind` is a name in `KINDS`, `fields` a dict with exactly that kind's fields."""

    __slots__ = ("direction", "fields", "kind", "nonce", "seq")

    def __init__(self, direction: int, nonce: int, seq: int, kind: str, fields: "dict[str, Any]") -> None:
        self.direction, self.nonce, self.seq, self.kind, self.fields = direction, nonce, seq, kind, fields

    def __repr__(self) -> str:
        return "Frame({!r}, nonce={}, seq={}, {!r})".format(self.kind, self.nonce, self.seq, self.fields)


def encode(direction: int, nonce: int, seq: int, kind: str, fields: "dict[str, Any]") -> bytes:
    """The bytes of a frame. ValueError where kind, direction or fields do not fit the table, with name and range."""
    known = KINDS.get(kind)
    if known is None or direction not in (TO_BRIDGE, TO_FL) or not direction & known.direction:
        raise ValueError("kind {!r} in direction {}: no such frame".format(kind, direction))
    if set(fields) != {field[0] for field in known.fields}:
        raise ValueError("{}: expected the fields {}".format(kind, ", ".join(field[0] for field in known.fields) or "none"))
    body = bytearray(_HEAD)
    body += bytes((direction,)) + _packed("nonce", nonce, 0, NONCE_MAX) + _packed("seq", seq, 0, SEQ_MASK)
    body.append(known.code)
    for field in known.fields:
        body += _field_bytes(field, fields[field[0]])
    body += _groups(_checksum(body[1:]), 2) + b"\xf7"
    if len(body) > FRAME_MAX_BYTES:
        raise ValueError("{}: {} bytes, at most {}".format(kind, len(body), FRAME_MAX_BYTES))
    return bytes(body)


def decode(data: "bytes | None") -> "Frame | None":
    """The frame in `data`, or None for whatever is not one whole valid frame of this version. Never raises."""
    if not data or not _HEAD_BYTES + _TAIL_BYTES <= len(data) <= FRAME_MAX_BYTES:
        return None
    data = bytes(data)
    if not data.startswith(_HEAD) or data[-1] != 0xF7 or max(data[1:-1]) > 127:
        return None
    if _number(data[-3:-1]) != _checksum(data[1:-3]):
        return None
    direction, nonce, seq, kind = data[5], _number(data[6:9]), _number(data[9:11]), _BY_CODE.get(data[11])
    if kind is None or direction not in (TO_BRIDGE, TO_FL) or not direction & kind.direction:
        return None
    fields, payload = {}, data[_HEAD_BYTES:-_TAIL_BYTES]  # type: dict[str, Any], bytes
    try:
        for field in kind.fields:
            fields[field[0]], payload = _field_value(field, payload)
    except ValueError:
        return None
    return None if payload else Frame(direction, nonce, seq, kind.name, fields)


def _checksum(body: "bytes | bytearray") -> int:
    """A polynomial over the primes below 2**14: any one changed byte and any exchange of neighbours shows."""
    total = 1
    for byte in body:
        total = (total * 131 + byte) % 16381
    return total


def _groups(number: int, count: int) -> bytes:
    return bytes((number >> 7 * place) & 127 for place in reversed(range(count)))


def _number(data: bytes) -> int:
    total = 0
    for byte in data:
        total = total << 7 | byte
    return total


def _width(least: int, most: int) -> int:
    """Bytes that a number in least..most takes."""
    return max(1, ((most - least).bit_length() + 6) // 7)


def _packed(name: str, number: "Any", least: int, most: int) -> bytes:
    if not isinstance(number, int) or not least <= number <= most:
        raise ValueError("{} must be in range {}..{}, found {!r}".format(name, least, most, number))
    return _groups(number - least, _width(least, most))


def _field_bytes(field: "tuple[Any, ...]", value: "Any") -> bytes:
    name, form = field[0], field[1]
    if form == NUMBER:
        return _packed(name, value, field[2], field[3])
    if form == CHOICE:
        if value not in field[2]:
            raise ValueError("{} must be one of {}, found {!r}".format(name, field[2], value))
        return bytes((field[2].index(value),))
    if form == PITCHES:
        bits = [0] * _PITCH_BYTES
        for pitch in value:
            _packed(name, pitch, 0, 127)
            bits[pitch // 7] |= 1 << pitch % 7
        return bytes(bits)
    if len(value) > field[2]:
        raise ValueError("{} must have at most {} items, found {}".format(name, field[2], len(value)))
    if form == TEXT:
        if any(not " " <= mark <= "~" for mark in value):
            raise ValueError("{} must be printable ASCII, found {!r}".format(name, value))
        return bytes((len(value),)) + value.encode("ascii")  # type: ignore[no-any-return]
    pairs = b"".join(_packed(name, first, 0, 127) + _packed(name, second, 0, 127) for first, second in value)
    return bytes((len(value),)) + pairs


def _field_value(field: "tuple[Any, ...]", data: bytes) -> "tuple[Any, bytes]":
    """A field's value and the bytes behind it. ValueError where they are too few or out of range."""
    form = field[1]
    least, most = (field[2], field[3]) if form == NUMBER else (0, 1)
    size = _PITCH_BYTES if form == PITCHES else _width(least, most)
    if len(data) < size:
        raise ValueError("cut short")
    head, rest = data[:size], data[size:]
    if form == PITCHES:
        if head[-1] >> 128 % 7:
            raise ValueError("a pitch above 127")
        return tuple(pitch for pitch in range(128) if head[pitch // 7] >> pitch % 7 & 1), rest
    if form == NUMBER:
        if least + _number(head) > most:
            raise ValueError("out of range")
        return least + _number(head), rest
    if form == CHOICE:
        if head[0] >= len(field[2]):
            raise ValueError("no such choice")
        return field[2][head[0]], rest
    count = head[0]
    size = count if form == TEXT else 2 * count
    if count > field[2] or len(rest) < size:
        raise ValueError("cut short")
    head, rest = rest[:size], rest[size:]
    if form == TEXT:
        if any(not 32 <= mark <= 126 for mark in head):
            raise ValueError("not printable")
        return head.decode("ascii"), rest
    return tuple(zip(head[0::2], head[1::2])), rest  # noqa: B905


def _is_before(seq: int, other: int) -> bool:
    """True where `seq` comes before `other` on the circle of sequence numbers."""
    return (seq - other) & SEQ_MASK > SEQ_MASK >> 1


class _Sending(object):
    """A frame that waits to be sent or, if reliable, for its ack. `key` tells which newer frame takes its place."""

    __slots__ = ("due_sec", "fields", "key", "kind", "sent_sec", "seq", "tries")

    def __init__(self, kind: str, fields: "dict[str, Any]", key: str, seq: int) -> None:
        self.kind, self.fields, self.key, self.seq = kind, fields, key, seq
        self.tries, self.sent_sec, self.due_sec = 0, 0.0, 0.0


class Outbox(object):
    """Sends frames under one nonce: numbers them, paces them, resends what is not acked. Its memory is bounded.

    `pace` is the most frames that one `take` returns. `resent` and `given_up` count. `round_trip_sec` is the last
    measured time from a frame to its ack, None before any.
    """

    def __init__(self, direction: int, nonce: int, pace: int) -> None:
        self.direction, self.nonce, self.pace = direction, nonce, pace
        self.resent, self.given_up = 0, 0
        self.round_trip_sec = None  # type: float | None
        self._seq, self._loose_seq = 0, 0
        self._fresh = []  # type: list[_Sending]
        self._unacked = []  # type: list[_Sending]

    @property
    def after(self) -> int:
        """What a snapshot taken now puts into its `after` field."""
        return self._seq

    def push(self, kind: str, fields: "dict[str, Any]") -> None:
        """Queue a frame; an unreliable one takes the place of a waiting one of its kind (and nonce). ValueError as `encode`."""
        encode(self.direction, self.nonce, 0, kind, fields)
        if KINDS[kind].reliable:
            self._fresh.append(_Sending(kind, fields, "", self._seq))
            self._seq = (self._seq + 1) & SEQ_MASK
        else:
            key = "{} {}".format(kind, fields.get("nonce"))
            self._fresh = [waiting for waiting in self._fresh if waiting.key != key]
            self._fresh.append(_Sending(kind, fields, key, 0))
        self.given_up += max(0, len(self._fresh) - 2 * WINDOW)
        self._fresh = self._fresh[-2 * WINDOW :]

    def at_once(self, kind: str, fields: "dict[str, Any]") -> bytes:
        """The bytes of an unreliable frame that the caller sends now, ahead of the queue. ValueError as `encode`."""
        data = encode(self.direction, self.nonce, self._loose_seq, kind, fields)
        self._loose_seq = (self._loose_seq + 1) & SEQ_MASK
        return data

    def take(self, now_sec: float, limit: "int | None" = None) -> "list[bytes]":
        """The frames to send now, at most `limit` (the pace where None): new ones first, then what is due again."""
        room = self.pace if limit is None else limit
        fresh, self._fresh = self._fresh[:room], self._fresh[room:]
        again = [sent for sent in self._unacked if sent.tries <= len(RESEND_SEC) and sent.due_sec <= now_sec][: room - len(fresh)]
        self.resent += len(again)
        for sent in fresh + again:
            sent.sent_sec = now_sec
            sent.due_sec = now_sec + RESEND_SEC[min(sent.tries, len(RESEND_SEC) - 1)]
            sent.tries += 1
        waiting = self._unacked + [sent for sent in fresh if not sent.key]
        self._unacked = [sent for sent in waiting if sent.tries <= len(RESEND_SEC) or sent.due_sec > now_sec][-WINDOW:]
        self.given_up += len(waiting) - len(self._unacked)
        return [
            self.at_once(sent.kind, sent.fields) if sent.key else encode(self.direction, self.nonce, sent.seq, sent.kind, sent.fields)
            for sent in fresh + again
        ]

    def acked(self, fields: "dict[str, Any]", now_sec: float) -> None:
        """Heed an `ack` frame's fields; one for another nonce is ignored."""
        if fields["nonce"] != self.nonce:
            return
        arrived = [sent for sent in self._unacked if _is_before(sent.seq, fields["next"])]
        self._unacked = self._unacked[len(arrived) :]
        if arrived and arrived[-1].tries == 1:
            self.round_trip_sec = now_sec - arrived[-1].sent_sec

    def next_sec(self) -> "float | None":
        """When `take` will have something to do: -inf for at once, None for never."""
        if self._fresh:
            return float("-inf")
        return min([sent.due_sec for sent in self._unacked], default=None)


class Inbox(object):
    """Receives the frames of one nonce. Every reliable frame is delivered once and in order, or given up after GAP_SEC."""

    def __init__(self, nonce: int) -> None:
        self.nonce = nonce
        self.lost = 0  # reliable frames given up
        self._next = None  # type: int | None
        self._newest_loose = None  # type: int | None
        self._repaired = None  # type: int | None
        self._early = {}  # type: dict[int, Frame]
        self._gap_sec = None  # type: float | None
        self._heard_sec = None  # type: float | None
        self._owes_ack = False

    def receive(self, frame: Frame, now_sec: float) -> "list[Frame]":
        """The frames to act on now, in order: none where `frame` is old or waits for another; acks and snapshots among them."""
        if self._heard_sec is not None and now_sec - self._heard_sec > FORGET_SEC:
            self._next, self._newest_loose, self._repaired, self._early, self._gap_sec = None, None, None, {}, None
        self._heard_sec = now_sec
        return self.poll(now_sec) + (self._reliable(frame, now_sec) if KINDS[frame.kind].reliable else self._loose(frame, now_sec))

    def _reliable(self, frame: Frame, now_sec: float) -> "list[Frame]":
        self._owes_ack = True
        start = self._begin(frame.seq)
        if _is_before(frame.seq, start):
            return []
        self._early[frame.seq] = frame
        return self._skip_gap(now_sec) if (frame.seq - start) & SEQ_MASK >= WINDOW else self._deliver(now_sec)

    def _loose(self, frame: Frame, now_sec: float) -> "list[Frame]":
        newest = self._newest_loose
        if newest is not None and (newest == frame.seq or _is_before(frame.seq, newest)):
            return []
        self._newest_loose = frame.seq
        after = frame.fields.get("after")
        if after is not None:
            start = self._begin(after)
            if _is_before(after, start):
                return []
            if after != start:
                self._repaired = after
                self._gap_sec = now_sec if self._gap_sec is None else self._gap_sec
        return [frame]

    def _begin(self, seq: int) -> int:
        """The number expected next. A stream met in the middle is taken up where it is met."""
        if self._next is None:
            self._next = 0 if seq < WINDOW else seq
        return self._next

    def _deliver(self, now_sec: float) -> "list[Frame]":
        ready = []
        expected = self._begin(0)
        while expected in self._early:
            frame = self._early.pop(expected)
            if not (self._repaired is not None and _is_before(expected, self._repaired) and frame.kind in REPAIRED):
                ready.append(frame)
            expected = (expected + 1) & SEQ_MASK
        self._next = expected
        if self._repaired is not None and not _is_before(expected, self._repaired):
            self._repaired = None
        if not self._early and self._repaired is None:
            self._gap_sec = None
        elif ready or self._gap_sec is None:
            self._gap_sec = now_sec
        return ready

    def _skip_gap(self, now_sec: float) -> "list[Frame]":
        """Give up the missing frames before the first one at hand."""
        start = self._begin(0)
        ends = [*self._early, *([] if self._repaired is None else [self._repaired])]
        skipped = min([(end - start) & SEQ_MASK for end in ends], default=0)
        self.lost += skipped
        self._next = (start + skipped) & SEQ_MASK
        self._gap_sec = None
        return self._deliver(now_sec)

    def poll(self, now_sec: float) -> "list[Frame]":
        """The frames that a gap held back, once it is given up."""
        if self._gap_sec is None or now_sec - self._gap_sec < GAP_SEC:
            return []
        self._owes_ack = True
        return self._skip_gap(now_sec)

    def next_sec(self) -> "float | None":
        """When `poll` will have something to do, None for never."""
        return None if self._gap_sec is None else self._gap_sec + GAP_SEC

    def ack_due(self) -> "dict[str, Any] | None":
        """The fields of the ack that is owed, once; None where none is."""
        if not self._owes_ack or self._next is None:
            return None
        self._owes_ack = False
        return {"nonce": self.nonce, "next": self._next}
