"""One field of a filter: which values fit it, and the conditions that they make."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mainstay.ports.failures import FilterInvalid
from mainstay.ports.vectors import AnyOf, Between, BetweenDates, Equals, Exists, Filter, NoneOf, OneOf
from mainstay.services.knowledge.filter_form import INTEGER_MAX

Kind = Literal["text", "number", "truth", "date"]

VALUES_MAX = 1000
TEXT_LENGTH_MAX = 1000

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$")
_DAY_LENGTH = len("2026-03-01")
_EXPECTED: Mapping[Kind, str] = {
    "text": "a text",
    "number": "a number",
    "truth": "true or false",
    "date": "an RFC 3339 date, such as 2026-03-01 or 2026-03-01T12:00:00Z",
}
_BOUNDED: Mapping[Kind | None, tuple[Kind, ...]] = {
    None: ("number", "date"),
    "text": ("date",),
    "number": ("number",),
    "truth": (),
    "date": ("date",),
}
_WITHOUT: Mapping[str, frozenset[Kind]] = {
    "contains": frozenset({"number", "truth"}),
    "any": frozenset({"text", "number", "truth", "date"}),
}


def wrong(where: str, expected: str) -> FilterInvalid:
    """Give the failure that names a place in a filter and what should stand there."""
    return FilterInvalid(
        f"`{where}` should be {expected}.", problems=[{"field": where, "problem": f"Expected {expected}."}]
    )


@dataclass(frozen=True)
class Field:
    """A field by its path in the index; what it holds, where that is known, must fit what is asked for."""

    path: str
    kind: Kind | None = None

    def equals(self, value: object, where: str) -> Filter:
        """Compile one value; null stands for no value, and a day for all of its moments."""
        if value is None:
            return NoneOf((Exists(self.path),))
        if self.kind is not None and not _fits(value, self.kind):
            raise wrong(where, _EXPECTED[self.kind])
        if self.kind == "date":
            return self._at(str(value), where)
        if isinstance(value, bool) or (isinstance(value, int) and abs(value) <= INTEGER_MAX):
            return Equals(self.path, value)
        if isinstance(value, int | float):
            number = _number(value, where)
            return Between(self.path, gte=number, lte=number)
        if isinstance(value, str):
            if len(value) > TEXT_LENGTH_MAX:
                raise wrong(where, f"a text of at most {TEXT_LENGTH_MAX} characters")
            return Equals(self.path, value)
        raise wrong(where, "a text, a number, true, false, null, a list of these, or an operator")

    def one_of(self, values: Sequence[object], where: str) -> Filter:
        """Compile a list of values, one of which the field must hold."""
        if not 0 < len(values) <= VALUES_MAX:
            raise wrong(where, f"a list of 1 to {VALUES_MAX} values")
        if self.kind in {None, "text"}:
            texts = tuple(value for value in values if isinstance(value, str))
            if len(texts) == len(values):
                return OneOf(self.path, texts)
        if self.kind in {None, "number"}:
            # True is an integer to Python.
            numbers = tuple(value for value in values if type(value) is int and abs(value) <= INTEGER_MAX)
            if len(numbers) == len(values):
                return OneOf(self.path, numbers)
        return AnyOf(tuple(self.equals(value, where) for value in values))

    def between(self, bounds: Mapping[str, object], where: str) -> Filter:
        """Compile bounds, which are all numbers or all dates."""
        kinds = _BOUNDED[self.kind]
        if "number" in kinds and all(_fits(bound, "number") for bound in bounds.values()):
            numbers = {key: _number(bound, f"{where}.{key}") for key, bound in bounds.items()}
            return Between(self.path, **numbers)
        if "date" in kinds and all(_fits(bound, "date") for bound in bounds.values()):
            return BetweenDates(self.path, **{key: str(bound) for key, bound in bounds.items()})
        if self.kind is None:
            raise wrong(
                where, "bounds that are all numbers, or all RFC 3339 dates such as 2026-03-01T12:00:00Z"
            )
        unfit = next(key for key, bound in bounds.items() if not any(_fits(bound, kind) for kind in kinds))
        raise wrong(f"{where}.{unfit}", _EXPECTED[self.kind] if self.kind in kinds else self._left_out())

    def check(self, operator: str, where: str) -> None:
        """Refuse an operator that nothing in the field could meet; raises FilterInvalid."""
        if self.kind is not None and self.kind in _WITHOUT.get(operator, ()):
            raise wrong(where, self._left_out())

    def _left_out(self) -> str:
        return f"left out: the field holds {_EXPECTED[self.kind]}" if self.kind else "left out"

    def _at(self, date: str, where: str) -> Filter:
        try:
            datetime.fromisoformat(date)
        except ValueError:
            raise wrong(where, _EXPECTED["date"]) from None
        end = f"{date}T23:59:59.999999Z" if len(date) == _DAY_LENGTH else date
        return BetweenDates(self.path, gte=date, lte=end)


def _fits(value: object, kind: Kind) -> bool:
    if kind == "date":
        return isinstance(value, str) and _DATE.match(value) is not None
    if kind == "text":
        return isinstance(value, str)
    if kind == "truth":
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object, where: str) -> float:
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise wrong(where, "a number of at most 308 digits")
    return number
