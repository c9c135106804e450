"""Before and after: which note is which, how far it strays, and a picture whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companion.humanize.compare import draw_comparison, same_notes, view_of, write_comparison
from companion.humanize.midi_file import parse_midi
from companion.humanize.parts import read_timeline
from shared.errors import ConfigError
from tests.companion.humanize.maker import Stroke, midi, name, notes, only_part, song, tempo
from tests.companion.test_picture import picture_size

BEFORE: list[Stroke] = [(float(beat), 0.5, 38, 100) for beat in range(40)]


def test_added_notes_are_told_from_moved_ones() -> None:
    after: list[Stroke] = [(beat + 0.02, 0.5, 38, 60) for beat in range(40)]
    flam: list[Stroke] = [(5 - 0.03, 0.02, 38, 30), (7.98, 0.02, 36, 30)]
    old, new = only_part(song(BEFORE)), only_part(song(sorted([*after, *flam])))
    place = same_notes(old.notes, new.notes)
    assert new.notes.velocity[place == -1].tolist() == [30, 30]
    assert place[place >= 0].tolist() == list(range(40))


def test_notes_that_swap_places_stay_themselves() -> None:
    old = only_part(song([(0, 0.1, 38, 90), (1, 0.1, 38, 90)]))
    assert same_notes(old.notes, old.notes).tolist() == [0, 1]


def test_timing_is_measured_from_the_grid_before() -> None:
    file = song(BEFORE)
    late = only_part(song([(onset + 0.05, length, pitch, 80) for onset, length, pitch, _ in BEFORE]))
    view = view_of(only_part(file), late, read_timeline(file))
    assert view.before_ms == pytest.approx(np.zeros(40))
    assert view.after_ms == pytest.approx(np.full(40, 25.0), abs=1.1)


def test_a_picture_grows_with_its_parts_and_there_is_one_of_nothing(tmp_path: Path) -> None:
    data = midi([tempo(90)], [name("Drums"), *notes(BEFORE, 9)], [name("Bass"), *notes(BEFORE, 1)])
    (tmp_path / "a.mid").write_bytes(data)
    (tmp_path / "b.mid").write_bytes(midi([tempo(90)], [name("Drums"), *notes(BEFORE[:20], 9)], [name("Bass"), *notes(BEFORE, 1)]))
    sizes = []
    for place, places in enumerate(([], [1], [0, 1])):
        paths = write_comparison(tmp_path / str(place), tmp_path / "a.mid", tmp_path / "b.mid", places)
        assert [path.name for path in paths] == ["before.mid", "after.mid", "compare.png"]
        assert sorted(path.name for path in (tmp_path / str(place)).iterdir()) == ["after.mid", "before.mid", "compare.png"]
        sizes.append(picture_size(paths[2])[1])
    assert sizes == sorted(set(sizes))
    with pytest.raises(ConfigError, match=r"a\.mid"):
        write_comparison(tmp_path / "a.mid", tmp_path / "a.mid", tmp_path / "b.mid", [])


def test_odd_metres_and_one_note_are_drawn(tmp_path: Path) -> None:
    file = parse_midi(midi([(0, b"\xff\x58\x04\x07\x03\x18\x08")], [name("Cello"), *notes([(3.5, 9, 40, 1)])]))
    part = only_part(file)
    draw_comparison([view_of(part, part, read_timeline(file))], read_timeline(file), tmp_path / "one.png", "one.mid")
    assert picture_size(tmp_path / "one.png")[0] > 1000
