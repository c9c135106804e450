"""Walking bass phrases from one long file, each with its own changes."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.midi_maker import markers, walking, write_midi
from trainer.jjswing import WALKING, read_pieces


def test_phrases_are_told_apart_by_their_markers(tmp_path: Path) -> None:
    texts = [*markers(24), (0.0, "_Book-P1-1"), (0.0, "#blues"), (32.0, "_Book-P1-2"), (64.0, "_Book-P2-1")]
    write_midi(tmp_path / WALKING, [("Walking", 32, walking(20))], texts=sorted(texts))
    reading = read_pieces(tmp_path)
    assert [(piece.name, len(piece.notes), piece.end_tick) for piece in reading.pieces] == [
        ("jjswing_Book-P1-1", 32, 8 * 96),
        ("jjswing_Book-P1-2", 32, 8 * 96),
    ]
    assert reading.pieces[0].notes == reading.pieces[1].notes
    assert reading.pieces[0].changes == reading.pieces[1].changes
    assert reading.pieces[0].tune == reading.pieces[1].tune
    assert [(left.name, left.reason) for left in reading.dropped] == [("Book-P2-1", "fewer than 24 notes for bass")]
    assert read_pieces(tmp_path, "lead").pieces == ()
