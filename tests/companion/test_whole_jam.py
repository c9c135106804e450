"""Minutes of music on the offline clock: what a musician does in FL Studio, and what must come back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from companion.bench import changes
from companion.cast import header_of
from companion.conductor import REACH_SEC
from companion.fallback import FallbackSoloist
from companion.jam import ChordName
from companion.options import ReplayOptions
from companion.recorder import Recorder, read_log
from companion.replay import replay
from companion.sim.machine import Machine, SongChord
from companion.soloist import Task
from companion.touch import LAG_MS_MAX
from companion.touch_store import BY_RULES
from shared.chords import Chord, parse_symbol
from shared.errors import DataError
from shared.messages import AnyMessage, Plan
from shared.music import TICKS_PER_BEAT, Meter
from shared.score import Event, Frame, Note
from shared.settings import load_settings
from shared.voicings import voice
from tests.companion.house import PLAY_SEC, House, chords

TURNAROUND = "Dm7 G7 Cmaj7 A7"


def sec_of(beat: float, tempo_bpm: float = 140.0) -> float:
    return PLAY_SEC + beat * 60.0 / tempo_bpm


def named(symbol: str) -> Chord:
    chord = parse_symbol(symbol)
    assert chord is not None
    return chord


def test_every_chord_is_answered_on_its_beat() -> None:
    house = House(chords(TURNAROUND + " " + TURNAROUND, 4.0))
    jam = house.finish(sec_of(32))
    assert [(round(name.beat), name.symbol) for name in jam.names] == [(4 * i, s) for i, s in enumerate(TURNAROUND.split() * 2)]
    assert len(house.conductor.figures.ready_ms) == 8
    assert house.conductor.figures.fallbacks == 0
    bars_with_notes = {int(note.onset_beat // 4) for note in jam.solo}
    assert len(bars_with_notes) >= 7, "a soloist breathes, but does not fall silent"


class Rester:
    """Plays by rules, and from the third bar on rests for four."""

    name = "rester"

    def play(self, task: Task) -> Iterator[Event]:
        for event in FallbackSoloist().play(task):
            if isinstance(event, Frame) or not 2 <= event.tick // (4 * TICKS_PER_BEAT) < 6:
                yield event


def test_a_chord_may_be_answered_by_a_rest_and_the_note_after_it_is_not_late() -> None:
    house = House(chords("Dm7 G7 Cmaj7 A7 Dm7 G7 Cmaj7 Cmaj7", 4.0), soloist=Rester())
    house.finish(PLAY_SEC + 32 * 60 / 140)
    figures = house.conductor.figures
    assert figures.rests >= 2
    assert len(figures.ready_ms) + figures.rests == figures.chord_changes
    assert max(figures.ready_ms) < 100.0


class Comper:
    """Strikes each note of the rules with two more."""

    name = "comper"

    def play(self, task: Task) -> Iterator[Event]:
        for event in FallbackSoloist().play(task):
            yield event
            if isinstance(event, Note):
                yield from (Note(event.tick, event.pitch + above, event.duration_ticks) for above in (4, 7))


def test_a_player_of_chords_is_heard_whole() -> None:
    house = House(chords("Dm7 G7 Cmaj7 A7", 4.0), soloist=Comper())
    jam = house.finish(sec_of(16))
    pitches = [note.pitch for note in jam.solo]
    assert len(pitches) > 30
    assert {(middle - low, high - low) for low, middle, high in zip(pitches[::3], pitches[1::3], pitches[2::3], strict=True)} == {(4, 7)}
    assert min(note.duration_beat for note in jam.solo) > 0.05


class Punctual(Recorder):
    """Notes how long before its moment the player is told of each note."""

    def __init__(self) -> None:
        super().__init__(None, "jam", header_of("fallback", "", BY_RULES, 1, None, load_settings()))
        self.house: House | None = None
        self.early_ms: dict[int, float] = {}

    def sent(self, message: AnyMessage) -> None:
        super().sent(message)
        assert self.house is not None
        clock, now_sec = self.house.conductor.session.clock, self.house.clock.now_sec
        for note in message.notes if isinstance(message, Plan) else ():
            if note.lag_ms < LAG_MS_MAX:
                due_sec = clock.sec_at(note.onset_beat) + note.lag_ms / 1000
                self.early_ms.setdefault(note.id, (due_sec - now_sec) * 1000)


def test_every_note_has_time_to_reach_the_player() -> None:
    recorder = Punctual()
    recorder.house = house = House(changes(60.0, seed=3), recorder=recorder)
    house.finish(60.0)
    assert len(recorder.early_ms) > 150
    assert min(recorder.early_ms.values()) >= REACH_SEC * 1000 - 0.001


def test_a_chord_that_the_rules_answer_is_timed_as_well() -> None:
    house = House(chords(TURNAROUND + " " + TURNAROUND, 4.0), step_sec=0.5)
    house.finish(sec_of(32))
    figures = house.conductor.figures
    assert figures.fallbacks >= 8
    assert len(figures.ready_ms) + figures.rests == figures.chord_changes == 8


def test_the_line_fits_the_chord_that_sounds() -> None:
    house = House(chords("Dm7 G7 Cmaj7 A7 " * 8, 4.0))
    jam = house.finish(sec_of(128))
    fits = [note.pitch % 12 in named(_name_at(jam.names, note.onset_beat)).scale for note in jam.solo]
    assert sum(fits) / len(fits) > 0.6


def test_the_plan_reaches_two_bars_ahead_and_never_less_than_one() -> None:
    house = House(chords("Dm7 G7 " * 8, 2.0))
    house.finish(sec_of(32))
    assert min(house.conductor.figures.bars_ahead) >= 1.0


def test_from_the_second_pass_on_a_loop_is_foreseen() -> None:
    house = House(chords(TURNAROUND, 4.0), song_mode=False, pattern_beats=16)
    house.run(sec_of(17))
    changes_of_first_pass = house.conductor.figures.chord_changes
    house.run(sec_of(30))
    coming = [frame for frame in house.frames() if frame.tick == 22 * TICKS_PER_BEAT]
    assert coming[0].next_chord == named("Cmaj7")
    assert coming[0].next_in_beats == 2
    house.finish(sec_of(64))
    assert house.conductor.figures.chord_changes == changes_of_first_pass, "what was foreseen needs no new plan"
    assert house.conductor.session.epoch == 1 or house.conductor.score == ()


def test_a_loop_goes_on_as_one_line() -> None:
    house = House(chords(TURNAROUND, 4.0), song_mode=False, pattern_beats=16)
    house.run(sec_of(40))
    ticks = [note.tick for note in house.notes()]
    assert ticks == sorted(ticks)
    assert ticks[-1] > 40 * TICKS_PER_BEAT
    house.finish(sec_of(41))


@pytest.mark.parametrize("target_beat", [0.0, 5.5, 12.0])
def test_a_seek_silences_the_old_place_and_plays_at_the_new_one(target_beat: float) -> None:
    house = House(chords("Dm7 G7 Cmaj7 A7 Dm7 G7", 4.0))
    house.at(sec_of(9.3), lambda machine: machine.seek(target_beat))
    house.run(sec_of(9.3) + 0.15)
    assert house.conductor.session.clock.beat_at(house.clock.now_sec) < target_beat + 1
    assert all(note.tick >= (target_beat - 0.5) * TICKS_PER_BEAT for note in house.notes())
    house.finish(sec_of(9.3) + 6.0)
    after = [note for note in house.heard if note.at_sec > sec_of(9.3) + 0.15]
    assert after


def press(pitch: int, machine: Machine) -> None:
    machine.keys(True, pitch)


def test_a_chord_rolled_over_a_jump_back_is_answered_at_the_new_place() -> None:
    house = House(chords("F7", 4.0, 8.0))
    seam_sec = sec_of(16)
    for pitch, after_sec in ((48, -0.030), (52, -0.028), (55, -0.026), (59, 0.040)):
        house.at(seam_sec + after_sec, partial(press, pitch))
    house.at(seam_sec - 0.010, lambda machine: machine.seek(0.0))
    house.run(seam_sec + 0.2)
    assert house.conductor.chord_symbol == "Cmaj7"
    house.finish(seam_sec + 3.3)
    assert [note for note in house.heard if note.at_sec > seam_sec + 1.6]


def test_selecting_a_pattern_while_the_song_plays_changes_nothing() -> None:
    def played(select: bool) -> list[tuple[float, int]]:
        house = House(chords("Dm7", 2.0))
        if select:
            house.at(sec_of(6.3), lambda machine: machine.set_pattern(2, 16))
        return [(round(note.onset_beat, 1), note.pitch) for note in house.finish(sec_of(16)).solo]

    assert played(select=True) == played(select=False)


def test_stop_in_the_middle_of_a_bar_is_silence_and_start_goes_on() -> None:
    house = House(chords("Dm7 G7 Cmaj7 A7 Dm7 G7", 4.0))
    stop_sec = sec_of(6.6)
    house.at(stop_sec, lambda machine: machine.stop())
    house.run(stop_sec + 0.1)
    assert house.machine.sounding() == set()
    house.run(stop_sec + 2.0)
    assert not [note for note in house.heard if note.at_sec > stop_sec + 0.1]
    house.at(stop_sec + 2.0, lambda machine: machine.play())
    jam = house.finish(stop_sec + 8.0)
    assert [note for note in house.heard if note.at_sec > stop_sec + 2.0]
    assert max(note.onset_beat for note in jam.solo) > 8.0, "both stretches stand in one jam"


@pytest.mark.parametrize(("before", "after"), [(40.0, 300.0), (300.0, 40.0), (120.0, 126.0)])
def test_tempo_changes_take_over_at_once(before: float, after: float) -> None:
    house = House(chords("Dm7 G7 " * 40, 4.0), tempo_bpm=before)
    change_sec = sec_of(6.0, before)
    house.at(change_sec, lambda machine: machine.set_tempo(after))
    house.run(change_sec + 3.0)
    clock = house.conductor.session.clock
    assert clock.tempo_bpm == pytest.approx(after, rel=0.02)
    assert clock.beat_at(house.clock.now_sec) == pytest.approx(house.machine.studio.beat_at(house.clock.now_sec), abs=0.1)
    house.finish(change_sec + 6.0)
    assert [note for note in house.heard if note.at_sec > change_sec + 0.5]


@pytest.mark.parametrize("meter", [Meter(3, 4), Meter(5, 4), Meter(6, 8)])
def test_other_metres_have_their_own_bars(meter: Meter) -> None:
    bar = meter.bar_beats
    house = House(chords("Dm7 G7 Cmaj7 A7", bar), meter=meter, song_mode=False, pattern_beats=int(4 * bar))
    house.run(sec_of(6 * bar))
    downbeats = [frame.tick for frame in house.frames() if frame.beat_in_bar == 0 and frame.tick_in_beat == 0]
    assert all(tick % meter.bar_ticks == 0 for tick in downbeats)
    assert len(downbeats) >= 6
    assert house.conductor.session.grid.meter.bar_beats == bar
    house.finish(sec_of(8 * bar))


def test_chords_faster_than_the_model_leave_no_gap() -> None:
    symbols = "Dm7 Ebm7 G7 Cmaj7 Ab7 Db7 " * 8
    house = House(chords(symbols, 0.5), step_sec=0.090)
    house.run(sec_of(24))
    assert house.conductor.figures.fallbacks > 0
    assert house.heard
    house.finish(sec_of(26))


def test_a_chord_held_for_minutes_is_played_on_for_minutes() -> None:
    held: list[SongChord] = [(0.0, 1000.0, voice(named("Dm7")), 80)]
    house = House(held)
    jam = house.finish(180.0)
    onsets = [note.onset_beat for note in jam.solo]
    assert max(after - before for before, after in pairwise(onsets)) < 8.0
    assert onsets[-1] > 400


@pytest.mark.parametrize(("played", "meant"), [(4.04, 4.0), (3.93, 4.0), (5.5, 5.5), (6.34, 6.0 + 1 / 3)])
def test_chords_off_the_grid_are_put_where_they_are_meant(played: float, meant: float) -> None:
    house = House([*chords("Dm7", played - 0.1), *chords("G7", 8.0, played)])
    house.run(sec_of(played) + 0.5)
    first = next(frame for frame in house.frames() if frame.chord == named("G7"))
    assert first.tick == round(meant * TICKS_PER_BEAT)
    house.finish(sec_of(16))


def test_a_chart_is_played_before_a_chord_is_heard() -> None:
    house = House(chart="Dm7 | G7 | Cmaj7 | %")
    house.run(sec_of(8.5))
    assert house.heard
    assert next(frame for frame in house.frames() if frame.tick == 4 * TICKS_PER_BEAT).chord == named("G7")
    house.finish(sec_of(16))


def test_chords_that_follow_the_chart_need_no_new_plan() -> None:
    house = House(chords("Dm7 G7 Cmaj7 Cmaj7", 4.0), chart="Dm7 | G7 | Cmaj7 | %")
    house.finish(sec_of(16))
    assert house.conductor.figures.chord_changes == 0


def test_nothing_is_played_before_anything_is_known() -> None:
    house = House()
    house.finish(6.0)
    assert house.heard == []


def test_a_reloaded_script_goes_on() -> None:
    house = House(chords("Dm7 G7 Cmaj7 A7 Dm7 G7 Cmaj7", 4.0))
    house.at(sec_of(6.0), lambda machine: machine.reload_script())
    house.finish(sec_of(26))
    assert [note for note in house.heard if note.at_sec > sec_of(12.0)]


def test_the_same_seed_gives_the_same_notes_and_another_seed_others() -> None:
    def played(seed: int) -> list[tuple[float, int]]:
        house = House(chords(TURNAROUND, 4.0), seed=seed)
        return [(note.onset_beat, note.pitch) for note in house.finish(sec_of(16)).solo]

    assert played(3) == played(3)
    assert [pitch for _, pitch in played(3)] != [pitch for _, pitch in played(4)]


def kept_jam(folder: Path) -> House:
    recorder = Recorder(folder, "jam", header_of("fallback", "", BY_RULES, 5, None, load_settings()))
    house = House(chords(TURNAROUND, 4.0), seed=5, song_mode=False, pattern_beats=16, recorder=recorder)
    house.at(sec_of(18.7), lambda machine: machine.stop())
    house.at(sec_of(20.0), lambda machine: machine.play())
    house.at(sec_of(30.0), lambda machine: machine.set_tempo(90.0))
    return house


def test_a_log_gives_the_same_jam_again(tmp_path: Path) -> None:
    house = kept_jam(tmp_path)
    jam = house.finish(sec_of(40))
    log = tmp_path / "jam.jsonl"
    header, entries = read_log(log)
    recorder, compared = replay(header, entries, house.soloist, ReplayOptions(log, "cpu", tmp_path / "again", load_settings()))
    again = recorder.close()
    assert compared >= len(jam.solo) > 30
    assert again.solo == jam.solo
    assert (tmp_path / "again" / "jam.mid").read_bytes() == (tmp_path / "jam.mid").read_bytes()


def test_a_jam_that_is_ended_while_it_plays_has_its_last_chords_names_again(tmp_path: Path) -> None:
    house = kept_jam(tmp_path)
    house.run(sec_of(15))
    house.conductor.stop(house.clock.now_sec)
    assert house.recorder is not None
    jam, log = house.recorder.close(), tmp_path / "jam.jsonl"
    header, entries = read_log(log)
    recorder, _ = replay(header, entries, house.soloist, ReplayOptions(log, "cpu", tmp_path / "again", load_settings()))
    assert recorder.close().names == jam.names
    assert [name.symbol for name in jam.names] == TURNAROUND.split()


def test_a_changed_log_is_told_from_a_true_one(tmp_path: Path) -> None:
    house = kept_jam(tmp_path)
    house.finish(sec_of(24))
    log = tmp_path / "jam.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if line.startswith(b'["p"') and line.count(b",") == 5)
    entry = lines[place].rstrip().rstrip(b"]").split(b",")
    entry[4] = str(int(entry[4]) + 1).encode()
    lines[place] = b",".join(entry) + b"]]\n"
    log.write_bytes(b"".join(lines))
    header, entries = read_log(log)
    with pytest.raises(DataError, match="changed"):
        replay(header, entries, house.soloist, ReplayOptions(log, "cpu", tmp_path / "again", load_settings()))


@pytest.mark.parametrize(("was", "spoiled"), [(b'"tempo_bpm":', b'"tempo_bpm":-'), (b'"guard_ms":', b'"guard_ms":"x","y":')])
def test_a_spoiled_log_is_refused_in_one_line(tmp_path: Path, was: bytes, spoiled: bytes) -> None:
    house = kept_jam(tmp_path)
    house.finish(sec_of(8))
    log = tmp_path / "jam.jsonl"
    log.write_bytes(log.read_bytes().replace(was, spoiled))
    header, entries = read_log(log)
    with pytest.raises(DataError, match="damaged"):
        replay(header, entries, house.soloist, ReplayOptions(log, "cpu", tmp_path / "again", load_settings()))


def test_a_log_cut_short_by_a_kill_can_still_be_replayed(tmp_path: Path) -> None:
    house = kept_jam(tmp_path)
    house.finish(sec_of(24))
    log = tmp_path / "jam.jsonl"
    data = log.read_bytes()
    log.write_bytes(data[: len(data) * 2 // 3])
    header, entries = read_log(log)
    _, compared = replay(header, entries, house.soloist, ReplayOptions(log, "cpu", tmp_path / "again", load_settings()))
    assert compared > 5


def _name_at(names: tuple[ChordName, ...], beat: float) -> str:
    return next(name.symbol for name in reversed(names) if name.beat <= beat + 0.01)
