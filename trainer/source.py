"""Where music comes from and what may be done with it. Knows names and licences; knows no files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from shared.errors import DataError

CREDITS_APART = "; "
COPYLEFT = "AGPL-3.0"


@dataclass(frozen=True, slots=True)
class Source:
    """A set of music: its `licence` and `attribution` go into the card of every model that learned from it.

    `permissive`: models trained on it may be passed on under a free licence. `jazz`: it belongs to what the adapter learns.
    """

    name: str
    title: str
    licence: str
    attribution: str
    permissive: bool
    jazz: bool

    @property
    def credit(self) -> str:
        """Title, licence and attribution, as a card names them."""
        return f"{self.title} ({self.licence}, {self.attribution})"


SOURCES = {
    source.name: source
    for source in (
        Source("wjazzd", "Weimar Jazz Database", "ODbL-1.0", "Jazzomat Research Project, HfM Weimar", True, True),
        Source("omnibook", "Parker Omnibook", "MIT", "jazzodata", True, True),
        Source("pop909", "POP909", "MIT", "Wang et al., ISMIR 2020", True, False),
        Source("jjswing", "JJazzLab JJSwing", "LGPL-2.1", "Jerome Lelasseux, JJazzLab", True, True),
        Source("groove_midi", "Groove MIDI Dataset", "CC BY 4.0", "Gillick et al., ICML 2019", True, False),
        Source("violin_etudes", "Violin Etudes", "AGPL-3.0", "Tamer et al., ISMIR 2022", True, False),
        Source("midi", "MIDI files of your own", "as their owner says", "their owner", False, True),
    )
}


def credits_of(names: Collection[str]) -> str:
    """The credits of the sources called `names`, as a card's training data."""
    return CREDITS_APART.join(SOURCES[name].credit for name in sorted(names))


def credited(training_data: str) -> set[str]:
    """The sources that a card's training data names. Raises DataError where it names one that is not known here."""
    names = {source.credit: name for name, source in SOURCES.items()}
    unknown = [credit for credit in training_data.split(CREDITS_APART) if credit not in names]
    if unknown:
        raise DataError(f"learned from {CREDITS_APART.join(unknown)}, whose licence is not known here: see trainer/source.py")
    return {names[credit] for credit in training_data.split(CREDITS_APART)}


def licence_of(names: Collection[str]) -> str:
    """What may be done with a model that learned from the sources called `names`."""
    if all(SOURCES[name].permissive for name in names):
        licences = sorted({SOURCES[name].licence for name in names})
        # Whether weights are made from their data in the law's sense is open: whoever passes these on is safe under the same licence.
        own = COPYLEFT if COPYLEFT in licences else "MIT"
        return f"{own}; the data it learned from: {', '.join(licences)}"
    return "for your own use, as the owners of the music allow"
