"""The folders of the spaces: their names, the pointer to the living shard and how far it has come."""

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from mainstay.kit.random import SystemRandom
from mainstay.ports.vectors import Space

_STATE = "state.json"
_SHARD = "shard-"
_READ_BYTES = 1 << 17
_VERSION = 2
"""Version 1 named points by UUIDs: such a space counts as one that was never made, and is filled again."""


@dataclass(frozen=True)
class State:
    """What a space durably knows: the living shard's folder, the last change in it, points not indexed.

    `flushed` says that the shard's log holds nothing that its files do not (but for a killed process's last
    seconds, which come back all the same).
    """

    shard: str
    applied: int
    pending: int
    flushed: bool = False


@lru_cache(maxsize=1_024)
def folder_of(root: Path, space: Space) -> Path:
    """Give the folder of a space; its name is a hash, so that no user text becomes a path."""
    name = json.dumps([space.tenant, space.encoder, space.dimensions], ensure_ascii=True)
    return root / hashlib.sha256(name.encode()).hexdigest()[:40]


def folders_of(root: Path, tenant: str) -> dict[Path, Space]:
    """Give the folders of a tenant's spaces, with those that were set aside because they were damaged."""
    found: dict[Path, Space] = {}
    for path in root.glob(f"*/{_STATE}"):
        with contextlib.suppress(
            OSError, ValueError, KeyError, TypeError
        ):  # unreadable: its name tells below
            raw = json.loads(path.read_bytes())
            if raw["tenant"] == tenant:
                found[path.parent] = Space(tenant, str(raw["encoder"]), int(raw["dimensions"]))
    for folder, space in list(found.items()):
        whole = folder.name.partition(".")[0]
        found |= dict.fromkeys(root.glob(f"{whole}*"), space)
    return found


def read_state(folder: Path) -> State | None:
    """Read the pointer; None where there is no whole space (never made, or cut off while it was made)."""
    try:
        raw = json.loads((folder / _STATE).read_bytes())
        if raw["version"] == 1:
            return None
        flushed = bool(raw.get("flushed"))  # not told by an earlier release
        state = State(str(raw["shard"]), int(raw["applied"]), int(raw["pending"]), flushed)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        # Unreadable: as good as damaged. The empty name leads to no shard.
        return State("", 0, 0)
    return state


def write_state(folder: Path, space: Space, state: State) -> None:
    """Replace the pointer at once and durably: a power cut leaves the old one or the new one."""
    content = json.dumps({"version": _VERSION, **asdict(space), **asdict(state)})
    fresh = folder / f"{_STATE}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _STATE)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_files(folder: Path) -> None:
    """Write every file below a folder to the disk, outside the interpreter's lock.

    Qdrant's flush holds that lock while it syncs; what is synced beforehand it need not wait for.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            # A file may go while we look: the shard drops what it no longer needs.
            with contextlib.suppress(FileNotFoundError):
                handle = os.open(Path(place) / name, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            sync_folder(Path(place))


def read_ahead(folder: Path) -> None:
    """Bring every file below a folder, but for its holes, into the system's cache.

    Qdrant holds the interpreter's lock while it loads; what was read beforehand it need not wait for.
    """
    buffer = memoryview(bytearray(_READ_BYTES))
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                _read(handle, buffer)
            finally:
                os.close(handle)


def _read(handle: int, buffer: memoryview) -> None:
    place = 0
    with contextlib.suppress(OSError):  # no data follows; an error that matters, the loading will meet too
        while True:
            place = os.lseek(handle, place, os.SEEK_DATA)
            place += os.preadv(handle, [buffer], place)


def next_shard(state: State) -> str:
    """Name the shard that would follow the living one."""
    return _shard(int(state.shard.removeprefix(_SHARD).partition("-")[0]) + 1)


def first_state() -> State:
    """Give the state of a space that is about to be made."""
    return State(_shard(1), 0, 0, flushed=True)


def _shard(number: int) -> str:
    """Name a shard as none was named before: what an earlier process left running works on another one."""
    return f"{_SHARD}{number:08d}-{SystemRandom().token(4).hex()}"


def advanced(state: State, applied: int, pending: int, *, flushed: bool) -> State:
    """Give the state after a flush, or when only the log was synced."""
    return replace(state, applied=applied, pending=pending, flushed=flushed)


def remove_leftovers(folder: Path, state: State | None) -> None:
    """Remove shards that the pointer does not name: a rebuild that was cut off, or the one it replaced."""
    for path in folder.glob(f"{_SHARD}*"):
        if state is None or path.name != state.shard:
            shutil.rmtree(path, ignore_errors=True)


def set_aside(folder: Path, keep_max: int = 3) -> Path:
    """Move a damaged space out of the way for a later look; only the newest few are kept."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.damaged-{number}")).exists():
        number += 1
    folder.rename(aside)
    sync_folder(folder.parent)
    older = sorted(folder.parent.glob(f"{folder.name}.damaged-*"), key=lambda path: path.stat().st_mtime_ns)
    for path in older[:-keep_max]:
        shutil.rmtree(path, ignore_errors=True)
    return aside
