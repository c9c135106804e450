"""The humanizer's net: it learns what it is shown, sees both ways and by distance in beats, and hides only what it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from shared.features import CODE_SIZES, TEMPO_VALUES, VALUES, features
from shared.nets.lora import LoraConfig, add_lora, lora_state, merge_lora
from shared.nets.phrase import QUANTITIES, Heads, PhraseConfig, PhraseNet, soft_bins
from shared.phrases import stack
from shared.written import Written
from tests.shared.made_tracks import TINY, groove, melody, played, tiny


def read(*tracks: Written) -> tuple[Tensor, Tensor, Tensor]:
    arrays = stack([features(written) for written in tracks])
    return torch.from_numpy(arrays.codes), torch.from_numpy(arrays.values), torch.from_numpy(arrays.mask)


def targets(*tracks: Written) -> list[Tensor]:
    """What was played, NaN after each track's end."""
    longest = max(len(written) for written in tracks)
    rows = [[getattr(played(written), name) for written in tracks] for name in ("velocity", "onset_ms", "log_ratio")]
    return [torch.tensor(np.stack([np.pad(row, (0, longest - len(row)), constant_values=np.nan) for row in kind])).float() for kind in rows]


def different(one: Heads, other: Heads, row: int = 0, notes: slice = slice(None)) -> float:
    return max(float((getattr(one, name)[row, notes] - getattr(other, name)[row, notes]).abs().max()) for name in QUANTITIES)


def test_one_batch_is_learned_by_heart() -> None:
    torch.manual_seed(3)
    net = PhraseNet(TINY)
    tracks = (groove(2), melody(20))
    batch, wanted = read(*tracks), targets(*tracks)
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.0)
    for _ in range(150):
        net.losses(*batch, *wanted).mean.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    net.eval()
    # What is left is the smoothing over neighbouring bins itself: nobody can know more.
    floor = 0.0
    for name, values in zip(QUANTITIES, wanted, strict=True):
        bell = soft_bins(values[~values.isnan()], net.get_buffer(f"{name}_edges"))
        floor += float(-torch.special.xlogy(bell, bell).sum(-1).mean())
    with torch.inference_mode():
        assert float(net.losses(*batch, *wanted).mean) < floor + 0.1


def test_losses_count_what_is_known_and_nothing_else() -> None:
    net, batch = tiny(), read(melody(12), melody(8, seed=5))
    wanted = targets(melody(12), melody(8, seed=5))
    wanted[0][0, 3] = torch.nan
    wanted[2][:] = torch.nan
    losses = net.losses(*batch, *wanted)
    assert (losses.velocity_notes, losses.timing_notes, losses.ratio_notes) == (19, 20, 0)
    assert losses.ratio.detach() == 0
    losses.mean.backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is None or bool(torch.isfinite(weight.grad).all()) for weight in net.parameters())


def test_a_value_teaches_its_bin_and_a_little_of_the_neighbours() -> None:
    taught = soft_bins(torch.tensor([2.5, 0.0, 99.0]), torch.arange(6.0))
    assert taught.sum(-1).tolist() == pytest.approx([1.0] * 3)
    assert taught.argmax(-1).tolist() == [2, 0, 4]
    assert taught[0, 2] > 0.5
    assert taught[0, 1] == pytest.approx(float(taught[0, 3]))


def test_what_is_far_from_a_window_is_filled_up_without_effect() -> None:
    with torch.inference_mode():
        alone, beside = tiny()(*read(melody(9))), tiny()(*read(melody(9), melody(30, seed=3)))
    assert different(alone, beside, notes=slice(9)) < 1e-4


def test_earlier_and_later_notes_count() -> None:
    net, (codes, values, mask) = tiny(), read(melody(20))
    with torch.inference_mode():
        before = net(codes, values, mask)
        for changed, seen in ((19, 0), (0, 19)):
            other = codes.clone()
            other[0, changed] = codes[0, 10]
            assert different(before, net(other, values, mask), notes=slice(seen, seen + 1)) > 1e-5


def test_attention_goes_by_distance_in_beats() -> None:
    """A window further on in the track is read alike; the same notes at other distances are not."""
    net, (codes, values, mask) = tiny(), read(melody(20))
    with torch.inference_mode():
        here = net(codes, values, mask)
        there = values.clone()
        there[..., 0] += 4096
        assert different(here, net(codes, there, mask)) < 1e-3
        there[..., 0] = 1.3 * values[..., 0]
        assert different(here, net(codes, there, mask)) > 1e-3


def test_training_hides_style_tempo_and_instrument_now_and_then_and_nothing_else() -> None:
    net = PhraseNet(TINY)
    net.unknown_share = 0.5
    codes, values, _ = read(*[groove(2)] * 200)
    torch.manual_seed(1)
    hidden_codes, hidden_values = net._hide(codes, values)
    names = list(CODE_SIZES)
    changed = {names[column] for column in range(len(names)) if not torch.equal(codes[..., column], hidden_codes[..., column])}
    assert changed == {"instrument", "style", "tempo"}
    for name in changed:
        column = hidden_codes[..., names.index(name)]
        assert (column == column[:, :1]).all(), "hidden for whole windows"
        assert 60 < int((column[:, 0] == 0).sum()) < 140
    tempo_hidden = hidden_codes[:, 0, names.index("tempo")] == 0
    for place, name in enumerate(VALUES):
        wanted = values[..., place].clone()
        if name in TEMPO_VALUES:
            wanted[tempo_hidden] = 0.0
        assert torch.equal(hidden_values[..., place], wanted), name


def test_playing_hides_nothing() -> None:
    net, batch = tiny(), read(groove(2))
    net.unknown_share = 1.0
    with torch.inference_mode():
        assert different(net(*batch), tiny()(*batch)) == 0.0


def test_fields_are_left_out_of_notes_and_of_windows_and_count_as_much_on_the_whole() -> None:
    torch.manual_seed(1)
    net = PhraseNet(replace(TINY, field_dropout=0.25)).train()
    kept = net._kept(torch.zeros(400, 8, 5))
    assert kept is not None
    assert float(kept.mean()) == pytest.approx(1.0, abs=0.05)
    of_window = (kept == 0).all(1).float().mean()
    assert float(of_window) == pytest.approx(0.25, abs=0.04)
    assert float((kept == 0).float().mean()) == pytest.approx(1 - 0.75**2, abs=0.03)
    batch = read(groove(2))
    with torch.inference_mode():
        assert different(net(*batch), net(*batch)) > 0
        net.eval()
        assert different(net(*batch), net(*batch)) == 0


def test_an_adapter_merged_is_the_adapter_beside() -> None:
    net, batch = tiny(), read(groove(2))
    with torch.inference_mode():
        plain = net(*batch)
    add_lora(net, LoraConfig(rank=2))
    assert len(lora_state(net)) == 2 * 4 * TINY.layers
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("lora_up"):
                weight.normal_(std=0.2)
    with torch.inference_mode():
        beside = net(*batch)
        merge_lora(net)
        assert different(net(*batch), beside) < 1e-5 * max(1.0, float(beside.velocity.abs().max()))
    assert different(beside, plain) > 1e-2


@pytest.mark.parametrize(
    "change", [{"heads": 3}, {"velocity_bins": 1}, {"dropout": 1.0}, {"layers": 0}, {"width": 160, "heads": 1}], ids=str
)
def test_a_shape_that_cannot_be_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        replace(PhraseConfig(width=32, heads=2), **change)
