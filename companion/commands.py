"""The commands of `companion`: what may be said on the command line, checked before anything starts. Knows no music.

Nothing heavy is imported until a command's words are found good, so that help and mistakes are answered at once.
"""

from __future__ import annotations

import math
import os
import secrets
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from companion import __version__
from companion.humanize.bake_command import bake_piano_roll
from companion.humanize.command import humanize_command
from companion.options import BenchOptions, ChartText, DemoOptions, Device, LiveOptions, ReplayOptions
from shared.errors import ConfigError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN
from shared.score import ROLES
from shared.settings import Settings, check_endpoint, load_settings
from shared.swing import SwingWish
from shared.swing_option import SwingChoice

DEMO_ONLY = ("offline", "bars", "tempo")
LIVE_ONLY = ("chart", "chart_file", "bridge", "keys")


class Number(click.FloatRange):
    """A finite number in a range; click's own lets `nan` through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's error that names the range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


FOLDER = click.Path(path_type=Path)
SEED = click.IntRange(0, 2**53 - 1)
model_option = click.option("--model", metavar="NAME", help="The player: a name from `companion models`, or fallback.")
seed_option = click.option("--seed", type=SEED, help="The same seed and the same playing give the same notes. Usually drawn at random.")
temperature_option = click.option("--temperature", type=Number(0.05, 5), help="Daring: below 1 safer, above 1 wilder.")
swing_option = click.option(
    "--swing", type=SwingChoice(), metavar="auto|free|RATIO",
    help="How far upbeats swing: as soloists do at the tempo, as the model has it, or from 1 (straight) to 2 (triplets).",
)  # fmt: skip
role_option = click.option("--role", type=click.Choice(ROLES), help="What is played.")
device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True, help="Where the model computes."
)
config_option = click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Your settings, laid over the shipped ones.")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@model_option
@click.option("--chart", metavar="TEXT", help='The changes, as in "Dm7 | G7 | Cmaj7 | %".')
@click.option("--chart-file", type=click.Path(path_type=Path), metavar="FILE", help="A text file with the changes.")
@role_option
@seed_option
@temperature_option
@swing_option
@device_option
@click.option("--bridge", metavar="tcp://HOST:PORT", help="Use the bridge that runs there; usually one is started.")
@click.option("--keys", type=FOLDER, metavar="DIR", help="The keys for a bridge on another machine, made by `companion keys`.")
@config_option
@click.option("--out", type=FOLDER, metavar="DIR", help="Where the jam is kept.")
@click.option("--demo", is_flag=True, help="Play with a simulated FL Studio, and write the jam, its picture and its figures.")
@click.option("--offline", is_flag=True, help="Demo: as fast as the machine can, without sound.")
@click.option("--bars", type=click.IntRange(1, 2000), help="Demo: its length.  [default: 32]")
@click.option("--tempo", type=Number(TEMPO_BPM_MIN, TEMPO_BPM_MAX), metavar="BPM", help="Demo: its tempo.  [default: 140]")
@click.version_option(__version__, prog_name="companion")
@click.pass_context
def companion(context: click.Context, /, **words: Any) -> None:
    """JamBot's companion: plays along with FL Studio. Without a command it plays live; Ctrl-C ends."""
    said = [name for name in words if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if context.invoked_subcommand is not None:
        if said:
            raise click.UsageError(f"--{_dashed(said[0])} has to stand after `{context.invoked_subcommand}`, if it takes it.")
        return
    foreign = [name for name in said if name in (LIVE_ONLY if words["demo"] else DEMO_ONLY)]
    if foreign:
        raise click.UsageError(f"--{_dashed(foreign[0])} {'does not go' if words['demo'] else 'goes only'} with --demo.")
    settings = _settings(words["config"], words["role"], words["temperature"], words["swing"])
    if words["demo"]:
        _demo(settings, words)
    else:
        _live(settings, words)


@companion.command()
@click.option("--seconds", type=Number(5, 86400), default=60.0, show_default=True, help="How long to play.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the figures there.")
@click.option("--load", type=click.IntRange(0, 256), default=0, show_default=True, help="Processes that keep other cores busy meanwhile.")
@model_option
@seed_option
@device_option
@config_option
def bench(
    seconds: float, json_file: Path | None, load: int, model: str | None, seed: int | None, device: Device, config: Path | None
) -> None:
    """Play a live session with a simulated FL Studio and measure it."""
    if json_file is not None:
        check_writable_file(json_file)
    settings, name = load_settings(config), _model(model)
    _check_device(device)
    from companion.bench import run

    run(BenchOptions(name, seconds, load, _seed(seed, 1), device, json_file, settings))


@companion.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--out", type=FOLDER, metavar="DIR", help="Where to write what is played.  [default: beside the log]")
@device_option
@config_option
def replay(log: Path, out: Path | None, device: Device, config: Path | None) -> None:
    """Play the event log of a jam again: the same notes come out."""
    if not log.is_file():
        raise ConfigError(f"{log}: no such file; a jam's log lies beside its .mid file and ends in .jsonl")
    folder = out if out is not None else log.parent / f"{log.stem}-replay"
    check_writable_folder(folder)
    settings = load_settings(config)
    _check_device(device)
    from companion.replay import run

    run(ReplayOptions(log, device, folder, settings))


@companion.command("install-fl")
@click.option("--fl-dir", type=FOLDER, metavar="DIR", help="FL Studio's user data folder, if it was moved.")
@click.option("--uninstall", is_flag=True, help="Take the script out again.")
def install_fl(fl_dir: Path | None, uninstall: bool) -> None:
    """Copy JamBot's script to FL Studio, and show what was written."""
    from companion import install_fl as script

    folders = [fl_dir] if fl_dir is not None else script.find_fl_dirs()
    if not folders:
        raise ConfigError("FL Studio's user data folder was not found; name it with --fl-dir (FL Studio: Options > File settings shows it)")
    if uninstall:
        removed = script.uninstall(folders[0])
        for path in removed:
            click.echo(f"removed    {path}")
        click.echo("FL Studio forgets the script when it starts again." if removed else f"No script of JamBot's in {folders[0]}.")
        return
    for path, what in script.install(folders[0]):
        click.echo(f"{what:<10} {path}")
    click.echo("Next, in FL Studio: Options > MIDI Settings > Update MIDI scripts. `companion ports` shows what to set there.")
    for other in folders[1:]:
        click.echo(f"There is another user data folder; for that one: companion install-fl --fl-dir {str(other)!r}")


@companion.command()
@config_option
def ports(config: Path | None) -> None:
    """List the MIDI ports, and what to set in FL Studio."""
    from companion.port_list import show_ports

    show_ports(load_settings(config).ports)


@companion.command()
@click.option("--fl-dir", type=FOLDER, metavar="DIR", help="FL Studio's user data folder, if it was moved.")
@config_option
@click.pass_context
def doctor(context: click.Context, fl_dir: Path | None, config: Path | None) -> None:
    """Check everything that JamBot needs, and say for each failure the one thing to do."""
    from companion.doctor import show_checks

    if not show_checks(load_settings(config), fl_dir):
        context.exit(1)


@companion.command()
def models() -> None:
    """List the players and the humanizers that can be named with --model."""
    from companion.model_store import show_models

    show_models()


@companion.command()
@click.argument("folder", type=FOLDER)
def keys(folder: Path) -> None:
    """Make the keys that a bridge on another machine asks for."""
    from companion.keys import make_keys

    make_keys(folder)


companion.add_command(bake_piano_roll)
companion.add_command(humanize_command)


def check_writable_folder(folder: Path) -> None:
    """Raise ConfigError unless files can be written to `folder`, which need not exist yet. Makes nothing."""
    standing = folder.absolute()
    while not standing.exists() and standing != standing.parent:
        standing = standing.parent
    if not standing.is_dir():
        raise ConfigError(f"{standing}: is a file, but a folder is needed there; choose another --out")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder}: nothing can be written there; choose another --out")


def check_writable_file(file: Path) -> None:
    """Raise ConfigError unless `file` can be written in a folder that exists."""
    if file.is_dir() or not file.absolute().parent.is_dir() or not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise ConfigError(f"{file}: cannot be written; name a file in a folder that exists and is yours")


def _live(settings: Settings, words: dict[str, Any]) -> None:
    chart = _chart(words["chart"], words["chart_file"])
    _check_bridge(words["bridge"], words["keys"])
    out: Path | None = words["out"] or (settings.record.path if settings.record.keep else None)
    if out is not None:
        check_writable_folder(out)
    name = _model(words["model"])
    _check_device(words["device"])
    from companion.app import live

    live(LiveOptions(name, chart, _seed(words["seed"], None), words["device"], words["bridge"], words["keys"], out, settings))


def _demo(settings: Settings, words: dict[str, Any]) -> None:
    out: Path = words["out"] or Path("jam")
    check_writable_folder(out)
    name = _model(words["model"])
    _check_device(words["device"])
    bars, tempo_bpm = words["bars"] or 32, words["tempo"] or 140.0
    from companion.demo import run

    run(DemoOptions(name, words["offline"], bars, tempo_bpm, _seed(words["seed"], 1), words["device"], out, settings))


def _settings(config: Path | None, role: str | None, temperature: float | None, swing: SwingWish | None) -> Settings:
    """The settings with the command line's words laid over them."""
    settings = load_settings(config)
    words = {"role": role, "temperature": temperature, "swing": swing}
    said = {name: value for name, value in words.items() if value is not None}
    return msgspec.structs.replace(settings, solo=msgspec.structs.replace(settings.solo, **said))


def _chart(text: str | None, file: Path | None) -> ChartText | None:
    """The chart that was given, proved good. Raises ConfigError with line and column where it is not."""
    if text is not None and file is not None:
        raise click.UsageError("--chart and --chart-file cannot both be given; keep one of them.")
    if text is None and file is None:
        return None
    from shared.charts import parse_chart, read_chart_text

    chart = ChartText(text, "--chart") if text is not None else ChartText(read_chart_text(cast(Path, file)), str(file))
    parse_chart(chart.text, chart.origin)
    return chart


def _check_bridge(bridge: str | None, keys: Path | None) -> None:
    """Raise ConfigError unless a bridge can be reached at that address in safety. None: the companion starts its own."""
    if bridge is None:
        if keys is not None:
            raise ConfigError("--keys goes only with --bridge")
        return
    try:
        check_endpoint(bridge)
    except ValueError as error:
        raise ConfigError(f"--bridge: {error}") from None
    from companion.keys import client_keys, is_loopback

    if keys is not None:
        client_keys(keys)
    elif not is_loopback(bridge):
        raise ConfigError(f"--bridge {bridge}: a bridge on another machine needs --keys; make them there with `companion keys FOLDER`")


def _model(name: str | None) -> str:
    """The model's name, known to exist. Raises ConfigError or CheckpointError where it does not."""
    from companion.model_store import find_model

    return find_model(name)


def _seed(seed: int | None, usual: int | None) -> int:
    if seed is not None:
        return seed
    return secrets.randbelow(2**31) if usual is None else usual


def _check_device(device: Device) -> None:
    """Raise ConfigError where this machine has no such device. PyTorch is asked only about those that may be missing."""
    if device not in ("cuda", "mps"):
        return
    import torch

    there = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if not there:
        raise ConfigError(f"--device {device}: PyTorch finds no such device here; use --device auto")


def _dashed(name: str) -> str:
    return name.replace("_", "-")
