"""Whether an answer does what an example expects, as far as the answer alone tells; no I/O."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from mainstay.kit.expressions import size_of
from mainstay.services.prompts.testing_records import Example, Expectation

PATTERN_SIZE_MAX = 300
LOOKED_AT_MAX = 20_000
"""So many characters of an answer are looked at by a pattern: with its size, the time that one may take."""

_SHORT = 80
_KINDS = ("contains", "lacks", "matches", "fits", "like", "rubric")


class PatternUnfit(ValueError):
    """A pattern is not written as Rust's regular expressions are, or repeats too much."""


def matcher(pattern: str) -> TypeAdapter[str]:
    """Give what finds a pattern in linear time; raises PatternUnfit."""
    if size_of(pattern) > PATTERN_SIZE_MAX:
        raise PatternUnfit(
            f"It repeats too much: {PATTERN_SIZE_MAX} parts at most with repetitions written out."
        )
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError as wrong:
        *_, why = str(wrong).splitlines()
        raise PatternUnfit(f"{why.strip().removeprefix('SchemaError: ').rstrip('.')}.") from None


def found(pattern: str, text: str) -> bool:
    """Say whether a pattern is found in a text."""
    try:
        matcher(pattern).validate_python(text[:LOOKED_AT_MAX])
    except ValidationError:
        return False
    return True


def faults(examples: Sequence[Example]) -> Iterator[tuple[str, str]]:
    """Say what is wrong with examples, by their fields, but for schemas."""
    seen = set[str]()
    for place, example in enumerate(examples):
        if example.name in seen:
            yield f"examples.{place}.name", f"Another example is called {example.name!r}."
        seen.add(example.name)
        for number, expected in enumerate(example.expect):
            field = f"examples.{place}.expect.{number}"
            given = [kind for kind in _KINDS if getattr(expected, kind) is not None]
            if len(given) != 1:
                yield field, f"Give one of {', '.join(_KINDS)}."
            elif expected.matches is not None:
                try:
                    matcher(expected.matches)
                except PatternUnfit as wrong:
                    yield f"{field}.matches", str(wrong)


def plainly(expected: Expectation, answer: str) -> str | None:
    """Say what is not as it is expected, nothing where it is; None: the answer alone does not tell."""
    if expected.contains is not None:
        here = expected.contains.casefold() in answer.casefold()
        return "" if here else f"It does not contain {_short(expected.contains)}."
    if expected.lacks is not None:
        here = expected.lacks.casefold() in answer.casefold()
        return f"It contains {_short(expected.lacks)}." if here else ""
    if expected.matches is not None:
        here = found(expected.matches, answer)
        return "" if here else f"{_short(expected.matches)} is not found in it."
    return None


def mcnemar(fixed: int, broken: int) -> float:
    """Give the exact two-sided p-value of McNemar's test (1947) for pairs that differ."""
    differing = fixed + broken
    fewer = sum(math.comb(differing, each) for each in range(min(fixed, broken) + 1))
    return min(1.0, float(2 * fewer / 2**differing))


def differing(here: Mapping[str, bool], there: Mapping[str, bool]) -> tuple[list[str], list[str], int]:
    """Give the examples that passed here alone, those that passed there alone, and how many both had."""
    both = [name for name in here if name in there]
    return (
        [name for name in both if here[name] and not there[name]],
        [name for name in both if there[name] and not here[name]],
        len(both),
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHORT else f"{text[:_SHORT]}…")
