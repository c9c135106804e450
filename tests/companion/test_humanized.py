"""A soloist with a humanizer at its side: the same notes, touched bar by bar, and nothing waits for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from statistics import mean

import numpy as np
import pytest

from companion.fallback import FallbackSoloist
from companion.humanized import FIRST_TICKS, HumanizedSoloist, Humanizer, written
from companion.onnx_phrase import PhraseRunner
from companion.soloist import Product, Task, Touched
from shared.chords import Chord
from shared.foresight import ChordChange, Foresight
from shared.music import TICKS_PER_BEAT, Grid, Meter
from shared.score import Conditioning, Event, Frame, Note
from tests.companion.made_humanizer import made_humanizer, made_net
from tests.companion.tasks import opening, outlook, task

BAR = 4 * TICKS_PER_BEAT
WISH = Conditioning(tempo_bpm=150.0)


def line(bars: int, meter: Meter | None = None, pitch: int = 60) -> list[Event]:
    """Eighths up and down through whole bars, to the bar line after them."""
    seen = Foresight(Grid(meter or Meter()), (ChordChange(0, Chord(2, "min7", 2)),))
    score: list[Event] = []
    for tick in range(0, bars * seen.grid.meter.bar_ticks, 12):
        if seen.grid.tick_in_beat(tick) == 0:
            score.append(seen.frame_at(tick, WISH))
        score.append(Note(tick, pitch + (tick // 12) % 5, 12))
    return [*score, seen.frame_at(bars * seen.grid.meter.bar_ticks, WISH)]


def play(soloist: HumanizedSoloist, given: Task) -> tuple[list[Event], list[Touched], list[Product]]:
    products = list(soloist.play(given))
    return [one for one in products if not isinstance(one, Touched)], [one for one in products if isinstance(one, Touched)], products


def test_the_solo_is_the_soloists_own_and_every_full_bar_is_touched() -> None:
    given = task(opening(), 16)
    events, touches, _ = play(HumanizedSoloist(FallbackSoloist(), made_humanizer()), given)
    assert events == list(FallbackSoloist().play(given))
    touched = {(note.tick, note.pitch) for touch in touches for note in touch.notes}
    assert touched == {(event.tick, event.pitch) for event in events if isinstance(event, Note) and event.tick < 4 * BAR}


def test_the_first_notes_of_a_line_that_was_cut_wait_for_no_net() -> None:
    score = line(2)[:-8]  # cut a little before the bar line
    given = dataclasses.replace(task(score, 12), min_tick=score[-1].tick + 13)
    _, touches, products = play(HumanizedSoloist(FallbackSoloist(), made_humanizer()), given)
    assert touches
    first = products.index(touches[0])
    assert max(event.tick for event in products[:first] if isinstance(event, Frame)) >= given.min_tick + FIRST_TICKS


class Hesitant:
    """Plays by rules after a rest of three bars."""

    @property
    def name(self) -> str:
        return "hesitant"

    def play(self, task: Task) -> Iterator[Event]:
        for event in FallbackSoloist().play(task):
            if isinstance(event, Frame) or event.tick >= task.min_tick + 3 * BAR:
                yield event


def test_a_first_note_after_a_rest_waits_for_no_net_either() -> None:
    score = line(4)
    given = dataclasses.replace(task(score, 24), min_tick=score[-1].tick)
    _, touches, products = play(HumanizedSoloist(Hesitant(), made_humanizer()), given)
    first = next(place for place, event in enumerate(products) if isinstance(event, Note))
    assert touches
    assert products.index(touches[0]) > first


def test_a_bar_with_the_same_bars_around_it_is_touched_the_same() -> None:
    humanizer = made_humanizer()
    once = humanizer.touch(line(12))
    for other in (3, 5, 20):
        humanizer.touch(line(other, pitch=70))
    assert once is not None
    assert humanizer.touch(line(12)) == once == made_humanizer().touch(line(12)[4 * 12 :])
    assert {note.tick // BAR for note in once.notes} == {10, 11}


def test_neighbours_and_seed_tell_in_the_touch() -> None:
    def touch(score: list[Event], seed: int = 1) -> Touched:
        found = made_humanizer(made_net(lively=3.0), seed).touch(score)
        assert found is not None
        return found

    score = line(4)
    leap = [dataclasses.replace(event, pitch=84) if isinstance(event, Note) and event.tick == 3 * BAR else event for event in score]
    velocities = [[note.velocity for note in touch(some).notes] for some in (score, leap)]
    assert velocities[0] != velocities[1]
    assert [note.onset_ms for note in touch(score, 1).notes] != [note.onset_ms for note in touch(score, 2).notes]


def test_a_net_without_a_level_of_its_own_shapes_the_line_around_the_one_that_is_asked_for() -> None:
    def velocities(level: float | None) -> list[float]:
        net = made_net(velocity=40.0, lively=3.0)
        found = Humanizer(PhraseRunner(net), "made", "lead", "jazz", 1, level).touch(line(12))
        assert found is not None
        return [note.velocity for note in found.notes]

    own, soft, loud = velocities(None), velocities(60.0), velocities(90.0)
    assert mean(loud) - mean(soft) == pytest.approx(30.0, abs=0.01)
    assert np.allclose(np.diff(loud), np.diff(own), atol=0.01), "shaped as before"
    assert 75 < mean(loud) < 105


def test_who_is_interrupted_says_nothing() -> None:
    assert made_humanizer().touch(line(2), lambda: True) is None


def test_where_nothing_is_written_nothing_is_touched() -> None:
    seen = outlook()
    assert made_humanizer().touch([seen.frame_at(beat * TICKS_PER_BEAT, WISH) for beat in range(9)]) is None


def test_the_humanizer_reads_the_metre_of_the_song() -> None:
    score, frames, notes = line(2, Meter(6, 8)), [], []
    for event in score:
        if isinstance(event, Frame):
            frames.append(event)
        else:
            notes.append((event, frames[-1]))
    read = written(notes, "lead", "jazz")
    np.testing.assert_allclose(read.onset_beat, np.arange(12) / 2)
    np.testing.assert_allclose(read.bar_beat, np.tile(np.arange(6) / 2, 2))
    assert set(read.bar_beats) == {3.0}
    assert set(read.pulse_beats) == {1.5}
    assert set(read.tempo_bpm) == {150.0}
