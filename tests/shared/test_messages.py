"""Hop 2's messages: whole ones come through as they were, anything else is refused in one way."""

from __future__ import annotations

import math
import typing
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ProtocolError
from shared.messages import MAJOR, PAYLOAD_MAX_BYTES, TAG, AnyMessage, Chords, Hello, Plan, PlannedNote, Transport, decode, encode

KINDS = typing.get_args(AnyMessage)
EPOCH = Transport(
    at_sec=1.0, epoch=1, playing=True, beat=4.0, tempo_bpm=140.0, numerator=4, denominator=4, loop_beats=16.0, clock="midi", script=True
)


def values(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Values of an annotated field type, within its limits."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        base, meta = typing.get_args(kind)
        if base is int:
            return st.integers(int(meta.ge), int(meta.le))
        if base is float:
            low, high = (meta.ge if meta.ge is not None else meta.gt), meta.le
            return st.floats(low, high, exclude_min=meta.gt is not None)
        return st.text(max_size=min(20, meta.max_length or 20))
    if origin is typing.Literal:
        return st.sampled_from(typing.get_args(kind))
    if origin is tuple:
        return st.lists(values(typing.get_args(kind)[0]), max_size=4).map(tuple)
    if origin is not None:
        return st.one_of([values(part) for part in typing.get_args(kind)])
    if kind is type(None):
        return st.none()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    return {bool: st.booleans(), int: st.integers(0, 9), float: st.floats(0, 9), str: st.text(max_size=9)}[kind]


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: values(hints[name]) for name in kind.__struct_fields__})


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_comes_through_as_it_was(kind: type[msgspec.Struct]) -> None:
    @settings(deadline=None, max_examples=40)
    @given(structs(kind))
    def check(message: typing.Any) -> None:
        assert decode(encode(message)) == message

    check()


@settings(deadline=None, max_examples=300)
@given(st.lists(st.binary(max_size=80), max_size=4))
def test_garbage_is_refused_as_garbage(parts: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        decode(parts)


@settings(deadline=None, max_examples=300)
@given(structs(Plan), st.integers(0, 400), st.integers(0, 255))
def test_a_spoiled_message_is_a_message_or_refused(message: Plan, place: int, byte: int) -> None:
    tag, payload = encode(message)
    spoiled = bytearray(payload)
    spoiled[place % len(spoiled)] = byte
    with suppress(ProtocolError):
        assert isinstance(decode([tag, bytes(spoiled)]), KINDS)
    with pytest.raises(ProtocolError):
        decode([tag, payload[: place % len(payload)]])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tempo_bpm", 0.0),
        ("tempo_bpm", math.nan),
        ("beat", math.inf),
        ("denominator", 3),
        ("playing", 1),
        ("loop_beats", 0.0),
        ("epoch", -1),
        ("clock", "atomic"),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: object) -> None:
    fields = msgspec.to_builtins(EPOCH) | {field: value}
    with pytest.raises(ProtocolError):
        decode([TAG, msgspec.msgpack.encode(fields)])


def test_a_note_outside_midi_is_refused() -> None:
    good = PlannedNote(id=1, onset_beat=0.0, duration_beat=1.0, pitch=60, velocity=80, lag_ms=20.0, voice=0)
    for spoiled in (
        msgspec.structs.replace(good, pitch=128),
        msgspec.structs.replace(good, velocity=0),
        msgspec.structs.replace(good, lag_ms=math.nan),
        msgspec.structs.replace(good, duration_beat=0.0),
    ):
        with pytest.raises(ProtocolError):
            decode(encode(Plan(epoch=1, generation=1, from_beat=0.0, until_beat=4.0, notes=(spoiled,))))


def test_unknown_fields_are_ignored_and_missing_ones_refused() -> None:
    fields = msgspec.to_builtins(EPOCH)
    assert decode([TAG, msgspec.msgpack.encode(fields | {"colour": "blue"})]) == EPOCH
    del fields["beat"]
    with pytest.raises(ProtocolError, match="beat"):
        decode([TAG, msgspec.msgpack.encode(fields)])


def test_another_major_version_is_named() -> None:
    _, payload = encode(Hello(version="9.0", token=""))
    with pytest.raises(ProtocolError, match="same JamBot version"):
        decode([b"JB%d" % (MAJOR + 1), payload])


def test_a_flood_is_refused_by_its_size() -> None:
    with pytest.raises(ProtocolError, match="bytes"):
        decode([TAG, bytes(PAYLOAD_MAX_BYTES + 1)])


def test_text_that_is_no_unicode_and_endless_nesting_are_refused() -> None:
    tag, payload = encode(Hello(version="0.1.0", token="abc"))
    with pytest.raises(ProtocolError):
        decode([tag, payload.replace(b"abc", b"a\xffc")])
    deep = b"\x91" * 20000
    with pytest.raises(ProtocolError):
        decode([TAG, deep])


def test_only_pitches_are_chord_notes() -> None:
    good = Chords(at_sec=1.0, epoch=1, beat=0.0, cause=1, source="keys", struck=(60,), held=(60, 64))
    assert decode(encode(good)) == good
    with pytest.raises(ProtocolError):
        decode(encode(msgspec.structs.replace(good, held=(60, 200))))
