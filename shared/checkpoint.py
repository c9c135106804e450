"""Weights on disk: safetensors with a header that tells what they are. Knows files and the nets' shapes; knows no training.

The header holds the format version, the vocabulary's hash, the architecture, and the card: name, training data, licence,
figures. A file is taken whole or not at all: every tensor must be there, with its shape, finite, and none beside.
Two nets have files: the decoder that plays lines, and the phrase net that humanizes; each with its adapters.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from shared.errors import CheckpointError, ConfigError
from shared.header import AGAIN, DECODER, LORA, PHRASE, PHRASE_LORA, unreadable, vocabulary_of
from shared.header import FORMAT as FORMAT
from shared.header import Card as Card
from shared.header import Header as Header
from shared.header import read_header as read_header
from shared.model_folder import ADAPTER_FILE_NAME as ADAPTER_FILE_NAME
from shared.model_folder import FILE_NAME as FILE_NAME
from shared.nets.decoder import Decoder, DecoderConfig
from shared.nets.lora import LoraConfig, add_lora, lora_state
from shared.nets.phrase import PhraseConfig, PhraseNet

Net = Decoder | PhraseNet


def save(path: Path, model: Net, card: Card, half: bool = True) -> None:
    """Write `model` to `path`, as fp16 where `half`. The file appears whole or not at all."""
    _write(path, _kind(model), asdict(model.config), model.state_dict(), card, half)


def load(path: Path) -> Decoder:
    """The decoder in `path`, float32, in evaluation mode. Raises CheckpointError for anything but a whole file of ours."""
    header, tensors = _read(path, DECODER)
    model = Decoder(shape_of(path, header))
    _fill(path, model.state_dict(), tensors)
    return model.eval()


def load_phrase(path: Path) -> PhraseNet:
    """The humanizer's net in `path`, float32, in evaluation mode. Raises CheckpointError for anything but a whole file of ours."""
    header, tensors = _read(path, PHRASE)
    try:
        model = PhraseNet(PhraseConfig(**header.architecture))
    except (TypeError, ValueError) as error:
        raise _unbuildable(path, error) from None
    _fill(path, model.state_dict(), tensors)
    return model.eval()


def add_figures(path: Path, figures: Mapping[str, float]) -> None:
    """Lay `figures` over those of the card in `path`, a humanizer's file; its weights stay as they are. Raises CheckpointError."""
    card = read_header(path).card
    found = {**card.figures, **figures}
    if found != card.figures:
        save(path, load_phrase(path), replace(card, figures=found))


def shape_of(path: Path, header: Header) -> DecoderConfig:
    """The shape of the decoder in `path`, whose `header` is read. Raises CheckpointError where no net has that shape."""
    try:
        return DecoderConfig(**header.architecture)
    except (TypeError, ValueError) as error:
        raise _unbuildable(path, error) from None


def save_adapter(path: Path, model: Net, config: LoraConfig, card: Card, half: bool = True) -> None:
    """Write the adapters of `model`, laid with `config`, to `path`; nothing of the net beneath."""
    architecture = {"lora": asdict(config), _kind(model): asdict(model.config)}
    _write(path, _ADAPTERS[_kind(model)], architecture, lora_state(model), card, half)


def load_adapter(path: Path, model: Net) -> None:
    """Lay the adapter in `path` over `model`. Raises CheckpointError where it is damaged or made for another net."""
    kind = _kind(model)
    header, tensors = _read(path, _ADAPTERS[kind])
    if header.architecture.get(kind) != asdict(model.config):
        raise CheckpointError(f"{path}: made for a net of another shape; use it with the base model that it was trained on")
    try:
        lora = header.architecture["lora"]
        config = LoraConfig(**{**lora, "targets": tuple(lora["targets"])})
        add_lora(model, config)
    except (KeyError, TypeError, ConfigError) as error:
        raise _unbuildable(path, error) from None
    _fill(path, lora_state(model), tensors)


def steady(data: bytes) -> bytes:
    """A safetensors file's `data` with the notes in its header sorted: the library shuffles them, and the same weights gave other bytes."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


_ADAPTERS = {DECODER: LORA, PHRASE: PHRASE_LORA}


def _kind(model: Net) -> str:
    return DECODER if isinstance(model, Decoder) else PHRASE


def _read(path: Path, kind: str) -> tuple[Header, dict[str, Tensor]]:
    header = read_header(path)
    if header.kind != kind:
        raise CheckpointError(f"{path}: holds a {header.kind}, a {kind} is needed here; name the other file")
    try:
        return header, load_tensors(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from None
    except SafetensorError as error:
        raise CheckpointError(f"{path}: damaged or cut short ({error}); {AGAIN}") from None


def _write(path: Path, kind: str, architecture: Mapping[str, Any], state: Mapping[str, Tensor], card: Card, half: bool) -> None:
    meta = {
        "jambot_format": str(FORMAT),
        "vocabulary": vocabulary_of(kind),
        "kind": kind,
        "architecture": json.dumps(architecture),
        "card": json.dumps(asdict(card)),
    }
    tensors = {name: tensor.detach().to("cpu", torch.float16 if half else torch.float32).contiguous() for name, tensor in state.items()}
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with part.open("wb") as file:
            file.write(steady(save_tensors(tensors, meta)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _fill(path: Path, state: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Copy `tensors` into `state`, which shares memory with its model. Nothing is copied unless all of it fits."""
    for what, names in (("lacks", state.keys() - tensors.keys()), ("has unknown", tensors.keys() - state.keys())):
        if names:
            raise CheckpointError(f"{path}: {what} {len(names)} tensors, {min(names)} first; {AGAIN}")
    for name, tensor in tensors.items():
        if tensor.shape != state[name].shape:
            raise CheckpointError(f"{path}: {name} has shape {tuple(tensor.shape)}, expected {tuple(state[name].shape)}; {AGAIN}")
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"{path}: {name} holds values that are no finite numbers; {AGAIN}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            state[name].copy_(tensor)


def _unbuildable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path}: its architecture cannot be built ({error}); export it again with this version")


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(f"{path}: cannot be written ({error.strerror}); make room or choose another folder")
