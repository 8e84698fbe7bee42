"""The port's filters as SQL conditions on a jsonb payload; every value travels as a parameter."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import singledispatch

from mainstay.engines.vectors.conditions import finite, instant, steps, words
from mainstay.ports.vectors import (
    AllOf,
    AnyOf,
    Between,
    BetweenDates,
    Contains,
    Equals,
    Exists,
    Filter,
    Nested,
    NoneOf,
    OneOf,
    Value,
)

SCHEMA = "mainstay_vectors"


@dataclass
class Compiled:
    """A condition: its SQL, and the parameters in the order of their places."""

    sql: str
    parameters: list[object] = field(default_factory=list)


def compile_filter(where: Filter | None, payload: str) -> Compiled:
    """Give the condition on a jsonb expression. Raises FilterInvalid like the other engine."""
    return Compiled("true") if where is None else condition(where, payload)


@singledispatch
def condition(where: Filter, payload: str) -> Compiled:
    """Give the SQL of one part of a filter; it is never null."""
    raise TypeError(f"no condition for {type(where).__name__} on {payload}")


@condition.register
def _(where: Equals, payload: str) -> Compiled:
    return _matches(payload, where.field, f"@ == {_literal(where.value)}")


@condition.register
def _(where: OneOf, payload: str) -> Compiled:
    if not where.values:
        return Compiled("false")
    return _matches(payload, where.field, " || ".join(f"@ == {_literal(value)}" for value in where.values))


@condition.register
def _(where: Between, payload: str) -> Compiled:
    bounds = [
        f"@ {sign} {_literal(float(bound))}"
        for sign, bound in ((">=", where.gte), (">", where.gt), ("<=", where.lte), ("<", where.lt))
        if bound is not None
    ]
    return _matches(payload, where.field, " && ".join(['@.type() == "number"', *bounds]))


@condition.register
def _(where: BetweenDates, payload: str) -> Compiled:
    moment = f"{SCHEMA}.moment(v)"
    bounds = [
        (f"{moment} {sign} %s", instant(bound))
        for sign, bound in ((">=", where.gte), (">", where.gt), ("<=", where.lte), ("<", where.lt))
        if bound is not None
    ]
    tests = [f"{moment} IS NOT NULL", *(sql for sql, _ in bounds)]
    return _some_value(payload, where.field, " AND ".join(tests), [date for _, date in bounds])


@condition.register
def _(where: Contains, payload: str) -> Compiled:
    return _some_value(payload, where.field, f"{SCHEMA}.words(v) @> %s::text[]", [words(where.text)])


@condition.register
def _(where: Exists, payload: str) -> Compiled:
    return Compiled(f"coalesce({payload} @? %s::jsonpath, false)", [f"{_path(where.field)}[*] ? (@ != null)"])


@condition.register
def _(where: AllOf, payload: str) -> Compiled:
    return _joined(where.parts, payload, " AND ", "true")


@condition.register
def _(where: AnyOf, payload: str) -> Compiled:
    return _joined(where.parts, payload, " OR ", "false")


@condition.register
def _(where: NoneOf, payload: str) -> Compiled:
    some = _joined(where.parts, payload, " OR ", "false")
    return Compiled(f"(NOT {some.sql})", some.parameters)


@condition.register
def _(where: Nested, payload: str) -> Compiled:
    # Each level is a scope of its own, so one name serves them all.
    inner = condition(where.inner, "nested.object")
    name = [step for step, _ in steps(where.field)]
    return Compiled(
        f"EXISTS (SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof({payload} #> %s::text[]) "
        f"WHEN 'array' THEN {payload} #> %s::text[] ELSE '[]' END) nested(object) WHERE {inner.sql})",
        [name, name, *inner.parameters],
    )


def _joined(parts: tuple[Filter, ...], payload: str, sign: str, empty: str) -> Compiled:
    if not parts:
        return Compiled(empty)
    compiled = [condition(part, payload) for part in parts]
    return Compiled(f"({sign.join(part.sql for part in compiled)})", list(_parameters(compiled)))


def _parameters(parts: list[Compiled]) -> Iterator[object]:
    for part in parts:
        yield from part.parameters


def _matches(payload: str, name: str, test: str) -> Compiled:
    """Test a value, or each element of a list (lax paths open lists), in a form a GIN index can serve."""
    return Compiled(f"coalesce({payload} @? %s::jsonpath, false)", [f"{_path(name)} ? ({test})"])


def _some_value(payload: str, name: str, test: str, parameters: list[object]) -> Compiled:
    return Compiled(
        f"EXISTS (SELECT 1 FROM jsonb_path_query({payload}, %s::jsonpath) v WHERE {test})",
        [f"{_path(name)}[*]", *parameters],
    )


def _path(name: str) -> str:
    return "$" + "".join(f".{_quoted(step)}{'[*]' if each else ''}" for step, each in steps(name))


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        finite(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    # No payload in PostgreSQL holds U+0000, so what asks for it finds nothing: U+FFFF is never stored either.
    return json.dumps(text.replace("\0", "\uffff"))
