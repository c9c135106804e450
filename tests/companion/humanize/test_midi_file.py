"""MIDI files byte by byte: what is not touched comes out as it went in, however oddly it was written; damage is named."""

from __future__ import annotations

import io
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.humanize.midi_file import Edit, midi_bytes, note_events, parse_midi, read_midi, varint
from shared.errors import DataError
from tests.companion.humanize.maker import meta, midi, name, notes, tempo

BYTE = st.integers(0, 127)
TICKS = st.integers(0, 1 << 20)
# The same number of ticks in more bytes than it needs: allowed, and written by some.
DELTAS = st.one_of(TICKS.map(varint), st.integers(0, 100).map(lambda ticks: b"\x80" + varint(ticks)))
CHANNEL_EVENTS = st.one_of(
    st.tuples(st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0xE0]), st.integers(0, 15), BYTE, BYTE).map(lambda e: bytes([e[0] | e[1], *e[2:]])),
    st.tuples(st.sampled_from([0xC0, 0xD0]), st.integers(0, 15), BYTE).map(lambda e: bytes([e[0] | e[1], e[2]])),
)
OTHER_EVENTS = st.one_of(
    st.tuples(st.integers(1, 0x2E), st.binary(max_size=140)).map(lambda e: bytes([0xFF, e[0]]) + varint(len(e[1])) + e[1]),
    st.tuples(st.sampled_from([0xF0, 0xF7]), st.binary(max_size=20)).map(lambda e: bytes([e[0]]) + varint(len(e[1])) + e[1]),
)


@st.composite
def tracks(draw: st.DrawFn) -> bytes:
    """A track as any program may write it: with running status, needless bytes, with or without an end mark."""
    body, running = b"", 0
    for event in draw(st.lists(st.one_of(CHANNEL_EVENTS, OTHER_EVENTS), max_size=30)):
        runs_on = event[0] == running and draw(st.booleans())
        body += draw(DELTAS) + (event[1:] if runs_on else event)
        running = event[0] if event[0] < 0xF0 else running
    body += draw(st.sampled_from([b"", b"\x00\xff\x2f\x00", b"\x81\x00\xff\x2f\x00", b"\x00\xff\x2f\x00after"]))
    return b"MTrk" + len(body).to_bytes(4, "big") + body


@st.composite
def files(draw: st.DrawFn) -> bytes:
    chunks = draw(st.lists(st.one_of(tracks(), st.just(b"XFIH\x00\x00\x00\x03abc")), max_size=3))
    first = draw(tracks())
    tail = draw(st.sampled_from([b"", b"\x00", b"end of file"]))
    return b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0" + first + b"".join(chunks) + tail


@given(files())
def test_a_file_comes_out_as_it_went_in(data: bytes) -> None:
    file = parse_midi(data)
    assert midi_bytes(file, {}) == data
    assert midi_bytes(file, {place: Edit() for place, part in enumerate(file.chunks) if not isinstance(part, bytes)}) == data


def test_a_velocity_changes_one_byte() -> None:
    data = midi([tempo(120)], [name("Bass"), (0, b"\x90\x28\x5a"), (100, b"\x28\x00"), (200, b"\x29\x5b"), (300, b"\x29\x00")])
    changed = midi_bytes(parse_midi(data), {1: Edit(velocities={3: 17})})
    assert [(old, new) for old, new in zip(data, changed, strict=True) if old != new] == [(0x5B, 17)]


@given(files())
def test_moved_events_keep_what_they_say(data: bytes) -> None:
    """Whatever runs on another event's status gets its own when it leaves it."""
    file = parse_midi(data)
    place = next(place for place, chunk in enumerate(file.chunks) if not isinstance(chunk, bytes))
    track = file.chunks[place]
    assert not isinstance(track, bytes)
    moved = {index: max(0, event.tick + (-1) ** index * 700) for index, event in enumerate(track.events) if event.status < 0xF0}
    again = parse_midi(midi_bytes(file, {place: Edit(ticks=moved)})).chunks[place]
    assert not isinstance(again, bytes)
    was = sorted((moved.get(index, event.tick), event.status, event.data) for index, event in enumerate(track.events) if event.kind != 0x2F)
    now = sorted((event.tick, event.status, event.data) for event in again.events if event.kind != 0x2F)
    assert now == was
    assert all(event.kind != 0x2F for event in again.events[:-1])


def test_others_read_what_is_written() -> None:
    data = midi([tempo(120)], [name("Bass"), *notes([(0, 1, 40, 90), (1, 1, 43, 80), (2, 1, 40, 70)])])
    file = parse_midi(data)
    edit = Edit({1: 12, 2: 500}, {3: 33}, [(900, 5, b"\x90\x28\x11"), (950, 5, b"\x80\x28\x40")])
    changed = midi_bytes(file, {1: edit})
    track = mido.MidiFile(file=io.BytesIO(changed)).tracks[1]
    tick, seen = 0, []
    for message in track:
        tick += message.time
        if message.type == "note_on":
            seen.append((tick, message.note, message.velocity))
    assert seen == [(12, 40, 90), (480, 43, 33), (900, 40, 17), (960, 40, 70)]


def test_a_pitch_that_sounds_twice_ends_in_the_order_in_which_it_began() -> None:
    twice = [(0, b"\x90\x3c\x40"), (100, b"\x90\x3c\x50"), (200, b"\x80\x3c\x00"), (300, b"\x90\x3c\x00"), (400, b"\x80\x3c\x00")]
    (track,) = parse_midi(midi(twice)).tracks
    assert [(track.events[note.on].tick, track.events[note.off or 0].tick) for note in note_events(track)[0]] == [(0, 200), (100, 300)]


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"Drums\0", "Drums"), (b" Gtr\r\n L ", "Gtr L"), (b"\x1b[31mBass", "[31mBass"), (b"M\xe9l", "M\xe9l"), (b"M\xc3\xa9l", "M\xe9l")],
)
def test_a_track_s_name_can_be_shown(data: bytes, told: str) -> None:
    (track,) = parse_midi(midi([(0, meta(0x03, data))])).tracks
    assert track.name == told


def test_a_note_that_is_never_released_is_a_note_without_an_end() -> None:
    (track,) = parse_midi(midi([(0, b"\x90\x3c\x40"), (10, b"\x90\x3d\x40"), (200, b"\x80\x3d\x00")])).tracks
    assert [note.off is None for note in note_events(track)[0]] == [True, False]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"RIFF....", "no MIDI file"),
        (b"MThd\x00\x00\x00\x06\x00\x01", "damaged"),
        (midi()[:14], "no track"),
        (midi(notes([(0, 1, 60, 90)]))[:-6], "cut short in track 1"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x03\x00\x3c\x40", "track 1 holds what is no MIDI event (byte 23)"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x03\x00\x90\x40", "track 1"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x04\x00\x90\x40\x80", "track 1"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x02\x00\xf4", "track 1"),
        (b"MThd\x00\x00\x00\x06\x00\x02\x00\x01\x01\xe0", "format 2"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\xe8\x28", "film frames"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00\x00", "beats hold no ticks"),
    ],
)
def test_damage_is_named(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told.replace("(", r"\(").replace(")", r"\)")):
        parse_midi(data)


@given(files(), st.integers(0, 2000), st.integers(0, 255))
def test_no_damage_brings_it_down(data: bytes, at: int, byte: int) -> None:
    broken = bytearray(data)
    broken[at % len(broken)] = byte
    try:
        file = parse_midi(bytes(broken))
    except DataError:
        return
    assert midi_bytes(file, {}) == bytes(broken)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mid", tmp_path):
        with pytest.raises(DataError, match=path.name):
            read_midi(path)
