"""A song's file: sections, instruments and what is done to them; mistakes are told with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.humanize.notes import Intensity
from companion.humanize.song import BarRange, DuvWish, check_regex, duv_wish, load_song, parse_bars
from shared.duv_settings import DuvUse, Intensities
from shared.errors import ConfigError, DataError
from tests.companion.humanize.maker import midi, name, notes

USE = DuvUse(
    name="drums_duv_v3", instrument="drums", intensity=0.7, include_regex="drum", keep_level=False,
    intensities=Intensities(velocity=None, duration=None, timing=0.35),
)  # fmt: skip


@pytest.mark.parametrize(("text", "bars"), [("5-12", BarRange(4, 11)), ("7", BarRange(6, 6)), (" 1 - 1 ", BarRange(0, 0))])
def test_bars_count_from_one_and_the_last_belongs_to_them(text: str, bars: BarRange) -> None:
    assert parse_bars(text, "--bars") == bars
    assert bars.last is not None
    assert [bar in bars for bar in (bars.first - 1, bars.first, bars.last, bars.last + 1)] == [False, True, True, False]


@pytest.mark.parametrize("text", ["", "0-4", "8-5", "a-b", "5-", "-3", "1.5"])
def test_bars_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--bars"):
        parse_bars(text, "--bars")


@pytest.mark.parametrize(
    ("wish", "strength"),
    [
        (DuvWish(), Intensity(0.7, 0.7, 0.35)),
        (DuvWish(intensity=0.5), Intensity(0.5, 0.5, 0.5)),
        (DuvWish(timing=0.2), Intensity(0.7, 0.7, 0.2)),
        (DuvWish(intensity=1.0, velocity=0.0), Intensity(0.0, 1.0, 1.0)),
    ],
)
def test_what_is_said_nearest_counts(wish: DuvWish, strength: Intensity) -> None:
    assert wish.strength(USE) == strength


def test_a_song_lists_its_jobs_section_by_section(tmp_path: Path) -> None:
    file = tmp_path / "song.yaml"
    file.write_text(
        """sections:
  verse:
    bars: 1-8
    instruments:
      drums: {controls: {flams: {chance: 0.1}}, duv: {style: funk, intensity: 0.7}}
      bass: {include: "(?i)sub", exclude: "(?i)fx", duv: {}}
  break:
    bars: 9
    instruments: {guitar: {controls: {}}}
""",
        encoding="utf-8",
    )
    drums, bass, guitar = load_song(file)
    assert (drums.instrument, drums.bars, drums.any_kind) == ("drums", BarRange(0, 7), False)
    assert drums.controls is not None
    assert drums.controls.flams is not None
    assert (drums.controls.flams.chance, drums.controls.flams.velocity) == (0.1, 0.6)
    assert drums.duv == DuvWish(style="funk", intensity=0.7)
    assert (bass.include, bass.exclude, bass.any_kind, bass.controls, bass.duv) == ("(?i)sub", "(?i)fx", True, None, DuvWish())
    assert (guitar.bars, guitar.duv) == (BarRange(8, 8), None)
    assert guitar.controls is not None


def test_the_readme_s_song_can_be_read(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    (shown,) = [block.split("```")[0] for block in readme.split("```yaml\n")[1:] if block.startswith("sections:")]
    (tmp_path / "song.yaml").write_text(shown, encoding="utf-8")
    (tmp_path / "me.mid").write_bytes(midi([name("Bass"), *notes([(0, 1, 40, 90)])]))
    assert [(job.instrument, job.bars) for job in load_song(tmp_path / "song.yaml")] == [
        ("drums", BarRange(0, 7)), ("bass", BarRange(0, 7)), ("bass", BarRange(0, 7)),
    ]  # fmt: skip


def test_what_is_said_once_and_named_again_counts_again(tmp_path: Path) -> None:
    file = tmp_path / "song.yaml"
    file.write_text(
        """sections:
  verse: {bars: 1-8, instruments: &band {drums: &kit {controls: {flams: {chance: 0.1}}, duv: {}}}}
  chorus: {bars: 9-16, instruments: *band}
  coda: {bars: 17-20, instruments: {drums: *kit}}
""",
        encoding="utf-8",
    )
    jobs = load_song(file)
    assert len({job.bars for job in jobs}) == 3
    assert [job.controls.flams.chance if job.controls and job.controls.flams else None for job in jobs] == [0.1] * 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "sections"),
        ("sections:\n  a: {bars: 1, instruments: {}}\n  a: {bars: 2, instruments: {}}", "line 3: sections.a is set twice"),
        ("sections: {a: {bars: 1, instruments: {bass: {duv: {}},\n bass: {controls: {}}}}}", r"line 2: .*\.bass is set twice"),
        ("section: {}", "did you mean sections"),
        ("sections: 3", "sections"),
        ("sections: {a: {bars: 1, instruments: {sax: {}}}}", "sax: expected one of drums, .*, lead"),
        ("sections: {a: {bar: 1, instruments: {}}}", "did you mean bars"),
        ("sections: {a: {bars: 0, instruments: {}}}", "count from 1"),
        ("sections: {a: {instruments: {}}}", "bars"),
        ("sections: {a: {bars: 1, instruments: {bass: {duv: {intensity: 2}}}}}", "intensity"),
        ("sections: {a: {bars: 1, instruments: {bass: {duv: {style: polka}}}}}", "polka"),
        ("sections: {a: {bars: 1, instruments: {bass: {duv: {intensty: 1}}}}}", "did you mean intensity"),
        ("sections: {a: {bars: 1, instruments: {bass: {include: '('}}}}", "regular expression"),
        ("sections: {a: {bars: 1, instruments: {bass: {controls: {lag: {from_ms: x}}}}}}", "from_ms"),
        ("sections: {a: {bars: 1, instruments: {bass: 3}}}", "bass"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "song.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as caught:
        load_song(file)
    assert "song.yaml" in str(caught.value)


def test_a_player_s_file_is_sought_beside_the_song_s_and_read_once(tmp_path: Path) -> None:
    (tmp_path / "me.mid").write_bytes(midi([name("Bass"), *notes([(0, 1, 40, 90)])]))
    file = tmp_path / "song.yaml"
    file.write_text(
        "sections:\n  a: {bars: 1, instruments: {bass: {duv: {like: me.mid}}}}\n"
        "  b: {bars: 2, instruments: {bass: {duv: {like: me.mid}}, drums: {duv: {}}}}\n",
        encoding="utf-8",
    )
    first, second, drums = load_song(file)
    assert first.like is not None
    assert first.like.name == "me.mid"
    assert first.like is second.like
    assert drums.like is None
    (tmp_path / "me.mid").write_bytes(b"")
    with pytest.raises(DataError, match=r"me\.mid: the file is empty"):
        load_song(file)


def test_a_style_or_a_share_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="polka"):
        duv_wish(None, "polka", False)
    with pytest.raises(ConfigError, match="timing"):
        duv_wish(None, "jazz", False, timing=1.5)
    with pytest.raises(ConfigError, match="include_regex"):
        check_regex("(", "include_regex")
