"""Before and after: which note is which, how far it strays, and a picture whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companion.humanize.compare import draw_comparison, same_notes, view_of, write_comparison
from companion.humanize.control_settings import laid_controls
from companion.humanize.midi_file import parse_midi
from companion.humanize.parts import read_timeline
from companion.humanize.work import humanize
from shared.errors import ConfigError
from tests.companion.humanize.maker import Fake, Stroke, job, midi, name, notes, only_part, session, song, tempo
from tests.companion.test_picture import picture_size

BEFORE: list[Stroke] = [(float(beat), 0.5, 38, 100) for beat in range(40)]


def test_added_notes_are_told_from_moved_ones() -> None:
    file = song(BEFORE)
    rules = job(controls=laid_controls("drums", {"flams": {"chance": 0.5}}, "test"), intensity=1.0)
    data, (report,) = humanize(file, [rules], session(Fake(onset_ms=lambda written: 18.0)))
    old, new = only_part(file), only_part(parse_midi(data))
    place = same_notes(old, new, report.added)
    assert 10 < (place == -1).sum() == len(report.added) < 30
    assert place[place >= 0].tolist() == list(range(40))
    assert set(new.notes.velocity[place >= 0].tolist()) == {64}


def test_timing_is_measured_from_the_grid_before() -> None:
    file = song(BEFORE)
    late = only_part(song([(onset + 0.05, length, pitch, 80) for onset, length, pitch, _ in BEFORE]))
    view = view_of(only_part(file), late, frozenset(), read_timeline(file))
    assert view.before_ms == pytest.approx(np.zeros(40))
    assert view.after_ms == pytest.approx(np.full(40, 25.0), abs=1.1)


def test_a_picture_grows_with_its_parts_and_there_is_one_of_nothing(tmp_path: Path) -> None:
    data = midi([tempo(90)], [name("Drums"), *notes(BEFORE, 9)], [name("Bass"), *notes(BEFORE, 1)])
    (tmp_path / "a.mid").write_bytes(data)
    sizes = []
    for place, jobs in enumerate(([], [job("bass", intensity=1.0)], [job("bass", intensity=1.0), job("drums", intensity=1.0)])):
        after, reports = humanize(parse_midi(data), jobs, session(Fake()))
        (tmp_path / "b.mid").write_bytes(after)
        paths = write_comparison(tmp_path / str(place), tmp_path / "a.mid", tmp_path / "b.mid", reports)
        assert [path.name for path in paths] == ["before.mid", "after.mid", "compare.png"]
        assert sorted(path.name for path in (tmp_path / str(place)).iterdir()) == ["after.mid", "before.mid", "compare.png"]
        sizes.append(picture_size(paths[2])[1])
    assert sizes == sorted(set(sizes))
    with pytest.raises(ConfigError, match=r"a\.mid"):
        write_comparison(tmp_path / "a.mid", tmp_path / "a.mid", tmp_path / "b.mid", [])


@pytest.mark.parametrize("title", ["Bass $\\frac{$", "Bass $1 $2", "\N{CJK UNIFIED IDEOGRAPH-97F3}"])
def test_whatever_a_track_is_called_it_is_drawn(tmp_path: Path, title: str) -> None:
    file = song(BEFORE, title, 0)
    part = only_part(file)
    draw_comparison([view_of(part, part, frozenset(), read_timeline(file))], read_timeline(file), tmp_path / "a.png", f"{title}.mid")
    assert picture_size(tmp_path / "a.png")[0] > 1000


def test_odd_metres_and_one_note_are_drawn(tmp_path: Path) -> None:
    file = parse_midi(midi([(0, b"\xff\x58\x04\x07\x03\x18\x08")], [name("Cello"), *notes([(3.5, 9, 40, 1)])]))
    part = only_part(file)
    draw_comparison([view_of(part, part, frozenset(), read_timeline(file))], read_timeline(file), tmp_path / "one.png", "one.mid")
    assert picture_size(tmp_path / "one.png")[0] > 1000
