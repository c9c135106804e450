"""`python -m companion.bridge`: the bridge as a process of its own. Usually the companion starts it."""

from __future__ import annotations

from pathlib import Path

import click

from companion.bridge.ports import PortNames
from companion.bridge.server import ServerOptions, serve
from shared.console import run

NAMES = PortNames()


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--endpoint", default="tcp://127.0.0.1:17817", show_default=True, help="Where the companion connects to.")
@click.option("--ports", default="midi", show_default=True, help="midi, or tcp://127.0.0.1:PORT for the simulated FL Studio.")
@click.option("--api", default="auto", show_default=True, help="The MIDI system: auto, alsa, jack, coremidi or winmm.")
@click.option("--link-in", default=NAMES.link_in, show_default=True, help="The MIDI port to FL Studio's script.")
@click.option("--link-out", default=NAMES.link_out, show_default=True, help="The MIDI port from FL Studio's script.")
@click.option("--notes", default=NAMES.notes, show_default=True, help="The MIDI port to the synth.")
@click.option("--keys", type=click.Path(path_type=Path), metavar="FOLDER", help="Keys made by `companion keys`, for other machines.")
@click.option("--child", is_flag=True, help="End when standard input does.")
def bridge(endpoint: str, ports: str, api: str, link_in: str, link_out: str, notes: str, keys: Path | None, child: bool) -> None:
    """Carry FL Studio's chords and clock to the companion, and its notes back at their moment."""
    serve(ServerOptions(endpoint, ports, api, PortNames(link_in, link_out, notes), keys, child))


if __name__ == "__main__":
    run(bridge, "python -m companion.bridge")
