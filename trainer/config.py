"""What may be set for Stage A, and in which range. Knows no files but the shipped `config/stage_a.yaml`, which holds every value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from shared.errors import ConfigError
from shared.nets.decoder import DecoderConfig
from shared.nets.lora import LoraConfig
from shared.settings import load
from shared.swing import swing_wish

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1)]
Role = Literal["lead", "bass", "comp"]
FULL, SMALL = "full", "small"
PRESETS = (FULL, SMALL)


class PrepareSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts are learned, where a single track is divided (MIDI pitch), and whether windows are learned in all keys."""

    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1)]
    split_pitch: Annotated[int, msgspec.Meta(ge=0, le=127)]
    transpose_all_keys: bool


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The net's shape, as in `shared.nets.decoder.DecoderConfig`; `context` is a training window's length in steps too."""

    width: Count
    layers: Count
    heads: Count
    kv_heads: Count
    feed_width: Count
    context: Annotated[int, msgspec.Meta(ge=32, le=8192)]
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    field_dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)]

    def __post_init__(self) -> None:
        self.decoder()

    def decoder(self) -> DecoderConfig:
        """The shape for the net itself. Raises ValueError where the numbers do not fit each other."""
        return DecoderConfig(**msgspec.structs.asdict(self))


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One training run: its length in optimizer steps, windows a step, passes they are taken in, and when it is measured.

    After `patience` measurements without a better one it ends. The rate rises for `warmup_steps` and falls along a cosine.
    """

    steps: Count
    batch_windows: Count
    accumulate: Count
    learning_rate: Rate
    warmup_steps: Annotated[int, msgspec.Meta(ge=0)]
    weight_decay: Share
    evaluate_every: Count
    patience: Count

    def __post_init__(self) -> None:
        if self.batch_windows % self.accumulate:
            raise ValueError(f"batch_windows {self.batch_windows}: expected a multiple of accumulate {self.accumulate}")


class BaseSettings(RunSettings, frozen=True, kw_only=True):
    """Training the base: how often each role is drawn, and how often a jazz piece among those of one role."""

    shares: dict[Role, Share]
    jazz_share: Share

    def __post_init__(self) -> None:
        RunSettings.__post_init__(self)
        if sum(self.shares.values()) <= 0:
            raise ValueError("shares: expected a share above 0 for one role at least")


class LoraSettings(RunSettings, frozen=True, kw_only=True):
    """Training the adapter: its rank, weight (alpha/rank) and dropout."""

    rank: Count
    alpha: Annotated[float, msgspec.Meta(gt=0, le=1024)]
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)]

    def adapter(self) -> LoraConfig:
        """The adapter's shape."""
        return LoraConfig(rank=self.rank, alpha=self.alpha, dropout=self.dropout)


class GenerateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The solos that `stage-a` ends with: how many, how long, how daring, how they swing (`shared.swing`), and how many steps of a human
    line begin them at most."""

    solos: Count
    bars: Annotated[int, msgspec.Meta(ge=1, le=1024)]
    temperature: Annotated[float, msgspec.Meta(ge=0.05, le=5)]
    top_p: Rate
    swing: str | float
    primer_max_steps: Annotated[int, msgspec.Meta(ge=0)]

    def __post_init__(self) -> None:
        swing_wish(self.swing)


class StageASettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `stage_a.yaml` sets."""

    prepare: PrepareSettings
    model: ModelSettings
    base: BaseSettings
    lora: LoraSettings
    generate: GenerateSettings


def load_stage_a(path: Path | None = None, preset: str = FULL) -> StageASettings:
    """The shipped settings, over them the preset's, over those the user's file at `path`. Raises ConfigError for anything wrong in it."""
    over = None if preset == FULL else f"stage_a_{preset}.yaml"
    try:
        return load(StageASettings, "stage_a.yaml", path, over)
    except ValueError as error:
        raise ConfigError(f"{path or 'config/stage_a.yaml'}: {error}") from None
