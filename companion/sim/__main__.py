"""The simulated FL Studio as a program: options to ports and a scenario. Knows nothing else.

    python -m companion.sim --ports tcp://127.0.0.1:17819 --scenario jam.json --notes notes.jsonl
    python -m companion.sim --midi --scenario jam.json

Exit code 0 at the end, 1 where the script did what would have hurt a real FL Studio, 2 for what the user can mend.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from types import FrameType

import click

from companion.sim.process import APIS, Ports, RtMidiPorts, SocketPorts, read_orders, run
from companion.sim.scenario import Action, Scenario, read_scenario
from shared.errors import JamBotError


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


@click.command()
@click.option("--ports", "endpoint", metavar="tcp://HOST:PORT", help="Connect to the bridge's socket instead of MIDI ports.")
@click.option("--midi", is_flag=True, help="Use the real MIDI ports that the bridge has made.")
@click.option("--api", type=click.Choice(sorted(APIS)), default="auto", show_default=True, help="MIDI system of the real ports.")
@click.option("--link-in", default="JamBot Link In", show_default=True, help="Port on which the bridge sends to the script.")
@click.option("--link-out", default="JamBot Link Out", show_default=True, help="Port on which the script sends to the bridge.")
@click.option("--notes-in", default="JamBot Notes", show_default=True, help="Port on which the bridge sends notes.")
@click.option("--scenario", type=click.Path(path_type=Path), help="JSON file: the song and the timeline.")
@click.option("--notes", type=click.Path(path_type=Path), help="Write the notes received here, a JSON object a line.")
@click.option("--orders", is_flag=True, help="Take further actions from standard input, a JSON object a line; its end means quit.")
def main(
    endpoint: str | None,
    midi: bool,
    api: str,
    link_in: str,
    link_out: str,
    notes_in: str,
    scenario: Path | None,
    notes: Path | None,
    orders: bool,
) -> None:
    """A simulated FL Studio that runs the real script."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        if (endpoint is None) == (not midi):
            raise click.UsageError("give either --ports or --midi")
        play = Scenario() if scenario is None else read_scenario(scenario)
        ports: Ports = SocketPorts(endpoint) if endpoint is not None else RtMidiPorts(link_in, link_out, notes_in, api)
        queue: SimpleQueue[Action] = SimpleQueue()
        if orders:
            complain = lambda text: click.echo(text, err=True)  # noqa: E731
            Thread(target=read_orders, args=(sys.stdin.buffer, queue, complain), daemon=True).start()
        with contextlib.ExitStack() as stack:
            stack.callback(ports.close)
            file = None if notes is None else stack.enter_context(notes.open("wb"))
            faults = run(play, ports, file, queue, perf_counter)
    except KeyboardInterrupt:
        sys.exit(130)
    except JamBotError as error:
        click.echo(f"companion.sim: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"companion.sim: {error.filename}: {error.strerror}", err=True)
        sys.exit(2)
    for fault in faults:
        click.echo(f"companion.sim: {fault}", err=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
