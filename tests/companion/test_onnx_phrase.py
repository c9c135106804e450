"""The live humanizer computes what the trained net computes, however many notes there are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from companion.onnx_phrase import PhraseRunner
from shared.features import Features, features
from shared.nets.phrase import QUANTITIES
from shared.written import Written
from tests.companion.made_humanizer import CONFIG, made_net


def look(count: int, seed: int = 1) -> Features:
    """A line of eighths and rests at some pitches."""
    chance = np.random.default_rng(seed)
    onset = 1000.0 + np.cumsum(chance.choice([0.5, 1.0, 2.0], count))
    every = np.ones(count)
    pitch = chance.integers(50, 80, count)
    return features(Written(onset, 0.4 * every, pitch, onset % 4, 4 * every, every, 140 * every, "lead", "jazz"))


@pytest.mark.parametrize("count", [1, 2, 17, CONFIG.context])
def test_it_computes_what_the_net_computes(count: int) -> None:
    net, seen = made_net(), look(count)
    with torch.inference_mode():
        arrays = torch.from_numpy(seen.codes), torch.from_numpy(seen.values), torch.ones(count, dtype=torch.bool)
        heads = net(*(array[None] for array in arrays))
    found = PhraseRunner(net).masses(seen)
    for name in QUANTITIES:
        np.testing.assert_allclose(found[name], getattr(heads, name)[0].softmax(-1).numpy(), atol=1e-4)
        assert count == 1 or np.ptp(found[name], axis=0).max() > 0.003, "notes are told apart, or the comparison says nothing"


def test_more_notes_than_it_holds_are_refused() -> None:
    with pytest.raises(ValueError, match=f"holds {CONFIG.context}"):
        PhraseRunner(made_net()).masses(look(CONFIG.context + 1))
