"""Which server the command line talks to, and with which key."""

import ipaddress
import json
import os
import re
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from mainstay.kit.errors import Unavailable

URL_DEFAULT = "http://127.0.0.1:8080"
DATA_DEFAULT = "./data"
_FILE_BYTES_MAX = 10_000
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Address:
    """A server and the key to it; `local` says that both were found in a data folder.

    `certificate_sha256` is the certificate by which a server on this machine is known, `mails` the folder
    into which it writes mails instead of sending them.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    local: bool = False
    certificate_sha256: str | None = None
    mails: str | None = None


@dataclass(frozen=True)
class LocalServer:
    """What the server of a data folder wrote down of itself, as far as it can be believed."""

    url: str | None = None
    certificate_sha256: str | None = None
    mails: str | None = None


def _ours(path: Path, *, secret: bool) -> str | None:
    """Read a small file that belongs to this user; a secret one only if nobody else may read it."""
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            owned = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
            open_to_others = facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            if not owned or not stat.S_ISREG(facts.st_mode) or (secret and open_to_others):
                return None
            return file.read(_FILE_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError):
        return None


_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what a server wrote, not what we bind


def _on_this_machine(url: str) -> str | None:
    """Give the address as one calls it from here; a server that listens everywhere is called on loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in _EVERYWHERE:
            return f"{parts.scheme}://{_EVERYWHERE[host]}:{parts.port}"
        return url.rstrip("/") if host == "localhost" or ipaddress.ip_address(host).is_loopback else None
    except ValueError:
        return None


def local_server(data: Path) -> LocalServer:
    """Give what the server of this data folder wrote down: its address, if it is on this machine.

    Beside it stand the SHA-256 of its certificate, if it has one, and where mails lie, if it sends none.
    A data folder may lie in a directory that somebody else prepared: an address elsewhere is not followed, or
    it would be sent the key from the environment.
    """
    try:
        told = json.loads(_ours(data / "server.json", secret=False) or "{}")
        url, digest, mails = (told.get(name) for name in ("url", "certificate_sha256", "mails"))
    except (ValueError, AttributeError):
        return LocalServer()
    return LocalServer(
        _on_this_machine(url) if isinstance(url, str) else None,
        digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else None,
        mails if isinstance(mails, str) else None,
    )


def find_address(
    url: str | None, key: str | None, data: str | None, environment: Mapping[str, str] = os.environ
) -> Address:
    """Look in the options, then in the environment, then in the data folder of a server on this machine.

    The folder's own key (`local.key`, readable by its owner alone) is sent only to the folder's own server.
    """
    folder = Path(data or environment.get("MAINSTAY_DATA") or DATA_DEFAULT)
    local = local_server(folder)
    named = data or environment.get("MAINSTAY_DATA")
    elsewhere = url or environment.get("MAINSTAY_URL")
    if named and not (folder / "server.json").exists() and not elsewhere:
        raise Unavailable(
            f"No server runs on {folder}: start one with `mainstay serve --data {shlex.quote(str(folder))}`, "
            "or name another folder with --data or MAINSTAY_DATA, or an address with --url or MAINSTAY_URL."
        )
    chosen = (elsewhere or local.url or URL_DEFAULT).rstrip("/")
    given = key or environment.get("MAINSTAY_API_KEY")
    own = local if chosen == local.url else LocalServer()
    known = Address(chosen, certificate_sha256=own.certificate_sha256, mails=own.mails)
    if given:
        return replace(known, key=given.strip())
    if own.url:
        found = (_ours(folder / "local.key", secret=True) or "").strip()
        return replace(known, key=found or None, local=True)
    return known
