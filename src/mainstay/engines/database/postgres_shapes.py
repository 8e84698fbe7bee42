"""What passes between the port's SELECTs and PostgreSQL: words, parameters and values."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from psycopg import AsyncConnection
from psycopg.adapt import Buffer, Loader

from mainstay.engines.database.schema import TENANT
from mainstay.engines.database.statements import sources, tokens
from mainstay.ports.database import Scalar, Scope, System, Table

_CASTS: dict[type, str] = {
    str: "text",
    int: "bigint",
    bool: "bigint",
    float: "double precision",
    bytes: "bytea",
}
_REFUSED = frozenset(
    {
        *("insert", "update", "delete", "merge", "into"),
        *("set_config", "current_setting", "information_schema"),
        *("query_to_xml", "table_to_xml", "cursor_to_xml", "schema_to_xml", "database_to_xml"),
    }
)
_REFUSED_BEGINNINGS = ("pg_", "lo_", "query_to_", "dblink", "mainstay_")


class _Number(Loader):
    """Reads NUMERIC, which sums and means have, as the int or float that SQLite would give."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text or "N" in text or "I" in text else int(text)


class _Truth(Loader):
    """Reads a truth value as 0 or 1, as SQLite gives it."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


def adapted(link: AsyncConnection[Any]) -> None:
    """Make a connection give the kinds of values that the port knows."""
    link.adapters.register_loader("numeric", _Number)
    link.adapters.register_loader("bool", _Truth)


def reviewed(sql: str, tables: Mapping[str, Table], scope: Scope) -> None:
    """Raise ValueError unless a text only reads, and only what the scope may see.

    Row-level security hides other tenants' rows; this keeps a text from changing whose rows those are.
    """
    hidden = frozenset(name for name, table in tables.items() if not table.scoped)
    _review(sql, None if isinstance(scope, System) else hidden)


@lru_cache(maxsize=2_000)
def _review(sql: str, hidden: frozenset[str] | None) -> None:
    words = [
        (kind, text.strip('"').lower(), source)
        for kind, text, source in sources(sql)
        if not text.isspace() and kind != "comment"
    ]
    if not words or words[0][1] not in {"select", "with", "values"}:
        raise ValueError("only a SELECT can be fetched")
    following = [word[:1] for _, word, _ in words[1:]] + [""]
    for (kind, word, source), next_sign in zip(words, following, strict=True):
        if kind == "sign" and word in {";", "\\", "$"}:
            raise ValueError("a SELECT is one statement, with parameters as :name")
        if kind == "word" and word in {"u", "e", "b", "x"} and next_sign in {"&", "'"}:
            raise ValueError("a SELECT takes plain texts and names only")
        refused = word in _REFUSED or word.startswith(_REFUSED_BEGINNINGS)
        if hidden is not None:
            refused = refused or word == TENANT or (source and word in hidden)
        if refused:
            raise ValueError(f"the database refuses the statement: {word} may not be used here")


def translated_select(sql: str, values: Mapping[str, Scalar]) -> tuple[bytes, dict[str, Scalar]]:
    """Turn `:name` into the driver's parameters, with types; raises ValueError where one is missing."""
    text = _translated(sql, tuple((name, type(value)) for name, value in values.items()))
    return text, {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}


@lru_cache(maxsize=2_000)
def _translated(sql: str, types: tuple[tuple[str, type], ...]) -> bytes:
    known = dict(types)
    out = []
    for kind, text in tokens(sql):
        if kind != "parameter":
            out.append(text.replace("%", "%%"))
            continue
        name = text[1:]
        if name not in known:
            raise ValueError(f"the SELECT needs a value for :{name}")
        cast = _CASTS.get(known[name])
        # PostgreSQL cannot guess the type of a lone parameter; NULL has none.
        out.append(f"%({name})s::{cast}" if cast else "NULL")
    return "".join(out).encode()
