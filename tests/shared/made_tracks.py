"""Small made-up tracks as written, in any metre, and a tiny phrase net, for tests of the humanizer."""

from __future__ import annotations

import numpy as np
import torch

from shared.music import Meter
from shared.nets.phrase import PhraseConfig, PhraseNet
from shared.written import Performance, Written, order_of, pulse_beats_of

TINY = PhraseConfig(width=32, layers=2, heads=2, feed_width=48, context=32, dropout=0.0, velocity_bins=32, timing_bins=24, ratio_bins=16)
COMMON = Meter()


def track(
    notes: list[tuple[float, int]], meter: Meter = COMMON, instrument: str = "keys", style: str = "unknown", duration_beat: float = 0.5
) -> Written:
    """A track of (onset in quarters, pitch), from the first downbeat on, at 100 quarters a minute."""
    onset = np.array([place for place, _ in notes], dtype=np.float64)
    pitch = np.array([number for _, number in notes], dtype=np.int64)
    order = order_of(onset, pitch)
    onset, pitch = onset[order], pitch[order]
    each = np.ones(len(onset))
    return Written(
        onset, duration_beat * each, pitch, onset % meter.bar_beats, meter.bar_beats * each, pulse_beats_of(meter) * each, 100.0 * each,
        instrument, style,
    )  # fmt: skip


def groove(bars: int, style: str = "rock") -> Written:
    """Kick on 1 and 3, snare on 2 and 4, closed hats on eighths: ten notes a bar and a kick more in every second."""
    notes = [(4.0 * bar + beat / 2, 42) for bar in range(bars) for beat in range(8)]
    notes += [(4.0 * bar + beat, 36 if beat % 2 == 0 else 38) for bar in range(bars) for beat in range(4)]
    notes += [(4.0 * bar + 2.5, 36) for bar in range(0, bars, 2)]
    return track(notes, instrument="drums", style=style, duration_beat=0.25)


def melody(count: int, seed: int = 1) -> Written:
    """`count` notes walking about in eighths and quarters, now and then two at once."""
    generator = np.random.default_rng(seed)
    onset = np.cumsum(generator.choice([0.0, 0.5, 0.5, 1.0], count))
    pitch = np.clip(60 + np.cumsum(generator.integers(-3, 4, count)), 40, 90)
    return track(list(zip(onset.tolist(), pitch.tolist(), strict=True)))


def played(written: Written, seed: int = 2) -> Performance:
    """A playing of `written` that a net can learn: loud on the felt beat, soft and late off it."""
    generator = np.random.default_rng(seed)
    on_beat = written.bar_beat % written.pulse_beats == 0
    return Performance(
        np.where(on_beat, 95.0, 50.0) + generator.normal(0, 1, len(written)),
        np.where(on_beat, -4.0, 14.0) + generator.normal(0, 0.5, len(written)),
        np.full(len(written), -0.3),
    )


def tiny(seed: int = 0) -> PhraseNet:
    """A tiny net of random weights large enough that notes matter, the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = PhraseNet(TINY)
        with torch.no_grad():
            for weight in net.parameters():
                if weight.ndim > 1:
                    weight.normal_(std=0.15)
    return net.eval()
