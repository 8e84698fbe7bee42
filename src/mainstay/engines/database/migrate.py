"""Brings a database to the newest version, and writes the next version file from the declarations.

    python -m mainstay.engines.database.migrate --write "Say what changes"

compares what the version files build with `mainstay.app.tables.TABLES` (or `--tables package.module:NAME`)
and writes the difference as the next file under `migrations/versions`. Read it before you commit it.

The libraries that apply a version cost half a second to import, so the version is compared by plain SQL
first and `revisions` is imported only when something must be applied: the one late import of this room.
"""

import argparse
import importlib
import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote

from mainstay.ports.database import Table

VERSIONS = Path(__file__).parent / "migrations" / "versions"
TABLES = "mainstay.app.tables:TABLES"
CURRENT = "SELECT version_num FROM alembic_version"

_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.py")


class Revisions(Protocol):
    """What the late import gives."""

    def upgrade_sqlite(self, path: Path, versions: Path) -> None:
        """Apply every version that a SQLite file lacks."""
        ...

    def upgrade_postgres(self, connect: Callable[[], Any], versions: Path) -> None:
        """Apply every version that a PostgreSQL database lacks."""
        ...

    def write(self, tables: Sequence[Table], message: str, versions: Path) -> list[Path]:
        """Write the next version files."""
        ...


def _revisions() -> Revisions:
    return cast("Revisions", importlib.import_module("mainstay.engines.database.revisions"))


def version_files(versions: Path = VERSIONS) -> list[Path]:
    """Give the version files, oldest first."""
    return sorted(path for path in versions.glob("*.py") if _FILE.fullmatch(path.name))


def newest_version(versions: Path = VERSIONS) -> str | None:
    """Give the number of the newest version, such as `0003`; None if there is none yet."""
    files = version_files(versions)
    return files[-1].name[:4] if files else None


def stored_in_sqlite(path: Path) -> str | None:
    """Give the version that a SQLite file has, without changing it; None for one that has none."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as link:
        try:
            rows = link.execute(CURRENT).fetchall()
        except sqlite3.OperationalError:
            return None
    return str(rows[0][0]) if rows else None


def upgrade_sqlite(path: Path, versions: Path = VERSIONS) -> None:
    """Apply every version that a SQLite file lacks, all in one transaction."""
    _revisions().upgrade_sqlite(path, versions)


def upgrade_postgres(connect: Callable[[], Any], versions: Path = VERSIONS) -> None:
    """Apply every version that a PostgreSQL database lacks, in one transaction; `connect` is psycopg's."""
    _revisions().upgrade_postgres(connect, versions)


def write(tables: Sequence[Table], message: str, versions: Path = VERSIONS) -> list[Path]:
    """Write the next version files; none if the version files already build what is declared."""
    return _revisions().write(tables, message, versions)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give its exit status."""
    parser = argparse.ArgumentParser(prog="python -m mainstay.engines.database.migrate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--write", metavar="MESSAGE", required=True, help="what changes, in a few words")
    parser.add_argument(
        "--tables", default=TABLES, metavar="MODULE:NAME", help=f"the declarations ({TABLES})"
    )
    given = parser.parse_args(arguments)
    module, _, name = given.tables.partition(":")
    tables = getattr(importlib.import_module(module), name or "TABLES")
    written = write(tables, given.write)
    for path in written:
        sys.stdout.write(f"wrote {path}\n")
    if not written:
        sys.stdout.write("the version files build what is declared: nothing to write\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
