"""A player's touch for planned notes: lag behind the beat, velocity, length; by rules, or as a humanizer says. Pure; knows no net.

Lag by tempo follows human soloists (Weimar Jazz Database: +24 ms at 110-140 BPM, +20 at 140-180, +9 at 220-260, +3 above):
the table comes from the settings. Both quantities wander slowly along the line, since listeners like correlated
deviations and dislike white noise. What a humanizer says is laid over the rules, as far as the settings' intensities go, within what
the plan can keep: no lag below the one that the commit point counts on, no note into the next one.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import msgspec

from companion.soloist import NoteTouch
from shared.messages import PlannedNote
from shared.music import TICKS_PER_BEAT, sec_to_beats
from shared.score import Note
from shared.settings import TouchSettings

WANDER_BEATS = 2.0
LAG_WANDER_MS = 4.0
CONTOUR_SEMITONES = 8
LAG_MS_MAX = 60.0
"""Later than this behind its tick a note is not laid back but wrong; the player then drops it."""
LEGATO_MS = 30.0
"""How far a note may reach into the next one: players of one voice bind notes so, and the next may lag more than this one."""
LENGTH_RATIO_MAX = 2.0
SHORTEST_BEAT = 1 / 24


@dataclass(frozen=True, slots=True)
class Lean:
    """How far a humanizer's playing lies from the rules' on the whole: velocities, and milliseconds of lag."""

    velocity: float = 0.0
    lag_ms: float = 0.0

    @staticmethod
    def between(ruled: Sequence[PlannedNote], played: Sequence[PlannedNote]) -> Lean:
        """That of notes, one or more, as the rules play them and as they are `played`."""
        louder = fmean(after.velocity - before.velocity for before, after in zip(ruled, played, strict=True))
        return Lean(louder, fmean(after.lag_ms - before.lag_ms for before, after in zip(ruled, played, strict=True)))


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

    def humanized(self, ruled: PlannedNote, wish: NoteTouch, tempo_bpm: float, after_beat: float | None) -> PlannedNote:
        """`ruled`, a note as the rules play it, with as much of a humanizer's `wish` as the settings say.

        `after_beat`: where the line goes on, None where nobody knows: then no note is lengthened.
        """
        shares = self.settings.intensities
        velocity = round(ruled.velocity + shares.velocity * (wish.velocity - ruled.velocity))
        lag_ms = ruled.lag_ms + shares.timing * (wish.onset_ms - ruled.lag_ms)
        length = ruled.duration_beat * math.exp(shares.duration * wish.log_ratio)
        room = 0.0 if after_beat is None else after_beat - ruled.onset_beat + sec_to_beats(LEGATO_MS / 1000.0, tempo_bpm)
        longest = max(ruled.duration_beat, min(room, LENGTH_RATIO_MAX * ruled.duration_beat))
        return msgspec.structs.replace(
            ruled,
            velocity=max(1, min(127, velocity)),
            lag_ms=self._held_ms(ruled, lag_ms, tempo_bpm),
            duration_beat=max(min(ruled.duration_beat, SHORTEST_BEAT), min(longest, length)),
        )

    def leaning(self, ruled: PlannedNote, lean: Lean, tempo_bpm: float) -> PlannedNote:
        """`ruled` as it is played until a humanizer has seen it: as loud and as late as the notes before it have become."""
        velocity = max(1, min(127, round(ruled.velocity + lean.velocity)))
        return msgspec.structs.replace(ruled, velocity=velocity, lag_ms=self._held_ms(ruled, ruled.lag_ms + lean.lag_ms, tempo_bpm))

    def _held_ms(self, ruled: PlannedNote, lag_ms: float, tempo_bpm: float) -> float:
        """`lag_ms` within what the commit point counts on and what is still laid back."""
        return max(self.lag_ms_least(tempo_bpm), min(max(LAG_MS_MAX, ruled.lag_ms), lag_ms))

    def _wander(self, beat: float, stream: str) -> float:
        """A slow random curve in -1..1: straight lines between seeded points WANDER_BEATS apart."""
        place = beat / WANDER_BEATS
        left = int(place // 1)
        weight = place - left
        return (1 - weight) * self._point(left, stream) + weight * self._point(left + 1, stream)

    def _point(self, index: int, stream: str) -> float:
        digest = hashlib.blake2b(f"{self.seed}:{stream}:{index}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 0x7FFFFFFF - 1.0
