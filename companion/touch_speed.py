"""What a humanizer costs on this machine: notes a second of a whole file, milliseconds for a bar of the live solo. Knows no players.

A file is measured from its bytes to those with new notes, as `companion humanize` does it, once the weights are loaded; a bar from the
score to what is said of its notes, with the bars before it, as the live solo is touched. *Cold* is after a pause.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from companion.figures import percentile
from companion.humanize.midi_file import parse_midi
from companion.humanize.models import instrument_of_model, usual_session
from companion.humanize.song import BarRange, Job, duv_wish
from companion.humanize.work import humanize
from companion.humanized import SEEN_BARS, Humanizer
from companion.onnx_phrase import PhraseRunner
from shared.duv_settings import load_duv_uses
from shared.foresight import ChordChange, Foresight
from shared.model_folder import load_phrase_net
from shared.music import TICKS_PER_BEAT, Grid
from shared.score import Conditioning, Event, Note
from shared.written import DRUMS, UNKNOWN_STYLE

FILE_NOTES = 20_000
FILE_ROUNDS = 5
HOT_BARS = 200
COLD_BARS = 60
PAUSE_SEC = 0.15
SEED = 1
STEPS_A_BEAT = 4
STEP_TICKS = TICKS_PER_BEAT // STEPS_A_BEAT
BAR_STEPS = 16
STRUCK = 0.6  # of the steps of a bar: as busy as a fast solo
KIT = (36, 38, 42, 46, 51)


@dataclass(frozen=True, slots=True)
class TouchSpeed:
    """What was measured: notes a second of each round of a file of `notes`, milliseconds of each bar, `bar_notes` notes on average."""

    notes: int
    notes_per_sec: tuple[float, ...]
    bar_notes: float
    hot_ms: tuple[float, ...]
    cold_ms: tuple[float, ...]

    def rows(self) -> list[tuple[str, str]]:
        """For people to read."""
        rounds = [f"{pick(self.notes_per_sec):,.0f}" for pick in (min, _middle, max)]
        return [
            (f"notes a second, a file of {self.notes:,}: least / middle / most", " / ".join(rounds)),
            (f"ms a bar of {self.bar_notes:.0f} notes, hot, {len(self.hot_ms)} bars: p50 / p99", _shown(self.hot_ms)),
            (f"ms a bar of {self.bar_notes:.0f} notes, cold, {len(self.cold_ms)} bars: p50 / p99", _shown(self.cold_ms)),
        ]

    def figures(self) -> dict[str, object]:
        """For programs to read."""
        bars = {"hot": self.hot_ms, "cold": self.cold_ms}
        return {
            "file": {"notes": self.notes, "notes_per_sec": _middle(self.notes_per_sec), "rounds": list(self.notes_per_sec)},
            "live": {
                f"one bar, {state}": {"p50": percentile([*took], 0.5), "p99": percentile([*took], 0.99), "bars": len(took)}
                for state, took in bars.items()
            },
            "bar_notes": self.bar_notes,
        }


def measure_touch(folder: Path) -> TouchSpeed:
    """Measure the humanizer in `folder`. Raises CheckpointError where its files are damaged."""
    instrument = instrument_named(folder)
    pitches, struck = notes_of(instrument, FILE_NOTES)
    rounds = tuple(_file_rounds(folder, instrument, midi_of(pitches, struck)))
    line = score_of(*notes_of(instrument, round((HOT_BARS + COLD_BARS + 2 * SEEN_BARS) * BAR_STEPS * STRUCK)))
    took = list(_bars(folder, instrument, line))
    bars = sum(isinstance(event, Note) for event in line) / len(bar_lines(line))
    return TouchSpeed(len(pitches), rounds, bars, tuple(took[:HOT_BARS]), tuple(took[HOT_BARS:]))


def instrument_named(folder: Path) -> str:
    """The instrument by which the humanizer in `folder` is measured. Raises ConfigError where its name tells of none."""
    return instrument_of_model(_path(folder), load_duv_uses())


def notes_of(instrument: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pitches and the sixteenths at which they are struck, ascending, (count,) each: chance strokes, or a line that walks about."""
    chance = np.random.default_rng(SEED)
    struck = np.flatnonzero(chance.random(2 * count + BAR_STEPS) < STRUCK)[:count]
    if instrument == DRUMS:
        return chance.choice(KIT, count), struck
    # A walk that turns back at the octave's ends.
    return 48 + np.abs(np.cumsum(chance.integers(-3, 4, count)) % 48 - 24), struck


def midi_of(pitches: np.ndarray, struck: np.ndarray) -> bytes:
    """A file of one track of those notes, all of one velocity and on the grid."""
    file = mido.MidiFile(ticks_per_beat=480)
    step = file.ticks_per_beat // STEPS_A_BEAT
    track = mido.MidiTrack()
    timed = [(int(at) * step, 1, int(pitch), 100) for pitch, at in zip(pitches, struck, strict=True)]
    timed += [((int(at) + 1) * step, 0, int(pitch), 0) for pitch, at in zip(pitches, struck, strict=True)]
    last = 0
    for tick, _, pitch, velocity in sorted(timed):
        track.append(mido.Message("note_on", note=pitch, velocity=velocity, time=tick - last))
        last = tick
    file.tracks.append(track)
    packed = io.BytesIO()
    file.save(file=packed)
    return packed.getvalue()


def score_of(pitches: np.ndarray, struck: np.ndarray) -> list[Event]:
    """The same notes as a live score in 4/4 with a frame a beat, which ends with a bar line."""
    seen, wish = Foresight(Grid(), (ChordChange(0, None),)), Conditioning()
    last = -(-(int(struck[-1]) + 1) // BAR_STEPS) * BAR_STEPS
    events: list[Event] = [seen.frame_at(step * STEP_TICKS, wish) for step in range(0, last + 1, STEPS_A_BEAT)]
    events += [Note(int(at) * STEP_TICKS, int(pitch), STEP_TICKS) for pitch, at in zip(pitches, struck, strict=True)]
    return sorted(events, key=lambda event: (event.tick, isinstance(event, Note)))


def bar_lines(score: Sequence[Event]) -> list[int]:
    """The places in a score at which a whole bar has just been written."""
    bar_ticks = BAR_STEPS * STEP_TICKS
    return [place for place, event in enumerate(score) if not isinstance(event, Note) and event.tick > 0 and event.tick % bar_ticks == 0]


def _file_rounds(folder: Path, instrument: str, data: bytes) -> Iterator[float]:
    import torch

    torch.set_num_threads(1)  # as `companion humanize` does
    session = usual_session()
    job = Job(instrument, BarRange(), None, None, True, None, duv_wish(_path(folder), UNKNOWN_STYLE, False, intensity=1.0))
    # The first pass loads the weights and sets up the libraries beneath.
    humanize(parse_midi(midi_of(*notes_of(instrument, BAR_STEPS))), [job], session)
    for _ in range(FILE_ROUNDS):
        began_sec = time.perf_counter()
        _, (report,) = humanize(parse_midi(data), [job], session)
        yield report.notes / (time.perf_counter() - began_sec)


def _bars(folder: Path, instrument: str, score: Sequence[Event]) -> Iterator[float]:
    """Milliseconds of each of the bars after the first few, the hot ones first."""
    humanizer = Humanizer(PhraseRunner(load_phrase_net(folder)), folder.name, instrument, UNKNOWN_STYLE, SEED)
    for number, place in enumerate(bar_lines(score)[SEEN_BARS - 1 :][: HOT_BARS + COLD_BARS]):
        events = score[: place + 1]
        if number >= HOT_BARS:
            time.sleep(PAUSE_SEC)
        began_sec = time.perf_counter()
        humanizer.touch(events)
        yield (time.perf_counter() - began_sec) * 1000.0


def _path(folder: Path) -> str:
    """The folder as a path, which names it and no other, wherever models are looked for."""
    return str(folder.absolute())


def _middle(values: Sequence[float]) -> float:
    return float(np.median(values))


def _shown(took: Sequence[float]) -> str:
    return f"{percentile([*took], 0.5):.2f} / {percentile([*took], 0.99):.2f}"
