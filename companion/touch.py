"""A player's touch for planned notes: lag behind the beat and velocity. Pure and seeded; knows no clock.

Lag by tempo follows human soloists (Weimar Jazz Database: +24 ms at 110-140 BPM, +20 at 140-180, +9 at 220-260, +3 above):
the table comes from the settings. Both quantities wander slowly along the line, since listeners like correlated
deviations and dislike white noise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from shared.music import TICKS_PER_BEAT
from shared.score import Note
from shared.settings import TouchSettings

WANDER_BEATS = 2.0
LAG_WANDER_MS = 4.0
CONTOUR_SEMITONES = 8


@dataclass(frozen=True, slots=True)
class Touch:
    """The touch that `settings` describe, with every wander decided by `seed`."""

    seed: int
    settings: TouchSettings

    def lag_ms_least(self, tempo_bpm: float) -> float:
        """The smallest lag that `play` gives at a tempo: what the commit point may count on."""
        return max(0.0, self.settings.lag_ms_at(tempo_bpm) - LAG_WANDER_MS)

    def play(self, note: Note, before: Note | None, tick_in_beat: int, tempo_bpm: float) -> tuple[int, float]:
        """(velocity 1..127, lag in ms) of a note. `before` is the line's last note, `tick_in_beat` the note's place 0..23.

        Rising lines grow and falling lines fade, off-beats carry the accent as in swing playing.
        """
        beat = note.tick / TICKS_PER_BEAT
        lag = max(0.0, self.settings.lag_ms_at(tempo_bpm) + LAG_WANDER_MS * self._wander(beat, "lag"))
        rise = 0 if before is None else note.pitch - before.pitch
        contour = max(-CONTOUR_SEMITONES, min(CONTOUR_SEMITONES, rise)) / CONTOUR_SEMITONES
        offbeat = 1.0 if TICKS_PER_BEAT // 3 < tick_in_beat < TICKS_PER_BEAT * 5 // 6 else 0.0
        stress = 0.5 * self._wander(beat, "velocity") + 0.5 * contour + 0.5 * offbeat
        return max(1, min(127, round(self.settings.velocity + self.settings.accent * stress))), lag

    def _wander(self, beat: float, stream: str) -> float:
        """A slow random curve in -1..1: straight lines between seeded points WANDER_BEATS apart."""
        place = beat / WANDER_BEATS
        left = int(place // 1)
        weight = place - left
        return (1 - weight) * self._point(left, stream) + weight * self._point(left + 1, stream)

    def _point(self, index: int, stream: str) -> float:
        digest = hashlib.blake2b(f"{self.seed}:{stream}:{index}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 0x7FFFFFFF - 1.0
