"""The real script in the simulated FL Studio and the bridge's core on one virtual clock: what is planned is heard on its beat."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from companion.bridge.core import BridgeCore
from companion.sim.machine import Machine
from shared.messages import Chords, Plan, PlannedNote, Transport

END_SEC = 20.0
Control = tuple[float, Callable[[Machine], None]]


class Companion:
    """Lays a short note on every beat of the next bar."""

    def __init__(self) -> None:
        self.chords: list[Chords] = []
        self.epochs: list[tuple[int, bool]] = []
        self._laid_beat = 0.0
        self._count = 0

    def hear(self, transport: Transport) -> list[Plan]:
        if not self.epochs or self.epochs[-1][0] != transport.epoch:
            self.epochs.append((transport.epoch, transport.playing))
            self._laid_beat = transport.beat
        plans = []
        while transport.playing and self._laid_beat < transport.beat + 4:
            beat = math.floor(self._laid_beat) + 1.0
            self._count += 1
            note = PlannedNote(self._count, beat, 0.25, 40 + self._count % 40, 80, 0.0, 0)
            plans.append(Plan(epoch=transport.epoch, generation=1, from_beat=beat, until_beat=beat + 0.5, notes=(note,)))
            self._laid_beat = beat
        return plans


def jam(machine: Machine, controls: list[Control]) -> Companion:
    core, companion, now_sec = BridgeCore(), Companion(), 0.0
    core.on_companion(True, now_sec)
    for sec, control in controls:
        machine.at(sec, lambda control=control: control(machine))  # type: ignore[misc]
    while now_sec < END_SEC:
        now_sec = max(now_sec, min(machine.next_sec(), core.next_sec() or math.inf))
        busy = True
        while busy:
            emitted = machine.advance(now_sec)
            for _, data in emitted:
                core.on_midi(data, now_sec)
            output = core.poll(now_sec)
            for data in output.link:
                machine.receive("link", data, now_sec)
            for data in output.notes:
                machine.receive("notes", data, now_sec)
            for message in output.messages:
                if isinstance(message, Chords):
                    companion.chords.append(message)
                elif isinstance(message, Transport):
                    for plan in companion.hear(message):
                        core.on_message(plan, now_sec)
            busy = bool(emitted or output.link or output.notes or output.messages)
    return companion


def faked(**options: object) -> Machine:
    song = [(float(beat), 3.9, (60, 64, 67), 90) for beat in range(0, 64, 4)]
    return Machine(seed=3, tempo_bpm=140.0, song=song, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("song_mode", "controls", "epochs"),
    [
        pytest.param(False, [], 1, id="loop"),
        pytest.param(True, [(6.3, lambda m: m.seek(17.0)), (12.1, lambda m: m.seek(2.6))], 3, id="seeks"),
        pytest.param(True, [(6.3, lambda m: m.set_tempo(300.0)), (12.1, lambda m: m.set_tempo(140.0))], 1, id="tempo"),
        pytest.param(False, [(6.3, Machine.stop), (7.0, Machine.play), (10.0, Machine.stop), (10.1, Machine.play)], 5, id="stops"),
        pytest.param(False, [(6.3, lambda m: m.freeze(5.0))], 1, id="dialog"),
        pytest.param(False, [(6.3, lambda m: m.set_pattern(2, 6))], 1, id="pattern"),
        pytest.param(False, [(6.3, Machine.reload_script)], 1, id="reload"),
    ],
)
def test_notes_are_heard_on_their_beat(song_mode: bool, controls: list[Control], epochs: int) -> None:
    machine = faked(song_mode=song_mode)
    companion = jam(machine, [(1.0, Machine.play), *controls, (END_SEC - 0.5, Machine.stop)])
    onsets = [note for note in machine.notes if note.velocity]
    assert len(onsets) > 35
    errors_ms = sorted(abs((note.song_beat + 0.5) % 1 - 0.5) * 60_000 / 140 for note in onsets)
    assert errors_ms[-1] < 8.0
    assert errors_ms[len(errors_ms) // 2] < 2.5
    # one before the first start, one after the last stop
    assert len(companion.epochs) == epochs + 2
    assert machine.sounding() == set()
    assert machine.faults == []


def test_chords_of_the_song_are_heard_with_their_beat_and_all_end() -> None:
    machine = faked(song_mode=True)
    companion = jam(machine, [(1.0, Machine.play), (END_SEC - 0.5, Machine.stop)])
    struck = [chords for chords in companion.chords if chords.struck]
    assert len(struck) == 11
    for count, chords in enumerate(struck):
        assert (chords.source, chords.struck) == ("song", (60, 64, 67))
        assert 4 * count - 0.02 < chords.beat < 4 * count + 0.25
    assert companion.chords[-1].held == ()
    assert [chords.cause for chords in companion.chords] == list(range(1, len(companion.chords) + 1))
