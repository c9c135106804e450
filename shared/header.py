"""What stands before the weights in a model file: kind, architecture and card. Knows the file's head; knows no tensors.

Apart from the weights, so that whoever looks for a model need not wait for PyTorch.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import CheckpointError
from shared.features import features_hash
from shared.tokens import vocabulary_hash

FORMAT = 1
DECODER, LORA, PHRASE, PHRASE_LORA = "decoder", "lora", "phrase", "phrase-lora"
AGAIN = "install or export the model again"
_HEADER_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Card:
    """What people should know of a model. `figures` are measured values by name, such as held-out nats for each note."""

    name: str
    training_data: str
    licence: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the weights: the file's kind, its architecture and its card."""

    kind: str
    architecture: Mapping[str, Any]
    card: Card


def read_header(path: Path) -> Header:
    """The header alone, without reading the weights. Raises CheckpointError where it is not of a model file of ours and this version."""
    return _header(path, _meta(path))


def kind_of(path: Path) -> str | None:
    """The kind that the header names, whatever its version; None where it is not of a model file of ours. Raises CheckpointError."""
    meta = _meta(path)
    kind = meta.get("kind") if isinstance(meta, dict) else None
    return kind if isinstance(kind, str) else None


def _meta(path: Path) -> object:
    try:
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            if length > _HEADER_BYTES_MAX:
                raise ValueError("header too long")
            return json.loads(file.read(length))["__metadata__"]
    except OSError as error:
        raise unreadable(path, error) from None
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        raise CheckpointError(f"{path}: no JamBot model file; {AGAIN}") from None


def _header(path: Path, meta: object) -> Header:
    if not isinstance(meta, dict) or "jambot_format" not in meta:
        raise CheckpointError(f"{path}: no JamBot model file; {AGAIN}")
    if meta["jambot_format"] != str(FORMAT):
        raise CheckpointError(f"{path}: format {meta['jambot_format']!r}, this version reads {FORMAT}; export it with this version")
    spoken = vocabulary_of(meta.get("kind"))
    if meta.get("vocabulary") != spoken:
        raise CheckpointError(
            f"{path}: vocabulary {meta.get('vocabulary')}, this version speaks {spoken}; train or install a matching model"
        )
    try:
        card = json.loads(meta["card"])
        return Header(
            kind=meta["kind"],
            architecture=json.loads(meta["architecture"]),
            card=Card(str(card["name"]), str(card["training_data"]), str(card["licence"]), dict(card["figures"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: its header is damaged ({error!r}); {AGAIN}") from None


def vocabulary_of(kind: str | None) -> str:
    """The fingerprint of what nets of `kind` read: notes' features for the humanizer's, tokens for all others."""
    return features_hash() if kind in (PHRASE, PHRASE_LORA) else vocabulary_hash()


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """What to say where the system refuses to read `path`."""
    return CheckpointError(f"{path}: cannot be read ({error.strerror}); check the path, or install the model again")
