"""A song for the clock's tests: true positions, and the bytes and beacons that FL would send, with seeded jitter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from companion.bridge.clock import CLOCK, START, STOP, Beacon, Clock
from shared.music import TICKS_PER_BEAT, Meter

BEACON = Beacon(playing=False, song_mode=True, position_beat=0.0, tempo_bpm=120.0, meter=Meter(), pattern_beats=None)


@dataclass(frozen=True)
class Moment:
    """True state after an input reached the clock."""

    sec: float
    beat: float


class Song:
    """Plays into a `Clock`. `beat` runs unwrapped; `position` folds it for the beacons.

    Clock bytes come late by +-`jitter_sec`, beacons every 20..90 ms, 0..8 ms old.
    """

    def __init__(self, clock: Clock, seed: int = 1, jitter_sec: float = 0.003, clock_bytes: bool = True, beacons: bool = True) -> None:
        self.clock = clock
        self.sec = 1000.0
        self.beat = 0.0
        self.beacon = BEACON
        self.position: Callable[[float], float] = lambda beat: beat
        self.jitter_sec = jitter_sec
        self.outlier_share = 0.0
        self.clock_bytes = clock_bytes
        self.beacons = beacons
        self._random = random.Random(seed)
        self._tick_beat = 0.0
        self._due: list[tuple[float, int, int | Beacon]] = []
        self._order = 0
        self._idle_sec = self.sec

    def rest(self) -> None:
        """A beacon while the song stands still."""
        self.sec += 0.05
        self.clock.on_beacon(replace(self.beacon, playing=False, position_beat=self.position(self.beat)), self.sec)

    def start(self) -> None:
        """Start byte, then a song that runs."""
        self.rest()
        self.sec += 0.5
        self._idle_sec = self.sec + 0.03
        self._tick_beat = self.beat
        if self.clock_bytes:
            self.clock.on_byte(START, self.sec)

    def stop(self) -> None:
        """Stop byte and a beacon at rest."""
        if self.clock_bytes:
            self.clock.on_byte(STOP, self.sec)
        self._due.clear()
        self.rest()

    def seek(self, beat: float, on_grid: bool) -> None:
        """FL's position jumps while playing; its clock bytes take the new position's grid, or go on undisturbed."""
        rest = self._tick_beat - self.beat
        self.beat = beat
        self._tick_beat = -(-beat * TICKS_PER_BEAT // 1) / TICKS_PER_BEAT if on_grid else beat + rest

    def play(self, seconds: float) -> Iterator[Moment]:
        """Run; yields the truth after each input."""
        step = 0.0005
        end = self.sec + seconds
        while self.sec < end:
            self.sec += step
            self.beat += step * self.beacon.tempo_bpm / 60
            while self._tick_beat <= self.beat:
                # half the jitter's width of constant delay keeps arrivals causal; the line is then late by as much
                if self.clock_bytes:
                    true_sec = self.sec - (self.beat - self._tick_beat) * 60 / self.beacon.tempo_bpm
                    late_sec = 0.03 if self._random.random() < self.outlier_share else 0.0
                    self._push(true_sec + self.jitter_sec + self._random.uniform(-1, 1) * self.jitter_sec + late_sec, CLOCK)
                self._tick_beat += 1 / TICKS_PER_BEAT
            if self.sec >= self._idle_sec:
                self._idle_sec = self.sec + self._random.uniform(0.02, 0.09)
                if self.beacons:
                    read = replace(self.beacon, playing=True, position_beat=self.position(self.beat))
                    self._push(self.sec + self._random.uniform(0.0, 0.008), read)
            while self._due and self._due[0][0] <= self.sec:
                at_sec, _, data = self._due.pop(0)
                if isinstance(data, Beacon):
                    self.clock.on_beacon(data, at_sec)
                else:
                    self.clock.on_byte(data, at_sec)
                self.clock.advance(at_sec)
                yield Moment(self.sec, self.beat)
            self.clock.advance(self.sec)

    def run(self, seconds: float) -> list[float]:
        """Phase errors of the line against the truth in seconds, one after each input; loops and epochs are not judged here."""
        errors = []
        for moment in self.play(seconds):
            error_beat = self.clock.line.beat_at(moment.sec + self.jitter_sec * self.clock_bytes) - moment.beat
            errors.append(error_beat * 60 / self.beacon.tempo_bpm)
        return errors

    def _push(self, at_sec: float, data: int | Beacon) -> None:
        self._due.append((at_sec, self._order, data))
        self._order += 1
        self._due.sort(key=lambda item: item[:2])
