"""The port's filters in Qdrant's words."""

import re
from functools import singledispatch

import numpy as np
import qdrant_edge as edge

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

_PLAIN = re.compile(r"^[A-Za-z0-9_-]+$")
_FLOAT_EXACT_MAX = 2**53  # beyond it a float no longer tells neighbouring integers apart
_INTEGER_MAX = 2**63 - 1


def compile_filter(where: Filter) -> edge.Filter:
    """Give the engine's filter. Raises FilterInvalid for an impossible field, number or date."""
    return edge.Filter(must=[condition(where)])


def path(field: str) -> str:
    """Give the engine's form of a dotted path: steps that are not plain words are quoted."""
    return ".".join(
        (name if _PLAIN.match(name) else f'"{name}"') + ("[]" if each else "") for name, each in steps(field)
    )


@singledispatch
def condition(where: Filter) -> "edge.ConditionType":
    """Give the engine's condition for one part of a filter."""
    raise TypeError(f"no condition for {type(where).__name__}")


@condition.register(Equals)
def _(where: Equals) -> "edge.ConditionType":
    return _equals(path(where.field), where.value)


@condition.register(OneOf)
def _(where: OneOf) -> "edge.ConditionType":
    field = path(where.field)
    if not where.values:
        return _never()
    words = [value for value in where.values if isinstance(value, str)]
    if len(words) == len(where.values):
        return edge.FieldCondition(key=field, match=edge.MatchAny(words))
    return edge.Filter(should=[_equals(field, value) for value in where.values])


@condition.register(Between)
def _(where: Between) -> "edge.ConditionType":
    bounds = {
        name: None if bound is None else finite(float(bound))
        for name, bound in (("gte", where.gte), ("gt", where.gt), ("lte", where.lte), ("lt", where.lt))
    }
    return edge.FieldCondition(key=path(where.field), range=edge.RangeFloat(**bounds))


@condition.register(BetweenDates)
def _(where: BetweenDates) -> "edge.ConditionType":
    bounds = {
        name: None if bound is None else instant(bound).isoformat()
        for name, bound in (("gte", where.gte), ("gt", where.gt), ("lte", where.lte), ("lt", where.lt))
    }
    return edge.FieldCondition(key=path(where.field), range=edge.RangeDateTime(**bounds))


@condition.register(Contains)
def _(where: Contains) -> "edge.ConditionType":
    return edge.FieldCondition(key=path(where.field), match=edge.MatchText(" ".join(words(where.text))))


@condition.register(Exists)
def _(where: Exists) -> "edge.ConditionType":
    return edge.Filter(must_not=[edge.IsEmptyCondition(path(where.field))])


@condition.register(AllOf)
def _(where: AllOf) -> "edge.ConditionType":
    return edge.Filter(must=[condition(part) for part in where.parts])


@condition.register(AnyOf)
def _(where: AnyOf) -> "edge.ConditionType":
    return edge.Filter(should=[condition(part) for part in where.parts]) if where.parts else _never()


@condition.register(NoneOf)
def _(where: NoneOf) -> "edge.ConditionType":
    return edge.Filter(must_not=[condition(part) for part in where.parts])


@condition.register(Nested)
def _(where: Nested) -> "edge.ConditionType":
    return edge.NestedCondition(path(where.field), compile_filter(where.inner))


def _equals(field: str, value: Value) -> "edge.ConditionType":
    if isinstance(value, bool):
        # The binding reads Python's own True as the integer 1; NumPy's is read as a truth value.
        return edge.FieldCondition(key=field, match=edge.MatchValue(np.bool_(value)))  # type: ignore[arg-type]
    if isinstance(value, str):
        return edge.FieldCondition(key=field, match=edge.MatchValue(value))
    if isinstance(value, int) and abs(value) > _FLOAT_EXACT_MAX:
        if abs(value) > _INTEGER_MAX:
            return _never()
        return edge.FieldCondition(key=field, match=edge.MatchValue(value))
    # A range, so that 2 finds 2.0 and the other way round, whichever way the number was written.
    number = finite(float(value))
    return edge.FieldCondition(key=field, range=edge.RangeFloat(gte=number, lte=number))


def _never() -> "edge.ConditionType":
    return edge.HasIdCondition(set())
