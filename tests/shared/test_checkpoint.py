"""Checkpoints: they come back as they were, or they are refused with one line that names the file and the mend."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save_file
from torch import Tensor

from shared import checkpoint
from shared.checkpoint import Card
from shared.errors import CheckpointError
from shared.nets.lora import LoraConfig, add_lora
from tests.shared.made_tracks import tiny as tiny_phrase
from tests.shared.melody import batch, line, tiny

CARD = Card("tiny", "made up", "MIT", {"nats_per_note": 3.5})


def header(path: Path) -> dict[str, str]:
    data = path.read_bytes()
    meta = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]
    assert isinstance(meta, dict)
    return meta


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "deep" / "model.safetensors"
    checkpoint.save(file, tiny(), CARD)
    return file


def test_a_model_comes_back_with_its_card(path: Path) -> None:
    rows, _ = batch([line(8)])
    model = checkpoint.load(path)
    with torch.inference_mode():
        assert torch.allclose(model(rows), tiny()(rows), atol=1e-2)
    assert checkpoint.read_header(path).card == CARD
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_in_float32_it_comes_back_exactly(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "x", tiny(), CARD, half=False)
    back = checkpoint.load(tmp_path / "x").state_dict()
    assert all(torch.equal(back[name], tensor) for name, tensor in tiny().state_dict().items())


def test_an_adapter_comes_back_over_its_net(tmp_path: Path) -> None:
    rows, _ = batch([line(8)])
    config = LoraConfig(rank=2)
    model = tiny()
    add_lora(model, config)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.endswith("lora_up"):
                tensor.fill_(0.25)
    checkpoint.save_adapter(tmp_path / "a", model, config, CARD, half=False)
    again = tiny()
    checkpoint.load_adapter(tmp_path / "a", again)
    with torch.inference_mode():
        assert torch.equal(again(rows), model(rows))
        assert not torch.allclose(again(rows), tiny()(rows), atol=1e-3)
    with pytest.raises(CheckpointError, match="holds a lora"):
        checkpoint.load(tmp_path / "a")


def damage_tensors(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        meta, tensors = header(path), load(path.read_bytes())
        change(tensors)
        save_file(tensors, path, meta)

    return damage


def damage_header(**fields: str) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        save_file(load(path.read_bytes()), path, header(path) | fields)

    return damage


SHAPE = '{"width": 64, "layers": 2, "heads": 4, "kv_heads": 4, "feed_width": 48, "context": 64}'


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(b""), "no JamBot model"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(200)), "no JamBot model"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "cut short"),
        (lambda path: path.write_bytes(path.read_bytes()[:50]), "no JamBot model"),
        (lambda path: save_file({"a": torch.zeros(1)}, path), "no JamBot model"),
        (damage_header(jambot_format="99"), "format '99'"),
        (damage_header(vocabulary="0123456789abcdef"), "vocabulary 0123456789abcdef"),
        (damage_header(card="{}"), "header is damaged"),
        (damage_header(architecture='{"depth": 3}'), "cannot be built"),
        (damage_header(architecture='{"heads": 3}'), "cannot be built"),
        (damage_header(architecture=SHAPE), "has shape"),
        (damage_tensors(lambda tensors: tensors.pop("norm.weight")), "lacks 1 tensors, norm.weight"),
        (damage_tensors(lambda tensors: tensors.update(more=torch.zeros(1))), "unknown 1 tensors, more"),
        (damage_tensors(lambda tensors: tensors["norm.weight"].fill_(torch.nan)), "no finite numbers"),
    ],
    ids=["missing", "empty", "foreign", "cut", "cut in the header", "other safetensors", "format", "vocabulary", "card", "unknown size",
         "impossible size", "other size", "tensor missing", "tensor too many", "not a number"],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_its_name_and_the_mend(path: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(path)
    with pytest.raises(CheckpointError, match=says) as caught:
        checkpoint.load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_adapter_of_another_net_is_refused(tmp_path: Path) -> None:
    config = LoraConfig(rank=2)
    model = tiny()
    add_lora(model, config)
    checkpoint.save_adapter(tmp_path / "a", model, config, CARD)
    data = (tmp_path / "a").read_bytes()
    meta = header(tmp_path / "a")
    architecture = json.loads(meta["architecture"])
    architecture["decoder"]["width"] = 64
    save_file(load(data), tmp_path / "a", meta | {"architecture": json.dumps(architecture)})
    with pytest.raises(CheckpointError, match="another shape"):
        checkpoint.load_adapter(tmp_path / "a", tiny())


def test_a_folder_that_cannot_be_written_is_said_so_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot be written"):
        checkpoint.save(tmp_path / "file" / "model.safetensors", tiny(), CARD)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        checkpoint.save(tmp_path / name, tiny(), Card("blue", "made up", "MIT", {"nats": 3.25}))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_humanizers_net_comes_back_and_is_no_decoder(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "phrase", tiny_phrase(), CARD, half=False)
    back = checkpoint.load_phrase(tmp_path / "phrase")
    assert all(torch.equal(back.state_dict()[name], tensor) for name, tensor in tiny_phrase().state_dict().items())
    assert checkpoint.read_header(tmp_path / "phrase").card == CARD
    with pytest.raises(CheckpointError, match="holds a phrase, a decoder is needed"):
        checkpoint.load(tmp_path / "phrase")


def test_a_decoder_is_no_humanizer(path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds a decoder, a phrase is needed"):
        checkpoint.load_phrase(path)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_header(vocabulary="0123456789abcdef"), "vocabulary 0123456789abcdef"),
        (damage_header(architecture='{"depth": 3}'), "cannot be built"),
        (damage_header(architecture='{"width": 33}'), "cannot be built"),
        (damage_header(architecture="{}"), "lacks"),
        (damage_tensors(lambda tensors: tensors.update({"values.weight": torch.zeros(2, 2)})), "has shape"),
        (damage_header(kind="kazoo"), "vocabulary"),
    ],
    ids=["vocabulary", "unknown size", "impossible size", "other size", "shape", "kind"],
)
def test_a_damaged_humanizer_is_refused_with_its_name(tmp_path: Path, damage: Callable[[Path], object], says: str) -> None:
    checkpoint.save(tmp_path / "phrase", tiny_phrase(), CARD)
    damage(tmp_path / "phrase")
    with pytest.raises(CheckpointError, match=says) as caught:
        checkpoint.load_phrase(tmp_path / "phrase")
    assert str(caught.value).startswith(str(tmp_path / "phrase"))
    assert "\n" not in str(caught.value)


def test_adapters_of_the_two_nets_are_told_apart(tmp_path: Path) -> None:
    config = LoraConfig(rank=2)
    for name, model in (("line", tiny()), ("touch", tiny_phrase())):
        add_lora(model, config)
        checkpoint.save_adapter(tmp_path / name, model, config, CARD)
    with pytest.raises(CheckpointError, match="holds a lora, a phrase-lora is needed"):
        checkpoint.load_adapter(tmp_path / "line", tiny_phrase())
    with pytest.raises(CheckpointError, match="holds a phrase-lora, a lora is needed"):
        checkpoint.load_adapter(tmp_path / "touch", tiny())
