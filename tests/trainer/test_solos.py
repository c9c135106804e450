"""Solos in a batch: all of them decode, each follows from its own seed, and the companion would play the same."""

from __future__ import annotations

import dataclasses

import pytest

from companion.engine import ModelSoloist
from companion.soloist import Task
from companion.torch_runner import TorchRunner
from shared.chords import Chord
from shared.errors import DataError
from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter
from shared.score import PITCH_RANGES, ROLES, Conditioning, Event, Frame, Note
from shared.tokens import decode, encode
from tests.shared.melody import TINY, tiny
from trainer.solos import Sampling, SoloTask, sample_solos

SHAPE = dataclasses.replace(TINY, heads=2, kv_heads=2)
CHORDS = (Chord(2, "min7", 2), Chord(7, "7", 7), None, Chord(0, "maj7", 4))


def foresight(meter: Meter | None = None, step: int = 37) -> Foresight:
    """A change every `step` ticks, so that most of them fall inside a beat."""
    return Foresight(Grid(meter or Meter()), tuple(ChordChange(step * index, CHORDS[index % 4]) for index in range(40)))


def tasks(count: int, beats: int = 8) -> list[SoloTask]:
    return [SoloTask(foresight(step=30 + index % 7), Conditioning(tempo_bpm=100.0 + 10 * index), 24 * beats) for index in range(count)]


def frames(events: list[Event]) -> list[Frame]:
    return [event for event in events if isinstance(event, Frame)]


def test_every_one_of_ten_thousand_solos_decodes() -> None:
    net = tiny(config=dataclasses.replace(SHAPE, width=16, layers=1, feed_width=16))
    wishes = [Conditioning(role, 200.0, "even", "bebop") for role in ROLES]
    meters = (Meter(), Meter(7, 8), Meter(3, 4), Meter(5, 4))
    work = [SoloTask(foresight(meters[index % 4], 10 + index % 31), wishes[index % 3], 24) for index in range(10_000)]
    notes = 0
    for task, solo in zip(work, sample_solos(net, work, Sampling(1.5, 1.0, batch=500), seed=3), strict=True):
        back = decode(encode(solo))
        assert [(event.tick, type(event)) for event in back] == [(event.tick, type(event)) for event in solo]
        assert frames(solo)[0].tick == 0
        assert solo[-1].tick < 24
        lowest, highest = PITCH_RANGES[task.conditioning.role]
        assert all(lowest <= event.pitch <= highest for event in solo if isinstance(event, Note))
        notes += sum(isinstance(event, Note) for event in solo)
    assert notes > 10_000


@pytest.mark.parametrize("length", [8, 120])
def test_the_companion_would_play_the_same(length: int) -> None:
    net, work = tiny(config=SHAPE), tasks(3, length)
    played = []
    for index, task in enumerate(work):
        score = (task.foresight.frame_at(0, task.conditioning),)
        live = Task(index, 5, score, 0, task.foresight.grid, task.foresight, task.conditioning, 0, task.end_tick, 1.1, 0.9, "auto")
        played.append([*score, *ModelSoloist(TorchRunner(net), "tiny").play(live)][:-1])
    assert max(len(solo) for solo in played) > (2 * TINY.context if length > 100 else 8)
    assert sample_solos(net, work, Sampling(1.1, 0.9, batch=2), seed=5) == played


def test_a_solo_follows_from_its_seed_and_place_alone() -> None:
    net, work = tiny(config=SHAPE), tasks(7)
    solos = sample_solos(net, work, Sampling(batch=7), seed=1)
    assert sample_solos(net, work, Sampling(batch=7), seed=1) == solos
    for batch in (1, 3, 50):
        assert sample_solos(net, work, Sampling(batch=batch), seed=1) == solos
    assert sample_solos(net, work[:2], seed=1) == solos[:2]
    others = sample_solos(net, work, seed=2)
    assert all(one != other for one, other in zip(solos, others, strict=True))


def test_two_solos_over_one_chart_differ() -> None:
    one, other = sample_solos(tiny(config=SHAPE), tasks(1) * 2, seed=1)
    assert one != other


def test_frames_are_those_of_the_chart() -> None:
    seen = foresight(Meter(7, 8))
    solo = sample_solos(tiny(config=SHAPE), [SoloTask(seen, Conditioning(), 20 * 84)], seed=1)[0]
    ticks = [0]
    while ticks[-1] < 20 * 84:
        ticks.append(seen.next_frame_tick(ticks[-1]))
    assert frames(solo) == [seen.frame_at(tick, Conditioning()) for tick in ticks[:-1]]


def test_a_primer_is_gone_on_from_and_is_no_part_of_the_solo() -> None:
    net, wish, seen = tiny(config=SHAPE), Conditioning(), Foresight(Grid(), (ChordChange(-96, CHORDS[0]),))
    ticks = range(-96, -24, 24)
    primers = [tuple(event for tick in ticks for event in (seen.frame_at(tick, wish), Note(tick + 12, pitch, 20))) for pitch in (50, 80)]
    solos = sample_solos(net, [SoloTask(seen, wish, 192, primer) for primer in (*primers, ())], seed=1)
    assert [frames(solo)[0].tick for solo in solos] == [0, 0, 0]
    alone = [sample_solos(net, [SoloTask(seen, wish, 192, primer)], seed=1)[0] for primer in (*primers, ())]
    assert alone[0] != alone[1] != alone[2] != alone[0]
    assert all(len(frames(solo)) == 8 and solo[0].tick == 0 for solo in alone)


def test_a_primer_that_is_no_score_is_refused() -> None:
    with pytest.raises(DataError, match="without a frame"):
        sample_solos(tiny(config=SHAPE), [SoloTask(foresight(), Conditioning(), 96, (Note(-5, 60, 3),))])


def test_progress_tells_every_tick_once() -> None:
    told: list[int] = []
    sample_solos(tiny(config=SHAPE), tasks(5, 9), Sampling(batch=2), progress=told.append)
    assert sum(told) == 5 * 9 * 24
    assert len(told) > 10


def test_nothing_to_do_is_done() -> None:
    assert sample_solos(tiny(config=SHAPE), []) == []
