"""The language of filters as callers write it, and who may see what, as conditions on the index's payload."""

import re
from collections.abc import Mapping, Sequence

from mainstay.kernel.caller import ALL_DOCUMENTS, Caller
from mainstay.ports.vectors import AllOf, AnyOf, Contains, Exists, Filter, Nested, NoneOf, OneOf
from mainstay.services.knowledge.filter_fields import TEXT_LENGTH_MAX, Field, Kind, wrong
from mainstay.services.knowledge.filter_form import FIELD, FIELD_LENGTH_MAX, PARTS_MAX
from mainstay.services.knowledge.permissions import EVERYBODY

DEPTH_MAX = 6
CONDITIONS_MAX = 200
OWN_FIELDS: Mapping[str, Kind] = {"doc_id": "text", "title": "text", "language": "text", "created": "date"}

_FIELD = re.compile(FIELD)
_BOUNDS = ("gte", "gt", "lte", "lt")


def compiled(filters: Mapping[str, object], declared: Mapping[str, Kind]) -> Filter:
    """Compile a caller's filter; raises FilterInvalid, which names the place and what may stand there.

    `declared` tells what fields of the metadata are known to hold.
    """
    return _Compiler({**declared, **OWN_FIELDS}).every(filters, "filters", 0)


def visible(caller: Caller) -> list[Filter]:
    """Give the conditions that leave only what a caller may see."""
    if caller.may(ALL_DOCUMENTS):
        return []
    return [OneOf("groups", (EVERYBODY, *sorted(caller.groups)))]


class _Compiler:
    """Walks a filter and counts its conditions."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._count = 0
        self._prefix = "metadata."

    def every(self, filters: object, where: str, depth: int) -> Filter:
        if not isinstance(filters, Mapping):
            raise wrong(where, "an object of conditions")
        if depth > DEPTH_MAX:
            raise wrong(where, f"at most {DEPTH_MAX} levels")
        if len(filters) > PARTS_MAX:
            raise wrong(where, f"at most {PARTS_MAX} conditions")
        parts = [self._one(str(key), value, f"{where}.{key}", depth) for key, value in filters.items()]
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, key: str, value: object, where: str, depth: int) -> Filter:
        self._count += 1
        if self._count > CONDITIONS_MAX:
            raise wrong(where, f"at most {CONDITIONS_MAX} conditions")
        if key in {"and", "or"}:
            if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= PARTS_MAX:
                raise wrong(where, f"a list of 1 to {PARTS_MAX} conditions")
            inner = tuple(self.every(part, f"{where}[{n}]", depth + 1) for n, part in enumerate(value))
            return AllOf(inner) if key == "and" else AnyOf(inner)
        if key == "not":
            return NoneOf((self.every(value, where, depth + 1),))
        if len(key) > FIELD_LENGTH_MAX or not _FIELD.match(key):
            raise wrong(where, "a field's name: letters, digits, `_`, `-`, with dots between")
        return self._condition(self._field(key), value, where, depth)

    def _field(self, key: str) -> Field:
        if not self._prefix:
            return Field(key)
        path = key if key in OWN_FIELDS or key.startswith("metadata.") else f"{self._prefix}{key}"
        return Field(path, self._kinds.get(path))

    def _condition(self, field: Field, value: object, where: str, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise wrong(where, f"at most {DEPTH_MAX} levels")
        if isinstance(value, Mapping):
            if not value:
                raise wrong(where, "an operator such as `gte`, `contains`, `exists`, `in`, `not` or `any`")
            return self._operators(field, value, where, depth)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return field.one_of(value, where)
        return field.equals(value, where)

    def _operators(self, field: Field, value: Mapping[object, object], where: str, depth: int) -> Filter:
        parts: list[Filter] = []
        bounds = {str(key): bound for key, bound in value.items() if key in _BOUNDS}
        if bounds:
            parts.append(field.between(bounds, where))
        for key, operand in value.items():
            if key not in _BOUNDS:
                parts.append(self._operator(field, str(key), operand, where, depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _operator(self, field: Field, key: str, operand: object, where: str, depth: int) -> Filter:
        here = f"{where}.{key}"
        field.check(key, here)
        if key == "contains":
            if not isinstance(operand, str) or not 0 < len(operand) <= TEXT_LENGTH_MAX:
                raise wrong(here, f"a text of 1 to {TEXT_LENGTH_MAX} characters")
            return Contains(field.path, operand)
        if key == "exists":
            if not isinstance(operand, bool):
                raise wrong(here, "true or false")
            return Exists(field.path) if operand else NoneOf((Exists(field.path),))
        if key == "in":
            if not isinstance(operand, Sequence) or isinstance(operand, str):
                raise wrong(here, "a list of values")
            return field.one_of(operand, here)
        if key == "not":
            return NoneOf((self._condition(field, operand, here, depth + 1),))
        if key == "any":
            return self._nested(field, operand, here, depth)
        raise wrong(here, "one of gte, gt, lte, lt, contains, exists, in, not, any")

    def _nested(self, field: Field, operand: object, where: str, depth: int) -> Filter:
        if not self._prefix:
            raise wrong(where, "no `any` within an `any`")
        self._prefix = ""
        try:
            return Nested(field.path, self.every(operand, where, depth + 1))
        finally:
            self._prefix = "metadata."
