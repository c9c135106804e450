"""Chords of MIDI files: read where they are written, named where they are struck, heard where they are played."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.chords import Chord
from shared.errors import DataError
from tests.trainer.midi_maker import CHANGES, Line, blocks, broken_chords, chord, markers, solo, walking, write_midi
from trainer.midi_beats import find_beats
from trainer.midi_chords import find_chords
from trainer.midi_file import read_midi
from trainer.midi_parts import choose

WRITTEN = tuple((96 * bar, chord(CHANGES[bar % 4])) for bar in range(16))


def found(path: Path, role: str = "lead") -> tuple[tuple[tuple[int, Chord | None], ...], str]:
    midi = read_midi(path)
    changes, origin = find_chords(midi, find_beats(midi), choose(midi, role), 16 * 96)
    return tuple((change.tick, change.chord) for change in changes), origin


@pytest.mark.parametrize("kind", ["marker", "lyrics", "text"])
def test_written_symbols_come_first(tmp_path: Path, kind: str) -> None:
    other = blocks(symbols=("Ebmaj7", "Ab7"))
    path = write_midi(tmp_path / "a.mid", [("Chords", 0, other), ("solo", 65, solo())], texts=markers(), kind=kind)
    assert found(path) == (WRITTEN, "texts")


def test_sections_and_words_are_no_chords(tmp_path: Path) -> None:
    sections = [(16.0 * place, "ABAC"[place]) for place in range(4)]
    path = write_midi(tmp_path / "a.mid", [("Chords", 0, blocks()), ("solo", 65, solo())], texts=sections)
    assert found(path) == (WRITTEN, "chord track")
    words = [(float(place), word) for place, word in enumerate(("Am", "I", "blue", "A", "night", "Be", "G", "ood", "Dim", "the", "lights"))]
    path = write_midi(tmp_path / "b.mid", [("Chords", 0, blocks()), ("solo", 65, solo())], texts=words, kind="lyrics")
    assert found(path)[1] == "chord track"


def test_block_chords_without_a_name_are_a_chord_track(tmp_path: Path) -> None:
    assert found(write_midi(tmp_path / "a.mid", [("", 48, blocks()), ("solo", 65, solo())])) == (WRITTEN, "chord track")


def roots(changes: tuple[tuple[int, Chord | None], ...]) -> list[tuple[int, int | None]]:
    return [(tick, None if name is None else name.root) for tick, name in changes]


def test_an_accompaniment_is_heard_beat_by_beat(tmp_path: Path) -> None:
    comping: Line = [(onset + off, 0.4, pitch) for onset, _, pitch in blocks() for off in (0.0, 1.5, 3.0)]
    path = write_midi(tmp_path / "a.mid", [("Piano", 0, comping), ("Bass", 32, walking()), ("solo", 65, solo())])
    changes, origin = found(path)
    assert origin == "accompaniment"
    assert roots(changes) == roots(WRITTEN)


@pytest.mark.parametrize("role", ["lead", "comp"])
def test_a_left_hand_tells_the_chords(tmp_path: Path, role: str) -> None:
    changes, _ = found(write_midi(tmp_path / "a.mid", [("Piano", 0, sorted(solo() + broken_chords()))]), role)
    right = set(roots(changes)) & set(roots(WRITTEN))
    assert len(right) >= 14


def test_a_line_alone_has_no_chords(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no chords found"):
        found(write_midi(tmp_path / "a.mid", [("solo", 65, solo())]))


def test_noise_has_no_chords(tmp_path: Path) -> None:
    clusters: Line = [(float(beat), 1.0, 40 + (beat * 7 + step) % 13) for beat in range(64) for step in range(0, 12)]
    with pytest.raises(DataError, match="no chords found"):
        found(write_midi(tmp_path / "a.mid", [("Pad", 88, clusters), ("solo", 65, solo())]))
