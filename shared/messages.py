"""Hop 2's vocabulary, bridge <-> companion: every message, its fields and ranges, and the codec. Knows no sockets.

A message is two ZeroMQ parts: the protocol tag `JB<major>` and a msgpack map whose `type` names the message. Unknown
fields are ignored, so a newer minor version may add some; an unknown major version is refused. Seconds are the bridge's
monotonic clock, beats are unwrapped quarter notes within an *epoch* (a stretch of playing without a jump).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from shared.errors import ProtocolError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN

MAJOR = 1
TAG = b"JB%d" % MAJOR
PAYLOAD_MAX_BYTES = 65536

Pitch = Annotated[int, msgspec.Meta(ge=0, le=127)]
Velocity = Annotated[int, msgspec.Meta(ge=1, le=127)]
Serial = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Seconds = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
Beats = Annotated[float, msgspec.Meta(ge=-1e7, le=1e7)]
TempoBpm = Annotated[float, msgspec.Meta(ge=TEMPO_BPM_MIN, le=TEMPO_BPM_MAX)]
Text = Annotated[str, msgspec.Meta(max_length=400)]
Source = Literal["keys", "song"]


class Message(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """Base of every message on hop 2."""


class Hello(Message, frozen=True, tag="hello"):
    """Companion -> bridge, first: who I am. The bridge answers `Welcome` or `Error` and heeds nothing before it."""

    version: Text
    token: Text


class Welcome(Message, frozen=True, tag="welcome"):
    """Bridge -> companion: admitted. Followed by the current `Transport` and `Chords`."""

    version: Text
    ports: tuple[Text, ...]
    priority: Text


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """Both ways. `echo_sec` repeats the peer's last `sent_sec`, from which each side reckons the clocks' offset."""

    sent_sec: Seconds
    echo_sec: Seconds | None = None


class Transport(Message, frozen=True, tag="transport"):
    """Bridge -> companion: where the song is. `beat` stands at `at_sec`; `epoch` grows at every start, stop and jump."""

    at_sec: Seconds
    epoch: Serial
    playing: bool
    beat: Beats
    tempo_bpm: TempoBpm
    numerator: Annotated[int, msgspec.Meta(ge=1, le=32)]
    denominator: Literal[2, 4, 8, 16]
    loop_beats: Annotated[float, msgspec.Meta(gt=0, le=4096)] | None
    clock: Literal["midi", "beacon", "none"]
    script: bool
    pattern: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 0
    channel: Annotated[int, msgspec.Meta(ge=-1, le=9999)] = -1


class Chords(Message, frozen=True, tag="chords"):
    """Bridge -> companion: the chord notes held from now on, after a change. `cause` numbers the change."""

    at_sec: Seconds
    epoch: Serial
    beat: Beats
    cause: Serial
    source: Source
    struck: tuple[Pitch, ...]
    held: tuple[Pitch, ...]


class PlannedNote(msgspec.Struct, frozen=True, array_like=True):
    """One note of a plan: written onset in beats, played `lag_ms` later. A voice sounds one note at a time."""

    id: Serial
    onset_beat: Beats
    duration_beat: Annotated[float, msgspec.Meta(gt=0, le=4096)]
    pitch: Pitch
    velocity: Velocity
    lag_ms: Annotated[float, msgspec.Meta(ge=-200, le=200)]
    voice: Annotated[int, msgspec.Meta(ge=0, le=15)]


class Plan(Message, frozen=True, tag="plan"):
    """Companion -> bridge: from `from_beat` up to `until_beat` exactly these notes stand.

    What an older generation had laid in that window is void; what it had laid beyond stays as cover until it is replaced.
    `cause` is the `Chords.cause` that this generation answers, if any: the bridge times the answer with it.
    """

    epoch: Serial
    generation: Serial
    from_beat: Beats
    until_beat: Beats
    notes: tuple[PlannedNote, ...]
    cause: Serial | None = None


class Cancel(Message, frozen=True, tag="cancel"):
    """Companion -> bridge: void every note not yet sent from `from_beat` on; sounding notes end as written."""

    epoch: Serial
    from_beat: Beats


class Queued(Message, frozen=True, tag="queued"):
    """Bridge -> companion: the first note that answers `cause` stands in the player's queue, `ready_ms` after it was heard."""

    cause: Serial
    ready_ms: Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class PlayedNote(msgspec.Struct, frozen=True, array_like=True):
    """What became of one note: due and sent in seconds. `sent_sec` None: dropped, it came too late."""

    id: Serial
    due_sec: Seconds
    sent_sec: Seconds | None


class Played(Message, frozen=True, tag="played"):
    """Bridge -> companion: notes that sounded or were dropped since the last report."""

    notes: tuple[PlayedNote, ...]


class Stats(Message, frozen=True, tag="stats"):
    """Bridge -> companion, every second: the link's health, counted since the bridge began."""

    frames_received: Serial
    frames_refused: Serial
    frames_resent: Serial
    notes_sent: Serial
    notes_late: Serial
    notes_dropped: Serial
    sounding: Serial
    clock_jitter_ms: Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Status(Message, frozen=True, tag="status"):
    """Companion -> bridge -> FL's hint bar: one short ASCII line. `audition` lets FL's selected channel play the notes."""

    text: Annotated[str, msgspec.Meta(max_length=80)]
    audition: bool = False


class Parameter(Message, frozen=True, tag="parameter"):
    """Bridge -> companion: a controller moved on the link port."""

    controller: Pitch
    value: Pitch


class Error(Message, frozen=True, tag="error"):
    """Either way: why the peer's message was refused. `busy`, `token`, `version` end the conversation; after `hello` it begins with one."""

    code: Literal["hello", "busy", "token", "version", "message"]
    text: Text


class Goodbye(Message, frozen=True, tag="goodbye"):
    """Either way: I am leaving. The bridge silences what the companion laid."""


AnyMessage = (
    Hello | Welcome | Heartbeat | Transport | Chords | Plan | Cancel | Queued | Played | Stats | Status | Parameter | Error | Goodbye
)
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: AnyMessage) -> list[bytes]:
    """The two ZeroMQ parts of a message."""
    return [TAG, _encoder.encode(message)]


def decode(parts: list[bytes]) -> AnyMessage:
    """The message in two ZeroMQ parts. Raises ProtocolError for anything else, whatever the bytes."""
    if len(parts) != 2:
        raise ProtocolError(f"message of {len(parts)} parts: expected 2")
    tag, payload = parts
    if tag != TAG:
        raise ProtocolError(f"protocol {tag[:8]!r}: this side speaks {TAG!r}; install the same JamBot version on both sides")
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise ProtocolError(f"message of {len(payload)} bytes: at most {PAYLOAD_MAX_BYTES}")
    try:
        message = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"message refused: {error}") from None
    if not _all_finite(message):
        raise ProtocolError("message refused: a number is not finite")
    return message


def _all_finite(message: msgspec.Struct) -> bool:
    """NaN passes every range check, so it is looked for by itself."""
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if isinstance(value, tuple) and not all(_all_finite(item) for item in value if isinstance(item, msgspec.Struct)):
            return False
    return True
