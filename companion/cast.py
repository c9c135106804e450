"""Puts the companion's parts together from what the user asked for. Knows every part by name and none from inside."""

from __future__ import annotations

import msgspec

from companion import __version__
from companion.conductor import Conductor, Journal, Worker
from companion.fallback import FallbackSoloist
from companion.options import ChartText
from companion.outlook import Outlook
from companion.recorder import FORMAT, Header
from companion.touch_store import TouchChoice, touch_fingerprint
from shared.charts import parse_chart
from shared.settings import Settings


def build_conductor(settings: Settings, seed: int, chart: ChartText | None, worker: Worker, journal: Journal) -> Conductor:
    """A conductor with its ears, its outlook and the fallback player. Raises ConfigError for a bad chart."""
    outlook = Outlook(None if chart is None else parse_chart(chart.text, chart.origin))
    return Conductor(settings, seed, outlook, worker, FallbackSoloist(), journal)


def header_of(model: str, fingerprint: str, touch: TouchChoice, seed: int, chart: ChartText | None, settings: Settings) -> Header:
    """The first line of a jam's log: everything that a replay must have the same."""
    return Header(
        jambot=__version__,
        format=FORMAT,
        model=model,
        fingerprint=fingerprint,
        touch=touch.name,
        touch_fingerprint=touch_fingerprint(touch, settings),
        seed=seed,
        chart=None if chart is None else chart.text,
        settings=msgspec.to_builtins(settings),
    )
