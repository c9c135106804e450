"""The soloist's thread: the newest task only, nothing lost, nothing of what was given up. Scripted soloists stand in for nets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from companion.engine import ModelSoloist
from companion.model_store import make_runner
from companion.soloist import Task
from companion.worker import Done, EngineWorker, Failed, Produced, Wrote
from shared.score import Event, Note
from tests.companion.tasks import opening, task
from tests.shared.melody import tiny

PATIENCE_SEC = 20.0


class Scripted:
    """Writes `events` notes a task; waits for `gate` before each but the first; raises in generation `bad`."""

    name = "scripted"

    def __init__(self, events: int = 3, bad: int | None = None) -> None:
        self.events = events
        self.bad = bad
        self.gate = threading.Semaphore(0)
        self.closed: list[int] = []

    def play(self, task: Task) -> Iterator[Event]:
        try:
            for number in range(self.events):
                if number:
                    assert self.gate.acquire(timeout=PATIENCE_SEC)
                if task.generation == self.bad:
                    raise RuntimeError("a wrong note")
                yield Note(number, 60, 1)
        finally:
            self.closed.append(task.generation)


class Ear:
    """Collects what a worker hands over, and waits for it."""

    def __init__(self) -> None:
        self.woken = threading.Semaphore(0)
        self.heard: list[Produced] = []

    def wait(self, worker: EngineWorker, enough: Callable[[list[Produced]], bool]) -> list[Produced]:
        while not enough(self.heard):
            assert self.woken.acquire(timeout=PATIENCE_SEC), f"waited in vain after {self.heard}"
            self.heard += worker.take()
        return self.heard


def ended(heard: list[Produced]) -> bool:
    return bool(heard) and isinstance(heard[-1], Done | Failed)


def work(generation: int) -> Task:
    return task(opening(), 4, generation=generation)


def test_every_event_is_handed_over_in_order_and_then_the_end() -> None:
    soloist, ear = Scripted(), Ear()
    soloist.gate.release(2)
    with EngineWorker(soloist, ear.woken.release) as worker:
        worker.submit(work(5))
        heard = ear.wait(worker, ended)
    assert heard == [*(Wrote(5, Note(tick, 60, 1)) for tick in range(3)), Done(5)]


def test_frames_wake_nobody_and_come_with_the_note_after_them() -> None:
    frames = opening()
    soloist, ear = Scripted(), Ear()
    note = Note(3, 60, 1)
    soloist.play = lambda task: iter([*frames, *frames, note, *frames])  # type: ignore[method-assign]
    with EngineWorker(soloist, ear.woken.release) as worker:
        worker.submit(work(5))
        assert ear.woken.acquire(timeout=PATIENCE_SEC)
        assert worker.take()[:3] == [Wrote(5, frames[0]), Wrote(5, frames[0]), Wrote(5, note)]


def test_a_newer_task_ends_the_older_and_nothing_of_it_is_heard_any_more() -> None:
    soloist, ear = Scripted(), Ear()
    with EngineWorker(soloist, ear.woken.release) as worker:
        worker.submit(work(1))
        ear.wait(worker, lambda heard: len(heard) == 1)
        worker.submit(work(2))
        soloist.gate.release(20)
        heard = ear.wait(worker, ended)
    assert [one.generation for one in heard] == [1, 2, 2, 2, 2]
    assert soloist.closed == [1, 2]


def test_of_many_tasks_at_once_the_newest_is_played_whole() -> None:
    soloist, ear = Scripted(), Ear()
    soloist.gate.release(10_000)
    with EngineWorker(soloist, ear.woken.release) as worker:
        for generation in range(300):
            worker.submit(work(generation))
        heard = ear.wait(worker, lambda heard: ended(heard) and heard[-1].generation == 299)
    assert [one for one in heard if one.generation == 299] == [*(Wrote(299, Note(tick, 60, 1)) for tick in range(3)), Done(299)]
    assert [one.generation for one in heard] == sorted(one.generation for one in heard)


def test_after_a_cancel_nothing_is_heard() -> None:
    soloist, ear = Scripted(), Ear()
    with EngineWorker(soloist, ear.woken.release) as worker:
        worker.submit(work(1))
        ear.wait(worker, lambda heard: len(heard) == 1)
        worker.cancel()
        soloist.gate.release(20)
        assert worker.take() == []
    assert worker.take() == []
    assert soloist.closed == [1]


def test_an_error_is_handed_over_and_the_next_task_is_played() -> None:
    soloist, ear = Scripted(bad=1), Ear()
    soloist.gate.release(20)
    with EngineWorker(soloist, ear.woken.release) as worker:
        worker.submit(work(1))
        failed = ear.wait(worker, ended)[-1]
        assert isinstance(failed, Failed)
        assert str(failed.error) == "a wrong note"
        worker.submit(work(2))
        assert ear.wait(worker, lambda heard: isinstance(heard[-1], Done))[-1] == Done(2)


class Preparing(Scripted):
    """Has three pieces of useful work for quiet moments, or one that goes wrong."""

    def __init__(self, wrong: bool = False) -> None:
        super().__init__()
        self.gate.release(20)
        self.left = 3
        self.wrong = wrong
        self.rested = threading.Event()
        self.interrupted: Callable[[], bool] | None = None

    def heed(self, interrupted: Callable[[], bool]) -> None:
        self.interrupted = interrupted

    def idle(self) -> bool:
        if self.wrong:
            raise RuntimeError("out of breath")
        self.left -= 1
        if self.left == 0:
            self.rested.set()
        return self.left > 0


def test_quiet_moments_are_used_and_leave_off_when_nothing_is_left() -> None:
    soloist, ear = Preparing(), Ear()
    with EngineWorker(soloist, ear.woken.release) as worker:
        assert soloist.rested.wait(PATIENCE_SEC)
        assert soloist.interrupted is not None
        assert not soloist.interrupted()
        worker.submit(work(1))
        ear.wait(worker, ended)
    assert soloist.left <= 0


def test_an_error_in_a_quiet_moment_is_handed_over_too() -> None:
    soloist, ear = Preparing(wrong=True), Ear()
    with EngineWorker(soloist, ear.woken.release) as worker:
        failed = ear.wait(worker, ended)[-1]
    assert isinstance(failed, Failed)
    assert str(failed.error) == "out of breath"


def test_a_net_on_the_thread_plays_what_it_plays_alone() -> None:
    alone = list(ModelSoloist(make_runner(tiny(), "torch-cpu"), "tiny").play(work(3)))
    ear = Ear()
    with EngineWorker(ModelSoloist(make_runner(tiny(), "torch-cpu"), "tiny"), ear.woken.release) as worker:
        worker.submit(work(2))
        ear.wait(worker, lambda heard: bool(heard))
        worker.submit(work(3))
        heard = ear.wait(worker, lambda heard: heard[-1] == Done(3))
    assert [one.product for one in heard if isinstance(one, Wrote) and one.generation == 3] == alone


def test_a_closed_worker_has_ended_its_thread() -> None:
    before = threading.active_count()
    worker = EngineWorker(Scripted(), lambda: None)
    worker.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("events", [0, 1])
def test_a_task_with_nothing_to_write_ends_all_the_same(events: int) -> None:
    ear = Ear()
    with EngineWorker(Scripted(events), ear.woken.release) as worker:
        worker.submit(work(1))
        assert ear.wait(worker, ended)[-1] == Done(1)
