"""Likelihood under a net: each step counts once, long pieces too, and a net that listens minds other chords."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from shared.errors import DataError
from shared.music import Meter
from shared.nets.decoder import Decoder
from shared.score import Conditioning, Frame, Note
from shared.tokens import COLUMN, FRAME, crop, encode, targets
from tests.shared.melody import CHANGES, TINY, batch, learn, line, rows, tiny
from tests.trainer.made_solos import solos
from trainer.likelihood import piece_nats, windows, with_other_chords
from trainer.nats import total


def test_a_piece_that_fits_the_context_costs_what_the_net_says_of_it_whole() -> None:
    model, steps = tiny(config=dataclasses.replace(TINY, context=512)), solos(1)[0]
    with torch.inference_mode():
        whole = model.losses(rows(steps)[None], rows(targets(steps))[None])
    found = piece_nats(model, steps)
    expected = float(whole.onset), float(whole.pitch), float(whole.duration)
    assert (found.onset, found.pitch, found.duration) == pytest.approx(expected, rel=1e-5)
    assert found.notes == whole.notes


@pytest.mark.parametrize("context", [16, 33, 64, 200])
def test_windows_count_every_step_once_with_half_a_context_of_past(context: int) -> None:
    steps = solos(1, bars=20)[0]
    found = windows(steps, context)
    assert [span.counted for span in found] == [0, *(span.stop for span in found[:-1])]
    assert found[-1].stop == len(steps)
    for span in found:
        assert steps[span.start, COLUMN["kind"]] == FRAME
        assert span.stop - span.start <= context
    for span in found[1:]:
        assert context // 2 <= span.counted - span.start <= context // 2 + 3  # to the frame before


def test_past_the_first_window_a_step_costs_what_its_own_window_says() -> None:
    model, steps = tiny(), solos(1, bars=20)[0]
    expected = 0.0
    for span in windows(steps, model.config.context):
        part = rows(crop(steps, span.start, span.stop))
        wanted = rows(targets(steps))[span.start : span.stop].clone()
        wanted[: span.counted - span.start] = -1
        with torch.inference_mode():
            expected += float(model.losses(part[None], wanted[None]).per_step) * int((wanted[:, 1] >= 0).sum())
    found = piece_nats(model, steps)
    assert found.total == pytest.approx(expected, rel=1e-5)
    assert found.notes == (steps[:, COLUMN["pitch"]] > 0).sum()


def test_a_beat_longer_than_the_context_is_refused() -> None:
    frames = [Frame(24 * beat, beat, 0, Meter(), CHANGES[0], None, None, Conditioning()) for beat in range(2)]
    steps = encode([frames[0], *(Note(tick, 60, 1) for tick in range(20)), frames[1]])
    with pytest.raises(DataError, match="more than 16 steps"):
        windows(steps, 16)


def test_other_chords_leave_the_line_and_take_all_harmony_from_another_piece() -> None:
    pieces = solos(5)
    for before, after in zip(pieces, with_other_chords(pieces, 1), strict=True):
        same = [COLUMN[name] for name in ("kind", "since", "tick_in_beat", "pitch", "duration", "beat_in_bar", "tempo")]
        assert (before[:, same] == after[:, same]).all()
        assert (before[:, COLUMN["root"]] != after[:, COLUMN["root"]]).mean() > 0.5
    assert all((one == other).all() for one, other in zip(with_other_chords(pieces, 1), with_other_chords(pieces, 1), strict=True))


def test_a_single_piece_gets_its_own_chords_in_another_key() -> None:
    steps = solos(1)[0]
    moved = with_other_chords([steps], 4)[0]
    shifts = (moved[:, COLUMN["root"]] - steps[:, COLUMN["root"]]) % 12
    assert len(set(shifts.tolist())) == 1
    assert shifts[0] != 0


def test_a_net_that_learned_to_listen_minds_other_chords() -> None:
    torch.manual_seed(1)
    model = Decoder(TINY)
    scores = [line(16, first) for first in range(4)]
    learn(model, batch(scores), rounds=150, rate=6e-3)
    pieces = [encode(score) for score in scores]
    right, wrong = (total(piece_nats(model, steps) for steps in some) for some in (pieces, with_other_chords(pieces, 1)))
    assert wrong.figures["per_note"] > right.figures["per_note"] + 1.0
    assert np.isfinite(wrong.total)
