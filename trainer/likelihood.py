"""How likely a net finds a piece: every step counted once, with the past that the net can hold. Knows nets and steps; knows no files.

A piece longer than the context is read in windows that overlap by half a context or a little more: each counts only what the
one before did not reach, so past the first window no step is judged on less than half a context of past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from shared.chords import Chord
from shared.errors import DataError
from shared.nets.decoder import Decoder
from shared.score import Event, Frame
from shared.tokens import COLUMN, FIELDS, FRAME, TARGETS, Steps, crop, decode, encode, targets
from trainer.nats import Nats, total

BATCH = 16


@dataclass(frozen=True, slots=True)
class Window:
    """Steps `start`..`stop` of a piece, of which those from `counted` on are counted."""

    start: int
    stop: int
    counted: int


def windows(steps: Steps, context: int) -> list[Window]:
    """The windows of at most `context` steps that count each of `steps` once.

    Raises DataError where a beat holds more steps than the context.
    """
    frames = np.flatnonzero(steps[:, COLUMN["kind"]] == FRAME)
    found: list[Window] = []
    start = counted = 0
    while counted < len(steps):
        stop = min(start + context, len(steps))
        found.append(Window(start, stop, counted))
        counted = stop
        later = frames[(frames > start) & (frames <= stop)]
        if counted < len(steps) and not len(later):
            raise DataError(f"a beat of more than {context} steps: this net's context is too short for the piece")
        if len(later):
            half_back = later[later <= stop - context // 2]
            start = int(half_back[-1] if len(half_back) else later[0])
    return found


@torch.inference_mode()
def piece_nats(model: Decoder, steps: Steps) -> Nats:
    """Nats of every decision in a piece, on the device where `model` is."""
    wanted = targets(steps)
    spans = windows(steps, model.config.context)
    return total(_batch_nats(model, steps, wanted, spans[first : first + BATCH]) for first in range(0, len(spans), BATCH))


def with_other_chords(pieces: Sequence[Steps], seed: int) -> list[Steps]:
    """The same notes over chords that have nothing to do with them: those of another of `pieces`, in a key drawn by `seed`.

    Chord follows chord at the pace of the piece that they come from, from its beginning again where it is too short.
    """
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(pieces))
    scores = [decode(steps) for steps in pieces]
    out: list[Steps] = []
    for place, score in enumerate(scores):
        at = int(np.flatnonzero(order == place)[0])
        donor = scores[order[(at + 1) % len(order)]]
        out.append(encode(_over(score, donor, int(chance.integers(1, 12)))))
    return out


def _batch_nats(model: Decoder, steps: Steps, wanted: Steps, spans: Sequence[Window]) -> Nats:
    length = max(span.stop - span.start for span in spans)
    rows = np.zeros((len(spans), length, len(FIELDS)), np.int16)
    counted = np.full((len(spans), length, len(TARGETS)), -1, np.int16)
    for index, span in enumerate(spans):
        rows[index, : span.stop - span.start] = crop(steps, span.start, span.stop)
        counted[index, span.counted - span.start : span.stop - span.start] = wanted[span.counted : span.stop]
    losses = model.losses(_tensor(rows, model), _tensor(counted, model))
    return Nats(float(losses.onset), float(losses.pitch), float(losses.duration), losses.notes)


def _over(score: Sequence[Event], donor: Sequence[Event], semitones: int) -> list[Event]:
    """`score` with the chords of the frames of `donor`, `semitones` higher."""
    chords = [event for event in donor if isinstance(event, Frame)]
    out: list[Event] = []
    number = 0
    for event in score:
        if isinstance(event, Frame):
            other = chords[number % len(chords)]
            number += 1
            chord, coming = _moved(other.chord, semitones), _moved(other.next_chord, semitones)
            event = replace(event, chord=chord, next_chord=coming, next_in_beats=other.next_in_beats)
        out.append(event)
    return out


def _moved(chord: Chord | None, semitones: int) -> Chord | None:
    return None if chord is None else chord.transposed(semitones)


def _tensor(values: Steps, model: Decoder) -> Tensor:
    return torch.from_numpy(values).to(model.fields.weight.device, torch.int64)
