"""The picture: bars lie where the metre says, notes are coloured by their chord, and a PNG comes out whatever was played."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.jam import ChordName, Jam, JamNote, MeterChange, TempoChange
from companion.picture import bar_lines, bars_per_row, draw_jam, kind_of, phrases
from shared.chords import parse_symbol

FOUR, THREE = MeterChange(0.0, 4, 4), MeterChange(8.0, 3, 4)


@pytest.mark.parametrize(
    ("meters", "end_beat", "lines"),
    [
        ((), 0.0, [0, 4]),
        ((FOUR,), 8.0, [0, 4, 8]),
        ((FOUR,), 8.1, [0, 4, 8, 12]),
        ((FOUR, THREE), 13.0, [0, 4, 8, 11, 14]),
        ((MeterChange(0.0, 6, 8),), 5.0, [0, 3, 6]),
        ((FOUR, MeterChange(6.0, 5, 4)), 11.0, [0, 4, 6, 11]),
    ],
)
def test_bars_follow_the_metre(meters: tuple[MeterChange, ...], end_beat: float, lines: list[float]) -> None:
    assert bar_lines(meters, end_beat) == lines


def test_notes_are_told_apart_by_their_chord() -> None:
    chord = parse_symbol("Dm7")
    assert [kind_of(pitch, chord) for pitch in (62, 77, 64, 61)] == ["chord tone", "chord tone", "scale tone", "other"]
    assert kind_of(62, None) == "no chord"


def test_a_silence_ends_a_phrase() -> None:
    line = [JamNote(onset, 0.5, 60, 80) for onset in (0.0, 0.5, 1.2, 2.7, 3.2)]
    assert [len(phrase) for phrase in phrases(tuple(line))] == [3, 2]
    assert phrases(()) == []


def test_long_jams_get_more_bars_in_a_row() -> None:
    assert bars_per_row(12) < bars_per_row(32) < bars_per_row(4000)


def picture_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def test_a_jam_is_drawn_row_by_row(tmp_path: Path) -> None:
    solo = tuple(JamNote(beat + 0.03, 0.9, 60 + beat % 12, 40 + beat % 80) for beat in range(96))
    chords = tuple(JamNote(bar * 4.0, 4.0, pitch, 80) for bar in range(24) for pitch in (50, 53, 57, 60))
    names = (ChordName(0.0, "Dm7"), ChordName(8.0, "NC"), ChordName(16.0, "who knows"), ChordName(95.9, "Bbm7b5/Ab"))
    tempos = (TempoChange(0.0, 140.0), TempoChange(50.0, 90.0))
    draw_jam(Jam("fallback", chords, solo, names, tempos, (FOUR,)), tmp_path / "long.png")
    draw_jam(Jam("fallback", chords[:4], solo[:4], names[:1], tempos[:1], (FOUR,)), tmp_path / "short.png")
    assert picture_size(tmp_path / "long.png")[1] > picture_size(tmp_path / "short.png")[1]


def test_a_last_note_behind_the_beat_begins_no_further_row(tmp_path: Path) -> None:
    for name, late_beat in (("even", 0.0), ("late", 0.1)):
        solo = tuple(JamNote(beat + late_beat, 1.0, 60, 80) for beat in range(16))
        draw_jam(Jam("fallback", (), solo, (), (), (FOUR,)), tmp_path / f"{name}.png")
    assert picture_size(tmp_path / "late.png") == picture_size(tmp_path / "even.png")


def test_a_jam_without_notes_is_one_empty_bar(tmp_path: Path) -> None:
    draw_jam(Jam("fallback", (), (), (), (), ()), tmp_path / "deep" / "none.png")
    assert picture_size(tmp_path / "deep" / "none.png")[0] > 1000
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["none.png"]
