"""Looks at this computer and says what JamBot lacks. Gathers facts; what they mean is decided in `companion.checks`."""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from companion import checks
from companion.checks import Check
from shared.errors import CheckpointError, ConfigError, JamBotError
from shared.settings import Settings

LINK_SEC = 5.0
ROUND_TRIPS = 20
ANY_PORT = "tcp://127.0.0.1:0"


def show_checks(settings: Settings, fl_dir: Path | None) -> bool:
    """Run every check and print the results as a table, then what to do; True where nothing failed."""
    console = Console()
    table = Table("", "check", "found")
    found = []
    with console.status("looking"):
        for check in all_checks(settings, fl_dir):
            found.append(check)
            table.add_row("ok" if check.ok else "[bold red]no[/]", check.name, escape(check.what))
    console.print(table)
    for check in found:
        if check.mend:
            console.print(f"[bold]{check.name}[/]: {escape(check.mend)}")
    return all(check.ok for check in found)


def all_checks(settings: Settings, fl_dir: Path | None) -> Iterator[Check]:
    """Every check in order; `fl_dir` is FL Studio's user data folder, None: the one that is found."""
    yield checks.check_python(sys.version_info[:3])
    packages = checks.check_packages(_requirements(), _version_of)
    yield packages
    try:
        yield from _checks_with_packages(settings, fl_dir)
    except ModuleNotFoundError as error:
        if packages.ok:
            raise
        yield Check("the rest", False, f"cannot be looked at without the package {error.name}", packages.mend)


def _checks_with_packages(settings: Settings, fl_dir: Path | None) -> Iterator[Check]:
    import rtmidi

    from companion.model_store import list_models
    from companion.port_list import midi_systems

    models = list_models()
    good = [model.name for model in models if model.fault is None]
    yield checks.check_models(good, [f"{model.name}: {model.fault}" for model in models if model.fault is not None])
    yield _touch_check(settings)
    yield checks.check_midi(midi_systems(rtmidi), sys.platform, settings.ports)
    yield from _fl_checks(fl_dir)
    yield from _link_checks()


def _touch_check(settings: Settings) -> Check:
    """Choose and open the humanizer as a jam would."""
    from companion.touch_store import choose_touch, open_humanizer

    try:
        choice = choose_touch(settings)
        open_humanizer(choice, settings, seed=0)
    except (CheckpointError, ConfigError) as error:
        return checks.check_touch("", str(error))
    return checks.check_touch(choice.shown, None)


def _fl_checks(fl_dir: Path | None) -> Iterator[Check]:
    from companion.install_fl import find_fl_dirs

    folder = fl_dir if fl_dir is not None else next(iter(find_fl_dirs()), None)
    yield checks.check_fl_folder(folder, sys.platform)
    if folder is not None:
        yield checks.check_script(differing_files(folder))


def differing_files(fl_dir: Path) -> list[str] | None:
    """The script's files in `fl_dir` that are not this version's; None where it is not installed. Raises ConfigError."""
    from companion.install_fl import hardware_dir, installed_version, script_files

    if installed_version(fl_dir) is None:
        return None
    folder = hardware_dir(fl_dir)
    return [name for name, content in script_files().items() if (folder / name).read_bytes() != content]


def _link_checks() -> Iterator[Check]:
    """Start a bridge of its own on free ports, without MIDI, and measure the way to it and back."""
    import zmq

    from companion.link import BridgeLink, BridgeProcess
    from shared.messages import Heartbeat, Welcome

    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with contextlib.ExitStack() as ends:
        ends.callback(context.term)
        try:
            bridge = BridgeProcess(ANY_PORT, ports=ANY_PORT)
            ends.callback(bridge.stop)
            link = BridgeLink(context, bridge.endpoint, bridge.token)
            ends.callback(link.close)
            heard = link.connect(LINK_SEC)
        except JamBotError as error:
            yield checks.check_link(None, str(error))
            return
        for _ in range(ROUND_TRIPS):
            link.send(Heartbeat(sent_sec=perf_counter()))
            link.receive(0.05)
        trip_sec = link.round_trip_sec
    yield checks.check_link(None if trip_sec is None else trip_sec * 1000.0)
    for message, _ in heard:
        if isinstance(message, Welcome):
            yield checks.check_priority(message.priority)


def _requirements() -> list[str] | None:
    """What JamBot's metadata asks for, None where it is not installed."""
    try:
        return importlib.metadata.requires("jambot") or []
    except importlib.metadata.PackageNotFoundError:
        return None


def _version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
