"""The plan: what is fixed stays, what can change is relaid, and windows tell the player exactly what stands."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from companion.planner import Planner
from companion.soloist import NoteTouch, Touched
from companion.touch import Touch
from shared.chords import parse_symbol
from shared.foresight import ChordChange, Foresight
from shared.messages import Plan
from shared.music import TICKS_PER_BEAT, Grid, Meter
from shared.score import Conditioning, Event, Frame, Note
from shared.settings import load_settings
from shared.span import Span
from shared.tokens import encode

LINE = Conditioning()
BAR = 4 * TICKS_PER_BEAT


def foresight(*changes: tuple[int, str], grid: Grid | None = None) -> Foresight:
    return Foresight(grid or Grid(), tuple(ChordChange(tick, parse_symbol(symbol)) for tick, symbol in changes))


def planner() -> Planner:
    return Planner(Touch(1, load_settings().touch), seed=1, solo=load_settings().solo)


def lay(plan: Planner, known: Foresight, until_tick: int, every: int = 12, pitch: int = 60) -> list[Plan]:
    """Continue the plan with a note every few ticks, as a soloist would."""
    task = plan.task(until_tick, known, LINE)
    windows, tick, frame = [], task.min_tick, task.score[-1].tick
    while frame < until_tick:
        after = known.next_frame_tick(frame)
        for onset in range(tick + (-tick % every), after, every):
            windows.append(plan.accept(Note(onset, pitch, every)))
        frame = tick = after
        windows.append(plan.accept(known.frame_at(after, LINE)))
    return windows


def onsets(score: tuple[Event, ...]) -> list[int]:
    return [event.tick for event in score if isinstance(event, Note)]


def started(symbol: str = "Dm7") -> Planner:
    plan = planner()
    plan.begin(1)
    plan.relay(0, 0, foresight((0, symbol)), LINE)
    lay(plan, foresight((0, symbol)), 2 * BAR)
    return plan


def test_the_windows_of_a_generation_join_without_hole() -> None:
    plan = planner()
    plan.begin(1)
    known = foresight((0, "Dm7"))
    plan.relay(0, 5, known, LINE)
    windows = lay(plan, known, 2 * BAR)
    ends = [window.until_beat for window in windows]
    assert windows[0].from_beat * TICKS_PER_BEAT == 5
    assert [window.from_beat for window in windows[1:]] == ends[:-1]
    assert ends[-1] * TICKS_PER_BEAT == 2 * BAR == plan.planned_until_tick


def test_a_plan_that_fell_behind_goes_on_as_a_whole_score() -> None:
    plan = started()
    late = 4 * BAR + 30
    plan.relay(late, late + 5, foresight((late, "G7")), LINE)
    lay(plan, foresight((late, "G7")), 5 * BAR)
    encode(plan.score)  # refuses a score that leaves out a beat line
    chords = {event.tick: event.chord for event in plan.score if isinstance(event, Frame)}
    assert (chords[3 * BAR], chords[late]) == (parse_symbol("Dm7"), parse_symbol("G7"))


def test_a_chord_on_the_beat_voids_only_what_can_still_be_changed() -> None:
    plan = started()
    plan.relay(BAR, BAR + 7, foresight((BAR, "G7")), LINE)
    assert onsets(plan.score)[-1] == BAR
    frames = [event for event in plan.score if isinstance(event, Frame)]
    assert [frame.chord for frame in frames if frame.tick >= BAR] == [parse_symbol("G7")]
    assert plan.planned_until_tick == BAR + 7
    windows = lay(plan, foresight((BAR, "G7")), 2 * BAR)
    assert windows[0].from_beat * TICKS_PER_BEAT == BAR + 7


def test_a_chord_inside_a_beat_adds_a_frame_at_its_tick() -> None:
    plan = started()
    plan.relay(BAR + 16, BAR + 16, foresight((BAR + 16, "G7")), LINE)
    last = [event for event in plan.score if isinstance(event, Frame)][-1]
    assert (last.tick, last.tick_in_beat, last.chord) == (BAR + 16, 16, parse_symbol("G7"))


def test_frames_between_the_chord_and_the_commit_point_carry_the_new_chord() -> None:
    plan = started()
    plan.relay(BAR, BAR + 60, foresight((BAR, "G7")), LINE)
    late = [event for event in plan.score if isinstance(event, Frame) and event.tick >= BAR]
    assert [frame.tick for frame in late] == [BAR, BAR + 24, BAR + 48]
    assert {frame.chord for frame in late} == {parse_symbol("G7")}
    assert onsets(plan.score)[-1] == BAR + 48, "notes before the commit point are fixed"


def test_a_sounding_note_that_fits_the_new_chord_is_kept() -> None:
    plan = planner()
    plan.begin(1)
    known = foresight((0, "Dm7"))
    plan.relay(0, 0, known, LINE)
    plan.accept(Note(84, 62, 48))
    assert [window.notes for window in plan.relay(BAR, BAR, foresight((BAR, "G7")), LINE)] == [()]


def test_a_sounding_note_that_clashes_moves_by_step_to_a_chord_note() -> None:
    plan = planner()
    plan.begin(1)
    known = foresight((0, "Dm7"))
    plan.relay(0, 0, known, LINE)
    plan.accept(Note(84, 65, 48))
    _, window = plan.relay(BAR, BAR, foresight((BAR, "Dmaj7")), LINE)
    assert [note.pitch for note in window.notes] == [66]
    assert window.notes[0].onset_beat * TICKS_PER_BEAT == BAR
    clash = next(event for event in plan.score if isinstance(event, Note) and event.pitch == 65)
    assert clash.end_tick == BAR


def test_what_would_sound_before_the_answer_is_taken_from_the_player_at_once() -> None:
    plan = started()
    void = plan.relay(BAR, BAR, foresight((BAR, "G7")), LINE, apart_ticks=4, void_ticks=3)[0]
    assert (void.from_beat * TICKS_PER_BEAT, void.until_beat * TICKS_PER_BEAT, void.notes) == (BAR, BAR + 3, ())
    assert plan.task(2 * BAR, foresight((BAR, "G7")), LINE).min_tick == BAR


def test_a_new_note_keeps_away_from_one_that_cannot_be_stopped() -> None:
    plan = started()
    plan.relay(BAR, BAR + 1, foresight((BAR, "G7")), LINE, apart_ticks=5)
    assert onsets(plan.score)[-1] == BAR
    assert plan.task(2 * BAR, foresight((BAR, "G7")), LINE).min_tick == BAR + 5


def test_a_note_that_is_ready_late_lags_more_and_is_not_late() -> None:
    plan = started()
    plan.relay(BAR, BAR, foresight((BAR, "G7")), LINE)
    assert plan.accept(Note(BAR, 60, 12), None, lag_ms_least=35.0).notes[0].lag_ms == 35.0
    assert plan.accept(Note(BAR + 12, 62, 12), None, lag_ms_least=-200.0).notes[0].lag_ms < 35.0


def test_a_note_that_resolves_a_clash_has_time_to_reach_the_player() -> None:
    plan = planner()
    plan.begin(1)
    plan.relay(0, 0, foresight((0, "Dm7")), LINE)
    plan.accept(Note(84, 65, 48))
    _, window = plan.relay(BAR, BAR, foresight((BAR, "Dmaj7")), LINE, lag_ms_least=35.0)
    assert window.notes[0].lag_ms == 35.0


def test_notes_struck_together_stand_together() -> None:
    plan = planner()
    plan.begin(1)
    plan.relay(0, 0, foresight((0, "Dm7")), LINE)
    windows = [plan.accept(Note(12, pitch, 12)) for pitch in (53, 57, 60)]
    assert [[note.pitch for note in window.notes] for window in windows] == [[53], [53, 57], [53, 57, 60]]
    assert {(window.from_beat * TICKS_PER_BEAT, window.until_beat * TICKS_PER_BEAT) for window in windows[1:]} == {(12, 13)}
    assert [note.voice for note in windows[-1].notes] == [0, 1, 2], "a voice sounds one note at a time"


def test_a_task_shows_as_much_of_a_long_score_as_the_longest_context_reads() -> None:
    plan, known, span = planner(), foresight((0, "Dm7")), Span(8192)
    plan.begin(1)
    plan.relay(0, 0, known, LINE)
    lay(plan, known, 2200 * TICKS_PER_BEAT, every=8)
    task = plan.task(2201 * TICKS_PER_BEAT, known, LINE)
    total = task.score_start + len(task.score)
    assert total > 8192
    assert task.score_start <= span.start(total)


def said(plan: Planner, from_tick: int, *, velocity: float = 30.0, onset_ms: float = 40.0) -> Touched:
    """A humanizer's word for every note from a tick on."""
    notes = [event for event in plan.score if isinstance(event, Note) and event.tick >= from_tick]
    return Touched(tuple(NoteTouch(note.tick, note.pitch, velocity, onset_ms, 0.0) for note in notes), took_ms=1.0)


def test_a_humanizer_touches_what_can_still_be_changed_and_nothing_else() -> None:
    plan = started()
    window = plan.touch(said(plan, 0), commit_tick=BAR + 1)
    assert window is not None
    assert (window.from_beat, window.until_beat) == (4.5, 7.5 + 1 / TICKS_PER_BEAT)
    assert [note.onset_beat for note in window.notes] == [4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5]
    assert max(note.velocity for note in window.notes) < 45
    assert plan.humanized == {note.id for note in window.notes}


def test_what_a_humanizer_says_twice_is_sent_once() -> None:
    plan = started()
    first = plan.touch(said(plan, BAR), commit_tick=0)
    assert first is not None
    assert plan.touch(said(plan, BAR), commit_tick=0) is None
    again = plan.touch(said(plan, BAR, velocity=90.0), commit_tick=0)
    assert again is not None
    assert [note.id for note in again.notes] == [note.id for note in first.notes]


def test_a_new_chord_leaves_sent_notes_their_touch_and_forgets_that_of_the_others() -> None:
    plan = started()
    touched = plan.touch(said(plan, 0), commit_tick=0)
    assert touched is not None
    plan.relay(BAR, BAR + 1, foresight((BAR, "G7")), LINE)
    kept = {note.id for note in touched.notes if note.onset_beat <= 4.0}
    assert plan.humanized == kept
    windows = lay(plan, foresight((BAR, "G7")), 2 * BAR)
    assert plan.humanized == kept
    notes = [note for window in windows for note in window.notes]
    assert max(note.velocity for note in notes) < 60, "until they are touched, new notes are about as loud as those before them"
    assert min(note.lag_ms for note in notes) > load_settings().touch.lag_ms_at(LINE.tempo_bpm)


def test_a_note_that_is_gone_is_touched_no_more() -> None:
    plan = started()
    word = said(plan, BAR)
    plan.relay(BAR, BAR, foresight((BAR, "G7")), LINE)
    assert plan.touch(word, commit_tick=0) is None


def test_no_note_overtakes_the_one_before_it() -> None:
    plan = planner()
    plan.begin(1)
    plan.relay(0, 0, foresight((0, "Dm7")), LINE)
    lay(plan, foresight((0, "Dm7")), BAR, every=2)
    word = said(plan, 0)
    mixed = Touched(tuple(replace(note, onset_ms=60.0 if place % 2 else -60.0) for place, note in enumerate(word.notes)), took_ms=1.0)
    window = plan.touch(mixed, commit_tick=0)
    assert window is not None
    due_sec = [note.onset_beat / 2 + note.lag_ms / 1000 for note in window.notes]
    assert min(after - before for before, after in pairwise(due_sec)) >= 2 / TICKS_PER_BEAT / 2 / 2 - 1e-9


def test_a_plan_that_fell_behind_goes_on_after_the_commit_point() -> None:
    plan = started()
    known = foresight((0, "Dm7"))
    plan.catch_up(2 * BAR + 50, known, LINE)
    window = lay(plan, known, 3 * BAR)[0]
    assert plan.score[-1].tick == 3 * BAR
    assert window.from_beat * TICKS_PER_BEAT == 2 * BAR + 50


def test_a_new_epoch_starts_from_nothing() -> None:
    plan = started()
    plan.begin(2)
    assert plan.empty
    assert plan.notes_due == {}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(-40, 40), st.sampled_from(["Dm7", "G7", "Ebmaj7", "F#7alt"])), max_size=12),
    st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8)]),
    st.sampled_from([None, 96, 120, 84, 384]),
)
def test_whatever_is_heard_the_score_stays_in_order(heard: list[tuple[int, int, str]], meter: Meter, loop_ticks: int | None) -> None:
    grid = Grid(meter, loop_ticks)
    plan = planner()
    plan.begin(1)
    known = foresight((0, "C"), grid=grid)
    plan.relay(0, 0, known, LINE)
    lay(plan, known, 2 * meter.bar_ticks)
    now = 0
    for passed, early, symbol in heard:
        now += passed
        tick, commit = max(0, now + early), now + 3
        fixed = [note for note in plan.score if isinstance(note, Note) and note.tick < min(tick, commit)]
        known = replace(known, changes=(ChordChange(tick, parse_symbol(symbol)),))
        plan.relay(tick, commit, known, LINE)
        lay(plan, known, max(tick, commit) + 2 * meter.bar_ticks)
        ticks = [event.tick for event in plan.score]
        assert ticks == sorted(ticks)
        lines = {event.tick for event in plan.score if isinstance(event, Frame)}
        assert len(lines) == sum(isinstance(event, Frame) for event in plan.score)
        kept = [note for note in plan.score if isinstance(note, Note) and note.tick < min(tick, commit)]
        assert [note.tick for note in kept] == [note.tick for note in fixed]
        assert all(after in lines for after in (grid.next_beat(line) for line in lines) if after <= max(lines))
