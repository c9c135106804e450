"""The humanizer as its callers see it: any track in, a performance out that follows the notes, the seed and the player."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.calibration import Calibration, Line
from shared.checkpoint import Card, save, save_adapter
from shared.errors import CheckpointError, ConfigError
from shared.features import features
from shared.humanizer import Humanizer, load_humanizer
from shared.nets.lora import LoraConfig, add_lora
from shared.nets.phrase import PhraseNet
from shared.phrases import stack
from shared.written import Performance, Written
from tests.shared.made_tracks import TINY, groove, melody, played, tiny, track

CARD = Card("made_duv_v3", "made up", "MIT")


def arrays(performance: Performance) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.stack([performance.velocity, performance.onset_ms, performance.log_ratio])


@pytest.mark.parametrize("seed", [None, 3], ids=["middle", "drawn"])
@pytest.mark.parametrize("written", [track([]), track([(0.0, 60)]), groove(3), melody(500), track([(1.0, 60)] * 70)],
                         ids=["no note", "one note", "drums", "long", "all at once"])  # fmt: skip
def test_every_track_is_played_within_what_midi_can_say(written: Written, seed: int | None) -> None:
    performance = Humanizer(tiny()).perform(written, seed)
    assert len(performance) == len(written)
    assert np.isfinite(arrays(performance)).all()
    assert ((performance.velocity >= 1) & (performance.velocity <= 127)).all()
    assert (np.abs(performance.onset_ms) <= 120).all()


def test_ten_thousand_notes_are_played() -> None:
    assert np.isfinite(arrays(Humanizer(tiny()).perform(melody(10_000), 1))).all()


def test_other_notes_are_played_otherwise() -> None:
    humanizer, written = Humanizer(tiny()), melody(40)
    plain = arrays(humanizer.perform(written))
    others = [
        replace(written, pitch=np.sort(written.pitch + np.where(np.arange(40) == 39, 7, 0))),
        replace(written, duration_beat=written.duration_beat * 2),
        replace(written, bar_beat=(written.bar_beat + 1) % 4),
        replace(written, tempo_bpm=written.tempo_bpm * 2),
        replace(written, style="jazz"),
        replace(written, instrument="guitar"),
    ]
    for other in others:
        assert np.abs(arrays(humanizer.perform(other)) - plain).max() > 1e-3


def test_one_seed_one_playing() -> None:
    humanizer, written = Humanizer(tiny()), groove(12)
    again, same, other = (arrays(humanizer.perform(written, seed)) for seed in (7, 7, 8))
    assert again.tobytes() == same.tobytes()
    assert (np.abs(again - other).max(1) > 1).all()


def taught() -> PhraseNet:
    """A net that has learned to play as `played` does."""
    torch.manual_seed(5)
    net, written = PhraseNet(TINY), melody(320, seed=6)
    seen, wanted = features(written), played(written)
    parts = [slice(start, start + TINY.context) for start in range(0, 320, TINY.context)]
    stacked = stack([seen.part(part) for part in parts])
    batch = [torch.from_numpy(array) for array in (stacked.codes, stacked.values, stacked.mask)]
    goals = [
        torch.from_numpy(np.stack([kind[part] for part in parts])).float() for kind in (wanted.velocity, wanted.onset_ms, wanted.log_ratio)
    ]
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3)
    for _ in range(60):
        net.losses(*batch, *goals).mean.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return net


def test_windows_leave_no_seam() -> None:
    """A note is played alike wherever the windows happen to be cut: here once from the start, once from ten bars later."""
    humanizer, written = Humanizer(taught()), melody(300)
    first = int(np.searchsorted(written.onset_beat, 40.0))
    whole, later = humanizer.perform(written), humanizer.perform(written.part(slice(first, None)))
    away = slice(first + 20, 300)
    assert whole.velocity[away].std() > 15
    assert np.abs(whole.velocity[away] - later.velocity[20:]).mean() < 1.0
    assert np.abs(whole.onset_ms[away] - later.onset_ms[20:]).mean() < 0.5


def test_playings_follow_the_distributions() -> None:
    humanizer, written = Humanizer(tiny()), melody(20)
    touch = humanizer.touch(written)
    drawn = np.array([arrays(touch.drawn(written, seed)) for seed in range(1500)])
    for place, quantity in enumerate((touch.velocity, touch.onset_ms, touch.log_ratio)):
        for share in (0.2, 0.5, 0.8):
            below = (drawn[:, place] <= quantity.quantile(np.full(20, share))).mean(0)
            assert np.abs(below - share).max() < 0.06


def test_a_calibration_is_laid_over_both_readouts() -> None:
    humanizer, written = Humanizer(tiny()), melody(30)
    for seed in (None, 4):
        plain = humanizer.perform(written, seed)
        late = humanizer.perform(written, seed, Calibration(onset_ms=Line(offset=9.0)))
        assert np.allclose(late.onset_ms, plain.onset_ms + 9.0)
        assert np.array_equal(late.velocity, plain.velocity)


def test_a_few_bars_of_a_player_are_enough_to_follow_the_lean() -> None:
    humanizer, written = Humanizer(tiny()), groove(8)
    expected = humanizer.perform(written)
    player = Performance(np.full(len(written), np.nan), expected.onset_ms + 15.0, np.full(len(written), np.nan))
    follows = humanizer.perform(written, calibration=humanizer.calibrate([(written, player)]))
    assert 8.0 < float((follows.onset_ms - expected.onset_ms).mean()) < 17.0
    assert np.array_equal(follows.velocity, expected.velocity)


def test_takes_count_together_as_one_long_one_does() -> None:
    humanizer, written = Humanizer(tiny()), groove(2)
    louder = Performance(humanizer.perform(written).velocity + 10, np.full(len(written), np.nan), np.full(len(written), np.nan))
    once, twice = (humanizer.calibrate([(written, louder)] * count).velocity for count in (1, 2))
    level = np.array([64.0])
    assert level < once(level) < twice(level)
    with pytest.raises(ValueError, match="no take"):
        humanizer.calibrate([])


def test_an_instalment_of_half_precision_plays_the_same(tmp_path: Path) -> None:
    save(tmp_path / "made" / "model.safetensors", tiny(), CARD)
    written = groove(6)
    back = load_humanizer(tmp_path / "made")
    assert back.name == "made"
    assert np.abs(arrays(back.perform(written)) - arrays(Humanizer(tiny()).perform(written))).max() < 0.5


def test_a_style_lies_beside_its_base(tmp_path: Path) -> None:
    folder, written = tmp_path / "made", groove(4)
    save(folder / "model.safetensors", tiny(), CARD, half=False)
    net, config = tiny(), LoraConfig(rank=2)
    add_lora(net, config)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("lora_up"):
                weight.fill_(0.1)
    save_adapter(folder / "adapter-funk.safetensors", net, config, CARD, half=False)
    styled = arrays(load_humanizer(folder, "funk").perform(written))
    assert np.abs(styled - arrays(load_humanizer(folder).perform(written))).max() > 0.5
    assert np.allclose(styled, arrays(Humanizer(net).perform(written)), atol=1e-2)
    assert np.array_equal(styled, arrays(load_humanizer(folder, folder / "adapter-funk.safetensors").perform(written)))
    with pytest.raises(ConfigError, match=r"no adapter jazz; there are funk"):
        load_humanizer(folder, "jazz")
    with pytest.raises(CheckpointError, match="holds a phrase"):
        load_humanizer(folder, folder / "model.safetensors")


def test_a_name_that_nobody_has_is_refused(tmp_path: Path) -> None:
    for name in ("kazoo_duv_v3", tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match=r"no (such )?humanizer") as caught:
            load_humanizer(name)
        assert "\n" not in str(caught.value)
