"""A small made-up line over changing chords, for tests of the nets."""

from __future__ import annotations

import torch
from torch import Tensor

from shared.chords import Chord
from shared.music import Meter
from shared.nets.decoder import Decoder, DecoderConfig
from shared.score import Conditioning, Event, Frame, Note
from shared.tokens import Steps, encode, targets

TINY = DecoderConfig(width=32, layers=2, heads=4, kv_heads=4, feed_width=48, context=64)
CHANGES = (Chord(2, "min7", 2), Chord(7, "7", 7), Chord(0, "maj7", 0), Chord(9, "7b9", 9))


def line(beats: int, first_chord: int = 0) -> list[Event]:
    """`beats` beats with two notes each, a chord a bar; which notes are played depends on the chord alone."""
    events: list[Event] = []
    for beat in range(beats):
        chord = CHANGES[(first_chord + beat // 4) % len(CHANGES)]
        events.append(Frame(24 * beat, beat % 4, 0, Meter(), chord, None, None, Conditioning()))
        tones = sorted(chord.tones)
        events.append(Note(24 * beat, 60 + tones[beat % 4], 14))
        events.append(Note(24 * beat + 14, 60 + tones[(beat + 1) % 4], 10))
    return events


def rows(steps: Steps) -> Tensor:
    """Steps as the net reads them: int64 (steps, fields)."""
    return torch.from_numpy(steps).long()


def batch(scores: list[list[Event]]) -> tuple[Tensor, Tensor]:
    """Rows and targets of scores of one length, (scores, steps, ...)."""
    steps = [encode(score) for score in scores]
    return torch.stack([rows(one) for one in steps]), torch.stack([rows(targets(one)) for one in steps])


def tiny(seed: int = 0, config: DecoderConfig = TINY) -> Decoder:
    """A small net with large seeded weights, so that its answers differ clearly from one another."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Decoder(config)
        with torch.no_grad():
            for tensor in model.parameters():
                tensor.add_(torch.randn_like(tensor) * 0.1)
    return model.eval()


def learn(model: Decoder, examples: tuple[Tensor, Tensor], rounds: int, rate: float = 3e-3) -> float:
    """Train on one batch over and over; the last loss in nats a step."""
    wanted = [tensor for tensor in model.parameters() if tensor.requires_grad]
    optimizer = torch.optim.AdamW(wanted, lr=rate, weight_decay=0.0)
    model.train()
    for _ in range(rounds):
        loss = model.losses(*examples).per_step
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(wanted, 1.0)
        optimizer.step()
    model.eval()
    return float(loss.detach())
