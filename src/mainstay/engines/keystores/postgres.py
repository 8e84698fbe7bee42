"""Wrapped keys in a schema of their own in PostgreSQL, so that a dump of the data can leave them out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from mainstay.engines.keystores.rows import Execute, KeyRows
from mainstay.ports.ciphers import CipherUnavailable

SCHEMA = "mainstay_keys"
_CONNECT_S = 3
_OPTIONS = f"-c search_path={SCHEMA} -c statement_timeout=3000 -c synchronous_commit=on"
_MAKING = 7_307_215_441
"""The advisory lock under which the schema is made, for several processes may start at once."""


class PostgresKeyStore(KeyRows):
    """One connection, made anew when it breaks."""

    bytes_type = "BYTEA"

    def __init__(self, url: str) -> None:
        """Take the database's address."""
        self._url = url
        self._lock = threading.RLock()
        self._links: list[psycopg.Connection[Any]] = []

    def open(self) -> None:
        """Make the schema; raises CipherUnavailable."""
        with self.transaction() as execute:
            execute("SELECT pg_advisory_xact_lock(?)", _MAKING)
            execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            self.make_tables(execute)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            while self._links:
                self._links.pop().close()

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        """Open a transaction."""
        with self._lock:
            try:
                link = self._connected()

                def execute(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                    found = link.execute(sql.replace("?", "%s"), values)
                    return found.fetchall() if found.description is not None else []

                with link.transaction():
                    yield execute
            except psycopg.Error as error:
                self.close()
                raise CipherUnavailable(
                    f"The key store in PostgreSQL does not answer: {type(error).__name__}.", retry_after_s=5
                ) from error

    def _connected(self) -> psycopg.Connection[Any]:
        while self._links and self._links[0].closed:
            self._links.pop()
        if not self._links:
            self._links.append(
                psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_S, options=_OPTIONS)
            )
        return self._links[0]
