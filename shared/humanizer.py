"""A trained humanizer: written notes in, a performance out. Knows nets, windows and readouts; knows no MIDI files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from shared.bins import Distribution, Masses
from shared.calibration import Calibration, calibrated
from shared.features import features
from shared.model_folder import find_adapter, find_humanizer, load_phrase_net
from shared.nets.phrase import QUANTITIES, VELOCITY, PhraseNet
from shared.phrases import Window, stack, windows
from shared.wander import shares
from shared.written import Performance, Written

BATCH_WINDOWS = 32


@dataclass(frozen=True, slots=True)
class Touch:
    """What a net expects of N notes: a distribution of each quantity of `Performance`."""

    velocity: Distribution
    onset_ms: Distribution
    log_ratio: Distribution

    def __len__(self) -> int:
        return len(self.velocity)

    def middle(self) -> Performance:
        """What is played in the middle of many times."""
        return Performance(self.velocity.middle(), self.onset_ms.middle(), self.log_ratio.middle())

    def drawn(self, written: Written, seed: int) -> Performance:
        """One playing of `written`, each value with its own distribution, neighbours alike (`shared.wander`); one seed, one playing."""
        velocity, onset_ms, log_ratio = shares(written, len(QUANTITIES), seed)
        return Performance(self.velocity.quantile(velocity), self.onset_ms.quantile(onset_ms), self.log_ratio.quantile(log_ratio))


class Humanizer:
    """`net` made ready to humanize tracks."""

    def __init__(self, net: PhraseNet, name: str = "") -> None:
        self.net, self.name = net.eval(), name

    def touch(self, written: Written) -> Touch:
        """What the net expects of each note of `written`, whatever its length."""
        edges = self.net.edges()
        bins = {name: len(edge) - 1 for name, edge in edges.items()}
        masses = {name: np.empty((len(written), count), dtype=np.float32) for name, count in bins.items()}
        for window, read in self._read(written):
            kept = slice(window.keep_start - window.start, window.keep_end - window.start)
            for name, mass in read.items():
                masses[name][window.keep_start : window.keep_end] = mass[kept]
        return Touch(*(Distribution(edges[name], masses[name], name == VELOCITY) for name in QUANTITIES))

    def _read(self, written: Written) -> Iterator[tuple[Window, dict[str, Masses]]]:
        """Each window with the masses (T, bins) that the net gives its notes."""
        seen = features(written)
        cut = windows(len(written), self.net.config.context)
        for first in range(0, len(cut), BATCH_WINDOWS):
            batch = cut[first : first + BATCH_WINDOWS]
            arrays = stack([seen.part(slice(window.start, window.end)) for window in batch])
            with torch.inference_mode():
                heads = self.net(*(torch.from_numpy(array) for array in (arrays.codes, arrays.values, arrays.mask)))
                masses = {name: getattr(heads, name).float().softmax(-1).numpy() for name in QUANTITIES}
            for row, window in enumerate(batch):
                yield window, {name: mass[row] for name, mass in masses.items()}

    def perform(self, written: Written, seed: int | None = None, calibration: Calibration | None = None) -> Performance:
        """How the net would play `written`: without a `seed` the middle of what it expects; with one a playing drawn from it."""
        touch = self.touch(written)
        performance = touch.middle() if seed is None else touch.drawn(written, seed)
        return performance if calibration is None else calibration.laid_over(performance)

    def calibrate(self, takes: Sequence[tuple[Written, Performance]]) -> Calibration:
        """What leads from the net's own playing to that of a player, from a few bars in one or several takes; NaN values are left out.

        Raises ValueError where there is no take.
        """
        if not takes:
            raise ValueError("no take to calibrate to")
        touches = [self.touch(written) for written, _ in takes]
        names = [item.name for item in fields(Performance)]
        expected = [_joined([getattr(touch, name) for touch in touches]) for name in names]
        played = [np.concatenate([getattr(performance, name) for _, performance in takes]) for name in names]
        return calibrated(expected, Performance(*played))


def load_humanizer(name_or_folder: str | Path, adapter: str | Path | None = None) -> Humanizer:
    """The humanizer called `name_or_folder`, or in the folder of that path; `adapter`: a style such as `jazz`, or a file.

    Raises ConfigError for an unknown name or style, CheckpointError where files are missing, damaged or of another kind.
    """
    folder = find_humanizer(name_or_folder)
    return Humanizer(load_phrase_net(folder, None if adapter is None else find_adapter(folder, adapter)), folder.name)


def _joined(parts: Sequence[Distribution]) -> Distribution:
    """Distributions over the same bins, one after the other."""
    return Distribution(parts[0].edges, np.concatenate([part.mass for part in parts]), parts[0].ceiling)
