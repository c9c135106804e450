"""Lines before a solo: human ones, from the held-out part alone, in a key that leads to the chart."""

from __future__ import annotations

import random

import pytest

from shared.chords import Chord
from shared.foresight import ChordChange, Foresight
from shared.music import Grid, Meter
from shared.score import Conditioning, Frame, Note
from shared.tokens import encode
from trainer.piece import Piece
from trainer.primers import human_lead, lead_in
from trainer.shards import Shards, write_shards
from trainer.split import part_of

E_FLAT = Chord(3, "maj7", 3)
PITCH = {"train": 50, "val": 70, "test": 90}


def piece(number: int, meter: Meter) -> Piece:
    """Eight bars, a chord a bar in fourths, the pitch of whose notes tells its part."""
    tune, bar = f"tune{number}", meter.bar_ticks
    changes = tuple(ChordChange(bar * place, Chord(place * 5 % 12, "7", place * 5 % 12)) for place in range(8))
    notes = tuple(Note(24 * beat + 13, PITCH[part_of(tune)], 9) for beat in range(8 * bar // 24))
    return Piece(f"piece{number}", tune, "midi", Conditioning(tempo_bpm=100.0), meter, changes, notes, 8 * bar)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    pieces = [piece(number, Meter(3 if number % 2 else 4, 4)) for number in range(120)]
    return write_shards(tmp_path_factory.mktemp("data"), pieces, (), {}, True)


@pytest.mark.parametrize("meter", [Meter(), Meter(3, 4)])
def test_a_lead_is_held_out_in_the_metre_and_leads_to_the_chart(shards: Shards, meter: Meter) -> None:
    for seed in range(20):
        lead = human_lead(shards, meter, "lead", E_FLAT, random.Random(seed))
        assert lead is not None
        assert (lead.meter, lead.then) == (meter, E_FLAT)
        assert lead.end_tick % meter.bar_ticks == 0
        assert 4 * meter.bar_ticks <= lead.end_tick < 8 * meter.bar_ticks
        # Every bar goes up a fourth: the last chord before E flat is B flat, and the line moved along with it.
        last = lead.changes[-1].chord
        assert last is not None
        assert last.root == 10
        assert {abs(note.pitch - PITCH["val"]) <= 6 for note in lead.notes} == {True}


def test_no_piece_in_the_metre_is_no_lead(shards: Shards) -> None:
    assert human_lead(shards, Meter(7, 4), "lead", E_FLAT, random.Random(1)) is None
    assert human_lead(shards, Meter(), "bass", E_FLAT, random.Random(1)) is None


def test_the_primer_is_the_leads_end_as_the_soloist_would_have_read_it(shards: Shards) -> None:
    lead = human_lead(shards, Meter(), "lead", E_FLAT, random.Random(2))
    assert lead is not None
    wish = Conditioning(tempo_bpm=210.0, style="cool")
    seen, primer = lead_in(lead, Foresight(Grid(), (ChordChange(0, E_FLAT), ChordChange(96, None))), wish, 21)
    assert 19 <= len(primer) <= 21
    assert len(encode(primer)) == len(primer)
    frames = [event for event in primer if isinstance(event, Frame)]
    assert frames == [seen.frame_at(frame.tick, wish) for frame in frames]
    assert (frames[-1].tick, frames[-1].next_chord, frames[-1].next_in_beats) == (-24, E_FLAT, 1)
    assert seen.changes[-2:] == (ChordChange(0, E_FLAT), ChordChange(96, None))
    assert isinstance(primer[-1], Note)
    assert primer[-1].tick == -24 + 13
