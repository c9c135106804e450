"""Whole files humanized: what changes, how far, and what never does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.humanize.midi_file import MidiFile, parse_midi
from companion.humanize.song import BarRange, DuvWish, Job, load_song
from companion.humanize.work import humanize
from shared.errors import DataError
from tests.companion.humanize.maker import (
    ALL_BARS,
    BPM,
    LINE,
    MS,
    TPB,
    Fake,
    Stroke,
    job,
    metre,
    midi,
    name,
    notes,
    only_part,
    played,
    session,
    song,
    strokes_of,
    tempo,
    with_rules,
)


@pytest.mark.parametrize("intensity", [0.25, 0.5, 1.0])
def test_each_quantity_goes_its_share_of_the_way(intensity: float) -> None:
    fake = Fake(lambda written: 60.0, lambda written: 20.0, lambda written: np.log(0.5))
    data, _ = played(song(LINE, "Piano", 0), job("keys", intensity=intensity), fake=fake)
    for (onset, length, pitch, velocity), (was, whole, same, loud) in zip(strokes_of(data), LINE, strict=True):
        assert pitch == same
        assert velocity == round(loud + intensity * (60 - loud))
        assert onset == pytest.approx(was + intensity * 20 * MS, abs=1 / TPB)
        assert length == pytest.approx(whole * (1 - intensity / 2), abs=1 / TPB)


@pytest.mark.parametrize("quantity", ["velocity", "duration", "timing"])
def test_each_quantity_has_an_intensity_of_its_own(quantity: str) -> None:
    fake = Fake(lambda written: 60.0, lambda written: 20.0, lambda written: -0.5)
    shares = {"intensity": 0.0, quantity: 1.0}
    data, _ = played(song(LINE, "Bass", 0), job("bass", ALL_BARS, None, **shares), fake=fake)
    changed = {
        label
        for new, old in zip(strokes_of(data), LINE, strict=True)
        for label, a, b in zip(("timing", "duration", "pitch", "velocity"), new, old, strict=True) if abs(a - b) > 1e-9
    }  # fmt: skip
    assert changed == {quantity}


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(1, 700), st.integers(40, 43), st.integers(1, 127)),
        min_size=1, max_size=25, unique_by=lambda row: (row[0], row[2]),
    ),
    st.integers(0, 1000),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_distances_grow_with_intensity_from_nothing(rows: list[tuple[int, int, int, int]], seed: int) -> None:
    """Whatever the notes, and however they lie over each other; only of two that start as one on one pitch, nobody
    could tell afterwards which became which."""
    strokes = [(on / 90, length / 90, pitch, velocity) for on, length, pitch, velocity in rows]
    file = song(strokes, "Bass", 0)
    chance = np.random.default_rng(seed)
    drawn = chance.normal(0, 1, (2, 200))
    fake = Fake(lambda written: 64 + 30 * drawn[0, : len(written)], lambda written: 25 * drawn[1, : len(written)])
    before = strokes_of(midi_of(file))
    assert played(file, job("bass", intensity=0.0), fake=fake)[0] == midi_of(file)
    last = np.zeros(2)
    for intensity in (0.2, 0.5, 0.8, 1.0):
        data, _ = played(file, job("bass", duration=0.0, intensity=intensity), fake=fake)
        after = strokes_of(data)
        # Pitch by pitch, notes keep their order.
        pairs = [pair for pitch in range(40, 44) for pair in zip(of(after, pitch), of(before, pitch), strict=True)]
        away = np.array([sum(abs(new[place] - old[place]) for new, old in pairs) for place in (0, 3)])
        assert (away >= last - 1e-9).all()
        last = away
    assert len(after) == len(before)


def of(strokes: list[Stroke], pitch: int) -> list[Stroke]:
    return [stroke for stroke in strokes if stroke[2] == pitch]


def midi_of(file: MidiFile) -> bytes:
    return played(file)[0]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    file = song(LINE)
    once, again, other = (played(file, job(intensity=1.0), seed=seed, sample=True)[0] for seed in (7, 7, 8))
    assert once == again != other
    fake = Fake()
    played(file, job(intensity=1.0), fake=fake, seed=7)
    assert fake.asked[0][1] is None


def test_tracks_are_sampled_each_with_chances_of_its_own() -> None:
    fake = Fake()
    two = parse_midi(midi([name("Bass"), *notes(LINE, 0)], [name("Sub bass"), *notes(LINE, 1)]))
    played(two, job("bass", intensity=1.0), fake=fake, sample=True)
    first, second = (seed for _, seed in fake.asked)
    assert first != second


def test_what_is_written_does_not_tell_how_loud_the_notes_are() -> None:
    quiet, loud = Fake(), Fake()
    played(song([(a, b, c, 20 + int(a)) for a, b, c, _ in LINE]), job(intensity=1.0), fake=quiet)
    played(song(LINE), job(intensity=1.0), fake=loud)
    for one, other in zip(vars_of(quiet), vars_of(loud), strict=True):
        assert np.array_equal(one, other)


def vars_of(fake: Fake) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    written = fake.asked[0][0]
    return [getattr(written, name) for name in ("onset_beat", "duration_beat", "pitch", "bar_beat", "tempo_bpm")]


def test_accents_can_be_kept() -> None:
    accented = [(a, b, c, 120 if place % 4 == 0 else 90) for place, (a, b, c, _) in enumerate(LINE)]
    wishes = (DuvWish(intensity=1.0, keep_accents=keep) for keep in (False, True))
    plain, kept = (played(song(accented), Job("drums", ALL_BARS, None, None, False, None, wish))[0] for wish in wishes)
    assert {stroke[3] for stroke in strokes_of(plain)} == {64}
    assert [stroke[3] for stroke in strokes_of(kept)] == [94 if place % 4 == 0 else 64 for place in range(16)]


@pytest.mark.parametrize(("title", "instrument"), [("Bass", "bass"), ("Tenor sax", "lead"), ("Violins", "strings"), ("Guitar", "guitar")])
def test_a_track_stays_as_loud_as_it_was_where_loudness_was_not_learned_from_a_player(title: str, instrument: str) -> None:
    shaped = Fake(lambda written: np.where(written.pitch > 40, 50.0, 40.0))
    for level in (60, 100):
        file = song([(a, b, c, level) for a, b, c, _ in LINE], title, 0)
        data, _ = humanize(file, [job(instrument, intensity=1.0)], session(shaped, keep_level=True))
        assert {stroke[3] for stroke in strokes_of(data)} == {level - 5, level + 5}


def test_only_the_chosen_bars_change() -> None:
    data, _ = played(song(LINE), job(bars=BarRange(1, 1), intensity=1.0), fake=Fake(onset_ms=lambda written: 10.0))
    changed = [new != old for new, old in zip(strokes_of(data), sorted(LINE), strict=True)]
    assert changed == [False] * 8 + [True] * 8


def test_a_bar_alone_is_played_as_in_the_whole() -> None:
    """The model hears the whole track, and chance does not depend on which bars are chosen."""
    whole, alone = (played(song(LINE), with_rules("drums", bars, intensity=1.0), sample=True)[0] for bars in (ALL_BARS, BarRange(1, 1)))
    second = [[stroke for stroke in strokes_of(data) if stroke[0] > 4.2] for data in (whole, alone)]
    assert second[0] == second[1] != []


def test_key_switches_are_neither_touched_nor_shown_to_the_model() -> None:
    fake = Fake(onset_ms=lambda written: 30.0)
    strokes: list[Stroke] = [(0, 4, 12, 1), *((beat, 1, 50, 90) for beat in (0.0, 1.0, 2.0))]
    data, _ = played(song(strokes, "Guitar", 0), with_rules("guitar", intensity=1.0), fake=fake)
    assert strokes_of(data)[0] == (0, 4, 12, 1)
    assert set(fake.asked[0][0].pitch.tolist()) == {50}
    assert strokes_of(data)[1][0] > 0


def test_a_pitch_is_released_before_it_is_struck_again() -> None:
    fake = Fake(onset_ms=lambda written: np.where(np.arange(len(written)) % 2, -40.0, 40.0), log_ratio=lambda written: 1.0)
    repeated: list[Stroke] = [(beat / 4, 0.25, 40, 90) for beat in range(32)]
    data, _ = played(song(repeated, "Bass", 0), job("bass", intensity=1.0), fake=fake)
    after = strokes_of(data)
    assert len(after) == 32
    assert all(before[1] > 0 and before[0] + before[1] <= then[0] + 1e-9 for before, then in pairwise(after))


def test_doubled_notes_stay_one_stroke_and_do_not_end_the_next() -> None:
    """As a receiver hears them, which knows a note by its pitch alone: no release may come between a stroke and its own."""
    doubled = sorted([*LINE, *((onset, 0.5, pitch, 60) for onset, _, pitch, _ in LINE)])
    chance = np.random.default_rng(5).normal(0, 1, (2, 64))
    fake = Fake(onset_ms=lambda written: 30 * chance[0, : len(written)], log_ratio=lambda written: 1.0 + chance[1, : len(written)])
    data, _ = played(song(doubled, "Bass", 0), job("bass", intensity=1.0), fake=fake)
    for pitch in (38, 42):
        (_, track) = parse_midi(data).tracks
        events = [event for event in track.events if event.status & 0xE0 == 0x80 and event.data[0] == pitch]
        strikes = [event.tick for event in events if event.status & 0xF0 == 0x90]
        assert strikes[::2] == strikes[1::2]
        kinds = [event.status & 0xF0 for event in events]
        assert kinds == [0x90, 0x90, 0x80, 0x80] * 8


def test_no_note_passes_a_change_of_sound_or_the_beginning() -> None:
    changed = [(0, b"\xc0\x21"), *notes([(0, 1, 40, 90)]), (960, b"\xc0\x22"), *notes([(2, 1, 43, 90)])]
    file = parse_midi(midi([name("Bass"), *changed]))
    data, _ = played(file, job("bass", intensity=1.0), fake=Fake(onset_ms=lambda written: -50.0))
    assert [stroke[0] for stroke in strokes_of(data)] == [0, 2]
    soon = [(0, b"\xc0\x21"), *notes([(0.97, 1, 40, 90)]), (480, b"\xc0\x22"), *notes([(3, 1, 43, 90)])]
    file = parse_midi(midi([name("Bass"), *sorted(soon, key=lambda timed: timed[0])]))
    data, _ = played(file, job("bass", intensity=1.0), fake=Fake(onset_ms=lambda written: 60.0))
    (track,) = parse_midi(data).tracks
    assert [event.status for event in track.events if event.status in (0x90, 0xC0)] == [0xC0, 0x90, 0xC0, 0x90]


GUITAR: list[Stroke] = [(beat, 0.5, 50 + place, 90) for place, beat in enumerate((1.0, 2.0, 2.95, 4.0))]


@pytest.mark.parametrize(("early_ms", "beats"), [(-8.0, (1, 2, 2.95 - 8 * MS, 4)), (30.0, (1 + 30 * MS, 2 + 30 * MS, 3, 4 + 30 * MS))])
def test_no_note_passes_a_key_switch(early_ms: float, beats: tuple[float, ...]) -> None:
    """Keys that change how the next notes sound, on the beat and together with some of them, in whatever order they are written."""
    switches: list[Stroke] = [(1.0, 0.5, 24, 1), (2.0, 0.5, 25, 1), (3.0, 1.0, 26, 1)]
    fake = Fake(onset_ms=lambda written: early_ms)
    for first, second in ((GUITAR, switches), (switches, GUITAR)):
        timed = sorted([*notes(first), *notes(second)], key=lambda event: event[0])
        data, _ = played(parse_midi(midi([tempo(BPM)], [name("Guitar"), *timed])), job("guitar", intensity=1.0), fake=fake)
        after = strokes_of(data)
        assert [stroke for stroke in after if stroke[2] < 28] == switches
        assert [stroke[0] for stroke in after if stroke[2] >= 28] == pytest.approx(beats, abs=1.1 / TPB)
        for onset, _, pitch, _ in after:
            assert pitch < 50 or [switch for switch in switches if switch[0] <= onset] == switches[: (1, 2, 2, 3)[pitch - 50]]


@pytest.mark.parametrize("early_ms", [-8.0, 8.0])
def test_no_note_begins_in_the_bend_of_another(early_ms: float) -> None:
    bends = [(480, 0x2000), (1200, 0x3000), (1440, 0x2000), (1440, 0x2000), (2357, 0x1000)]
    wheel = [(tick, bytes([0xE0, value & 0x7F, value >> 7])) for tick, value in bends]
    line: list[Stroke] = [(1.0, 1.0, 50, 90), (2.0, 1.0, 52, 90), (3.0, 1.0, 53, 90), (4.9, 1.0, 55, 90)]
    for first, second in ((notes(line), wheel), (wheel, notes(line))):
        timed = sorted([*first, *second], key=lambda event: event[0])
        file = parse_midi(midi([tempo(BPM)], [name("Guitar"), *timed]))
        data, _ = played(file, job("guitar", intensity=1.0), fake=Fake(onset_ms=lambda written: early_ms))
        late = [new[0] - old[0] for new, old in zip(strokes_of(data), line, strict=True)]
        free = early_ms * MS
        assert late == pytest.approx([free, free, max(free, 0), min(free, 4 / TPB)], abs=1.1 / TPB)


def test_every_other_event_stays_byte_for_byte() -> None:
    others = [(0, b"\xb9\x07\x64"), (100, b"\xf0\x03\x01\x02\xf7"), (333, b"\xff\x01\x05hello"), (500, b"\xe9\x00\x40"), (700, b"\xd9\x11")]
    part = sorted([*others, *notes(LINE, 9)], key=lambda timed: timed[0])
    file = parse_midi(midi([tempo(BPM)], [name("Drums"), *part], [name("Sax"), *notes(LINE, 3)]))
    data, reports = played(file, with_rules("drums", intensity=1.0))
    after = parse_midi(data)
    assert [chunk.raw for chunk in (after.tracks[0], after.tracks[2])] == [chunk.raw for chunk in (file.tracks[0], file.tracks[2])]
    kept = [(event.tick, event.body) for event in after.tracks[1].events if event.status & 0xE0 != 0x80]
    assert kept == [(event.tick, event.body) for event in file.tracks[1].events if event.status & 0xE0 != 0x80]
    assert [bool(report.jobs) for report in reports] == [True, False]


def test_sections_of_a_song_are_done_each_in_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "song.yaml").write_text(
        "sections:\n  verse: {bars: 1, instruments: {drums: {duv: {velocity: 1, timing: 0}}}}\n"
        "  chorus: {bars: 2-9, instruments: {drums: {duv: {velocity: 0.5, timing: 0}}, bass: {controls: {}}}}\n",
        encoding="utf-8",
    )
    fake = Fake()
    data, _ = played(song(LINE), *load_song(tmp_path / "song.yaml"), fake=fake)
    assert len(fake.asked) == 1
    assert [stroke[3] for stroke in strokes_of(data)] == [64] * 8 + [82] * 8


@pytest.mark.parametrize("over_under", [(3, 4), (6, 8), (5, 4), (4, 4)])
def test_the_model_is_told_the_metre(over_under: tuple[int, int]) -> None:
    fake = Fake()
    file = parse_midi(midi([metre(*over_under)], [name("Drums"), *notes(LINE, 9)]))
    played(file, job(intensity=1.0), fake=fake)
    written = fake.asked[0][0]
    assert set(written.bar_beats.tolist()) == {over_under[0] * 4 / over_under[1]}
    assert set(written.pulse_beats.tolist()) == {1.5 if over_under == (6, 8) else 1.0}


def test_a_tempo_change_is_heard_by_the_model_and_kept_in_milliseconds() -> None:
    fake = Fake(onset_ms=lambda written: 20.0)
    file = parse_midi(midi([tempo(60), tempo(120, 4 * TPB)], [name("Bass"), *notes([(1, 1, 40, 90), (5, 1, 40, 90)])]))
    data, _ = played(file, job("bass", intensity=1.0), fake=fake)
    assert fake.asked[0][0].tempo_bpm.tolist() == pytest.approx([60, 120])
    assert [stroke[0] for stroke in strokes_of(data)] == pytest.approx([1.02, 5.04], abs=1 / TPB)


def test_one_track_of_many_channels_is_many_parts() -> None:
    file = parse_midi(midi(sorted([*notes(LINE, 9), *notes([(a, b, 40, c) for a, b, _, c in LINE], 1), (0, b"\xc1\x21")]), layout=0))
    fake = Fake()
    _, reports = played(file, job("drums", intensity=1.0), job("bass", intensity=1.0), fake=fake)
    assert [(report.name, [task.instrument for task in report.jobs]) for report in reports] == [
        ("track 1 (channel 2)", ["bass"]), ("track 1 (channel 10)", ["drums"]),
    ]  # fmt: skip
    assert [written.instrument for written, _ in fake.asked] == ["bass", "drums"]


def test_the_name_of_a_song_does_not_tell_its_channels_instruments() -> None:
    programs = [(0, b"\xc1\x21"), (0, b"\xc2\x42"), (0, b"\xc3\x10")]
    lines = [timed for channel in (1, 2, 3, 4) for timed in notes(LINE, channel)]
    file = parse_midi(midi(sorted([name("Piano Man"), *programs, *lines], key=lambda timed: timed[0]), layout=0))
    jobs = [job(known, intensity=1.0) for known in ("bass", "keys", "lead")]
    _, reports = played(file, *jobs)
    assert [[task.instrument for task in report.jobs] for report in reports] == [["bass"], ["lead"], [], ["keys"]]


@pytest.mark.parametrize(
    ("title", "channel", "program", "instrument"),
    [
        ("Drums", 3, None, "drums"), ("anything", 9, None, "drums"), ("Bass Drum", 3, None, "drums"), ("Bass guitar", 0, None, "bass"),
        ("Gtr L", 0, None, "guitar"), ("Grand Piano", 0, None, "keys"), ("Cello", 0, None, "strings"), ("MIDI 1", 0, 33, "bass"),
        ("MIDI 1", 0, 48, "strings"), ("MIDI 1", 0, None, None), ("Hammond", 0, 17, None), ("Tenor Sax", 0, None, "lead"),
        ("Trumpet 2", 0, 0, "lead"), ("Flute", 3, None, "lead"), ("Lead", 0, None, "lead"), ("synth lead", 0, None, "lead"),
        ("Solo", 0, None, "lead"), ("Melody", 0, None, "lead"), ("French Horn", 0, None, "lead"), ("Lead Vocals", 0, None, "lead"),
        ("Lead Guitar", 0, None, "guitar"), ("Solo Violin", 0, None, "strings"), ("Piano Solo", 0, None, "keys"),
        ("Solo Bass", 0, None, "bass"), ("Bass Lead", 0, None, "bass"), ("Drum Solo", 0, None, "drums"), ("Lead", 9, None, "drums"),
        ("Bass Clarinet", 0, None, "lead"), ("Bass Sax", 0, None, "lead"), ("Bass Trombone", 0, None, "lead"),
        ("Bassoon", 0, None, "lead"), ("String Bass", 0, None, "bass"), ("Slap Bass Guitar Solo", 0, None, "bass"),
        *(("MIDI 1", 0, program, "lead") for program in (56, 57, 63, 64, 66, 73, 79, 80, 87)),
        *(("MIDI 1", 0, program, None) for program in (46, 47, 52, 55, 88)),
    ],
)  # fmt: skip
def test_a_track_is_known_by_channel_name_or_program(title: str, channel: int, program: int | None, instrument: str | None) -> None:
    change = [] if program is None else [(0, bytes([0xC0 | channel, program]))]
    file = parse_midi(midi([name(title), *change, *notes(LINE, channel)]))
    jobs = [job(known, intensity=1.0) for known in ("drums", "bass", "guitar", "keys", "strings", "lead")]
    _, (report,) = played(file, *jobs)
    assert [task.instrument for task in report.jobs] == ([instrument] if instrument is not None else [])
    assert (report.why == "") is (instrument is not None)


def test_odd_tracks_are_humanized_as_they_are() -> None:
    nothing = parse_midi(midi([name("Drums")]))
    assert played(nothing, job(intensity=1.0)) == (midi([name("Drums")]), [])
    one, _ = played(song([(0, 1, 38, 100)]), job(intensity=1.0))
    assert [stroke[3] for stroke in strokes_of(one)] == [64]
    endless = parse_midi(midi([name("Bass"), (0, b"\x90\x28\x5a"), (480, b"\x90\x2b\x5a"), (960, b"\x80\x2b\x00")]))
    data, _ = played(endless, job("bass", intensity=1.0), fake=Fake(log_ratio=lambda written: 0.7))
    part = only_part(parse_midi(data))
    assert part.has_end.tolist() == [False, True]
    assert part.notes.velocity.tolist() == [64, 64]


def test_a_hundred_thousand_notes_are_humanized() -> None:
    strokes: list[Stroke] = [(place / 8, 0.125, 36 + 2 * (place % 4), 100) for place in range(100_000)]
    data, (report,) = played(song(strokes), job(intensity=1.0), fake=Fake(onset_ms=lambda written: 5.0))
    assert report.changed == report.notes == 100_000
    assert len(data) > 600_000


@pytest.mark.parametrize("broken", [b"\xff\x51\x03\0\0\0", b"\xff\x58\x04\0\x02\x18\x08", b"\xff\x58\x04\x04\x20\x18\x08"])
def test_a_tempo_or_metre_that_cannot_be_is_damage(broken: bytes) -> None:
    with pytest.raises(DataError, match="damaged"):
        played(parse_midi(midi([(0, broken)], [name("Drums"), *notes(LINE, 9)])), job(intensity=1.0))
