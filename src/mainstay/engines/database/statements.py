"""The SQL that the structured verbs become, each text built once from the declarations alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from mainstay.engines.database.schema import TENANT, checked, primary_key, quoted
from mainstay.kit.errors import Invalid
from mainstay.ports.database import Condition, Scalar, Scope, System, Table

Values = tuple[Scalar, ...]

LIST_MAX = 30_000
"""How many values one IN condition may hold (SQLite binds 32,766 at most)."""

ROWS_MAX = 100_000
"""How many rows one call may write."""

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "!="})
_PYTHON: dict[str, frozenset[type]] = {
    "text": frozenset({str}),
    "integer": frozenset({int, bool}),
    "real": frozenset({float, int}),
    "bytes": frozenset({bytes}),
}
_INTEGER_MAX = 2**63


@dataclass(frozen=True)
class Insertion:
    """A prepared INSERT or upsert: its text and how a row becomes its values."""

    sql: str
    numbered: bool
    pack: Callable[[Mapping[str, Scalar]], Any]
    check: Callable[[Any], int]


@dataclass(frozen=True)
class Filtered:
    """A prepared UPDATE or DELETE with its values; `points` says how many rows it can reach at most.

    `points` is None where the condition does not name whole primary keys.
    """

    sql: str
    values: Values
    where: str
    where_values: Values
    points: int | None


class Statements:
    """Builds and keeps the SQL of one engine; `mark` is its placeholder and `prefix` opens each text."""

    def __init__(self, tables: Sequence[Table], mark: str, prefix: str = "", schema: str = "") -> None:
        """Take the declarations; raises ValueError where they contradict themselves."""
        self.tables = checked(tables)
        self._mark = mark
        self._prefix = prefix
        self._schema = schema
        self._insertions: dict[tuple[str, tuple[str, ...], bool, bool], Insertion] = {}
        self._types: dict[str, dict[str, frozenset[type]]] = {}

    def _types_of(self, table: str) -> dict[str, frozenset[type]]:
        """Give the types that a table's columns take in Python; made when somebody asks first."""
        found = self._types.get(table)
        if found is None:
            declared = self.tables[table]
            found = {
                column.name: _PYTHON[column.type] | ({type(None)} if column.nullable else frozenset())
                for column in declared.columns
            }
            if declared.scoped:
                found[TENANT] = _PYTHON["text"]
            self._types[table] = found
        return found

    def insertion(self, scope: Scope, table: str, first: Mapping[str, Scalar], *, replace: bool) -> Insertion:
        """Give the INSERT for rows shaped like `first`; raises ValueError for unknown names."""
        key = (table, tuple(first), isinstance(scope, System), replace)
        found = self._insertions.get(key)
        if found is None:
            found = self._insertions[key] = self._build_insertion(*key)
        return found

    def _table(self, name: str, *, system: bool) -> Table:
        table = self.tables.get(name)
        if table is None:
            raise ValueError(f"there is no table {name!r}: declare it in the service's store")
        if not table.scoped and not system:
            raise ValueError(
                f"the table {name} belongs to no tenant: it is reachable in the SYSTEM scope only"
            )
        return table

    def _columns(self, table: Table, names: Sequence[str], *, system: bool) -> None:
        types = self._types_of(table.name)
        for name in names:
            if name == TENANT and table.scoped and not system:
                raise ValueError(f"{TENANT} is filled in by the database: leave it out")
            if name not in types:
                raise ValueError(f"the table {table.name} has no column {name!r}")

    def _build_insertion(self, name: str, names: tuple[str, ...], system: bool, replace: bool) -> Insertion:
        table = self._table(name, system=system)
        self._columns(table, names, system=system)
        if table.sequence is not None and (replace or table.sequence in names):
            raise ValueError(f"{name}.{table.sequence} is numbered by the database: insert rows without it")
        needed = {c.name for c in table.columns if not c.nullable and c.name != table.sequence}
        if table.scoped and system:
            needed.add(TENANT)
        missing = needed.difference(names)
        if missing:
            raise ValueError(f"rows of {name} need {', '.join(sorted(missing))}")
        filled = (TENANT, *names) if table.scoped and not system else names
        marks = ", ".join([self._mark] * len(filled))
        sql = f'{self._prefix}INSERT INTO {self._schema}"{name}" ({quoted(filled)}) VALUES ({marks})'
        if not filled:
            sql = f'{self._prefix}INSERT INTO {self._schema}"{name}" DEFAULT VALUES'
        if replace:
            sql += _on_conflict(primary_key(table), names)
        if table.sequence is not None and not self._schema:
            sql += f' RETURNING "{table.sequence}"'
        return Insertion(
            sql=sql,
            numbered=table.sequence is not None,
            pack=_packer(names),
            check=_checker(name, names, list(map(self._types_of(name).__getitem__, names))),
        )

    def update(self, scope: Scope, table: str, values: Mapping[str, Scalar], where: Condition) -> Filtered:
        """Give the UPDATE; raises ValueError for unknown names."""
        found = self._table(table, system=isinstance(scope, System))
        if not values:
            raise ValueError(f"an update of {table} needs at least one value")
        if TENANT in values:
            raise ValueError(f"{TENANT} of a row never changes: leave it out")
        if found.sequence in values:
            raise ValueError(f"{table}.{found.sequence} is numbered by the database: leave it out")
        self._columns(found, tuple(values), system=isinstance(scope, System))
        _checker(table, tuple(values), list(map(self._types_of(table).__getitem__, values)))(
            tuple(values.values())
        )
        text, bound, points = self._where(scope, found, where)
        changes = ", ".join(f'"{name}" = {self._mark}' for name in values)
        sql = f'{self._prefix}UPDATE {self._schema}"{table}" SET {changes} WHERE {text}'
        return Filtered(sql, (*values.values(), *bound), text, bound, points)

    def delete(self, scope: Scope, table: str, where: Condition) -> Filtered:
        """Give the DELETE; raises ValueError for unknown names."""
        found = self._table(table, system=isinstance(scope, System))
        text, bound, points = self._where(scope, found, where)
        sql = f'{self._prefix}DELETE FROM {self._schema}"{table}" WHERE {text}'
        return Filtered(sql, bound, text, bound, points)

    def probe(self, table: str, where: str, limit: int) -> str:
        """Give a SELECT that counts the rows of a condition, up to a limit."""
        return (
            f"{self._prefix}SELECT count(*) FROM "
            f'(SELECT 1 FROM {self._schema}"{table}" WHERE {where} LIMIT {limit})'
        )

    def _where(self, scope: Scope, table: Table, where: Condition) -> tuple[str, Values, int | None]:
        system = isinstance(scope, System)
        self._columns(table, tuple(where), system=system)
        parts: list[str] = []
        bound: list[Scalar] = []
        points: dict[str, int] = {}
        if table.scoped and not isinstance(scope, System):
            parts.append(f'"{TENANT}" = {self._mark}')
            bound.append(scope)
            points[TENANT] = 1
        for name, wanted in where.items():
            count = self._condition(name, wanted, parts, bound)
            if count is not None:
                points[name] = count
        check_values(bound)
        reach: int | None = 1
        for name in primary_key(table):
            reach = None if reach is None or name not in points else reach * points[name]
        return " AND ".join(parts) or "1 = 1", tuple(bound), reach

    def _condition(self, name: str, wanted: Any, parts: list[str], bound: list[Scalar]) -> int | None:
        """Add one condition; give the number of values it allows, None if that is not known."""
        if wanted is None:
            parts.append(f'"{name}" IS NULL')
            return None
        if isinstance(wanted, str | int | float | bytes):
            parts.append(f'"{name}" = {self._mark}')
            bound.append(wanted)
            return 1
        if isinstance(wanted, tuple):
            self._comparison(name, wanted, parts, bound)
            return None
        if isinstance(wanted, Sequence):
            return self._among(name, wanted, parts, bound)
        raise ValueError(f"a condition on {name} is a value, a list or a pair such as ('<=', 5)")

    def _comparison(self, name: str, pair: tuple[Any, ...], parts: list[str], bound: list[Scalar]) -> None:
        if len(pair) != 2 or pair[0] not in _COMPARISONS:  # noqa: PLR2004 - a pair
            raise ValueError(
                f"a comparison of {name} is a pair such as ('<=', 5); for several values give a list"
            )
        sign, value = pair
        if value is not None:
            parts.append(f'"{name}" {sign} {self._mark}')
            bound.append(value)
        elif sign == "!=":
            parts.append(f'"{name}" IS NOT NULL')
        else:
            raise ValueError(f"{name} cannot be compared with None by {sign}")

    def _among(
        self, name: str, wanted: Sequence[Scalar], parts: list[str], bound: list[Scalar]
    ) -> int | None:
        if len(wanted) > LIST_MAX:
            raise ValueError(f"a condition on {name} takes at most {LIST_MAX} values: split the list")
        values = [value for value in wanted if value is not None]
        none = len(values) < len(wanted)
        # The list is filled up to a power of two, so that few texts are ever prepared.
        size = min(1 << max(len(values) - 1, 0).bit_length(), LIST_MAX)
        choices = [f'"{name}" IN ({", ".join([self._mark] * size)})'] if values else []
        bound.extend(values)
        if values:
            bound.extend([values[-1]] * (size - len(values)))
        if none:
            choices.append(f'"{name}" IS NULL')
        parts.append(f"({' OR '.join(choices)})" if choices else "1 = 0")
        return None if none else len(values)


def _on_conflict(key: tuple[str, ...], names: tuple[str, ...]) -> str:
    changed = [name for name in names if name not in key]
    if not changed:
        return f" ON CONFLICT ({quoted(key)}) DO NOTHING"
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in changed)
    return f" ON CONFLICT ({quoted(key)}) DO UPDATE SET {changes}"


def _packer(names: tuple[str, ...]) -> Callable[[Mapping[str, Scalar]], Any]:
    if len(names) > 1:
        return itemgetter(*names)
    if names:
        (name,) = names
        return lambda row: (row[name],)
    return lambda _row: ()


def _checker(table: str, names: tuple[str, ...], types: list[frozenset[type]]) -> Callable[[Any], int]:
    """Give a function that checks one row's values and tells roughly how many bytes they take."""

    def check(values: Any) -> int:
        size = 0
        for value, allowed in zip(values, types, strict=True):
            kind = type(value)
            if kind not in allowed:
                place = next(n for n, v, t in zip(names, values, types, strict=True) if type(v) not in t)
                raise ValueError(f"{table}.{place} does not take a value of the type {kind.__name__}")
            if kind is str:
                if "\0" in value:
                    raise Invalid("A text holds a NUL character: remove it and try again.")
                size += len(value)
            elif kind is bytes:
                size += len(value)
            elif kind is float and value != value:  # noqa: PLR0124 - only NaN differs from itself
                raise Invalid("A number is NaN: send a number or leave it out.")
        return size

    return check


def check_values(values: Sequence[Scalar]) -> None:
    """Refuse what no database keeps faithfully: NUL in a text, NaN, numbers beyond 64 bits."""
    for value in values:
        if isinstance(value, str):
            if "\0" in value:
                raise Invalid("A text holds a NUL character: remove it and try again.")
        elif isinstance(value, int):
            if not -_INTEGER_MAX <= value < _INTEGER_MAX:
                raise Invalid("A number does not fit 64 bits: send a smaller one.")
        elif value is not None and not isinstance(value, float | bytes):
            raise ValueError(f"the database takes no {type(value).__name__}")
        elif value != value:  # noqa: PLR0124 - only NaN differs from itself
            raise Invalid("A number is NaN: send a number or leave it out.")


def packed(
    insertion: Insertion, rows: Sequence[Mapping[str, Scalar]], scope: Scope, *, scoped: bool
) -> tuple[list[Values], int]:
    """Turn rows into the statement's values, the tenant in front; give their size in bytes as well.

    Raises ValueError where a row has other columns than the first.
    """
    if len(rows) > ROWS_MAX:
        raise ValueError(f"one call writes at most {ROWS_MAX} rows: split them")
    names = rows[0].keys()
    pack, check = insertion.pack, insertion.check
    front: Values = (scope,) if scoped and not isinstance(scope, System) else ()
    size = 0
    out: list[Values] = []
    for row in rows:
        if row.keys() != names:
            raise ValueError("all rows of one call have the same columns")
        values = pack(row)
        size += check(values)
        out.append(front + values)
    return out, size


def check_scope(scope: Scope) -> None:
    """Refuse a tenant's id that no row could carry; raises Invalid or ValueError."""
    if isinstance(scope, System) or (scope and scope.isascii() and "\0" not in scope):
        return
    if not scope:
        raise ValueError("a tenant's id is empty")
    check_values([scope])
    try:
        scope.encode()
    except UnicodeEncodeError as error:
        raise Invalid("A tenant's id holds half a character (a lone surrogate): remove it.") from error


def tokens(sql: str) -> Iterator[tuple[str, str]]:
    """Cut SQL into (kind, text): word, quote, comment, parameter or sign; joined they give it back."""
    place = 0
    length = len(sql)
    while place < length:
        end, kind = _token_end(sql, place)
        yield kind, sql[place:end]
        place = end


_DELIMITED = (("'", "'", "quote"), ('"', '"', "quote"), ("--", "\n", "comment"), ("/*", "*/", "comment"))


def _token_end(sql: str, place: int) -> tuple[int, str]:
    letter = sql[place]
    for opening, closing, kind in _DELIMITED:
        if sql.startswith(opening, place):
            end = sql.find(closing, place + len(opening))
            return (len(sql) if end < 0 else end + len(closing)), kind
    if sql.startswith("::", place):
        return place + 2, "sign"
    end = place + 1
    if letter != ":" and not letter.isalnum() and letter != "_":
        return end, "sign"
    while end < len(sql) and (sql[end].isalnum() or sql[end] == "_"):
        end += 1
    if letter == ":":
        return end, "parameter" if end > place + 1 else "sign"
    return end, "word"


_ENDS = frozenset(
    {"select", "where", "group", "order", "having", "limit", "union", "except", "intersect", "window", "on"}
)


def sources(sql: str) -> Iterator[tuple[str, str, bool]]:
    """Cut SQL as `tokens` does, saying of each piece whether it stands where a FROM list names a table."""
    source = [False]  # per parenthesis: does a table's name come next?
    lists = [False]  # per parenthesis: are we within a FROM list?
    for kind, text in tokens(sql):
        named = source[-1] and kind in {"word", "quote"}
        yield kind, text, named
        if kind in {"word", "quote"}:
            word = text.lower()
            source[-1] = word in {"from", "join"}
            lists[-1] = (lists[-1] or source[-1]) and word not in _ENDS
        elif text == "(":
            source.append(source[-1])
            lists.append(lists[-1])
        elif text == ")" and len(source) > 1:
            source.pop()
            lists.pop()
            source[-1] = False
        elif text == "," and lists[-1]:
            source[-1] = True


@lru_cache(maxsize=4_096)  # for every connection of the process, and each of its houses
def qualified(sql: str, tables: frozenset[str]) -> str:
    """Write `main.` before each declared table that a SELECT reads, so that no view stands before it."""
    return "".join(
        f"main.{text}" if source and text.strip('"').lower() in tables else text
        for _, text, source in sources(sql)
    )
