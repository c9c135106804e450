"""Minutes of music with a humanizer at the soloist's side: what the synth hears, and the same again from the log."""

from __future__ import annotations

from pathlib import Path
from statistics import mean, median, pstdev

import pytest

from companion.cast import header_of
from companion.cli import main
from companion.fallback import FallbackSoloist
from companion.humanized import HumanizedSoloist
from companion.jam import Jam
from companion.options import ReplayOptions
from companion.recorder import Recorder, read_log
from companion.replay import replay
from companion.touch import Touch
from companion.touch_store import BY_RULES
from shared.messages import AnyMessage, Plan, PlannedNote
from shared.nets.phrase import PhraseNet
from shared.settings import load_settings
from tests.companion.house import PLAY_SEC, House, chords
from tests.companion.made_humanizer import NAME, install, made_humanizer, made_net

TEMPO_BPM = 140.0
CHANGES = "Dm7 G7 Cmaj7 A7 Dm7 G7 Cmaj7 Cmaj7"


def sec_of(beat: float) -> float:
    return PLAY_SEC + beat * 60.0 / TEMPO_BPM


def played(net: PhraseNet | None = None, recorder: Recorder | None = None) -> tuple[House, Jam]:
    """Eight bars, a chord each; by rules where there is no net."""
    soloist = FallbackSoloist() if net is None else HumanizedSoloist(FallbackSoloist(), made_humanizer(net))
    house = House(chords(CHANGES, 4.0), seed=5, soloist=soloist, recorder=recorder)
    return house, house.finish(sec_of(32))


class Listener(Recorder):
    """Keeps what was sent last of each note."""

    def __init__(self) -> None:
        super().__init__(None, "jam", header_of("fallback", "", BY_RULES, 5, None, load_settings()))
        self.planned: dict[int, PlannedNote] = {}

    def sent(self, message: AnyMessage) -> None:
        super().sent(message)
        if isinstance(message, Plan):
            self.planned.update((note.id, note) for note in message.notes)


def test_loudness_and_length_are_what_the_humanizer_says() -> None:
    _, ruled = played()
    house, soft = played(made_net(velocity=30.0, log_ratio=-1.0))
    _, loud = played(made_net(velocity=115.0, log_ratio=0.0))
    assert house.conductor.figures.humanized >= 0.75 * len(soft.solo), "only the notes soon after a chord are played by rule"
    assert median(note.velocity for note in soft.solo) < 45 < 70 < median(note.velocity for note in ruled.solo) < 100
    assert median(note.velocity for note in loud.solo) > 100
    assert mean(note.duration_beat for note in soft.solo) < 0.75 * mean(note.duration_beat for note in ruled.solo)


def test_the_line_lags_as_the_humanizer_says_and_never_less_than_the_plan_counts_on() -> None:
    lags = {}
    for onset_ms in (-100.0, 90.0):
        listener = Listener()
        played(made_net(onset_ms=onset_ms), listener)
        lags[onset_ms] = [note.lag_ms for note in listener.planned.values()]
    least_ms = Touch(5, load_settings().touch).lag_ms_least(TEMPO_BPM)
    assert median(lags[90.0]) > 40 > median(lags[-100.0])
    assert all(lag_ms >= least_ms for some in lags.values() for lag_ms in some)


def test_what_has_sounded_is_not_touched_again() -> None:
    house, jam = played(made_net(velocity=70.0, lively=2.0))
    assert [note.velocity for note in jam.solo] == [note.velocity for note in house.heard]


def test_no_two_notes_are_alike() -> None:
    _, jam = played(made_net(velocity=70.0, lively=2.0))
    assert pstdev(note.velocity for note in jam.solo) > 3


def test_a_chord_is_answered_as_soon_as_by_rules() -> None:
    ruled, humanized = played()[0].conductor.figures, played(made_net())[0].conductor.figures
    assert len(humanized.ready_ms) == len(ruled.ready_ms) == 7
    assert humanized.ready_ms == pytest.approx(ruled.ready_ms, abs=1.0)
    assert humanized.fallbacks == ruled.fallbacks == 0


def test_the_figures_tell_how_long_each_bar_took_and_who_touched_it() -> None:
    figures = played(made_net())[0].conductor.figures.summary()
    assert figures["humanized_notes"]
    assert isinstance(figures["touch_ms"], dict)
    assert figures["touch_ms"]["n"] >= 8
    figures = played()[0].conductor.figures.summary()
    assert figures["humanized_notes"] == 0
    assert figures["touch_ms"] == {"p50": None, "p99": None, "n": 0}


def test_a_log_gives_the_same_touch_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "jam", header_of("fallback", "", BY_RULES, 5, None, load_settings()))
    net = made_net(velocity=70.0, lively=2.0)
    _, jam = played(net, recorder)
    header, entries = read_log(tmp_path / "jam.jsonl")
    options = ReplayOptions(tmp_path / "jam.jsonl", "cpu", tmp_path / "again", load_settings())
    again, compared = replay(header, entries, HumanizedSoloist(FallbackSoloist(), made_humanizer(net)), options)
    assert again.close().solo == jam.solo
    assert compared >= len(jam.solo) > 20
    assert (tmp_path / "again" / "jam.mid").read_bytes() == (tmp_path / "jam.mid").read_bytes()


def run_well(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 0


def test_a_humanized_demo_is_replayed_with_the_same_humanizer_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    install(tmp_path / "checkpoints")
    (tmp_path / "auto.yaml").write_text("touch: {humanizer: auto}\n")
    demo = ["--demo", "--offline", "--bars", "4", "--model", "fallback", "--out", "jam", "--config", "auto.yaml"]
    run_well(demo)
    assert f"loudness, lag and length by {NAME}" in capsys.readouterr().out
    run_well(["replay", "jam/jam.jsonl", "--out", "again"])
    assert (tmp_path / "again" / "jam.mid").read_bytes() == (tmp_path / "jam" / "jam.mid").read_bytes()
    install(tmp_path / "checkpoints", net=made_net(velocity=100.0))
    with pytest.raises(SystemExit) as caught:
        main(["replay", "jam/jam.jsonl", "--out", "other"])
    assert caught.value.code == 2
    assert "touched by pitched_duv_v3" in capsys.readouterr().err
