"""The whole house on the offline clock for the tests: real script, bridge, conductor and fallback player around a simulated FL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from companion.bridge.core import BridgeCore
from companion.cast import build_conductor, header_of
from companion.fallback import FallbackSoloist
from companion.jam import Jam
from companion.offline import OfflineJam, OfflineWorker
from companion.options import ChartText
from companion.recorder import Recorder
from companion.sim.machine import HeardNote, Machine, SongChord
from companion.soloist import Musician
from companion.touch_store import BY_RULES
from shared.chords import parse_symbol
from shared.music import Meter
from shared.score import Frame, Note
from shared.settings import load_settings
from shared.voicings import voice

PLAY_SEC = 0.5
STEP_SEC = 0.004

Action = Callable[[Machine], None]


def chords(text: str, each_beat: float, first_beat: float = 0.0) -> list[SongChord]:
    """Chord symbols, `each_beat` quarter notes apart."""
    named = [parse_symbol(symbol) for symbol in text.split()]
    return [(first_beat + i * each_beat, each_beat * 0.95, voice(chord), 80) for i, chord in enumerate(named) if chord is not None]


@dataclass
class House:
    """A jam from `play` at 0.5 s to its end, and what to ask of it."""

    song: Sequence[SongChord] = ()
    tempo_bpm: float = 140.0
    meter: Meter = field(default_factory=Meter)
    song_mode: bool = True
    pattern_beats: int = 16
    seed: int = 1
    step_sec: float = STEP_SEC
    soloist: Musician = field(default_factory=FallbackSoloist)
    chart: str | None = None
    recorder: Recorder | None = None

    def __post_init__(self) -> None:
        settings = load_settings()
        chart = None if self.chart is None else ChartText(self.chart, "the chart")
        self.recorder = self.recorder or Recorder(None, "jam", header_of("fallback", "", BY_RULES, self.seed, chart, settings))
        worker = OfflineWorker(self.soloist, self.step_sec)
        self.conductor = build_conductor(settings, self.seed, chart, worker, self.recorder)
        self.machine = Machine(
            seed=self.seed,
            tempo_bpm=self.tempo_bpm,
            meter=self.meter,
            song=self.song,
            song_mode=self.song_mode,
            pattern_beats=self.pattern_beats,
        )
        self.machine.at(PLAY_SEC, self.machine.play)
        self.clock = OfflineJam(self.machine, BridgeCore(), self.conductor, worker, self.recorder)

    def at(self, sec: float, action: Action) -> None:
        """Let the user do something at a moment."""
        self.machine.at(sec, lambda: action(self.machine))

    def run(self, sec: float) -> None:
        """Let time pass up to `sec`."""
        self.clock.run_until(sec)

    def finish(self, sec: float) -> Jam:
        """Stop at `sec`, wait a second more, and check what must hold after every jam."""
        self.run(sec)
        self.machine.stop()
        self.run(sec + 1.0)
        self.conductor.stop(self.clock.now_sec)
        assert self.machine.sounding() == set(), "a note hangs"
        assert self.machine.faults == []
        assert self.conductor.figures.unplanned_gaps == 0
        assert self.recorder is not None
        return self.recorder.close()

    @property
    def heard(self) -> list[HeardNote]:
        """The note-ons that reached the synth."""
        return [note for note in self.machine.notes if note.velocity]

    def frames(self) -> list[Frame]:
        """The frames of the current epoch's score."""
        return [event for event in self.conductor.score if isinstance(event, Frame)]

    def notes(self) -> list[Note]:
        """The notes of the current epoch's score."""
        return [event for event in self.conductor.score if isinstance(event, Note)]
