"""Names and models: what is installed is found, and what is not is refused with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from companion.model_store import find_model, fingerprint, list_models, open_soloist, show_models, shown_name
from shared import checkpoint
from shared.checkpoint import Card
from shared.errors import CheckpointError, ConfigError
from shared.nets.phrase import PhraseConfig, PhraseNet
from shared.score import Note
from tests.companion.tasks import jam
from tests.shared.melody import tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "first" / "blue" / "model.safetensors", tiny(), Card("blue", "made up", "MIT", {"nats": 3.25}))
    return tmp_path / "first"


def test_an_installed_model_is_found_listed_and_plays(folder: Path) -> None:
    assert find_model("blue", [folder]) == "blue"
    assert [(model.name, model.card and model.card.licence, model.fault) for model in list_models([folder])] == [("blue", "MIT", None)]
    soloist = open_soloist("blue", "cpu", [folder])
    assert soloist.name == "blue"
    assert len(jam(soloist, 20)) >= 20


def test_without_a_name_the_first_model_plays_or_else_the_fallback(folder: Path, tmp_path: Path) -> None:
    assert find_model(None, [folder]) == "blue"
    assert find_model(None, [tmp_path / "nothing"]) == "fallback"


def test_an_unknown_name_is_answered_with_what_there_is(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"--model green: .*blue, fallback, random"):
        find_model("green", [folder])


def test_the_earlier_folder_wins(folder: Path, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "second" / "blue" / "model.safetensors", tiny(), Card("blue", "other", "MIT"))
    assert [model.path.parent.parent.name for model in list_models([tmp_path / "second", folder])] == ["second"]


def test_a_damaged_model_is_listed_with_its_fault_and_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "torn").mkdir()
    (folder / "torn" / "model.safetensors").write_bytes(b"torn")
    assert [model.fault is None for model in list_models([folder])] == [True, False]
    with pytest.raises(CheckpointError, match="no JamBot model"):
        find_model("torn", [folder])
    show_models([folder])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("blue", "torn", "unusable", "fallback", "random"))


def test_humanizers_are_told_of_with_licence_and_styles_and_are_no_players(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = PhraseNet(PhraseConfig(width=16, layers=1, heads=2, feed_width=16))
    card = Card("keys_duv_v3", "made-up waltzes", "CC BY 4.0", {"val_error": 1.5})
    checkpoint.save(folder / "keys_duv_v3" / "model.safetensors", net, card)
    (folder / "keys_duv_v3" / "adapter-jazz.safetensors").write_bytes(b"")
    show_models([folder])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("keys_duv_v3", "made-up waltzes", "CC BY 4.0", "val error 1.5", "jazz"))
    assert [model.name for model in list_models([folder])] == ["blue"]
    with pytest.raises(ConfigError, match=r"--model keys_duv_v3: a humanizer, .*touch\.humanizer"):
        find_model("keys_duv_v3", [folder])


def test_other_weights_have_another_fingerprint(folder: Path, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "second" / "blue" / "model.safetensors", tiny(1), Card("blue", "made up", "MIT"))
    first, second = fingerprint("blue", "cpu", [folder]), fingerprint("blue", "cpu", [tmp_path / "second"])
    assert first == fingerprint("blue", "cpu", [folder]) != second
    assert fingerprint("fallback") != fingerprint("random")


def test_the_fingerprint_tells_what_computes(folder: Path) -> None:
    assert fingerprint("random", "cpu").endswith(" onnx-q8")
    # the small net's heads are too narrow for ONNX Runtime
    assert fingerprint("blue", "cpu", [folder]).endswith(" torch-cpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="--device auto"):
            fingerprint("random", "cuda")


def test_random_weights_are_called_so() -> None:
    assert shown_name("random") == open_soloist("random", "cpu").name == "random weights"
    assert shown_name("blue") == "blue"


def test_the_random_model_plays_a_line_of_a_usual_density_and_is_always_the_same() -> None:
    soloist = open_soloist("random", "cpu")
    score = jam(soloist, 80)
    notes = sum(isinstance(event, Note) for event in score)
    assert 0.7 < notes / (score[-1].tick / 24) < 2.5
    assert jam(open_soloist("random", "cpu"), 80) == score
