"""What is struck and held becomes chords: block chords at once, rolled chords as one, melodies and releases not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.harmony import ChordTracker, HeardChord, snapped_tick
from shared.chords import QUALITY_NAMES, Chord
from shared.music import Grid, Meter
from shared.voicings import voice

TEMPO_BPM = 120.0
DM7, G7, C6 = (50, 53, 57, 60), (43, 53, 59, 62), (48, 52, 55, 57)


class Keys:
    """A keyboard beside a tracker that is polled whenever it asks to be."""

    def __init__(self, tracker: ChordTracker | None = None) -> None:
        self.tracker = tracker or ChordTracker()
        self.down: set[int] = set()
        self.heard: list[HeardChord] = []

    def press(self, at_ms: float, *pitches: int) -> None:
        self._settle(at_ms / 1000)
        self.down |= set(pitches)
        self._tell(at_ms / 1000, pitches)

    def lift(self, at_ms: float, *pitches: int) -> None:
        self._settle(at_ms / 1000)
        self.down -= set(pitches or self.down)
        self._tell(at_ms / 1000, ())

    def names(self) -> list[str]:
        """What was told, with `~` where it replaces what was told before."""
        self._settle(1e9)
        return [("~" if heard.replaces else "") + heard.chord.symbol for heard in self.heard]

    def _tell(self, at_sec: float, struck: tuple[int, ...]) -> None:
        self.tracker.hear(at_sec, at_sec * TEMPO_BPM / 60, struck, tuple(sorted(self.down)), cause=round(at_sec * 1000))

    def _settle(self, now_sec: float) -> None:
        due = self.tracker.next_sec()
        if due is not None and due <= now_sec:
            heard = self.tracker.poll(due)
            if heard is not None:
                self.heard.append(heard)


def test_a_block_chord_is_named_two_milliseconds_after_its_last_note() -> None:
    keys = Keys()
    keys.press(1000, *DM7[:2])
    keys.press(1001, *DM7[2:])
    assert keys.tracker.next_sec() == pytest.approx(1.003)
    assert keys.tracker.poll(1.0029) is None
    heard = keys.tracker.poll(1.0031)
    assert heard is not None
    assert (heard.chord.symbol, heard.tick, heard.at_sec, heard.cause, heard.replaces) == ("Dm7", 48, 1.0, 1001, False)
    assert keys.tracker.next_sec() is None


def test_chord_after_chord() -> None:
    keys = Keys()
    for bar, notes in enumerate((DM7, G7, C6)):
        keys.press(2000 * bar, *notes)
        keys.lift(2000 * bar + 1900)
    assert keys.names() == ["Dm7", "G7", "C6"]
    assert [heard.tick for heard in keys.heard] == [0, 96, 192]


@pytest.mark.parametrize("gap_ms", [8, 25, 60, 79])
def test_a_rolled_chord_is_one_chord(gap_ms: int) -> None:
    keys = Keys()
    keys.press(0, *C6)
    keys.lift(900)
    for place, pitch in enumerate(DM7):
        keys.press(1000 + gap_ms * place, pitch)
    names = keys.names()
    assert names[0] == "C6"
    assert names[-1].lstrip("~") == "Dm7"
    assert {heard.tick for heard in keys.heard[1:]} == {48}
    assert all(heard.replaces for heard in keys.heard[2:])


def test_fingers_of_the_chord_before_that_lift_late_do_not_count() -> None:
    keys = Keys()
    keys.press(0, *DM7)
    keys.press(1000, *G7)
    keys.lift(1060, *(set(DM7) - set(G7)))
    assert keys.names() == ["Dm7", "G7"]


def test_common_notes_may_stay_down() -> None:
    keys = Keys()
    keys.press(0, *DM7)
    keys.lift(995, 57, 60)
    keys.press(1000, 55, 59)
    keys.lift(3000)
    assert [name.split("/")[0] for name in keys.names()] == ["Dm7", "G7"]
    held_longer = Keys()
    held_longer.press(0, *DM7)
    held_longer.press(1000, 55, 59)
    held_longer.lift(1040, 57, 60)
    assert held_longer.names()[-1].lstrip("~").split("/")[0] == "G7"


def test_releases_never_rename() -> None:
    keys = Keys()
    keys.press(0, 48, 52, 55, 59)
    for at_ms, pitch in ((50, 59), (300, 48), (600, 52), (900, 55)):
        keys.lift(at_ms, pitch)
    assert keys.names() == ["Cmaj7"]


def test_a_melody_above_and_a_bass_that_walks_below_do_not_rename() -> None:
    keys = Keys()
    keys.press(0, 52, 55, 59, 62, 48)
    for step, pitch in enumerate((72, 74, 76, 77, 79, 81, 84)):
        keys.press(500 + 250 * step, pitch)
        keys.lift(740 + 250 * step, pitch)
    for step, pitch in enumerate((36, 38, 40, 41, 43)):
        keys.press(3000 + 500 * step, pitch)
        keys.lift(3450 + 500 * step, pitch)
    assert keys.names() == ["Cmaj7"]


def test_a_melody_alone_is_no_chord() -> None:
    keys = Keys()
    keys.press(0, *DM7)
    keys.lift(900)
    for step, pitch in enumerate((62, 64, 65, 67, 69, 71, 72, 74) * 3):
        keys.press(1000 + 70 * step, pitch)
        keys.lift(1075 + 70 * step, pitch) if step % 2 else keys.lift(1060 + 70 * step, pitch)
    for step, pair in enumerate(((64, 67), (65, 69), (67, 71))):
        keys.press(5000 + 300 * step, *pair)
        keys.lift(5290 + 300 * step)
    assert keys.names() == ["Dm7"]


def test_a_slash_chord_is_struck_with_its_bass() -> None:
    keys = Keys()
    keys.press(0, 48, 60, 64, 67)
    keys.lift(900)
    keys.press(1000, 40, 60, 64, 67)
    assert keys.names() == ["C", "C/E"]


def test_a_single_inner_voice_that_replaces_a_guide_tone_is_a_change() -> None:
    keys = Keys()
    keys.press(0, 48, 53, 55, 60)
    keys.lift(990, 53)
    keys.press(1000, 52)
    assert keys.names() == ["Csus4", "C"]


def test_a_chord_struck_again_is_told_again_under_the_same_name() -> None:
    keys = Keys()
    keys.press(0, *DM7)
    for beat in (1, 2, 3):
        keys.lift(500 * beat - 50)
        keys.press(500 * beat, 53, 57, 59, 64)
    assert keys.names() == ["Dm7", "G7", "G7", "G7"]


def test_a_staccato_chord_counts_whole() -> None:
    keys = Keys()
    keys.press(1000, 48, 52)
    keys.lift(1008)
    keys.press(1010, 55, 58)
    keys.lift(1015)
    assert keys.names()[-1].lstrip("~") == "C7"


def test_a_slow_broken_chord_is_heard_once_three_notes_lie() -> None:
    keys = Keys()
    keys.press(0, *C6)
    keys.lift(900)
    for step, pitch in enumerate((41, 45, 48, 51)):
        keys.press(1000 + 400 * step, pitch)
    assert [name.lstrip("~") for name in keys.names()][-1] in ("F", "F7")


def test_power_chords_and_octaves() -> None:
    keys = Keys()
    for step, root in enumerate((40, 45, 47)):
        keys.press(1000 * step, root, root + 7, root + 12)
        keys.lift(1000 * step + 900)
    keys.press(4000, 40, 52)
    assert keys.names() == ["E", "A", "B"]


@pytest.mark.parametrize(
    ("beat", "tempo_bpm", "tick"),
    [
        (4.0, 120, 96),
        (3.9, 120, 96),
        (4.11, 120, 96),
        (4.18, 280, 96),
        (4.27, 120, 102),
        (4.5, 120, 108),
        (4.52, 120, 108),
        (4.66, 120, 112),
        (3.75, 120, 90),
        (4.33, 120, 104),
    ],
)
def test_where_a_chord_belongs(beat: float, tempo_bpm: float, tick: int) -> None:
    assert snapped_tick(beat, Grid(), tempo_bpm) == tick


def test_beat_lines_follow_the_metre() -> None:
    seven_eight = Grid(Meter(7, 8))
    assert snapped_tick(3.6, seven_eight, 120) == 84
    assert snapped_tick(4.4, seven_eight, 120) == 108
    assert snapped_tick(9.95, Grid(loop_ticks=240), 120) == 240


events = st.lists(
    st.tuples(st.floats(0, 300), st.sets(st.integers(0, 127), max_size=5), st.sets(st.integers(0, 127), max_size=5)), max_size=40
)


@settings(deadline=None, max_examples=150)
@given(events, st.sampled_from([Grid(), Grid(Meter(7, 8)), Grid(Meter(3, 4), 100)]))
def test_any_playing_is_followed_without_error(played: list[tuple[float, set[int], set[int]]], grid: Grid) -> None:
    tracker, down, at_ms, struck_at = ChordTracker(), set[int](), 0.0, set[float]()
    told: list[HeardChord] = []
    for wait_ms, struck, lifted in played:
        at_ms += wait_ms
        down = (down | struck) - (lifted - struck)
        tracker.hear(at_ms / 1000, at_ms / 500, tuple(struck), tuple(down), None, grid)
        struck_at |= {at_ms / 1000} if struck else set()
        due = tracker.next_sec()
        if due is not None and wait_ms > 1:
            heard = tracker.poll(due)
            told += [heard] if heard is not None else []
            assert tracker.next_sec() is None
    assert all(heard.at_sec in struck_at for heard in told)
    assert all(abs(heard.tick / 24 - heard.onset_beat) <= 0.25 for heard in told)
    assert not told or tracker.standing == told[-1].chord


def test_a_rolled_chord_leaves_the_same_mind_as_a_struck_one() -> None:
    for gap_ms in (0, 62):
        keys = Keys()
        for place, notes in enumerate(((48, 51, 55), (52, 56, 59, 61))):
            for finger, pitch in enumerate(notes):
                keys.press(2000 * place + gap_ms * finger, pitch)
            keys.lift(2000 * place + 1500)
        assert keys.names()[-1].lstrip("~") == "E6"


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.builds(lambda root, quality: Chord(root, quality, root), st.integers(0, 11), st.sampled_from(QUALITY_NAMES)), max_size=8),
    st.floats(0, 0.07),
)
def test_rolled_or_struck_the_same_chords_stand(chords: list[Chord], gap_sec: float) -> None:
    stands: list[list[str]] = []
    for gap in (0.0, gap_sec):
        keys, names = Keys(), []
        for place, chord in enumerate(chords):
            for finger, pitch in enumerate(voice(chord)):
                keys.press(2000 * place + 1000 * gap * finger, pitch)
            keys.lift(2000 * place + 1500)
            keys.names()
            names.append("" if keys.tracker.standing is None else keys.tracker.standing.symbol)
        stands.append(names)
    assert stands[0] == stands[1]
