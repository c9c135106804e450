"""Who may speak to a bridge: the token of this user's machine, and CURVE keys for other machines. Knows no messages.

A bridge that listens beyond loopback takes a folder of keys and heeds only companions whose public key lies in its `clients`:

    folder/bridge.key_secret           stays with the bridge
    folder/clients/companion.key       stays with the bridge: who is let in
    folder/bridge.key                  goes to the companion's machine: who is trusted
    folder/companion.key_secret        goes to the companion's machine, and nowhere else
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from zmq import auth

from shared.errors import ConfigError

TOKEN_VARIABLE = "JAMBOT_TOKEN"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
BRIDGE = "bridge"
COMPANION = "companion"
CLIENTS = "clients"


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """A bridge's own pair, and the folder with the public keys of the companions that it lets in."""

    public: bytes
    secret: bytes
    clients: Path


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """A companion's own pair, and the public key of the bridge that it trusts."""

    public: bytes
    secret: bytes
    server: bytes


def is_loopback(endpoint: str) -> bool:
    """True where only this machine can reach `tcp://HOST:PORT`."""
    return endpoint.removeprefix("tcp://").rsplit(":", 1)[0] in LOOPBACK_HOSTS


def config_folder() -> Path:
    """Where this user's programs keep their settings."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "JamBot"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "JamBot"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "jambot"


def user_token(folder: Path | None = None) -> str:
    """The token that this user's bridge and companion share: from JAMBOT_TOKEN, else from a file only the user may read.

    The file is made at the first call. Raises ConfigError where it cannot be made or read.
    """
    given = os.environ.get(TOKEN_VARIABLE)
    if given:
        return given
    path = (folder or config_folder()) / "token"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(16))
        except FileExistsError:
            pass
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the bridge's token cannot be read or made ({error}); make the file readable, or delete it") from None
    if not token:
        raise ConfigError(f"{path}: the bridge's token is empty; delete the file")
    return token


def make_keys(folder: Path) -> None:
    """Make the keys of a bridge and of one companion in `folder`, and print which file goes where.

    Raises ConfigError where keys stand there already.
    """
    clients = folder / CLIENTS
    made = [folder / f"{name}.{kind}" for name in (BRIDGE, COMPANION) for kind in ("key", "key_secret")]
    standing = [path for path in [*made, clients / f"{COMPANION}.key"] if path.exists()]
    if standing:
        raise ConfigError(f"{standing[0]}: keys stand here already; name an empty folder")
    clients.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = os.umask(0o077) if sys.platform != "win32" else None
    try:
        for name in (BRIDGE, COMPANION):
            auth.create_certificates(folder, name)
    finally:
        if before is not None:
            os.umask(before)
    (folder / f"{COMPANION}.key").rename(clients / f"{COMPANION}.key")
    print(f"The bridge keeps {folder / 'bridge.key_secret'} and {clients}: start it with --keys {folder}")
    print(f"Carry {folder / 'bridge.key'} and {folder / 'companion.key_secret'} to the companion's machine, over a safe way.")


def server_keys(folder: Path) -> ServerKeys:
    """The bridge's keys in `folder`. Raises ConfigError where they are missing or damaged."""
    public, secret = _load(folder / f"{BRIDGE}.key_secret")
    clients = folder / CLIENTS
    if not any(clients.glob("*.key")):
        raise ConfigError(f"{clients}: holds no companion's key; make keys with `companion keys FOLDER`")
    return ServerKeys(public, secret, clients)


def client_keys(folder: Path) -> ClientKeys:
    """The companion's keys in `folder`. Raises ConfigError where they are missing or damaged."""
    public, secret = _load(folder / f"{COMPANION}.key_secret")
    try:
        server, _ = auth.load_certificate(folder / f"{BRIDGE}.key")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder / 'bridge.key'}: the bridge's key cannot be read ({error}); carry it here") from None
    return ClientKeys(public, secret, server)


def _load(path: Path) -> tuple[bytes, bytes]:
    try:
        public, secret = auth.load_certificate(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the key cannot be read ({error}); make keys with `companion keys FOLDER`") from None
    if secret is None:
        raise ConfigError(f"{path}: holds no secret key; make keys with `companion keys FOLDER`")
    return public, secret
