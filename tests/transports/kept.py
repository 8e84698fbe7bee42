"""What a house keeps, read from its database's file beside it: quickly, for tests look before and after."""

import hashlib
import sqlite3
from pathlib import Path

from mainstay.app.tables import TABLES

_BY_ITSELF = {"key_uses", "usage", "holdings"}
_LATER = {("sessions", "used_ms")}


class Kept:
    """The tables of a house's database that nothing but operations writes to.

    When a session was used is written by reads too, by itself, later; so are audits and what was used.
    """

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, check_same_thread=False)
        self._tables = [
            (table.name, table.scoped, ", ".join(self._columns(table.name)))
            for table in TABLES
            if not table.name.startswith("audit") and table.name not in _BY_ITSELF
        ]
        self._found: dict[str | None, dict[str, str]] = {}
        self._version = -1

    def digests(self, tenant_id: str | None = None) -> dict[str, str]:
        """Give a digest of each table; of a tenant's rows, if one is named."""
        version = self._database.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version, self._found = version, {}
        if tenant_id not in self._found:
            self._found[tenant_id] = {
                name: self._digest(name, columns, tenant_id if scoped else None)
                for name, scoped, columns in self._tables
            }
        return dict(self._found[tenant_id])

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _columns(self, table: str) -> list[str]:
        told = self._database.execute(f'SELECT name FROM pragma_table_info("{table}")')
        return [f'"{name}"' for (name,) in told if (table, name) not in _LATER]

    def _digest(self, table: str, columns: str, tenant_id: str | None) -> str:
        where, values = (" WHERE tenant_id = ?", [tenant_id]) if tenant_id else ("", [])
        rows = self._database.execute(f'SELECT {columns} FROM "{table}"{where}', values).fetchall()
        return hashlib.sha256(repr(rows).encode()).hexdigest()
