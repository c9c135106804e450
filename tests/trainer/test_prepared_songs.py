"""What a prepared folder tells to play: its held-out chords, and the feel and style that its music has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import DataError
from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Conditioning, Note
from tests.trainer.made_solos import solo
from trainer.chart_tasks import Order
from trainer.piece import Piece
from trainer.prepared_songs import held_out_songs, with_usual_wish
from trainer.shards import Shards, write_shards
from trainer.split import parts_of


def prepared(folder: Path, pieces: list[Piece]) -> Shards:
    return write_shards(folder, pieces, [], {}, True, None, parts_of(piece.tune for piece in pieces))


def test_the_songs_are_the_held_out_pieces_with_their_chords_where_they_were(tmp_path: Path) -> None:
    pieces = {piece.name: piece for piece in map(solo, range(12))}
    shards = prepared(tmp_path, list(pieces.values()))
    held_out = {entry.name for entry in shards.entries if entry.part != "train"}
    songs = held_out_songs(shards, "lead")
    assert {song.name for song in songs} == held_out
    for song in songs:
        piece = pieces[song.name]
        assert song.changes == tuple((change.tick, change.chord) for change in piece.changes)
        assert (song.length_ticks, song.meter) == (piece.end_tick, piece.meter)


@pytest.mark.parametrize("meter", [Meter(5, 8), Meter(7, 8), Meter(11, 8), Meter(6, 8), Meter(5, 4)], ids=str)
def test_a_piece_in_a_metre_whose_last_beat_is_short_is_played_over_too(tmp_path: Path, meter: Meter) -> None:
    end_tick = 8 * meter.bar_ticks
    pieces = [replace(whole, meter=meter, end_tick=end_tick, notes=notes_before(whole, end_tick)) for whole in map(solo, range(3))]
    songs = held_out_songs(prepared(tmp_path, pieces), "lead")
    assert [song.length_ticks for song in songs] == [end_tick] * 2


def notes_before(piece: Piece, tick: int) -> tuple[Note, ...]:
    return tuple(note for note in piece.notes if note.tick < tick)


def test_without_chords_charts_are_asked_for(tmp_path: Path) -> None:
    bare = [replace(solo(seed), changes=(ChordChange(0, None),)) for seed in range(5)]
    with pytest.raises(DataError, match="name charts with --charts"):
        held_out_songs(prepared(tmp_path, bare), "lead")


@pytest.mark.parametrize(
    ("learned", "feel", "styles"),
    [
        (Conditioning(feel="even", style="unknown"), "even", ("unknown",)),
        (Conditioning(feel="even", style="pop"), "even", ("pop",)),
        (Conditioning(feel="swing", style="bebop"), "swing", ()),
    ],
)
def test_what_is_asked_for_is_what_was_learned(tmp_path: Path, learned: Conditioning, feel: str, styles: tuple[str, ...]) -> None:
    pieces = [replace(solo(seed), conditioning=learned) for seed in range(6)]
    asked = with_usual_wish(Order(3), prepared(tmp_path, pieces))
    assert (asked.feel, asked.styles, asked.solos) == (feel, styles, 3)
