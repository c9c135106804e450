"""The jam's one axis of beats, whatever order stamps and reports come in."""

from __future__ import annotations

import pytest

from companion.tape import Tape
from shared.messages import Chords, Plan, PlannedNote, Played, PlayedNote, Transport, Welcome

BOOTED_SEC = 8000.0
"""The bridge's clock counts from the machine's start; nothing of that may show in the jam."""


def transport(epoch: int, at_sec: float, beat: float, playing: bool = True) -> Transport:
    return Transport(
        at_sec=BOOTED_SEC + at_sec, epoch=epoch, playing=playing, beat=beat, tempo_bpm=120.0, numerator=4, denominator=4,
        loop_beats=None, clock="midi", script=True,
    )  # fmt: skip


def chord(epoch: int, at_sec: float, beat: float, *held: int) -> Chords:
    return Chords(at_sec=BOOTED_SEC + at_sec, epoch=epoch, beat=beat, cause=1, source="song", struck=held, held=held)


def plan(epoch: int, identity: int, beat: float) -> Plan:
    note = PlannedNote(id=identity, onset_beat=beat, duration_beat=0.5, pitch=60, velocity=80, lag_ms=20.0, voice=0)
    return Plan(epoch=epoch, generation=1, from_beat=beat, until_beat=beat + 1, notes=(note,))


def played(identity: int, sec: float) -> Played:
    return Played(notes=(PlayedNote(identity, BOOTED_SEC + sec, BOOTED_SEC + sec),))


def test_what_is_stamped_before_the_first_line_lies_at_the_beginning() -> None:
    tape = Tape("fallback")
    tape.received(transport(1, 0.02, 0.04))
    tape.sent(plan(1, 1, 0.0))
    tape.received(chord(1, 0.01, 0.02, 60, 64))
    tape.received(played(1, 0.015))
    tape.received(chord(1, 1.0, 2.0))
    jam = tape.jam()
    assert jam.end_beat < 4
    assert [note.onset_beat for note in jam.chords] == [0.02, 0.02]
    assert [note.duration_beat for note in jam.chords] == pytest.approx([1.98, 1.98])
    assert jam.solo[0].onset_beat == pytest.approx(0.03)


def test_the_second_stretch_begins_on_the_next_bar_line_whatever_lay_between() -> None:
    tape = Tape("fallback")
    tape.received(transport(1, 0.0, 0.0))
    tape.received(transport(2, 2.6, 5.2, playing=False))
    tape.received(transport(3, 100.0, 17.0))
    tape.received(chord(3, 99.99, 16.98, 60, 64))
    tape.sent(plan(3, 1, 17.5))
    tape.received(played(1, 100.25))
    jam = tape.jam()
    assert [note.onset_beat for note in jam.chords] == pytest.approx([8.98, 8.98])
    assert jam.solo[0].onset_beat == pytest.approx(9.5)


def test_notes_struck_together_keep_their_length() -> None:
    tape = Tape("fallback")
    tape.received(transport(1, 0.0, 0.0))
    together = [PlannedNote(identity, 1.0, 2.0, 60 + identity, 80, 0.0, voice=identity) for identity in range(3)]
    after = PlannedNote(3, 2.0, 0.5, 70, 80, 0.0, voice=0)
    tape.sent(Plan(epoch=1, generation=1, from_beat=1.0, until_beat=2.5, notes=(*together, after)))
    for identity in range(3):
        tape.received(played(identity, 0.5))
    tape.received(played(3, 1.0))
    assert [note.duration_beat for note in tape.jam().solo] == pytest.approx([1.0, 2.0, 2.0, 0.5])


def test_a_bridge_that_was_started_again_adds_a_stretch() -> None:
    tape = Tape("fallback")
    tape.received(transport(1, 0.0, 0.0))
    tape.received(chord(1, 0.5, 1.0, 60, 64))
    tape.received(transport(1, 1.9, 3.8))
    tape.received(Welcome(version="0.1.0", ports=(), priority="normal"))
    tape.received(transport(1, 50.0, 9.0))
    tape.sent(plan(1, 7, 10.0))
    tape.received(played(7, 50.5))
    jam = tape.jam()
    assert [note.onset_beat + note.duration_beat for note in jam.chords] == pytest.approx([3.8, 3.8])
    assert jam.solo[0].onset_beat == pytest.approx(4.0 + 1.0 + 1.0)


def test_a_report_that_comes_after_a_seek_belongs_where_it_sounded() -> None:
    tape = Tape("fallback")
    tape.received(transport(1, 0.0, 0.0))
    tape.sent(plan(1, 1, 3.0))
    tape.received(transport(2, 2.0, 0.0))
    tape.received(played(1, 1.5))
    assert tape.jam().solo[0].onset_beat == pytest.approx(3.0)
