"""Windows of notes to learn from, drawn by chance from tracks. Knows features and shares; knows no net.

What a window holds follows from (seed, number of the batch, number in the batch) alone, so that a run that was killed goes on with
the very windows it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.drum_kit import voices_of
from shared.errors import DataError
from shared.features import CODE_SIZES, Features, features
from shared.phrases import Stack, stack, windows
from shared.written import Performance, Written
from trainer.duv.config import AugmentSettings
from trainer.duv.imagined import imagined
from trainer.duv.manifest import Track

Played = NDArray[np.float32]
Drawn = tuple[Features, Performance, bool]
"""A window, how it was played, and whether it is imagined."""
_PITCH, _PITCH_CLASS = (list(CODE_SIZES).index(name) for name in ("pitch", "pitch_class"))
_EXCERPT_BARS = (1, 2, 4, 8)
_TICKS = 48  # in a quarter: finer than any two downbeats differ
_QUANTITIES = ("velocity", "onset_ms", "log_ratio")


@dataclass(frozen=True, slots=True)
class PhraseBatch:
    """B windows of up to T notes, and how they were played: (B, T) each, NaN where not known or nothing is learned.

    `imagined` (B,): nobody played these windows so (`trainer.duv.imagined`).
    """

    seen: Stack
    velocity: Played
    onset_ms: Played
    log_ratio: Played
    imagined: NDArray[np.bool_]

    def notes(self) -> int:
        """How many notes have something to learn."""
        known = ~(np.isnan(self.velocity) & np.isnan(self.onset_ms) & np.isnan(self.log_ratio))
        return int(known.sum())


def learned(track: Track, velocity_from: Collection[str]) -> Track:
    """The track without velocities where they come from something else than `velocity_from`."""
    if track.velocity_from in velocity_from:
        return track
    played = track.performance
    return replace(track, performance=Performance(np.full(len(played), np.nan), played.onset_ms, played.log_ratio))


def instrument_of(track: Track) -> str:
    """What most shares are told of."""
    return track.written.instrument


def weights_of(tracks: Sequence[Track], shares: Mapping[str, float], context: int, kind: Callable[[Track], str]) -> list[float]:
    """How likely a window of `context` notes comes from each track, so that every note of one `kind` is drawn as often as another, and each
    kind as often as its share says. A track shorter than a window counts as a whole one: that is all that a window of it holds."""
    sizes = [max(len(track.written), context) for track in tracks]
    totals: dict[str, int] = {}
    for track, size in zip(tracks, sizes, strict=True):
        totals[kind(track)] = totals.get(kind(track), 0) + size
    return [shares.get(kind(track), 0.0) * size / totals[kind(track)] for track, size in zip(tracks, sizes, strict=True)]


class PhraseWindows:
    """Training windows of up to `context` notes from `tracks`, each track as likely as its `weight` says; of `imagined_share` of them
    teachers alone say how they are played."""

    def __init__(
        self, tracks: Sequence[Track], weights: Sequence[float], context: int, augment: AugmentSettings, seed: int,
        imagined_share: float = 0.0,
    ) -> None:  # fmt: skip
        if not tracks or sum(weights) <= 0:
            raise DataError("no track to learn from in the training part; write manifests of more music: python -m trainer duv enrich")
        self._tracks = tracks
        self._chances = np.cumsum(weights) / np.sum(weights)
        self._context, self._augment, self._seed, self._imagined_share = context, augment, seed, imagined_share
        self._features: dict[int, Features] = {}

    def batch(self, number: int, size: int) -> PhraseBatch:
        """The `number`-th batch, of `size` windows."""
        chances = (np.random.Generator(np.random.Philox(key=[self._seed, number * size + place])) for place in range(size))
        return _stacked([self._draw(chance) for chance in chances])

    def _draw(self, chance: np.random.Generator) -> Drawn:
        index = self._any(chance)
        track = self._tracks[index]
        if self._imagined_share and chance.random() < self._imagined_share:
            other = self._tracks[self._any(chance)]
            written, performance = imagined((track.written, track.performance), (other.written, other.performance), chance)
            return *self._cut(features(written), performance, track, chance), True
        if chance.random() < self._augment.excerpt_share:
            chosen = _some_bars(track.written, chance, self._context)
            return self._varied(features(track.written.part(chosen)), track, chance), track.performance.part(chosen), False
        if track.written.is_drums and chance.random() < self._augment.drop_voice_share:
            left = _without_a_voice(track.written, chance)
            seen, played = features(track.written.part(left)), track.performance.part(left)
        else:
            seen, played = self._seen(index), track.performance
        return *self._cut(seen, played, track, chance), False

    def _any(self, chance: np.random.Generator) -> int:
        return int(np.searchsorted(self._chances, chance.random(), side="right"))

    def _cut(self, seen: Features, played: Performance, track: Track, chance: np.random.Generator) -> tuple[Features, Performance]:
        # Beginnings and ends as often as if windows reached half beyond them.
        half, most = self._context // 2, max(0, len(seen) - self._context)
        start = int(np.clip(chance.integers(-half, max(1, len(seen) - half)), 0, most))
        where = slice(start, start + self._context)
        return self._varied(seen.part(where), track, chance), played.part(where)

    def _varied(self, window: Features, track: Track, chance: np.random.Generator) -> Features:
        return window if track.written.is_drums else _moved(window, chance, self._augment.transpose_semitones)

    def _seen(self, index: int) -> Features:
        found = self._features.get(index)
        if found is None:
            found = self._features[index] = features(self._tracks[index].written)
        return found


def whole(tracks: Sequence[Track], context: int, size: int) -> Iterator[PhraseBatch]:
    """All of `tracks` in windows as they are played, each note counted once; batches of up to `size` windows."""
    waiting: list[Drawn] = []
    for track in tracks:
        seen = features(track.written)
        for window in windows(len(seen), context):
            where = np.arange(window.start, window.end)
            counts = (where >= window.keep_start) & (where < window.keep_end)
            played = track.performance.part(slice(window.start, window.end))
            kept = (np.where(counts, getattr(played, name), np.nan) for name in _QUANTITIES)
            waiting.append((seen.part(slice(window.start, window.end)), Performance(*kept), False))
        while len(waiting) >= size:
            yield _stacked(waiting[:size])
            waiting = waiting[size:]
    if waiting:
        yield _stacked(waiting)


def _some_bars(written: Written, chance: np.random.Generator, most: int) -> slice:
    """The notes, at most `most`, of one to eight bars from a downbeat on."""
    downbeat = np.rint((written.onset_beat - written.bar_beat) * _TICKS)
    first = int(chance.choice(np.flatnonzero(np.diff(downbeat, prepend=-np.inf) > 0)))
    bars = chance.choice(_EXCERPT_BARS)
    beyond = np.flatnonzero(downbeat[first:] - downbeat[first] > bars * written.bar_beats[first] * _TICKS - 1)
    return slice(first, first + min(most, *beyond[:1], len(written) - first))


def _without_a_voice(written: Written, chance: np.random.Generator) -> NDArray[np.bool_]:
    """The notes that are left without one of the kit's voices; all of them where there is only one."""
    voices = voices_of(written.pitch)
    struck = np.unique(voices)
    left: NDArray[np.bool_] = voices != chance.choice(struck)
    return left if len(struck) > 1 else ~left | left


def _moved(window: Features, chance: np.random.Generator, semitones: int) -> Features:
    """The window as it looks some semitones higher or lower, as far as no pitch leaves 0..127: all else is said relative to the track."""
    codes = window.codes.copy()
    pitch = codes[:, _PITCH]  # 0 stands for none, 1..128 for pitches
    low, high = max(-semitones, 1 - int(pitch.min())), min(semitones, 128 - int(pitch.max()))
    shift = int(chance.integers(low, high + 1))
    codes[:, _PITCH] = pitch + shift
    codes[:, _PITCH_CLASS] = (codes[:, _PITCH] - 1) % 12 + 1
    return Features(codes, window.values)


def _stacked(drawn: Sequence[Drawn]) -> PhraseBatch:
    seen = stack([window for window, _, _ in drawn])
    played = []
    for name in _QUANTITIES:
        values = np.full(seen.mask.shape, np.nan, dtype=np.float32)
        for row, (_, performance, _) in enumerate(drawn):
            values[row, : len(performance)] = getattr(performance, name)
        played.append(values)
    return PhraseBatch(seen, played[0], played[1], played[2], np.array([is_imagined for _, _, is_imagined in drawn], dtype=np.bool_))
