"""The engine: what it plays follows from the task alone, whatever was cancelled, rolled back or read ahead."""

from __future__ import annotations

import dataclasses
from itertools import islice

import pytest

from companion.engine import CHUNK, ModelSoloist
from companion.model_store import RunnerKind, make_runner
from companion.runner import Reader, Runner
from companion.soloist import Task
from companion.window import Window
from shared.chords import Chord
from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import PITCH_RANGES, ROLES, Conditioning, Event, Frame, Note
from shared.tokens import Steps, decode, encode
from tests.companion.tasks import G7, jam, opening, outlook, task
from tests.shared.melody import TINY, tiny

SHAPE = dataclasses.replace(TINY, heads=2, kv_heads=2)
NET = tiny(config=SHAPE)
KINDS: tuple[RunnerKind, ...] = ("onnx-q8", "torch-cpu")
both_runners = pytest.mark.parametrize("kind", KINDS)


class Counting:
    """A runner that counts the steps that its readers read."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.kind = runner.kind
        self.context = runner.context
        self.read = 0

    def reader(self) -> Reader:
        reader = self.runner.reader()
        read = reader.read

        def counted(steps: Steps) -> None:
            self.read += len(steps)
            read(steps)

        reader.read = counted  # type: ignore[method-assign]
        return reader


def soloist(kind: RunnerKind = "torch-cpu") -> ModelSoloist:
    return ModelSoloist(make_runner(NET, kind), "tiny")


def counting(kind: RunnerKind = "torch-cpu") -> tuple[ModelSoloist, Counting]:
    runner = Counting(make_runner(NET, kind))
    return ModelSoloist(runner, "counting"), runner


@pytest.fixture(scope="module")
def score() -> list[Event]:
    return jam(soloist(), 40)


def answer(work: Task, kind: RunnerKind = "torch-cpu") -> list[Event]:
    """What a soloist that has seen nothing else plays."""
    return list(soloist(kind).play(work))


def test_ten_thousand_sampled_events_all_decode() -> None:
    small = dataclasses.replace(TINY, width=16, layers=1, heads=2, kv_heads=2, feed_width=16)
    for role in ROLES:
        player, wish = ModelSoloist(make_runner(tiny(config=small), "torch-cpu"), "small"), Conditioning(role, 200.0, "even", "bebop")
        events = opening(wish=wish)
        line = player.play(task(events, 100_000, wish=wish, temperature=1.5))
        events += islice(line, 3400)
        back = decode(encode(events))
        assert [(event.tick, type(event)) for event in back] == [(event.tick, type(event)) for event in events]
        lowest, highest = PITCH_RANGES[role]
        assert all(lowest <= event.pitch <= highest for event in events if isinstance(event, Note))
        assert sum(isinstance(event, Note) for event in events) > 500


@pytest.mark.parametrize("meter", [Meter(7, 8), Meter(5, 4), Meter(6, 8)])
def test_odd_bars_loops_and_known_changes_are_followed(meter: Meter) -> None:
    changes = (*outlook().changes, ChordChange(37, G7), ChordChange(100, None))
    seen = dataclasses.replace(outlook(meter=meter, loop_ticks=90), changes=changes)
    score = opening(seen)
    score += soloist().play(task(score, 40, seen))
    frames = [event for event in score if isinstance(event, Frame)]
    expected = [0]
    while expected[-1] < 40 * 24:
        expected.append(seen.next_frame_tick(expected[-1]))
    assert [frame.tick for frame in frames] == expected
    assert all(frame == seen.frame_at(frame.tick, Conditioning()) for frame in frames)


def test_no_note_comes_before_the_first_tick_that_can_still_be_played(score: list[Event]) -> None:
    least = score[-1].tick + 30
    played = answer(task(score, 8, min_tick=least))
    assert all(event.tick >= least for event in played if isinstance(event, Note))
    assert any(isinstance(event, Note) for event in played)


def test_it_ends_with_the_frame_at_the_end_of_its_task(score: list[Event]) -> None:
    work = task(score, 6)
    played = answer(work)
    assert isinstance(played[-1], Frame)
    assert played[-1].tick == work.until_tick
    assert answer(task([*score, *played], 0)) == []


@both_runners
def test_the_same_task_gives_the_same_notes_whatever_went_before(score: list[Event], kind: RunnerKind) -> None:
    player = soloist(kind)
    work = task(score, 8, generation=7)
    expected = answer(work, kind)
    assert list(player.play(work)) == expected
    list(islice(player.play(task(opening(outlook(G7)), 20, generation=8)), 9))
    while player.idle():
        pass
    assert list(player.play(work)) == expected


def test_another_seed_or_generation_gives_another_line(score: list[Event]) -> None:
    lines = [answer(task(score, 8, seed=seed, generation=generation)) for seed, generation in ((1, 1), (2, 1), (1, 2))]
    assert lines[0] != lines[1] != lines[2] != lines[0]


@both_runners
def test_a_cancelled_line_leaves_the_cache_right(score: list[Event], kind: RunnerKind) -> None:
    for length in range(6):
        player = soloist(kind)
        line = player.play(task(score, 8))
        begun = list(islice(line, length))
        line.close()  # type: ignore[attr-defined]
        seen = outlook(G7)
        frame = seen.frame_at(score[-1].tick + 24, Conditioning())
        kept = [event for event in begun if event.tick < frame.tick]
        work = task([*score, *kept, frame], 4, seen, generation=2)
        assert list(player.play(work)) == answer(work, kind)


def test_a_new_chord_costs_one_step_before_its_first_event(score: list[Event]) -> None:
    player, net = counting()
    list(player.play(task(score, 4)))
    seen = outlook(G7)
    cut = max(index for index, event in enumerate(score) if isinstance(event, Frame) and index < len(score) - 4)
    before = net.read
    next(player.play(task([*score[:cut], seen.frame_at(score[cut].tick, Conditioning())], 4, seen, generation=2)))
    assert net.read == before + 1


def test_a_long_prompt_can_be_given_up_between_its_passes() -> None:
    player, net = counting()
    score = jam(soloist(), 45)
    work = task(score, 4)
    asked: list[int] = []

    def interrupted() -> bool:
        asked.append(net.read)
        return len(asked) > 2

    before = net.read
    player.heed(interrupted)
    assert list(player.play(work)) == []
    assert net.read == before + 2 * CHUNK
    player.heed(lambda: False)
    assert list(player.play(work)) == answer(work)


@both_runners
def test_the_line_goes_on_when_the_context_is_full_and_follows_from_what_is_shown_alone(kind: RunnerKind) -> None:
    long = jam(soloist(kind), 4 * TINY.context)
    assert jam(soloist(kind), 4 * TINY.context, shown=TINY.context + 20) == long
    assert decode(encode(long))[-1].tick == long[-1].tick


@both_runners
def test_what_is_read_ahead_spares_the_long_prompt_and_changes_nothing(kind: RunnerKind) -> None:
    player, net = counting(kind)
    score, costs = opening(), []
    for generation in range(1, 60):
        before, work = net.read, task(score, 2, generation=generation)
        line = player.play(work)
        score.append(next(line))
        costs.append(net.read - before)
        score += line
        while player.idle():
            pass
    assert len(score) > 3 * TINY.context
    assert max(costs) <= 3
    lazy = opening()
    plain = soloist(kind)
    for generation in range(1, 60):
        lazy += plain.play(task(lazy, 2, generation=generation))
    assert lazy == score


def test_a_window_that_is_matched_keeps_what_both_have_in_common(score: list[Event]) -> None:
    window = Window(make_runner(NET, "torch-cpu").reader())
    window.match(0, score)
    window.read(score)
    window.match(0, [*score[:20], Note(score[20].tick, 50, 3)])
    assert window.events == score[:20]
    assert window.reader.length == 20


def test_high_temperature_dares_more_and_a_small_nucleus_less() -> None:
    score = opening()

    def variety(temperature: float, top_p: float) -> int:
        line = answer(task(score, 60, temperature=temperature, top_p=top_p))
        return len({event.pitch for event in line if isinstance(event, Note)})

    assert variety(0.05, 1.0) < variety(0.2, 1.0) < variety(1.0, 1.0)
    assert variety(1.0, 0.05) < variety(1.0, 1.0)


def test_the_chord_is_heard(score: list[Event]) -> None:
    lines = []
    for chord in (Chord(0, "maj7", 0), Chord(6, "7alt", 6)):
        seen = outlook(chord)
        lines.append(answer(task([*score, seen.frame_at(score[-1].tick + 24, Conditioning())], 8, seen)))
    assert [event for event in lines[0] if isinstance(event, Note)] != [event for event in lines[1] if isinstance(event, Note)]


def test_a_score_that_is_none_is_refused(score: list[Event]) -> None:
    with pytest.raises(DataError, match="without a frame"):
        list(soloist().play(task([Note(0, 60, 1)], 4)))
    with pytest.raises(DataError, match="in order"):
        list(soloist().play(task([*score, Note(score[-1].tick + 30, 60, 1)], 4)))
