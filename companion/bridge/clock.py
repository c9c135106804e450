"""Follows FL Studio's time by MIDI clock bytes and the script's beacons. Pure: arrival times come in as arguments.

The script reports the tempo exactly, so it is fed forward and only the phase is filtered: a scalar Kalman filter (a mean at
first, then a slow average) over the bytes' lateness, with bounded steps against outliers. MIDI clock counts beats but knows
no position, beacons know the position but come late by a callback's length: bytes give the phase, beacons the bar.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Literal

from companion.bridge.loop_length import LoopLength
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, TICKS_PER_BEAT, Meter, SongClock

CLOCK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
REALTIME = (CLOCK, START, CONTINUE, STOP)
TEMPO_BPM_UNKNOWN = 120.0

BYTE_SD_SEC = 0.002
BEACON_SD_SEC = 0.008
UNKNOWN_SD_SEC = 0.050
# a new tempo is reported by the next callback, up to 90 ms after it took hold
REPORT_DELAY_SEC = 0.050
MEMORY_BYTES = 48
MEMORY_BEACONS = 8
LOCK_BYTES = 24
LOCK_TEMPO_CHANGE = 0.02
GATE_SD = 3.0
OUTLIERS_TO_RELOCK = 6

JUMP_SEC = 0.12
SLIP_SEC = 0.020
SLIP_BEACONS = 8
PLACING_BEACONS = 8
NEAR_TICK_SEC = 0.004
SETTLE_SEC = 0.3
CLOCK_LOST_SEC = 0.25
CLOCK_LOST_PERIODS = 8
TEMPO_STALE_SEC = 1.0
ALL_LOST_SEC = 2.5

Quality = Literal["midi", "beacon", "none"]


@dataclass(frozen=True, slots=True)
class Beacon:
    """FL's transport as the script read it in one callback; `meter` and `pattern_beats` None where they are unknown.

    `pattern` and `channel` are the numbers of those selected.
    """

    playing: bool
    song_mode: bool
    position_beat: float
    tempo_bpm: float
    meter: Meter | None
    pattern_beats: float | None
    pattern: int = 0
    channel: int = -1


class Clock:
    """The song's line through wall time, with its epoch.

    `line` holds while `playing`; standing still, `line.beat` is the position. `loop_beats` is the pattern's length, None in
    song mode or while unknown. `epoch` grows at every start, stop and jump. `jitter_ms` is the bytes' RMS lateness.
    """

    def __init__(self) -> None:
        self.line = SongClock(0.0, 0.0, TEMPO_BPM_UNKNOWN)
        self.playing = False
        self.epoch = 0
        self.meter = Meter()
        self.loop_beats: float | None = None
        self._song_mode = True
        self._loop = LoopLength()
        self._rest_beat = 0.0
        self._began_sec = -math.inf
        self._began_by_byte = False
        self._byte_sec: float | None = None
        self._beacon_sec: float | None = None
        self._variance = UNKNOWN_SD_SEC**2
        self._jitter_sec2 = 0.0
        self._base_beat = 0.0
        self._count: int | None = None
        self._tracked = 0
        self._unplaced = 0
        self._outliers: list[float] = []
        self._beacon_errors: deque[float] = deque(maxlen=SLIP_BEACONS)
        self._suspect_beat: float | None = None
        self._arrivals: deque[float] = deque(maxlen=MEMORY_BYTES + 1)

    @property
    def quality(self) -> Quality:
        """What the line follows now: MIDI clock, beacons alone, or nothing."""
        if self.playing and self._byte_sec is not None:
            return "midi"
        return "none" if self._beacon_sec is None else "beacon"

    @property
    def jitter_ms(self) -> float:
        """Root mean square of the clock bytes' lateness against the line, in milliseconds."""
        return math.sqrt(self._jitter_sec2) * 1000

    def on_byte(self, status: int, at_sec: float) -> None:
        """A MIDI real-time byte: clock, start, continue or stop; others are ignored."""
        if status == STOP and self.playing:
            # FL returns to where it began; the next beacon says it for certain
            self._halt(at_sec, self._rest_beat)
            self._began_by_byte = True
        elif status in (START, CONTINUE):
            self._on_start(at_sec)
        elif status == CLOCK and self.playing:
            self._on_clock(at_sec)

    def on_beacon(self, beacon: Beacon, at_sec: float) -> None:
        """The script's report, with its arrival time."""
        self._beacon_sec = at_sec
        self.meter = beacon.meter or self.meter
        self._retune(min(max(beacon.tempo_bpm, TEMPO_BPM_MIN), TEMPO_BPM_MAX), at_sec)
        self._song_mode = beacon.song_mode
        self._loop.observe(beacon, at_sec)
        if beacon.playing != self.playing:
            # read before the start or stop byte overtook it: the byte is newer
            if self._began_by_byte and at_sec - self._began_sec < SETTLE_SEC:
                return
            if beacon.playing:
                self._begin(at_sec, beacon.position_beat)
            else:
                self._halt(at_sec, beacon.position_beat)
        if self.playing:
            self._follow_beacon(beacon, at_sec)
        else:
            self._rest_beat = beacon.position_beat
            self.loop_beats = self._loop.beats
            self.line = SongClock(at_sec, beacon.position_beat, self.line.tempo_bpm)

    def advance(self, now_sec: float) -> None:
        """Notice what did not come: the clock lost, or everything lost, which stops the song."""
        period_sec = 60.0 / self.line.tempo_bpm / TICKS_PER_BEAT
        if self._byte_sec is not None and now_sec - self._byte_sec > max(CLOCK_LOST_SEC, CLOCK_LOST_PERIODS * period_sec):
            self._byte_sec = None
            self._count = None
            self._arrivals.clear()
            self._outliers.clear()
        if self._beacon_sec is not None and now_sec - self._beacon_sec > ALL_LOST_SEC:
            self._beacon_sec = None
        if self.playing and self._byte_sec is None and self._beacon_sec is None and now_sec - self._began_sec > ALL_LOST_SEC:
            self._halt(now_sec, self.line.beat_at(now_sec))

    def _on_start(self, at_sec: float) -> None:
        # the script saw the start first: the same epoch, now with a byte count
        if not (self.playing and not self._began_by_byte and at_sec - self._began_sec < SETTLE_SEC):
            self._begin(at_sec, self._rest_beat)
        self._began_by_byte = True
        self._base_beat = self._rest_beat
        self._unplaced = 0
        self._count = -1
        self._byte_sec = at_sec

    def _on_clock(self, at_sec: float) -> None:
        self._byte_sec = at_sec
        self._arrivals.append(at_sec)
        if self._count is None:
            # taken up in the middle: where in the song this byte lies is known from beacons only
            self._count = 0
            self._base_beat = self.line.beat_at(at_sec)
            self._unplaced = PLACING_BEACONS
        else:
            self._count += 1
        if self._count == 0:
            self.line = SongClock(at_sec, self._base_beat, self.line.tempo_bpm)
            self._variance = UNKNOWN_SD_SEC**2
            self._tracked = 0
        self._tracked += 1
        if self._beacon_sec is None or at_sec - self._beacon_sec > TEMPO_STALE_SEC:
            self._measure_tempo(at_sec)
        late_sec = at_sec - self.line.sec_at(self._base_beat + self._count / TICKS_PER_BEAT)
        self._correct(late_sec, BYTE_SD_SEC, MEMORY_BYTES, at_sec)
        if self._tracked > LOCK_BYTES:
            self._jitter_sec2 += (late_sec**2 - self._jitter_sec2) / MEMORY_BYTES
        if len(self._outliers) >= OUTLIERS_TO_RELOCK:
            self._relock(at_sec)

    def _follow_beacon(self, beacon: Beacon, at_sec: float) -> None:
        loop_beats = self._loop.beats
        beat = self.line.beat_at(at_sec)
        error_beat = self._loop.unwrap(beacon.position_beat, beat) - beat
        error_sec = error_beat * 60.0 / self.line.tempo_bpm
        if self._is_jump(error_beat, error_sec):
            self._begin(at_sec, beacon.position_beat)
        elif abs(error_sec) <= JUMP_SEC:
            self._suspect_beat = None
            if self._count is None:
                self._correct(-error_sec, BEACON_SD_SEC, MEMORY_BEACONS, at_sec)
            else:
                self._check_count(error_beat)
        self.loop_beats = loop_beats

    def _is_jump(self, error_beat: float, error_sec: float) -> bool:
        """A far beacon is a jump; a near one may be late itself, so the next one has to say the same."""
        if abs(error_sec) <= JUMP_SEC:
            return False
        suspect, self._suspect_beat = self._suspect_beat, error_beat
        if abs(error_beat) > 1.0 and abs(error_sec) > 2 * JUMP_SEC:
            return True
        return suspect is not None and abs(error_beat - suspect) * 60.0 / self.line.tempo_bpm < JUMP_SEC

    def _check_count(self, error_beat: float) -> None:
        """Set the bytes' count right by beacons.

        A beacon tells a position that has passed, never one to come. So after a jump the line follows those that are ahead
        of it, and soon stands where the promptest beacon does; if that is nearly a whole tick of the song, it is that tick.
        Later, beacons that agree on another tick tell of a slip.
        """
        if self._unplaced:
            self._unplaced -= 1
            self._displace(max(0.0, error_beat))
            off_beat = self._base_beat - round(self._base_beat * TICKS_PER_BEAT) / TICKS_PER_BEAT
            if self._unplaced == 0 and abs(off_beat) < min(0.25 / TICKS_PER_BEAT, NEAR_TICK_SEC * self.line.tempo_bpm / 60.0):
                self._displace(-off_beat)
            return
        self._beacon_errors.append(error_beat)
        slip_beat = median(self._beacon_errors)
        least_beat = max(0.75 / TICKS_PER_BEAT, SLIP_SEC * self.line.tempo_bpm / 60.0)
        if len(self._beacon_errors) == SLIP_BEACONS and abs(slip_beat) > least_beat:
            self._displace(round(slip_beat * TICKS_PER_BEAT) / TICKS_PER_BEAT)
            self._beacon_errors.clear()

    def _displace(self, beats: float) -> None:
        """Move the whole song by `beats` against the bytes."""
        self._base_beat += beats
        self.line = SongClock(self.line.at_sec, self.line.beat + beats, self.line.tempo_bpm)

    def _correct(self, late_sec: float, sd_sec: float, memory: int, at_sec: float) -> None:
        """One Kalman step: move the line towards an observation that came `late_sec` after the line's own moment."""
        measured = sd_sec**2
        gate_sec = GATE_SD * math.sqrt(self._variance + measured)
        if abs(late_sec) > gate_sec:
            if self._outliers and (self._outliers[-1] > 0) != (late_sec > 0):
                self._outliers.clear()
            self._outliers.append(late_sec)
        else:
            self._outliers.clear()
        gain = self._variance / (self._variance + measured)
        self._variance = (1 - gain) * self._variance + measured / memory**2
        self._shift(gain * min(max(late_sec, -gate_sec), gate_sec), at_sec)

    def _relock(self, at_sec: float) -> None:
        """Bytes in a row that disagree: whole ticks were lost or doubled, or the line itself is off."""
        late_sec = median(self._outliers)
        period_sec = 60.0 / self.line.tempo_bpm / TICKS_PER_BEAT
        ticks = round(late_sec / period_sec)
        settled = self._tracked > LOCK_BYTES and max(self._outliers) - min(self._outliers) < period_sec
        if ticks and settled and abs(late_sec / period_sec - ticks) < 0.25:
            assert self._count is not None
            self._count += ticks
        else:
            self._shift(late_sec, at_sec)
            self._variance = BEACON_SD_SEC**2
            self._tracked = 0
        self._outliers.clear()

    def _shift(self, late_sec: float, at_sec: float) -> None:
        self.line = SongClock(at_sec, self.line.beat_at(at_sec - late_sec), self.line.tempo_bpm)

    def _retune(self, tempo_bpm: float, at_sec: float) -> None:
        """Another tempo from here on; the phase goes on, less certain by what the report's delay may have cost."""
        old_bpm = self.line.tempo_bpm
        if tempo_bpm != old_bpm:
            self.line = SongClock(at_sec, self.line.beat_at(at_sec), tempo_bpm)
            self._variance += ((tempo_bpm - old_bpm) / tempo_bpm * REPORT_DELAY_SEC) ** 2
            self._outliers.clear()
            self._arrivals.clear()
            if abs(tempo_bpm / old_bpm - 1) > LOCK_TEMPO_CHANGE:
                self._tracked = 0

    def _measure_tempo(self, at_sec: float) -> None:
        """No report of the tempo (no script, or a dialog holds it up): take it from the bytes' spacing."""
        if len(self._arrivals) < MEMORY_BYTES // 2:
            return
        span_sec = self._arrivals[-1] - self._arrivals[0]
        tempo_bpm = 60.0 * (len(self._arrivals) - 1) / TICKS_PER_BEAT / max(span_sec, 1e-9)
        if TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX and abs(tempo_bpm / self.line.tempo_bpm - 1) > 0.01:
            self._retune(tempo_bpm, at_sec)

    def _begin(self, at_sec: float, beat: float) -> None:
        """A new epoch that plays from `beat`."""
        self.epoch += 1
        self.playing = True
        self._began_sec = at_sec
        self._began_by_byte = False
        # whether the bytes go on as before or keep to the new place's ticks is not known
        self._count = None
        self._variance = UNKNOWN_SD_SEC**2
        self.line = SongClock(at_sec, beat, self.line.tempo_bpm)
        self.loop_beats = self._loop.beats
        self._outliers.clear()
        self._beacon_errors.clear()
        self._suspect_beat = None

    def _halt(self, at_sec: float, beat: float) -> None:
        """A new epoch that stands at `beat`."""
        self.epoch += 1
        self.playing = False
        self._began_sec = at_sec
        self._began_by_byte = False
        self._count = None
        self._byte_sec = None
        self._arrivals.clear()
        self._outliers.clear()
        self._loop.restart()
        self.line = SongClock(at_sec, beat, self.line.tempo_bpm)
