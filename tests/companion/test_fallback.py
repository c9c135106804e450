"""The fallback player: whatever it is given it keeps to the score's rules, and its lines are as human ones are."""

from __future__ import annotations

import dataclasses
from itertools import islice, pairwise
from statistics import mean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.fallback import FallbackSoloist
from companion.soloist import Task
from companion.tunes import BLUES, RHYTHM_CHANGES, TWO_FIVE_ONES
from shared.chords import QUALITY_NAMES, Chord
from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter
from shared.score import FEELS, PITCH_RANGES, ROLES, Conditioning, Event, Frame, Note
from tests.companion.choruses import Played, chord_of, choruses, monophonic, phrases, played, share, swing_ratios
from tests.companion.tasks import G7, jam, opening, outlook, task

TEMPOS_BPM = (125.0, 160.0, 200.0, 280.0)
FORMS = (BLUES, RHYTHM_CHANGES, TWO_FIVE_ONES)

chords = st.none() | st.builds(Chord, st.integers(0, 11), st.sampled_from(QUALITY_NAMES), st.integers(0, 11))
meters = st.sampled_from([Meter(), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8), Meter(2, 2), Meter(1, 16), Meter(15, 16)])
wishes = st.builds(Conditioning, st.sampled_from(ROLES), st.floats(20, 400), st.sampled_from(FEELS))


@st.composite
def outlooks(draw: st.DrawFn) -> Foresight:
    ticks = draw(st.lists(st.integers(1, 500), max_size=6, unique=True))
    changes = [ChordChange(tick, draw(chords)) for tick in (0, *sorted(ticks))]
    return Foresight(Grid(draw(meters), draw(st.none() | st.integers(5, 300))), tuple(changes))


@st.composite
def works(draw: st.DrawFn) -> Task:
    """Any task: after a foreign line of any pitches, lengths and gaps, or after frames alone."""
    seen, wish = draw(outlooks()), draw(wishes)
    begins = draw(st.integers(0, 100))
    score: list[Event] = [seen.frame_at(begins, draw(wishes))]
    while score[-1].tick < begins + 200 and draw(st.booleans()):
        frame_tick = score[-1].tick
        end = seen.next_frame_tick(frame_tick)
        for tick in sorted(draw(st.sets(st.integers(frame_tick, end - 1), max_size=3))):
            score.append(Note(tick, draw(st.integers(0, 127)), draw(st.integers(1, 700))))
        score.append(seen.frame_at(end, wish))
    made = task(score, 0, seen, generation=draw(st.integers(0, 99)), seed=draw(st.integers(-5, 2**70)), wish=wish)
    until = score[-1].tick + draw(st.integers(0, 400))
    return dataclasses.replace(made, min_tick=draw(st.integers(0, 500)), until_tick=until)


@given(works())
@settings(max_examples=150, deadline=None)
def test_any_task_is_answered_within_the_rules_of_the_score(work: Task) -> None:
    events = list(FallbackSoloist().play(work))
    assert events == list(FallbackSoloist().play(work))
    frame = next(event for event in reversed(work.score) if isinstance(event, Frame))
    free = max([work.min_tick, *(event.tick + 1 for event in work.score if isinstance(event, Note))])
    lowest, highest = PITCH_RANGES[work.conditioning.role]
    for event in events:
        assert frame.tick < work.until_tick
        due = work.foresight.next_frame_tick(frame.tick)
        if isinstance(event, Frame):
            assert event == work.foresight.frame_at(due, work.conditioning)
            frame = event
        else:
            assert frame.chord is not None
            assert max(free, frame.tick) <= event.tick < due
            assert lowest <= event.pitch <= highest
            free = event.end_tick
    assert frame.tick >= work.until_tick


def test_silence_stands_where_no_chord_is_known_and_ends_with_the_first() -> None:
    seen = Foresight(Grid(), (ChordChange(0, None), ChordChange(192, G7)))
    line = played([*opening(seen), *FallbackSoloist().play(task(opening(seen), 12, seen))])
    assert line
    assert 192 <= line[0].note.tick <= 240


def test_a_note_of_another_player_that_would_never_end_silences_nobody() -> None:
    score: list[Event] = [*opening(), Note(0, 60, 768), outlook().frame_at(24, Conditioning())]
    line = played(list(FallbackSoloist().play(task(score, 12)))[1:])
    assert line[0].note.tick <= 120


def test_the_same_task_gives_the_same_notes_whatever_was_cancelled() -> None:
    player = FallbackSoloist()
    score = jam(player, 60)
    work = task(score, 8, generation=7)
    expected = list(player.play(work))
    list(islice(player.play(task(opening(outlook(G7)), 20, generation=8)), 9))
    assert list(player.play(work)) == expected


def test_another_seed_or_generation_gives_another_line() -> None:
    score = jam(FallbackSoloist(), 60)
    lines = [list(FallbackSoloist().play(task(score, 8, seed=seed, generation=count))) for seed, count in ((1, 1), (2, 1), (1, 2))]
    assert lines[0] != lines[1] != lines[2] != lines[0]


def test_a_breath_is_kept_through_any_number_of_new_tasks() -> None:
    score = choruses(FallbackSoloist(), BLUES, 2, Conditioning(tempo_bpm=160.0), seed=4)
    ends = [phrase[-1].note for phrase in phrases(played(score))][:-1]
    assert len(ends) > 3
    for end in ends:
        before = score[: score.index(end) + 1]
        for generation in range(100, 104):
            later = played([*before, *FallbackSoloist().play(task(before, 6, generation=generation, seed=4))])[len(played(before)) :]
            assert later[0].note.tick - end.end_tick >= 24


@pytest.fixture(scope="module")
def lines() -> dict[float, list[list[Played]]]:
    """Sixty choruses: three forms, four tempos, five choruses each."""
    return {
        tempo: [played(choruses(FallbackSoloist(), text, 5, Conditioning(tempo_bpm=tempo), seed)) for seed, text in enumerate(FORMS)]
        for tempo in TEMPOS_BPM
    }


@pytest.fixture(scope="module")
def notes(lines: dict[float, list[list[Played]]]) -> list[Played]:
    return [one for tempo in lines.values() for line in tempo for one in line]


def test_harmony_is_as_human_as_moves(notes: list[Played]) -> None:
    # Human: 0.50, 0.52 on the beat, 0.72-0.78.
    assert 0.43 < share(one.note.pitch % 12 in chord_of(one).tones for one in notes) < 0.58
    assert 0.48 < share(one.note.pitch % 12 in chord_of(one).tones for one in notes if one.place == 0) < 0.68
    assert 0.68 < share(one.note.pitch % 12 in chord_of(one).scale for one in notes) < 0.85


def test_moves_are_human(notes: list[Played]) -> None:
    moves = [one.move for one in notes if one.move is not None]
    assert 0.50 < share(abs(move) <= 2 for move in moves) < 0.66
    assert 0.02 < share(abs(move) > 7 for move in moves) < 0.06
    assert 0.02 < share(move == 0 for move in moves) < 0.08
    assert 0.34 < share(a * b < 0 for a, b in pairwise(moves)) < 0.47
    assert all(55 <= one.note.pitch <= 84 for one in notes)
    assert max(one.note.pitch for one in notes) - min(one.note.pitch for one in notes) > 18


def test_phrases_breathe(lines: dict[float, list[list[Played]]]) -> None:
    # The last phrase of a line may be cut off by its end.
    spoken = [phrase for tempo in lines.values() for line in tempo for phrase in list(phrases(line))[:-1]]
    lengths = sorted(len(phrase) for phrase in spoken)
    assert 14 <= median(lengths) <= 21
    assert 7 <= lengths[len(lengths) // 10] <= 14
    assert 22 <= lengths[len(lengths) * 9 // 10] <= 34
    assert share(phrase[-1].note.pitch % 12 in chord_of(phrase[-1]).tones for phrase in spoken) > 0.9
    rests = [gap for phrase, after in pairwise(spoken) if (gap := after[0].note.tick - phrase[-1].note.end_tick) > 0]
    assert 24 <= median(rests) <= 72
    assert max(rests) <= 5 * 24


def test_rhythm_follows_the_tempo(lines: dict[float, list[list[Played]]]) -> None:
    density, sounding, swing = {}, {}, {}
    for tempo, group in lines.items():
        ticks = sum(line[-1].note.end_tick for line in group)
        density[tempo] = 24 * sum(map(len, group)) / ticks
        sounding[tempo] = sum(one.note.duration_ticks for line in group for one in line) / ticks
        swing[tempo] = mean(ratio for line in group for ratio in swing_ratios(line))
    assert 1.15 < density[280.0] < density[160.0] < density[125.0] < 2.1
    assert all(0.58 < part < 0.74 for part in sounding.values())
    assert swing == pytest.approx({125.0: 1.27, 160.0: 1.255, 200.0: 1.24, 280.0: 1.12}, abs=0.04)


def test_new_chords_are_met_on_their_guide_tones_more_often_than_by_chance(notes: list[Played]) -> None:
    met = [after for before, after in pairwise(notes) if before.frame.chord != after.frame.chord]
    on_guides = share(one.note.pitch % 12 in chord_of(one).guide_tones for one in met)
    elsewhere = share(one.note.pitch % 12 in chord_of(one).guide_tones for one in notes)
    assert 0.4 < on_guides < 0.75
    assert on_guides > 1.4 * elsewhere


def test_lines_are_played_one_note_at_a_time(lines: dict[float, list[list[Played]]]) -> None:
    assert all(monophonic(line) for tempo in lines.values() for line in tempo)


@pytest.mark.parametrize(("feel", "meter"), [("even", Meter()), ("swing", Meter(6, 8))])
def test_even_eighths_do_not_swing(feel: str, meter: Meter) -> None:
    seen, wish = outlook(meter=meter), Conditioning(feel=feel)
    line = played([*opening(seen, wish), *FallbackSoloist().play(task(opening(seen, wish), 200, seen, wish=wish))])
    assert len(swing_ratios(line)) > 10
    assert set(swing_ratios(line)) == {1.0}


def test_a_bass_walks_on_the_beat_and_names_every_new_chord() -> None:
    line = played(choruses(FallbackSoloist(), TWO_FIVE_ONES, 4, Conditioning("bass"), seed=2))
    assert {one.place for one in line} == {0}
    assert len(line) == 4 * 8 * 4
    news = [after for before, after in pairwise(line) if before.frame.chord != after.frame.chord]
    assert all(one.note.pitch % 12 == chord_of(one).bass for one in news)
    assert median(abs(one.move) for one in line if one.move is not None) <= 4


def test_comping_leads_guide_tones_by_small_steps() -> None:
    line = played(choruses(FallbackSoloist(), BLUES, 4, Conditioning("comp"), seed=2))
    assert len(line) > 48
    assert all(one.note.pitch % 12 in chord_of(one).guide_tones for one in line)
    assert mean(abs(one.move) for one in line if one.move is not None) < 4
