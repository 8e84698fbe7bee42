"""What we ask of a database: one truth, scoped to a tenant, durable when it says so."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from mainstay.kit.errors import Unavailable

Scalar = str | int | float | bytes | None
Row = Mapping[str, Scalar]
Comparison = tuple[Literal["<", "<=", ">", ">=", "!="], Scalar]
Condition = Mapping[str, Scalar | Sequence[Scalar] | Comparison]
ColumnType = Literal["text", "integer", "real", "bytes"]


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or its disk is full; nothing was written."""

    title = "The database cannot answer now"


class UniqueViolated(Exception):
    """A row with the same key is there already."""


@dataclass(frozen=True)
class System:
    """The scope that sees every tenant's rows; for the kernel alone."""


SYSTEM = System()
Scope = str | System
"""Whose rows a statement may touch: a tenant's id, or `SYSTEM`."""


@dataclass(frozen=True)
class Sealed:
    """How a column is encrypted: what its bytes are bound to, and whose key seals them.

    `place` makes the context, the tenant left out, of the row's `columns`. `owner` names the column with the
    person whose key it is; without one it is the tenant's. What belongs to no tenant is sealed `across` them:
    `place` then makes the whole context, whose second part is the owner, and may ask for `tenant_id`.
    """

    columns: tuple[str, ...]
    place: Callable[..., tuple[str, ...]]
    owner: str = ""
    across: bool = False


@dataclass(frozen=True)
class Column:
    """One column; `integer` is 64 bits wide, times are milliseconds since 1970 in an `integer`.

    What its store encrypts is marked as `sealed`, so that it is sealed anew when its key is replaced.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    sealed: Sealed | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Index:
    """An index over columns.

    In a scoped table the tenant stands in front by itself, unless the index serves reads `across` tenants
    (then it may name `tenant_id` where it wants it).
    """

    columns: tuple[str, ...]
    unique: bool = False
    across: bool = False


@dataclass(frozen=True)
class Joined:
    """A column of another table, which has one column as its key, under the name it has there."""

    column: Column
    table: str
    by: str


@dataclass(frozen=True)
class Aged:
    """What a tenant may have removed when it is older than some days, by a time in a column.

    `kind` is its name for people. Rows on which something else hangs are removed `by_service`: it reacts to
    RetentionDue. `where` narrows it to some rows.
    """

    kind: str
    column: str
    least_days: int = 1
    most_days: int = 3650
    by_service: bool = False
    where: str = ""


@dataclass(frozen=True)
class Table:
    """A table that one service owns.

    A scoped table has a column `tenant_id` that is not listed here: the engine adds it, puts it first
    into the primary key, fills it on insert, and hides other tenants' rows. An unscoped table is only
    reachable in the `SYSTEM` scope. `sequence` names one integer column that the database numbers
    upwards at insert (it must be the whole primary key; then the tenant is not part of the key). What is
    `kept` outlives its tenant: it has nothing that tells of anybody, once it was emptied.
    A tenant that leaves takes the `exported` columns along: none of secrets, nor of what is made of others.
    What is `aged` can be removed by its age, where a tenant says so. In the columns `subjects` stand ids of
    persons and others who call: whoever stands in any of them is known to the tenant, and can be erased.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = field(default=())
    scoped: bool = True
    sequence: str | None = None
    kept: bool = field(default=False, compare=False)
    exported: tuple["str | Joined", ...] = field(default=(), compare=False)
    aged: "Aged | None" = field(default=None, compare=False)
    subjects: tuple[str, ...] = field(default=(), compare=False)


class Unit(Protocol):
    """An open unit of work: what it writes becomes visible and durable together, or not at all.

    Everything is awaited on the database alone. In a tenant's scope every statement touches that
    tenant's rows only; `tenant_id` is never given by the caller. In the `SYSTEM` scope, rows of scoped
    tables carry their `tenant_id` as a value.
    """

    async def insert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> list[int]:
        """Add rows, all with the same columns; give their sequence numbers (empty if it has none).

        Raises UniqueViolated.
        """
        ...

    async def upsert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        """Add rows, or replace the given columns of those with the same primary key."""
        ...

    async def update(self, table: str, values: Mapping[str, Scalar], where: Condition) -> int:
        """Change the rows that meet every condition; give their number."""
        ...

    async def delete(self, table: str, where: Condition) -> int:
        """Remove the rows that meet every condition; give their number."""
        ...

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read with a SELECT, seeing what this unit has written."""
        ...

    def within(self, scope: Scope) -> "Unit":
        """Give this same unit for another scope's rows: all that it writes becomes durable together."""
        ...


class Database(Protocol):
    """A relational database.

    SELECTs are plain text in the dialect that SQLite and PostgreSQL share, with `:name` parameters.
    Conditions of `update` and `delete`: a scalar is equality (None is IS NULL), a list is IN, and a
    pair such as `("<=", 5)` compares.
    """

    async def open(self) -> None:
        """Connect, migrate to the present schema, and take what is needed; raises DatabaseUnavailable."""
        ...

    async def close(self) -> None:
        """Give everything back; open units are undone."""
        ...

    async def fetch(self, scope: Scope, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read committed rows with a SELECT; in a tenant's scope only its own rows exist."""
        ...

    def version(self) -> int | None:
        """Give a number that every commit of anybody changes; None where asking costs as much as reading."""
        ...

    def unit(self, scope: Scope) -> AbstractAsyncContextManager[Unit]:
        """Open a unit of work; leaving the block commits durably, an exception undoes it.

        The block's exit returns only after the commit is on disk (group commit may join several
        units in one fsync). A failed commit raises DatabaseUnavailable and leaves nothing behind.
        """
        ...

    async def backup(self, folder: str) -> None:
        """Write a consistent copy into a folder while the database goes on serving."""
        ...


class AnyRows(Protocol):
    """Rows on the one road, whoever's they are.

    Reads see committed rows, and what this operation has written; the first write opens the operation's
    unit of work. Conditions and SELECTs are those of `Unit` and `Database`.
    """

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read with a SELECT."""
        ...

    async def insert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> list[int]:
        """Add rows; give their sequence numbers; raises UniqueViolated."""
        ...

    async def upsert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        """Add rows, or replace the given columns of those with the same primary key."""
        ...

    async def update(self, table: str, values: Mapping[str, Scalar], where: Condition) -> int:
        """Change rows; give their number."""
        ...

    async def delete(self, table: str, where: Condition) -> int:
        """Remove rows; give their number."""
        ...


class Rows(AnyRows, Protocol):
    """What a service's store holds: one tenant's rows, the present caller's."""

    @property
    def bounded(self) -> Literal[True]:
        """Say that they are one tenant's: types refuse all tenants' rows to a store that names no tenant."""
        ...


class AllRows(AnyRows, Protocol):
    """The rows of every tenant; scoped tables show their `tenant_id` and rows are written with it.

    For the services that decide who is who, and for what the operator sets for other tenants. Reads work
    outside of an operation too.
    """

    def of(self, tenant_id: str) -> Rows:
        """Give the rows of one tenant, whoever asks, as `Rows` gives the caller's."""
        ...

    def version(self) -> int | None:
        """Give a number: while it is the same, so is what is read. None: nobody can say."""
        ...
