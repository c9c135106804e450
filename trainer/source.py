"""Where music comes from and what may be done with it. Knows names and licences; knows no files."""

from __future__ import annotations

from dataclasses import dataclass


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


SOURCES = {
    source.name: source
    for source in (
        Source("wjazzd", "Weimar Jazz Database", "ODbL-1.0", "Jazzomat Research Project, HfM Weimar", True, True),
        Source("omnibook", "Parker Omnibook", "MIT", "jazzodata", True, True),
        Source("pop909", "POP909", "MIT", "Wang et al., ISMIR 2020", True, False),
        Source("jjswing", "JJazzLab JJSwing", "LGPL-2.1", "Jerome Lelasseux, JJazzLab", True, True),
        Source("midi", "MIDI files of your own", "as their owner says", "their owner", False, True),
    )
}
