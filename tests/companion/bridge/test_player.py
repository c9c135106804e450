"""The player: moments, windows, generations, and note-offs whatever happens."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.bridge.player import DROP_SEC, Player, silence_everything
from shared.errors import ProtocolError
from shared.messages import Cancel, Plan, PlannedNote
from shared.music import SongClock

LINE = SongClock(at_sec=100.0, beat=0.0, tempo_bpm=120.0)


def note(
    id: int, onset_beat: float, duration_beat: float = 0.5, pitch: int = 60, lag_ms: float = 0.0, voice: int = 0
) -> PlannedNote:
    return PlannedNote(id, onset_beat, duration_beat, pitch, 90, lag_ms, voice)


def plan(generation: int, from_beat: float, until_beat: float, *notes: PlannedNote, epoch: int = 1) -> Plan:
    return Plan(epoch=epoch, generation=generation, from_beat=from_beat, until_beat=until_beat, notes=notes)


def playing(line: SongClock = LINE) -> Player:
    player = Player()
    player.begin(1, line)
    return player


def run(player: Player, until_sec: float) -> list[tuple[float, bytes]]:
    """Poll exactly when the player asks for it."""
    out = []
    while (due_sec := player.next_sec()) is not None and due_sec <= until_sec:
        out += [(due_sec, data) for data in player.poll(due_sec)]
    return out


def test_a_note_sounds_at_its_beat_plus_lag_and_ends_after_its_duration() -> None:
    player = playing()
    player.plan(plan(1, 0, 4, note(1, 1.0, lag_ms=20.0)))
    (on_sec, on), (off_sec, off) = run(player, 200)
    assert (on, off) == (b"\x90\x3c\x5a", b"\x80\x3c\x40")
    assert on_sec == pytest.approx(100.52)
    assert off_sec == pytest.approx(100.77)
    assert [(p.id, p.sent_sec) for p in player.take_played()] == [(1, on_sec)]


def test_due_times_move_with_the_clock_also_for_sounding_notes() -> None:
    player = playing()
    player.plan(plan(1, 0, 8, note(1, 1.0), note(2, 4.0, lag_ms=10)))
    assert [data[0] for _, data in run(player, 100.5)] == [0x90]
    player.follow(SongClock(100.5, 1.0, 60.0))
    assert [round(sec, 6) for sec, _ in run(player, 200)] == [101.0, 103.51, 104.01]


def test_a_newer_generation_replaces_its_window_only() -> None:
    player = playing()
    player.plan(plan(1, 0, 8, *(note(i, float(i), pitch=60 + i) for i in range(1, 8))))
    player.plan(plan(2, 2, 4, note(20, 2.5, pitch=80)))
    ons = [data[1] for _, data in run(player, 200) if data[0] == 0x90]
    assert ons == [61, 80, 64, 65, 66, 67]


def test_stale_generations_and_epochs_are_refused() -> None:
    player = playing()
    assert player.plan(plan(5, 0, 4))
    assert player.plan(plan(5, 4, 8, note(1, 4.0)))
    assert not player.plan(plan(4, 0, 8))
    assert not player.plan(plan(6, 0, 8, epoch=2))
    assert not player.cancel(Cancel(epoch=0, from_beat=0))
    assert player.queued == 1


def test_nothing_is_laid_while_the_song_stands_still() -> None:
    player = Player()
    player.begin(1, None)
    assert not player.plan(plan(1, 0, 4, note(1, 1.0)))
    assert player.next_sec() is None


def test_a_note_outside_its_window_is_refused_with_the_plan() -> None:
    player = playing()
    with pytest.raises(ProtocolError, match=r"note 7 at beat 4 is outside 0\.\.4"):
        player.plan(plan(1, 0, 4, note(7, 4.0)))
    assert player.queued == 0


def test_cancel_voids_the_queue_and_lets_a_sounding_note_end_as_written() -> None:
    player = playing()
    player.plan(plan(1, 0, 8, note(1, 1.0, duration_beat=2.0), note(2, 2.0, voice=1, pitch=64), note(3, 5.0)))
    run(player, 100.6)
    assert player.cancel(Cancel(epoch=1, from_beat=1.5))
    ((off_sec, off),) = run(player, 200)
    assert off == b"\x80\x3c\x40"
    assert off_sec == pytest.approx(101.5)


def test_late_notes_play_within_20_ms_and_are_dropped_after() -> None:
    player = playing()
    player.plan(plan(1, 0, 8, note(1, 1.0, voice=0), note(2, 1.0, voice=1, pitch=64, lag_ms=-30)))
    out = player.poll(100.5 + 0.015)
    assert out == [b"\x90\x3c\x5a"]
    assert (player.notes_sent, player.notes_late, player.notes_dropped) == (1, 1, 1)
    assert {p.id: p.sent_sec for p in player.take_played()} == {1: 100.515, 2: None}


def test_a_note_sent_already_is_not_struck_again_by_a_plan_that_repeats_it() -> None:
    player = playing()
    player.plan(plan(1, 0, 4, note(1, 1.0)))
    assert player.poll(100.5) == [b"\x90\x3c\x5a"]
    player.plan(plan(1, 0, 4, note(1, 1.0), note(2, 2.0)))
    assert player.poll(100.505) == []
    assert player.queued == 1


def test_a_voice_is_monophonic_and_a_pitch_has_one_owner() -> None:
    player = playing()
    player.plan(plan(1, 0, 8, note(1, 1.0, 4.0), note(2, 2.0, 4.0, pitch=62), note(3, 3.0, 1.0, pitch=62, voice=1)))
    assert [data[:2] for _, data in run(player, 200)] == [b"\x90\x3c", b"\x80\x3c", b"\x90\x3e", b"\x80\x3e", b"\x90\x3e", b"\x80\x3e"]


def test_an_epochs_end_silences_and_forgets() -> None:
    player = playing()
    player.plan(plan(1, 0, 8, note(1, 1.0, 4.0), note(2, 3.0)))
    run(player, 100.5)
    assert player.begin(2, LINE) == [b"\x80\x3c\x40"]
    assert player.next_sec() is None
    assert player.plan(plan(1, 0, 8, epoch=2))


def test_silencing_an_unknown_port_names_every_pitch() -> None:
    messages = silence_everything()
    assert {data[1] for data in messages if data[0] == 0x80} == set(range(128))
    assert b"\xb0\x7b\x00" in messages


def test_the_queue_is_bounded() -> None:
    player = playing()
    with pytest.raises(ProtocolError, match="4096"):
        player.plan(plan(1, 0, 9999, *(note(i, float(i)) for i in range(4097))))


notes = st.lists(
    st.tuples(st.floats(0, 12), st.floats(0.01, 3), st.integers(60, 63), st.floats(-50, 50), st.integers(0, 2)), max_size=6
)
steps = st.one_of(
    st.tuples(st.just("plan"), st.integers(0, 2), st.integers(0, 6), st.floats(0, 8), st.floats(0, 8), notes),
    st.tuples(st.just("cancel"), st.integers(0, 2), st.floats(0, 10)),
    st.tuples(st.just("begin"), st.booleans()),
    st.tuples(st.just("tempo"), st.floats(40, 300)),
    st.tuples(st.just("shift"), st.floats(-0.05, 0.05)),
    st.tuples(st.just("time"), st.floats(0, 1.5)),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(steps, max_size=40))
def test_whatever_happens_no_note_hangs_doubles_or_comes_from_a_void_generation(script: list[tuple]) -> None:  # type: ignore[type-arg]
    player = Player()
    now_sec, line, epoch, next_id = 100.0, LINE, 0, 0
    out: list[bytes] = []
    standing: dict[int, PlannedNote] = {}
    newest = -1
    out += player.begin(epoch, line)
    running = True
    dues_seen = 0
    for kind, *args in script:
        if kind == "plan":
            age, generation, from_beat, length, raw = args
            laid = []
            for onset, duration, pitch, lag_ms, voice in raw:
                if from_beat <= onset < from_beat + length:
                    laid.append(PlannedNote(next_id, onset, duration, pitch, 80, lag_ms, voice))
                    next_id += 1
            accepted = player.plan(plan(generation, from_beat, from_beat + length, *laid, epoch=epoch - age))
            assert accepted == (running and age == 0 and generation >= newest)
            if accepted:
                newest = generation
                standing = {i: n for i, n in standing.items() if not from_beat <= n.onset_beat < from_beat + length}
                standing |= {n.id: n for n in laid}
        elif kind == "cancel":
            age, from_beat = args
            if player.cancel(Cancel(epoch=max(0, epoch - age), from_beat=from_beat)):
                standing = {i: n for i, n in standing.items() if n.onset_beat < from_beat}
        elif kind == "begin":
            (running,) = args
            epoch, newest, standing = epoch + 1, -1, {}
            line = SongClock(now_sec, 0.0, line.tempo_bpm)
            out += player.begin(epoch, line if running else None)
        elif kind == "tempo" and running:
            line = SongClock(now_sec, line.beat_at(now_sec), args[0])
            player.follow(line)
        elif kind == "shift" and running:
            line = SongClock(line.at_sec + args[0], line.beat, line.tempo_bpm)
            player.follow(line)
        elif kind == "time":
            now_sec += args[0]
        out += player.poll(now_sec)
        for played in player.take_played():
            assert played.id in standing, "a note of a void generation"
            del standing[played.id]
            dues_seen += 1
            assert (played.sent_sec is None) == (now_sec - played.due_sec > DROP_SEC)
    out += player.silence()
    assert player.sounding == 0
    held: Counter[int] = Counter()
    for data in out:
        held[data[1]] += 1 if data[0] == 0x90 else -1
        assert held[data[1]] in (0, 1), "note-ons and note-offs of a pitch alternate"
    assert not +held
    assert dues_seen == player.notes_sent + player.notes_dropped
