"""A player's own bars: which of them count for whom, and what they are taken to be written as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companion.humanize.like import Take, read_take
from companion.humanize.midi_file import MidiFile, parse_midi
from companion.humanize.parts import read_parts, read_timeline
from companion.humanize.song import BarRange, DuvWish, Job
from companion.humanize.work import humanize
from shared.errors import DataError
from tests.companion.humanize.maker import Fake, Stroke, Timed, metre, midi, name, notes, session, strokes_of, tempo

BPM = 120.0
MS = BPM / 60_000.0


def take(*tracks: list[Timed]) -> Take:
    file = parse_midi(midi([tempo(BPM)], *tracks))
    return Take(Path("me.mid"), read_timeline(file), tuple(read_parts(file)))


def wished(instrument: str, like: Take, duration: float = 1.0, timing: float = 1.0) -> Job:
    return Job(instrument, BarRange(), None, None, False, None, DuvWish(velocity=1.0, duration=duration, timing=timing), like)


def song(*titles: str) -> MidiFile:
    line: list[Stroke] = [(beat / 2, 0.5, 40, 90) for beat in range(8)]
    return parse_midi(midi(*([name(title), *notes(line, channel)] for channel, title in enumerate(titles))))


def test_a_lively_player_s_lean_is_found_though_single_notes_stray_far() -> None:
    """Three times as far as a note of a sequencer may lie beside the grid to be taken for written there."""
    chance = np.random.default_rng(2)
    late = 10.0 + chance.normal(0, 18, 400)
    for title, channel, pitch in (("Bass", 0, 40), ("Drums", 9, 38)):
        strokes: list[Stroke] = [(1 + beat / 2 + float(lag) * MS, 0.4, pitch, 80) for beat, lag in enumerate(late)]
        own = take([name(title), *notes(strokes, channel)])
        (score,) = own.scores(list(own.parts), title.lower(), "unknown", ())
        assert np.isclose(score.written.onset_beat, 1 + np.arange(400) / 2).mean() > 0.98, "but for those that lie nearer to a triplet"
        assert score.played.onset_ms.mean() == pytest.approx(late.mean(), abs=2.0)
        assert score.played.onset_ms.std() == pytest.approx(late.std(), rel=0.1)
    assert score.played.velocity.tolist() == [80.0] * 400


def test_swung_and_odd_bars_are_read_from_the_downbeat() -> None:
    written = [bar * 3.5 + place for bar in range(8) for place in (0, 2 / 3, 1, 5 / 3, 2, 3)]
    strokes: list[Stroke] = [(onset + 0.02, 1 / 3 - 0.05, 50, 80) for onset in written]
    own = take([metre(7, 8), name("Bass"), *notes(strokes)])
    (score,) = own.scores(list(own.parts), "bass", "unknown", ())
    np.testing.assert_allclose(score.written.onset_beat, written, atol=1e-6)
    assert set(score.written.duration_beat.round(3).tolist()) == {0.25, 0.333}


def test_every_instrument_is_like_its_own_tracks_and_asked_once() -> None:
    own = take(
        [name("Bass 1"), *notes([(float(beat), 1, 40, 70) for beat in range(4)], 0)],
        [name("Bass 2"), *notes([(float(beat), 1, 40, 90) for beat in range(4)], 1)],
        [name("Piano"), *notes([(float(beat), 1, 60, 30) for beat in range(4)], 2)],
    )
    fake = Fake(velocity=lambda written: 50.0)
    file = song("Bass", "Sub bass", "Keys", "Strings")
    jobs = [wished(instrument, own, duration=0.0, timing=0.0) for instrument in ("bass", "keys", "strings")]
    data, reports = humanize(file, jobs, session(fake))
    assert [{stroke[3] for stroke in strokes_of(data, place)} for place in range(4)] == [{80}, {80}, {30}, {50}]
    assert [len(takes) for takes in fake.heard] == [2, 1]
    assert [report.remarks for report in reports] == [
        ("like 8 notes of me.mid",), ("like 8 notes of me.mid",), ("like 4 notes of me.mid",), ("not calibrated: me.mid holds no strings",),
    ]  # fmt: skip


def test_key_switches_tell_nothing_of_a_player() -> None:
    own = take([name("Guitar"), *notes([(0, 4, 12, 1), (0, 1, 50, 90), (1, 1, 52, 90)])])
    fake = Fake()
    humanize(song("Guitar"), [wished("guitar", own)], session(fake))
    ((written, _),) = fake.heard[0]
    assert written.pitch.tolist() == [50, 52]


def test_one_note_is_a_take_and_none_is_not(tmp_path: Path) -> None:
    path = tmp_path / "me.mid"
    path.write_bytes(midi([name("Bass"), *notes([(0, 1, 40, 90)])]))
    assert [len(part.notes) for part in read_take(path).parts] == [1]
    path.write_bytes(midi([name("Bass"), (0, b"\xff\x51\x03\0\0\0"), *notes([(0, 1, 40, 90)])]))
    with pytest.raises(DataError, match=r"me\.mid: damaged: a tempo of zero"):
        read_take(path)
    path.write_bytes(midi([name("Bass")]))
    with pytest.raises(DataError, match=r"me\.mid: holds no notes"):
        read_take(path)
