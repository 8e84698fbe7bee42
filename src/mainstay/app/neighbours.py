"""Which server uses a data folder already, for messages that say what to do about it."""

import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mainstay.kit.errors import Unavailable

_URL = re.compile(r"https?://(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}", re.ASCII)
_PID_END = 1 << 31


class FolderTaken(Unavailable):
    """Another server uses the data folder; two on one would spoil its index."""

    title = "Another server uses this data folder"


@dataclass(frozen=True)
class Neighbour:
    """A server as it wrote itself down in its data folder."""

    url: str
    pid: int

    def listens_at(self, port: int) -> bool:
        """Tell whether this is its port."""
        return port == urlsplit(self.url).port


def neighbour(folder: Path) -> Neighbour | None:
    """Give the server that wrote itself down, if its process lives: one that was killed leaves its note."""
    try:
        told = json.loads((folder / "server.json").read_text(encoding="utf-8"))
        found = Neighbour(str(told["url"]), int(told["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _URL.fullmatch(found.url) or not 1 < found.pid < _PID_END or found.pid == os.getpid():
        return None
    return found if _lives(found.pid) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody else's
        return True
    except OSError:
        return False
    return True


def taken(folder: Path, other: Neighbour | None) -> FolderTaken:
    """Make the failure that says who it is and what to do."""
    where, elsewhere = folder.resolve(), "choose another folder with --data (`make run DATA=…`)"
    if other is None:
        lock = shlex.quote(str(where / "vectors" / "lock"))
        return FolderTaken(
            f"Which process has {where} is not known; `fuser {lock}` may tell. Stop it, or {elsewhere}."
        )
    return FolderTaken(
        f"Process {other.pid} has {where} and serves at {other.url}. Use that server, stop it first (Ctrl-C "
        f"where it runs, or `kill {other.pid}`), or {elsewhere}."
    )
