"""Tracks find their instrument by channel, name and program."""

from __future__ import annotations

import pytest

from shared.written import INSTRUMENTS
from trainer.duv.instrument_names import instrument_of


@pytest.mark.parametrize(
    ("name", "program", "is_drum", "instrument"),
    [
        ("Bass", 0, True, "drums"), ("E-Bass", 0, False, "bass"), ("Drum Kit", 0, False, "drums"), ("perc 2", None, False, "drums"),
        ("GTR L", 0, False, "guitar"), ("Acoustic Guitar", None, False, "guitar"), ("Bass Guitar", 25, False, "bass"),
        ("Grand Piano", 48, False, "keys"), ("Violins I", None, False, "strings"), ("Cello", 0, False, "strings"),
        ("Bass Clarinet", 71, False, "lead"), ("Tenor Sax", None, False, "lead"), ("Melody", 0, False, "lead"),
        ("", 33, False, "bass"), ("", 41, False, "strings"), ("", 0, False, "keys"), ("", 66, False, "lead"), ("", 122, False, None),
        ("", 19, False, None),
        ("Untitled", None, False, None),
    ],
)  # fmt: skip
def test_a_track_finds_its_instrument(name: str, program: int | None, is_drum: bool, instrument: str | None) -> None:
    assert instrument_of(name, program, is_drum) == instrument


def test_every_answer_is_an_instrument_that_is_known() -> None:
    assert {instrument_of("", program, False) for program in range(128)} - {None} <= set(INSTRUMENTS)
