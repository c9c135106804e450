"""A loop's memory: what one pass taught, the next one knows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from companion.loops import LoopMemory
from shared.chords import parse_symbol
from shared.foresight import ChordChange

BAR = 96
LOOP = 4 * BAR
DM7, G7, C = parse_symbol("Dm7"), parse_symbol("G7"), parse_symbol("Cmaj7")


def taught() -> LoopMemory:
    memory = LoopMemory()
    memory.begin(0, LOOP)
    for tick, chord in ((0, DM7), (BAR, G7), (2 * BAR, C)):
        memory.hear(chord, tick, LOOP)
    return memory


def test_the_first_pass_knows_nothing_that_was_not_heard() -> None:
    memory = LoopMemory()
    memory.hear(DM7, 0, LOOP)
    assert memory.changes_between(10, LOOP, LOOP) == (ChordChange(0, DM7),)


def test_the_second_pass_knows_what_comes() -> None:
    assert taught().changes_between(LOOP, 2 * LOOP, LOOP) == (
        ChordChange(LOOP, DM7),
        ChordChange(LOOP + BAR, G7),
        ChordChange(LOOP + 2 * BAR, C),
    )


def test_the_end_of_the_first_pass_looks_into_the_second() -> None:
    ahead = taught().changes_between(3 * BAR, LOOP + 2 * BAR, LOOP)
    assert ahead == (ChordChange(2 * BAR, C), ChordChange(LOOP, DM7), ChordChange(LOOP + BAR, G7))


def test_a_chord_played_a_little_late_is_the_same_change() -> None:
    memory = taught()
    for tick, chord in ((LOOP, DM7), (LOOP + BAR + 6, G7), (LOOP + 2 * BAR - 6, C)):
        memory.hear(chord, tick, LOOP)
    later = memory.changes_between(2 * LOOP, 3 * LOOP, LOOP)
    assert [change.chord for change in later] == [DM7, G7, C]


def test_another_chord_in_its_place_replaces_it() -> None:
    memory = taught()
    memory.hear(C, LOOP + BAR, LOOP)
    assert ChordChange(2 * LOOP + BAR, C) in memory.changes_between(2 * LOOP, 3 * LOOP, LOOP)
    assert all(change.chord != G7 for change in memory.changes_between(2 * LOOP, 3 * LOOP, LOOP))


def test_a_chord_left_out_for_a_whole_pass_is_forgotten() -> None:
    memory = taught()
    for lap in (1, 2):
        memory.hear(DM7, lap * LOOP, LOOP)
        memory.hear(C, lap * LOOP + 2 * BAR, LOOP)
    ahead = memory.changes_between(2 * LOOP + 2 * BAR, 4 * LOOP, LOOP)
    assert all(change.chord != G7 for change in ahead)
    assert any(change.chord == DM7 for change in ahead)


def test_silent_passes_forget_nothing() -> None:
    memory = taught()
    memory.hear(DM7, 5 * LOOP, LOOP)
    assert [change.chord for change in memory.changes_between(5 * LOOP, 6 * LOOP, LOOP)] == [DM7, G7, C]


def test_another_pattern_of_the_same_length_is_another_loop() -> None:
    memory = taught()
    memory.begin(0, LOOP, pattern=2)
    assert memory.changes_between(0, LOOP, LOOP) == ()
    memory.begin(0, LOOP, pattern=0)
    assert [change.chord for change in memory.changes_between(0, LOOP, LOOP)] == [DM7, G7, C]


def test_chords_half_a_beat_apart_are_two() -> None:
    memory = taught()
    memory.hear(C, BAR + 12, LOOP)
    assert [change.chord for change in memory.changes_between(LOOP, 2 * LOOP, LOOP)] == [DM7, G7, C, C]


def test_starting_again_keeps_what_was_learned() -> None:
    memory = taught()
    memory.begin(0, LOOP)
    assert [change.chord for change in memory.changes_between(0, LOOP, LOOP)] == [DM7, G7, C]


def test_loops_of_other_lengths_are_other_loops() -> None:
    assert taught().changes_between(0, 2 * LOOP, 2 * LOOP) == ()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from([DM7, G7, C, None])), max_size=40), st.sampled_from([24, 72, 96, 384]))
def test_what_it_tells_is_always_in_order(heard: list[tuple[int, object]], loop: int) -> None:
    memory, tick = LoopMemory(), 0
    for passed, chord in heard:
        tick += passed
        memory.hear(chord, tick, loop)  # type: ignore[arg-type]
        told = memory.changes_between(tick, tick + 3 * loop, loop)
        ticks = [change.tick for change in told]
        assert ticks == sorted(set(ticks))
        assert told
        assert told[0].tick <= tick
        assert told[0].chord == chord
