"""Copies of a data folder, made while it is in use, and data folders made of copies."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mainstay.app import engines
from mainstay.app.settings import Settings
from mainstay.kit.clock import SystemClock
from mainstay.kit.errors import Conflict, Invalid, NotFound
from mainstay.kit.random import SystemRandom
from mainstay.ports.ciphers import CipherUnavailable, KeyDestroyed

DATABASE, BLOBS, KEY, AUDIT_KEY = "mainstay.db", "blobs", engines.KEY_FILE, "audit.key"
_BESIDE = (AUDIT_KEY, engines.KEY_STORE)
_MB = 1024 * 1024


class BackupFolderTaken(Conflict):
    """The folder for the copy exists already."""

    title = "The folder exists already"


class BackupMissing(NotFound):
    """There is nothing to copy, or nothing to restore from."""

    title = "There is nothing here"


class BackupKeyMissing(NotFound):
    """The copy lacks its key, which a backup leaves out on purpose."""

    title = "The backup's key is not there"


class DataFolderTaken(Conflict):
    """The data folder to restore into is not empty."""

    title = "The data folder is not empty"


class BackupDamaged(Invalid):
    """The copy's database is not whole."""

    title = "The backup is damaged"


class BackupUnsupported(Invalid):
    """This database has its own way of making copies."""

    title = "Use the database's own backup"


class BackupKeyWrong(Invalid):
    """The key does not open the copy's texts."""

    title = "The key does not belong to this backup"


@dataclass(frozen=True)
class Copied:
    """What was copied."""

    megabytes: float
    blobs: int


def backup(settings: Settings, folder: Path, *, with_key: bool, keys: Path | None = None) -> Copied:
    """Copy the data folder into a new folder; safe while a server works on it.

    Files first, then the database, then the files that came meanwhile: every file that the copied database
    names is in the copy. Then the keys, into a folder of their own, where they replace the copy before:
    what was destroyed is not to be found there any more.
    """
    if settings.database:
        raise BackupUnsupported("Back PostgreSQL up with pg_dump, and copy the `blobs` folder beside it.")
    if folder.exists():
        raise BackupFolderTaken("Name a folder that does not exist yet.")
    if not (settings.data / DATABASE).exists():
        raise BackupMissing(f"{settings.data} holds no data; name the data folder with --data.")
    draft = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    _copy_blobs(settings.data / BLOBS, draft / BLOBS)
    # The engine itself is not opened: a newer one would bring the database up to date under its server.
    engines.pick("database.sqlite_connections", "copied")(settings.data / DATABASE, draft)
    blobs = _copy_blobs(settings.data / BLOBS, draft / BLOBS)
    if with_key:
        _copy_keys(settings.data, draft)
    if keys is not None:
        _replace_keys(settings.data, keys)
    _sync(draft)
    draft.rename(folder)
    _sync(folder.parent)
    return Copied(_size(folder) / _MB, blobs)


def restore(settings: Settings, folder: Path, key: Path | None) -> Copied:
    """Make a data folder out of a copy.

    Raises DataFolderTaken, BackupMissing, BackupKeyMissing, BackupDamaged, BackupKeyWrong, and
    CipherUnavailable for a key file that cannot be used.
    """
    source, secret = folder / DATABASE, key or folder / KEY
    if secret.is_dir():
        secret = secret / KEY
    if not source.exists():
        raise BackupMissing(f"{folder} holds no {DATABASE}.")
    held_elsewhere = settings.vault or settings.key is not None
    if not secret.exists() and not (held_elsewhere and secret.with_name(engines.KEY_STORE).exists()):
        raise BackupKeyMissing(
            f"A backup does not hold its keys: give the folder with --key ({secret} does not exist)."
        )
    if settings.data.exists() and any(settings.data.iterdir()):
        raise DataFolderTaken(f"{settings.data} holds data; name another folder with --data.")
    _check(source)
    _check_key(settings, source, secret)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    blobs = _copy_blobs(folder / BLOBS, settings.data / BLOBS)
    for name, held in ((KEY, secret), *((name, secret.with_name(name)) for name in _BESIDE)):
        if held.exists():  # a server without audit.key asks for it
            _copy(held, settings.data / name)
    _copy(source, settings.data / DATABASE)
    _sync(settings.data)
    return Copied(_size(settings.data) / _MB, blobs)


def _check(path: Path) -> None:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    finally:
        connection.close()
    if verdict != "ok":
        raise BackupDamaged(f"{path.name}: {verdict}. Take an older backup.")


def _check_key(settings: Settings, path: Path, secret: Path) -> None:
    """Open one of the copy's texts: a wrong key is better noticed before the original is gone."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        row = connection.execute(
            "SELECT tenant_id, doc_id, version, text FROM document_versions LIMIT 1"
        ).fetchone()
    if row is None:
        return
    tenant, doc_id, version, text = row
    context = ("document_versions", tenant, doc_id, str(version))
    try:
        asyncio.run(_open(settings, secret, text, context))
    except KeyDestroyed:
        return
    except CipherUnavailable as failure:
        raise BackupKeyWrong(f"{failure.detail} Give the right one with --key.") from None


async def _open(settings: Settings, secret: Path, text: bytes, context: tuple[str, ...]) -> None:
    """Open a text with a copy of the key store, for an opened one is written to."""
    with TemporaryDirectory() as place:
        if (held := secret.with_name(engines.KEY_STORE)).exists():
            _copy(held, Path(place) / engines.KEY_STORE)
        store = engines.pick("keystores.sqlite", "SqliteKeyStore")(Path(place) / engines.KEY_STORE)
        sealing = engines.sealing_of(store, settings, secret, SystemClock(), SystemRandom())
        try:
            await sealing.ring.open()
            sealing.cipher.open(text, context)
        finally:
            await sealing.ring.close()


def _copy_keys(data: Path, target: Path) -> None:
    for name in (KEY, AUDIT_KEY):
        if (data / name).exists():
            _copy(data / name, target / name)
    if (data / engines.KEY_STORE).exists():
        engines.pick("keystores.sqlite", "copied")(data / engines.KEY_STORE, target / engines.KEY_STORE)


def _replace_keys(data: Path, folder: Path) -> None:
    """Put the keys in the place of an earlier copy, each file whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as draft:
        _copy_keys(data, Path(draft))
        for path in Path(draft).iterdir():
            path.replace(folder / path.name)
    _sync(folder)


def _copy_blobs(source: Path, target: Path) -> int:
    """Copy the files that are not there yet; one that is deleted meanwhile is left out."""
    count = 0
    target.mkdir(mode=0o700, exist_ok=True)
    for path in source.rglob("*") if source.exists() else ():
        relative = path.relative_to(source)
        if path.is_symlink() or not path.is_file() or relative.parts[0].startswith("."):
            continue
        try:
            if not (target / relative).exists():
                _copy(path, target / relative)
            count += 1
        except FileNotFoundError:
            continue
    return count


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with source.open("rb") as reading:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            shutil.copyfileobj(reading, writing, _MB)
            writing.flush()
            os.fsync(writing.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
