"""pretty_midi objects humanized: a copy changes, the object stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from companion.humanize import apply_duv_to_pretty_midi
from companion.humanize.pretty import humanized, timeline_of
from companion.humanize.song import DuvWish
from shared.errors import ConfigError
from tests.companion.humanize.maker import Fake, midi, name, session, tempo
from tests.companion.humanize.maker import metre as metre_at
from tests.companion.humanize.maker import notes as strokes
from tests.companion.humanize.small_models import save_small


def piece() -> pretty_midi.PrettyMIDI:
    pm = pretty_midi.PrettyMIDI(initial_tempo=120)
    for title, program, is_drum, pitch in (("Bass", 33, False, 40), ("Kit", 0, True, 38), ("Sax", 66, False, 70)):
        part = pretty_midi.Instrument(program, is_drum, title)
        part.notes = [pretty_midi.Note(100, pitch, beat / 2, beat / 2 + 0.5) for beat in range(8)]
        pm.instruments.append(part)
    return pm


def rows(pm: pretty_midi.PrettyMIDI, place: int) -> list[tuple[float, float, int]]:
    return [(note.start, note.end, note.velocity) for note in pm.instruments[place].notes]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small untrained humanizers, where models are looked for first."""
    monkeypatch.chdir(tmp_path)
    save_small(Path("checkpoints") / "drums_duv_v3")
    save_small(Path("checkpoints") / "bass_duv_v3")


@pytest.mark.usefixtures("models")
def test_the_parts_that_the_model_is_for_change_in_a_copy() -> None:
    before = piece()
    after = apply_duv_to_pretty_midi(before, "drums_duv_v3", 0.9)
    assert [rows(before, place) == rows(piece(), place) for place in range(3)] == [True] * 3
    assert [rows(after, place) == rows(before, place) for place in range(3)] == [True, False, True]
    assert len({note.velocity for note in after.instruments[1].notes}) > 0
    assert all(1 <= note.velocity <= 127 for note in after.instruments[1].notes)


@pytest.mark.usefixtures("models")
def test_names_choose_other_parts_and_seeds_other_playings() -> None:
    before = piece()
    chosen = apply_duv_to_pretty_midi(before, Path("checkpoints") / "bass_duv_v3", 0.9, include_regex="(?i)sax|bass")
    assert [rows(chosen, place) == rows(before, place) for place in range(3)] == [False, True, False]
    one, same, other = (rows(apply_duv_to_pretty_midi(before, "bass_duv_v3", 1.0, seed=seed), 0) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.usefixtures("models")
def test_intensity_0_changes_nothing_and_mistakes_are_told() -> None:
    before = piece()
    assert rows(apply_duv_to_pretty_midi(before, "drums_duv_v3", 0.0), 1) == rows(before, 1)
    with pytest.raises(ConfigError, match="viola_duv"):
        apply_duv_to_pretty_midi(before, "viola_duv", 0.5)
    with pytest.raises(ConfigError, match="include_regex"):
        apply_duv_to_pretty_midi(before, "drums_duv_v3", 0.5, include_regex="(")
    with pytest.raises(ConfigError, match="intensity"):
        apply_duv_to_pretty_midi(before, "drums_duv_v3", 5.0)


@pytest.mark.usefixtures("models")
def test_notes_move_as_far_as_they_are_told_in_seconds() -> None:
    fake = Fake(lambda written: 60.0, lambda written: 20.0)
    after = humanized(piece(), DuvWish(model="bass_duv_v3", intensity=0.5), None, session(fake))
    start, end, velocity = zip(*rows(after, 0), strict=True)
    assert start == pytest.approx([beat / 2 + 0.01 for beat in range(8)])
    assert velocity == (80,) * 8
    assert all(stop <= begin + 1e-9 for stop, begin in zip(end[:-1], start[1:], strict=True))


@pytest.mark.usefixtures("models")
def test_key_switches_are_neither_touched_nor_shown_to_the_model() -> None:
    before = piece()
    before.instruments[0].notes.append(pretty_midi.Note(1, 12, 0.0, 4.0))
    fake = Fake(lambda written: 60.0, lambda written: 20.0)
    after = humanized(before, DuvWish(model="bass_duv_v3", intensity=1.0), None, session(fake))
    assert rows(after, 0)[-1] == (0.0, 4.0, 1)
    assert fake.asked[0][0].pitch.tolist() == [40] * 8
    assert [row[2] for row in rows(after, 0)[:-1]] == [60] * 8


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("early_ms", "held"), [(-20.0, [2, 4]), (20.0, [3])])
def test_no_note_passes_a_key_switch_or_a_bend(early_ms: float, held: list[int]) -> None:
    before = piece()
    bass = before.instruments[0]
    bass.notes.append(pretty_midi.Note(1, 12, 1.0, 1.509))
    bass.pitch_bends = [pretty_midi.PitchBend(0, 0.5), pretty_midi.PitchBend(4000, 1.8), pretty_midi.PitchBend(0, 2.0)]
    fake = Fake(onset_ms=lambda written: early_ms)
    after = humanized(before, DuvWish(model="bass_duv_v3", duration=0.0, timing=1.0), None, session(fake))
    late = [note.start - beat / 2 for beat, note in enumerate(after.instruments[0].notes[:8])]
    free = early_ms / 1000
    expected = [free] * 8
    expected[0] = max(free, 0.0)
    for place in held:
        expected[place] = 0.0 if early_ms < 0 else 0.008
    assert late == pytest.approx(expected, abs=1e-6)


@pytest.mark.usefixtures("models")
def test_doubled_notes_do_not_end_the_next() -> None:
    before = piece()
    before.instruments[0].notes += [pretty_midi.Note(60, 40, note.start, note.end) for note in before.instruments[0].notes]
    fake = Fake(onset_ms=lambda written: np.where(np.arange(len(written)) % 2, 30.0, 0.0), log_ratio=lambda written: 0.5)
    after = sorted(rows(humanized(before, DuvWish(model="bass_duv_v3", intensity=1.0), None, session(fake)), 0))
    starts, ends = ([row[side] for row in after] for side in (0, 1))
    assert starts[::2] == starts[1::2]
    assert all(max(ends[place : place + 2]) <= starts[place + 2] for place in range(0, 14, 2))


def test_the_model_of_all_pitched_instruments_plays_winds_and_is_told_what_else_it_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_small(Path("checkpoints") / "pitched_duv_v3")
    alone = apply_duv_to_pretty_midi(piece(), "pitched_duv_v3", 1.0)
    assert [rows(alone, place) == rows(piece(), place) for place in range(3)] == [True, True, False]
    fake = Fake()
    humanized(piece(), DuvWish(model="pitched_duv_v3", intensity=1.0), "Bass|Sax|Kit", session(fake))
    assert [written.instrument for written, _ in fake.asked] == ["bass", "lead", "lead"]


@pytest.mark.usefixtures("models")
def test_a_model_plays_like_whoever_played_a_file(tmp_path: Path) -> None:
    me = tmp_path / "me.mid"
    me.write_bytes(midi([tempo(120)], [name("take 1"), *strokes([(1.03 + beat, 0.5, 40, 120) for beat in range(60)])]))
    plain, like = (apply_duv_to_pretty_midi(piece(), "bass_duv_v3", 1.0, like=wish) for wish in (None, me))
    louder, later = (
        sum(new[column] - old[column] for new, old in zip(rows(like, 0), rows(plain, 0), strict=True)) / 8 for column in (2, 0)
    )
    assert louder > 10, "120 against the track's own 100"
    assert 0.005 < later < 0.025
    me.write_bytes(midi([tempo(120)], [name("Gtr"), *strokes([(1.0, 0.5, 40, 120)])]))
    with pytest.raises(ConfigError, match=r"me\.mid: holds no bass"):
        apply_duv_to_pretty_midi(piece(), "bass_duv_v3", 1.0, like=me)


def test_tempo_and_metre_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    changes = [tempo(60), metre_at(3, 4), tempo(97, 6 * 480), metre_at(4, 4, 6 * 480)]
    path.write_bytes(midi(changes, [name("Bass"), *strokes([(0, 1, 40, 90), (9, 1, 40, 90)])]))
    timeline = timeline_of(pretty_midi.PrettyMIDI(str(path)))
    assert timeline.tempo_beats == pytest.approx([0, 6])
    assert timeline.tempo_bpm == pytest.approx([60, 97], rel=1e-4)
    assert timeline.meter_beats.tolist() == [0, 6]
    assert timeline.bar_beats.tolist() == [3, 4]
