"""Connections to a SQLite file: their settings, what each may see, and what their errors mean."""

import math
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

from mainstay.engines.database.schema import TENANT, quoted
from mainstay.engines.database.statements import check_values, qualified
from mainstay.kit.errors import Invalid
from mainstay.ports.database import DatabaseUnavailable, Row, Scalar, Scope, System, Table, UniqueViolated

BUSY_TIMEOUT_MS = 5_000
INLINE_MAX_S = 0.004
_STEPS_BETWEEN_LOOKS = 2_000  # some 20 µs of work of SQLite's machine
_CACHED_STATEMENTS = 1_000
_DURABLE = (
    "secure_delete = ON",  # what is erased is overwritten, whatever this build of SQLite does by itself
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 2000",
    "journal_size_limit = 67108864",  # after a burst the log shrinks back to 64 MiB
)

_OUT_OF_ORDER = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_TAKEN = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)
_REFUSED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"})
_NEXT_STEPS = {
    sqlite3.SQLITE_FULL: "The database's disk is full: free some space, then writing goes on by itself.",
    sqlite3.SQLITE_BUSY: "Another process holds the database: try again in a moment.",
    sqlite3.SQLITE_LOCKED: "Another process holds the database: try again in a moment.",
    sqlite3.SQLITE_READONLY: "The database cannot be written: check the data folder's owner and permissions.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened: is the data folder there and writable?",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged: restore the latest backup.",
    sqlite3.SQLITE_NOTADB: "The file is no database: check the data folder, or restore the latest backup.",
}

Mode = Literal["tenant", "system", "engine"]


class TooLong(Exception):
    """A statement needs a thread: it would hold the event loop for too long, or must wait for a lock."""


def translated(error: Exception) -> Exception:
    """Turn what the driver raises into what the port promises."""
    if isinstance(error, UnicodeEncodeError):
        return Invalid("A text holds half a character (a lone surrogate): remove it and try again.")
    if isinstance(error, OverflowError):
        return Invalid("A number does not fit 64 bits: send a smaller one.")
    if isinstance(error, sqlite3.Error | sqlite3.Warning):
        return _translated(error, getattr(error, "sqlite_errorcode", 0))
    return error


def _translated(error: Exception, extended: int) -> Exception:
    code = extended & 0xFF
    if extended in _TAKEN:
        return UniqueViolated(str(error))
    if code == sqlite3.SQLITE_TOOBIG:
        return Invalid("A value is too large for the database: send a smaller one.")
    if code == sqlite3.SQLITE_INTERRUPT:
        return TooLong()
    if code in _OUT_OF_ORDER:
        step = _NEXT_STEPS.get(code, "The database's disk does not answer: check it, then try again.")
        return DatabaseUnavailable(step, retry_after_s=1.0)
    return ValueError(f"the database refuses the statement: {error}")


class Connection:
    """One connection, and the tenant whose rows it shows.

    Its authorizer is asked whenever SQLite prepares a statement. In the mode `tenant` nothing but
    reading through the tenant's views passes; in `system` nothing but reading declared tables; in
    `engine` everything. A statement that is prepared stays in the driver's cache by its text, so
    texts of the modes `system` and `engine` carry a prefix nobody else knows.
    """

    def __init__(self, path: Path, tables: Mapping[str, Table], secret: str, *, writes: bool) -> None:
        """Open the file; raises what `sqlite3` raises."""
        self.mode: Mode = "engine"
        self.tenant: str | None = None
        self.prefix = f"/*{secret}*/"
        self._tables = tables
        self._scoped = frozenset(name for name, table in tables.items() if table.scoped)
        self._views = {f"{secret}_{name}": name for name, table in tables.items() if table.scoped}
        self._qualified: dict[str, str] = {}
        self._renamed: dict[str, str] = {}
        self._renames = 0
        self._until_s = math.inf
        self._hurries = False
        self.raw = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
            timeout=0,
        )
        self._cursor = self.raw.cursor()
        try:
            self._prepare(writes=writes)
        except BaseException:
            self.raw.close()
            raise

    def _prepare(self, *, writes: bool) -> None:
        self.run(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        for setting in (
            "temp_store = MEMORY",
            "foreign_keys = ON",
            "case_sensitive_like = ON",
            "cell_size_check = ON",
        ):
            self.run(f"PRAGMA {setting}")
        if writes:
            for setting in _DURABLE:
                self.run(f"PRAGMA {setting}")
        self.raw.create_function("current_tenant", 0, lambda: self.tenant, deterministic=True)
        self.raw.set_progress_handler(self._late, _STEPS_BETWEEN_LOOKS)

    def run(self, sql: str, values: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
        """Run one of the engine's own statements; raises what `sqlite3` raises."""
        return self._cursor.execute(self.prefix + sql, values).fetchall()

    def guard(self) -> None:
        """Build the tenant's views and refuse everything else; to be called once the tables are there."""
        for view, name in self._views.items():
            columns = quoted([column.name for column in self._tables[name].columns])
            rows = f'SELECT {columns} FROM main."{name}" WHERE {TENANT} = current_tenant()'
            self.run(f'CREATE TEMP VIEW "{view}" AS {rows}')
            # A common table expression of a table's own name counts as "the innermost view" for the
            # authorizer, so the view that may read the table has a name that nobody can guess.
            self.run(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM "{view}"')
        self.raw.set_authorizer(self._authorize)

    def query_only(self) -> None:
        """Refuse every write from now on."""
        self.run("PRAGMA query_only = ON")

    def wait_for_locks(self, milliseconds: int) -> None:
        """Set how long a statement waits for another process; 0 on the event loop."""
        self.run(f"PRAGMA busy_timeout = {milliseconds}")
        self._hurries = milliseconds == 0

    def _authorize(
        self, action: int, first: str | None, second: str | None, place: str | None, view: str | None
    ) -> int:
        if self.mode == "engine" or action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_DENY if second in _REFUSED_FUNCTIONS else sqlite3.SQLITE_OK
        if action != sqlite3.SQLITE_READ or first is None:
            return sqlite3.SQLITE_DENY
        if self.mode == "system":
            allowed = first in self._tables and (place != "temp")
        elif place == "temp":
            allowed = first in self._views or first in self._views.values()
        else:
            allowed = view is not None and self._views.get(view) == first
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    def select(
        self, scope: Scope, sql: str, values: Mapping[str, Scalar] | None, limit_s: float | None
    ) -> list[Row]:
        """Read rows; raises TooLong after `limit_s` seconds (None: however long it takes)."""
        if values:
            check_values(list(values.values()))
        if isinstance(scope, System):
            self.mode, text = "system", self._qualified.get(sql) or self._qualify(sql)
        else:
            self.mode, self.tenant, text = "tenant", scope, sql
        try:
            if limit_s is not None:
                self._until_s = time.perf_counter() + limit_s
            rows = self._rows(text, values or {})
            if self._cursor.description is None:
                raise ValueError("only a SELECT can be fetched")
            names = [column[0] for column in self._cursor.description]
            return [dict(zip(names, row, strict=True)) for row in rows]
        except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError, OverflowError) as error:
            raise self._judged(error) from error
        finally:
            self.mode = "engine"
            self._until_s = math.inf

    def probe(self, sql: str, values: Sequence[Scalar], limit_s: float) -> tuple[Scalar, ...]:
        """Run one of the engine's own SELECTs for one row; raises TooLong after `limit_s` seconds."""
        self._until_s = time.perf_counter() + limit_s
        try:
            (row,) = self._rows(sql, values)
        except (sqlite3.Error, UnicodeEncodeError, OverflowError) as error:
            raise translated(error) from error
        else:
            return tuple(row)
        finally:
            self._until_s = math.inf

    def _rows(self, text: str, values: Mapping[str, Scalar] | Sequence[Scalar]) -> list[tuple[Scalar, ...]]:
        """Run a statement and fetch its rows.

        The driver takes a statement that failed between two rows for one in use ever after, and would
        prepare it anew at each call; under another text it is prepared once.
        """
        cursor = self._cursor.execute(self._renamed.get(text, text), values)
        try:
            return cursor.fetchall()
        except sqlite3.Error:
            if len(self._renamed) >= _CACHED_STATEMENTS:
                self._renamed.clear()
            self._renames += 1
            self._renamed[text] = f"{text}\n-- {self._renames}"
            raise

    def _judged(self, error: Exception) -> Exception:
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        return TooLong() if busy and self._hurries else translated(error)

    def _late(self) -> bool:
        return time.perf_counter() > self._until_s

    def _qualify(self, sql: str) -> str:
        if len(self._qualified) >= _CACHED_STATEMENTS:
            self._qualified.clear()
        text = self._qualified[sql] = self.prefix + qualified(sql, self._scoped)
        return text

    def close(self) -> None:
        """Give the connection back."""
        self.raw.close()


def opened(
    path: Path,
    tables: Sequence[Table],
    secret: str,
    *,
    writes: bool,
    setup: Callable[[Connection], None] | None,
) -> Connection:
    """Open one guarded connection; `setup` runs before the guard stands. Raises DatabaseUnavailable."""
    try:
        if writes:
            _private(path)
        found = Connection(path, {table.name: table for table in tables}, secret, writes=writes)
        try:
            if setup is not None:
                setup(found)
            found.guard()
            if not writes:
                found.query_only()
            found.wait_for_locks(0)
        except BaseException:
            found.close()
            raise
    except sqlite3.Error as error:
        raise translated(error) from error
    except OSError as error:
        raise DatabaseUnavailable(
            f"The database's file cannot be opened ({error.strerror}): check the data folder."
        ) from error
    return found


def _private(path: Path) -> None:
    """Make the file, or narrow an existing one, so that its owner alone can read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        # Never open and close a file that exists: that would drop this process's POSIX locks on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        path.chmod(0o600)


def copied(path: Path, folder: Path) -> None:
    """Copy the database into a folder, whole and on disk, while others go on writing; it stays as it is.

    Raises DatabaseUnavailable.
    """
    try:
        _copy(path, folder)
    except sqlite3.Error as error:
        raise translated(error) from error
    except OSError as error:
        raise DatabaseUnavailable(
            f"The backup cannot be written ({error.strerror}): check the folder and its free space."
        ) from error


def _copy(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = folder / "mainstay.db.partial"
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)) as source:
        with closing(sqlite3.connect(partial)) as target:
            source.backup(
                target
            )  # all pages in one step: one snapshot, and the lock of the GIL is free meanwhile
            target.execute("PRAGMA journal_mode = DELETE")
        _synced(partial)
    partial.replace(folder / "mainstay.db")
    _synced(folder)


def _synced(path: Path) -> None:
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
