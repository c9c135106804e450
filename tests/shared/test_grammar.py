"""What may follow a step: onsets and pitches that the score can take, and no others."""

from __future__ import annotations

import pytest

from shared.chords import Chord
from shared.errors import DataError
from shared.foresight import ChordChange, Foresight
from shared.grammar import Opening, opening
from shared.music import Grid
from shared.score import PITCH_RANGES, Conditioning, Event, Frame, Note
from shared.tokens import DURATIONS, NEXT, Cursor, encode

SEEN = Foresight(Grid(), (ChordChange(0, Chord(0, "maj7", 0)), ChordChange(40, Chord(7, "7", 7))))


def after(*notes: Note, role: str = "lead", tick: int = 0, min_tick: int = 0) -> tuple[list[Event], Opening]:
    """A score of a frame and notes, and the room behind it."""
    frame = SEEN.frame_at(tick, Conditioning(role))
    events: list[Event] = [frame, *notes]
    return events, opening(Cursor(frame, encode(events)[-1].tolist()), SEEN, min_tick)


def test_a_note_may_begin_with_its_frame_and_the_next_one_later() -> None:
    assert after()[1].onset_floor == 0
    assert after(Note(5, 60, 3))[1].onset_floor == 6
    assert after(Note(5, 60, 3), role="comp")[1].onset_floor == 5


def test_notes_that_would_come_too_late_are_closed() -> None:
    room = after(min_tick=10)[1]
    assert room.onset_floor == 10
    assert not room.is_closed
    assert after(min_tick=24)[1].is_closed
    assert after(Note(23, 60, 3))[1].is_closed


def test_an_onset_past_the_coming_frame_is_that_frame() -> None:
    room = after(tick=24)[1]
    assert room.frame_tick == 40
    assert [room.is_frame(onset) for onset in (15, 16, 23, NEXT)] == [False, True, True, True]


def test_notes_struck_at_once_ascend_within_the_role() -> None:
    lowest, highest = PITCH_RANGES["comp"]
    room = after(Note(5, 60, 3), role="comp")[1]
    assert room.pitches(5) == (61, highest)
    assert room.pitches(6) == (lowest, highest)
    assert after(Note(5, highest, 3), role="comp")[1].onset_floor == 6


@pytest.mark.parametrize("role", PITCH_RANGES)
def test_what_is_open_can_be_written_and_what_is_closed_cannot(role: str) -> None:
    before = Note(5, PITCH_RANGES[role][0] + 1, 3)
    events, room = after(before, role=role)
    for onset in range(NEXT):
        lowest, highest = room.pitches(onset)
        for pitch in (lowest - 1, lowest, highest):
            note = room.note(onset, pitch, DURATIONS - 1)
            if onset < room.onset_floor or (onset == before.tick and pitch < lowest):
                with pytest.raises(DataError):
                    encode([*events, note])
            else:
                assert len(encode([*events, note])) == 3


def test_the_next_frame_follows_from_what_is_known_to_come() -> None:
    events, room = after(tick=24)
    frame = SEEN.frame_at(room.frame_tick, Conditioning())
    assert isinstance(events[0], Frame)
    assert frame.chord == Chord(7, "7", 7)
    assert len(encode([*events, frame])) == 2
