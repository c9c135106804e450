"""Learns how long the playing pattern really is: from the script's report, checked against the wraps seen. Pure."""

from __future__ import annotations

from typing import Protocol

STEPS_PER_BEAT = 4
NEAR_BEATS = 0.125
NEAR_SEC = 0.12


class Position(Protocol):
    """What is read of a beacon."""

    @property
    def playing(self) -> bool: ...
    @property
    def song_mode(self) -> bool: ...
    @property
    def position_beat(self) -> float: ...
    @property
    def tempo_bpm(self) -> float: ...
    @property
    def pattern_beats(self) -> float | None: ...


class LoopLength:
    """The pattern's length in beats (`beats`, None in song mode or while unknown).

    The report counts until the song is seen beyond it. A wrap that the length in force does not explain is remembered; when
    the same wrap comes again, its length is taken. A new report begins anew.
    """

    def __init__(self) -> None:
        self._song_mode = True
        self._reported: float | None = None
        self._learned: float | None = None
        self._candidate: float | None = None
        self._reach_beat = 0.0
        self._last: tuple[float, float, float] | None = None

    @property
    def beats(self) -> float | None:
        """The length in force."""
        if self._song_mode:
            return None
        for length in (self._learned, self._reported):
            if length and length > 0 and self._reach_beat <= length + NEAR_BEATS:
                return length
        return None

    def unwrap(self, position_beat: float, near_beat: float) -> float:
        """The unwrapped beat of a song position that lies nearest to `near_beat`."""
        length = self.beats
        if length is None:
            return position_beat
        return position_beat + length * round((near_beat - position_beat) / length)

    def restart(self) -> None:
        """The song starts or stops: the next position is no continuation of the last."""
        self._last = None

    def observe(self, beacon: Position, at_sec: float) -> None:
        """Take in a beacon in order of arrival."""
        if beacon.song_mode != self._song_mode or beacon.pattern_beats != self._reported:
            self._song_mode = beacon.song_mode
            self._reported = beacon.pattern_beats
            self._learned = self._candidate = self._last = None
            self._reach_beat = 0.0
        if not beacon.playing or beacon.song_mode:
            self._last = None
            return
        self._reach_beat = max(self._reach_beat, beacon.position_beat)
        if self._last is not None:
            last_sec, last_beat, last_bpm = self._last
            self._judge(last_beat + (at_sec - last_sec) * last_bpm / 60.0 - beacon.position_beat, beacon.tempo_bpm)
        self._last = (at_sec, beacon.position_beat, beacon.tempo_bpm)

    def _judge(self, back_beats: float, tempo_bpm: float) -> None:
        """The position fell back by `back_beats` against steady playing."""
        near = max(NEAR_BEATS, NEAR_SEC * tempo_bpm / 60.0)
        if back_beats <= 2 * near:
            return
        length = self.beats
        if length is not None and abs(back_beats - length * round(back_beats / length)) <= near:
            return
        snapped = round(back_beats * STEPS_PER_BEAT) / STEPS_PER_BEAT
        if self._candidate is not None and abs(self._candidate - back_beats) <= near:
            self._learned = self._candidate
            self._reach_beat = 0.0
        self._candidate = snapped
