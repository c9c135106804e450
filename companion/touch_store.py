"""Which humanizer touches the solo, and where it lies. Knows names, settings and folders; knows nothing of playing.

Each role has a humanizer of its own, and the one for all pitched instruments stands in where that is not installed. Where none is, the
rules of `companion.touch` play alone, and whoever asks is told why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shared.duv_settings import PITCHED, load_duv_use
from shared.errors import CheckpointError, ConfigError
from shared.model_folder import FILE_NAME, adapters, find_humanizer, load_phrase_net, model_folders
from shared.settings import Settings, SoloSettings
from shared.written import UNKNOWN_STYLE

if TYPE_CHECKING:
    from companion.humanized import Humanizer
    from companion.soloist import Musician, Soloist

AUTO, RULES = "auto", "rules"
INSTRUMENT_OF_ROLE = {"lead": PITCHED, "bass": "bass", "comp": "keys"}
"""The settings in `config/duv/` that name each role's humanizer and instrument."""
JAZZ, POP = "jazz", "pop"


@dataclass(frozen=True, slots=True)
class TouchChoice:
    """Who touches the solo: the humanizer in `folder`, or the rules where that is None. `why`: what led there, for people to read."""

    folder: Path | None
    why: str

    @property
    def name(self) -> str:
        """The humanizer's name, or `rules`."""
        return RULES if self.folder is None else self.folder.name

    @property
    def shown(self) -> str:
        """For people to read: the name, and the reason where it is the rules."""
        return self.name if self.folder is not None else f"{RULES} ({self.why})"


BY_RULES = TouchChoice(None, "the settings say so")


def choose_touch(settings: Settings, folders: Sequence[Path] | None = None) -> TouchChoice:
    """Who touches the solo by these settings. Raises ConfigError where they name a humanizer that is not installed."""
    wish = settings.touch.humanizer
    if wish == RULES:
        return BY_RULES
    places = model_folders() if folders is None else folders
    known = [folder / wish for folder in places] if wish != AUTO else [folder / name for name in _usual(settings) for folder in places]
    # A file that cannot be read is no reason to look elsewhere: it is opened, and whoever opens it is told.
    folder = next((folder for folder in known if (folder / FILE_NAME).is_file()), None)
    if folder is None and wish == AUTO:
        return TouchChoice(None, f"no humanizer {' or '.join(_usual(settings))} is installed")
    if folder is None:
        try:
            folder = find_humanizer(wish, folders)
        except ConfigError as error:
            raise ConfigError(f"touch.humanizer {error}; or {AUTO}, or {RULES}") from None
    shares = settings.touch.intensities
    if not (shares.velocity or shares.duration or shares.timing):
        return TouchChoice(None, f"the intensities of {folder.name} are 0")
    return TouchChoice(folder, "")


def touched_by(settings: Settings, name: str) -> Settings:
    """`settings` that name the humanizer `name`, or `rules`."""
    return msgspec.structs.replace(settings, touch=msgspec.structs.replace(settings.touch, humanizer=name))


def open_humanizer(choice: TouchChoice, settings: Settings, seed: int) -> Humanizer | None:
    """The chosen humanizer, ready to touch; None for the rules. Raises CheckpointError where its files are damaged."""
    if choice.folder is None:
        return None
    # Imported only now: whoever plays by rules need not wait for them.
    from companion.humanized import Humanizer
    from companion.onnx_phrase import PhraseRunner

    style = style_of(settings.solo)
    try:
        net = load_phrase_net(choice.folder, adapters(choice.folder).get(style))
    except CheckpointError as error:
        raise CheckpointError(f"{error}; or set touch.humanizer: {RULES}") from None
    use = load_duv_use(INSTRUMENT_OF_ROLE[settings.solo.role])
    level = float(settings.touch.velocity) if use.keep_level else None
    return Humanizer(PhraseRunner(net), choice.name, use.instrument, style, seed, level)


def with_touch(soloist: Soloist, choice: TouchChoice, settings: Settings, seed: int) -> Musician:
    """`soloist` with the chosen humanizer at its side, or as it is. Raises CheckpointError where the humanizer's files are damaged."""
    humanizer = open_humanizer(choice, settings, seed)
    if humanizer is None:
        return soloist
    from companion.humanized import HumanizedSoloist

    return HumanizedSoloist(soloist, humanizer)


def touch_fingerprint(choice: TouchChoice, settings: Settings) -> str:
    """What tells two versions of a humanizer apart: a digest of its weights, those of its style among them, or nothing for the rules."""
    if choice.folder is None:
        return ""
    from companion.onnx_phrase import PhraseRunner

    digest = hashlib.blake2b((choice.folder / FILE_NAME).read_bytes(), digest_size=16)
    adapter = adapters(choice.folder).get(style_of(settings.solo))
    if adapter is not None:
        digest.update(adapter.read_bytes())
    return f"{digest.hexdigest()} {PhraseRunner.kind}"


def style_of(solo: SoloSettings) -> str:
    """The playing style, as humanizers know them, of a solo: who swings plays jazz."""
    if solo.style == POP:
        return POP
    return JAZZ if solo.style != UNKNOWN_STYLE or solo.feel == "swing" else UNKNOWN_STYLE


def _usual(settings: Settings) -> list[str]:
    """Names of the humanizers that suit the role, the best first."""
    parts = dict.fromkeys((INSTRUMENT_OF_ROLE[settings.solo.role], PITCHED))
    return [load_duv_use(part).name for part in parts]
