"""Wrapped keys in a small SQLite file of their own beside the database."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from mainstay.engines.keystores.rows import Execute, KeyRows
from mainstay.ports.ciphers import CipherUnavailable

_BUSY_S = 5.0


def copied(path: Path, target: Path) -> None:
    """Copy a key store as it is at one moment, while others use it; durable when it returns."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path, _BUSY_S)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    with target.open("rb") as file:
        os.fsync(file.fileno())


class SqliteKeyStore(KeyRows):
    """One file, which `mainstay backup` leaves out of the copy of the data.

    Without a write-ahead log and with `secure_delete`, so that a key that was destroyed is overwritten in
    place; written through to the disk at each commit.
    """

    bytes_type = "BLOB"

    def __init__(self, path: Path) -> None:
        """Take the file; it is opened, or made, by `open`."""
        self._path = path
        self._lock = threading.RLock()
        self._links: list[sqlite3.Connection] = []

    def open(self) -> None:
        """Open the file, readable by its owner alone; raises CipherUnavailable."""
        if self._links:
            return
        try:
            self._path.touch(mode=0o600)
            link = sqlite3.connect(self._path, _BUSY_S, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode = DELETE", "synchronous = EXTRA", "secure_delete = ON"):
                link.execute(f"PRAGMA {pragma}")
        except (OSError, sqlite3.Error) as error:
            raise self._told(error) from error
        self._links.append(link)
        with self.transaction() as execute:
            self.make_tables(execute)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            while self._links:
                self._links.pop().close()

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        """Open a transaction; others wait for its end, so that none is refused a write after a read."""
        with self._lock:
            if not self._links:
                raise CipherUnavailable("The key store is closed: the server is stopping.")
            link = self._links[0]

            def execute(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                return link.execute(sql, values).fetchall()

            try:
                link.execute("BEGIN IMMEDIATE")
                try:
                    yield execute
                except BaseException:
                    link.execute("ROLLBACK")
                    raise
                link.execute("COMMIT")
            except sqlite3.Error as error:
                if link.in_transaction:
                    link.execute("ROLLBACK")
                raise self._told(error) from error

    def _told(self, error: Exception) -> CipherUnavailable:
        return CipherUnavailable(f"The key store {self._path} cannot be used: {error}.", retry_after_s=5)
