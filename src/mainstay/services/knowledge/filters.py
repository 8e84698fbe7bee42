"""The language of filters as callers write it, compiled to conditions on the index's payload."""

import math
import re
from collections.abc import Mapping, Sequence

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
)
from mainstay.services.knowledge.failures import FilterInvalid
from mainstay.services.knowledge.filter_form import FIELD, FIELD_LENGTH_MAX, INTEGER_MAX, PARTS_MAX

DEPTH_MAX = 6
CONDITIONS_MAX = 200
VALUES_MAX = 1000
TEXT_LENGTH_MAX = 1000
OWN_FIELDS = frozenset({"doc_id", "title", "language", "created"})

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$")
_FIELD = re.compile(FIELD)
_BOUNDS = ("gte", "gt", "lte", "lt")


def compiled(filters: Mapping[str, object]) -> Filter:
    """Compile a caller's filter; raises FilterInvalid, which names the place and what may stand there."""
    return _Compiler().every(filters, "filters", 0)


class _Compiler:
    """Walks a filter and counts its conditions."""

    def __init__(self) -> None:
        self._count = 0
        self._prefix = "metadata."

    def every(self, filters: object, where: str, depth: int) -> Filter:
        if not isinstance(filters, Mapping):
            raise _wrong(where, "an object of conditions")
        if depth > DEPTH_MAX:
            raise _wrong(where, f"at most {DEPTH_MAX} levels")
        if len(filters) > PARTS_MAX:
            raise _wrong(where, f"at most {PARTS_MAX} conditions")
        parts = [self._one(str(key), value, f"{where}.{key}", depth) for key, value in filters.items()]
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, key: str, value: object, where: str, depth: int) -> Filter:
        self._count += 1
        if self._count > CONDITIONS_MAX:
            raise _wrong(where, f"at most {CONDITIONS_MAX} conditions")
        if key in {"and", "or"}:
            if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= PARTS_MAX:
                raise _wrong(where, f"a list of 1 to {PARTS_MAX} conditions")
            inner = tuple(self.every(part, f"{where}[{n}]", depth + 1) for n, part in enumerate(value))
            return AllOf(inner) if key == "and" else AnyOf(inner)
        if key == "not":
            return NoneOf((self.every(value, where, depth + 1),))
        if len(key) > FIELD_LENGTH_MAX or not _FIELD.match(key):
            raise _wrong(where, "a field's name: letters, digits, `_`, `-`, with dots between")
        return self._field(self._path(key), value, where, depth)

    def _path(self, key: str) -> str:
        if self._prefix and (key in OWN_FIELDS or key.startswith("metadata.")):
            return key
        return f"{self._prefix}{key}"

    def _field(self, field: str, value: object, where: str, depth: int) -> Filter:
        if isinstance(value, Mapping):
            if not value:
                raise _wrong(where, "an operator such as `gte`, `contains`, `exists`, `in`, `not` or `any`")
            return self._operators(field, value, where, depth)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return _one_of(field, value, where)
        return _equals(field, value, where)

    def _operators(self, field: str, value: Mapping[object, object], where: str, depth: int) -> Filter:
        parts: list[Filter] = []
        bounds = {str(key): bound for key, bound in value.items() if key in _BOUNDS}
        if bounds:
            parts.append(_between(field, bounds, where))
        for key, operand in value.items():
            if key not in _BOUNDS:
                parts.append(self._operator(field, str(key), operand, where, depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _operator(self, field: str, key: str, operand: object, where: str, depth: int) -> Filter:
        here = f"{where}.{key}"
        if key == "contains":
            if not isinstance(operand, str) or not 0 < len(operand) <= TEXT_LENGTH_MAX:
                raise _wrong(here, f"a text of 1 to {TEXT_LENGTH_MAX} characters")
            return Contains(field, operand)
        if key == "exists":
            if not isinstance(operand, bool):
                raise _wrong(here, "true or false")
            return Exists(field) if operand else NoneOf((Exists(field),))
        if key == "in":
            if not isinstance(operand, Sequence) or isinstance(operand, str):
                raise _wrong(here, "a list of values")
            return _one_of(field, operand, here)
        if key == "not":
            return NoneOf((self._field(field, operand, here, depth + 1),))
        if key == "any":
            return self._nested(field, operand, here, depth)
        raise _wrong(here, "one of gte, gt, lte, lt, contains, exists, in, not, any")

    def _nested(self, field: str, operand: object, where: str, depth: int) -> Filter:
        if not self._prefix:
            raise _wrong(where, "no `any` within an `any`")
        self._prefix = ""
        try:
            return Nested(field, self.every(operand, where, depth + 1))
        finally:
            self._prefix = "metadata."


def _wrong(where: str, expected: str) -> FilterInvalid:
    return FilterInvalid(
        f"`{where}` should be {expected}.", problems=[{"field": where, "problem": f"Expected {expected}."}]
    )


def _equals(field: str, value: object, where: str) -> Filter:
    if value is None:
        return NoneOf((Exists(field),))
    if isinstance(value, bool):
        return Equals(field, value)
    if isinstance(value, int):
        return Equals(field, value) if abs(value) <= INTEGER_MAX else _is(field, _as_number(value, where))
    if isinstance(value, float):
        return _is(field, _as_number(value, where))
    if isinstance(value, str):
        if len(value) > TEXT_LENGTH_MAX:
            raise _wrong(where, f"a text of at most {TEXT_LENGTH_MAX} characters")
        return Equals(field, value)
    raise _wrong(where, "a text, a number, true, false, null, a list of these, or an operator")


def _as_number(value: float, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(where, "a number of at most 308 digits")
    return number


def _is(field: str, number: float) -> Filter:
    return Between(field, gte=number, lte=number)


def _one_of(field: str, values: Sequence[object], where: str) -> Filter:
    if not 0 < len(values) <= VALUES_MAX:
        raise _wrong(where, f"a list of 1 to {VALUES_MAX} values")
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) == len(values):
        return OneOf(field, texts)
    numbers = tuple(
        value
        for value in values
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INTEGER_MAX
    )
    if len(numbers) == len(values):
        return OneOf(field, numbers)
    return AnyOf(tuple(_equals(field, value, where) for value in values))


def _between(field: str, bounds: Mapping[str, object], where: str) -> Filter:
    numbers = {
        key: _as_number(bound, f"{where}.{key}")
        for key, bound in bounds.items()
        if isinstance(bound, int | float) and not isinstance(bound, bool)
    }
    if len(numbers) == len(bounds):
        return Between(field, **numbers)
    dates = {key: bound for key, bound in bounds.items() if isinstance(bound, str) and _DATE.match(bound)}
    if len(dates) == len(bounds):
        return BetweenDates(field, **dates)
    raise _wrong(where, "bounds that are all numbers, or all RFC 3339 dates such as 2026-03-01T12:00:00Z")
