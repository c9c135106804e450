"""What may be set for training a humanizer, and in which range. Knows no files but the shipped `config/duv/*.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from shared.duv_settings import DUV_INSTRUMENTS, DuvUse
from shared.errors import ConfigError
from shared.nets.lora import LoraConfig
from shared.nets.phrase import PhraseConfig
from shared.settings import Name, load
from shared.written import INSTRUMENTS
from trainer.config import Count, RunSettings, Share

SHARED_FILE = "duv/default.yaml"
SHIPPED = (*DUV_INSTRUMENTS, "pitched", "drums_taught")
Instrument = Literal["drums", "bass", "guitar", "keys", "strings", "lead"]
VelocityFrom = Literal["player", "loudness", "unknown"]


class NetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The net's shape, as in `shared.nets.phrase.PhraseConfig`; `context` is a training window's length in notes too."""

    width: Count
    layers: Count
    heads: Count
    feed_width: Count
    context: Annotated[int, msgspec.Meta(ge=8, le=4096)]
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    field_dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    velocity_bins: Count
    timing_bins: Count
    ratio_bins: Count

    def __post_init__(self) -> None:
        self.phrase()

    def phrase(self) -> PhraseConfig:
        """The shape for the net itself. Raises ValueError where the numbers do not fit each other."""
        return PhraseConfig(**msgspec.structs.asdict(self))


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """How much each quantity counts in what training lowers."""

    velocity: Annotated[float, msgspec.Meta(ge=0, le=10)]
    timing: Annotated[float, msgspec.Meta(ge=0, le=10)]
    duration: Annotated[float, msgspec.Meta(ge=0, le=10)]

    def all(self) -> tuple[float, float, float]:
        """Velocity, timing, duration."""
        return self.velocity, self.timing, self.duration


class AugmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How windows are varied: how often style, tempo and instrument are hidden, each by itself; how many semitones up or down pitched
    tracks are moved at most; how often a drum track loses one of its voices; how often a few bars are seen as if they were all there is;
    with teachers, how often a window is imagined (`trainer.duv.imagined`)."""

    unknown_share: Share
    transpose_semitones: Annotated[int, msgspec.Meta(ge=0, le=12)]
    drop_voice_share: Share
    excerpt_share: Share
    imagined_share: Share


class AdapterSettings(RunSettings, frozen=True, kw_only=True):
    """Training an adapter to a style: its rank, weight (alpha/rank) and dropout, how often a window of another style is drawn, and by which
    share the error on other styles may grow with the adapter, which is weakened until that holds."""

    rank: Count
    alpha: Annotated[float, msgspec.Meta(gt=0, le=1024)]
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    others_share: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    elsewhere_error_share_max: Annotated[float, msgspec.Meta(ge=0, le=10)]

    def lora(self) -> LoraConfig:
        """The adapter's shape."""
        return LoraConfig(rank=self.rank, alpha=self.alpha, dropout=self.dropout)


class DuvSettings(DuvUse, frozen=True, kw_only=True):
    """Everything that `config/duv/<instrument>.yaml` sets.

    `base_checkpoint`: a humanizer whose weights training begins from. `manifest`: a file or several. `shares`: how often each instrument
    is drawn; where it names none, `instrument` alone is learned.
    """

    base_checkpoint: Name | None
    manifest: Name | Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    shares: dict[Instrument, Share]
    velocity_from: tuple[VelocityFrom, ...]
    importance: Importance
    net: NetSettings
    augment: AugmentSettings
    base: RunSettings
    adapter: AdapterSettings

    def __post_init__(self) -> None:
        DuvUse.__post_init__(self)
        if self.instrument not in INSTRUMENTS:
            raise ValueError(f"instrument {self.instrument!r}: expected one of {', '.join(INSTRUMENTS)}")
        if self.shares and sum(self.shares.values()) <= 0:
            raise ValueError("shares: expected a share above 0 for one instrument at least")

    @property
    def manifests(self) -> tuple[Path, ...]:
        """The manifests' files."""
        return tuple(Path(name) for name in ((self.manifest,) if isinstance(self.manifest, str) else self.manifest))

    @property
    def drawn(self) -> dict[str, float]:
        """How often each learned instrument is drawn, adding up to 1."""
        shares = {str(name): share for name, share in self.shares.items() if share > 0} or {self.instrument: 1.0}
        return {name: share / sum(shares.values()) for name, share in shares.items()}


def load_duv(config: Path) -> DuvSettings:
    """The settings in the file `config`, or the shipped ones of that name (`drums`), over `config/duv/default.yaml`. Raises ConfigError."""
    shipped = str(config) in SHIPPED and not config.exists()
    if not shipped and not config.is_file():
        raise ConfigError(f"--config {config}: no such file; name one, or one of {', '.join(SHIPPED)}")
    try:
        return load(DuvSettings, SHARED_FILE, None, f"duv/{config}.yaml") if shipped else load(DuvSettings, SHARED_FILE, config)
    except ValueError as error:
        raise ConfigError(f"{config}: {error}") from None
