"""JSON Schema (drafts 4 to 2020-12) by the jsonschema package; nothing is fetched, no pattern is run.

Strangers write the schemas, so every check is bounded: what it takes is counted, and what the package does in
quadratic or exponential time is done otherwise (`uniqueItems`) or refused (`unevaluated…`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

_TOLD_MAX = 5
_WORDS_MAX = 160
_CHECKS_MAX = 200_000
"""Keywords with their parts that one value is checked against: a few seconds at most."""

_REFUSED = {
    "patternProperties": "name the properties",
    "unevaluatedProperties": "use `additionalProperties`",
    "unevaluatedItems": "use `items`",
}
"""What cannot be checked in bounded time, and what to write instead."""

Check = Callable[..., Iterator[jsonschema.ValidationError]]


class _TooMuch(Exception):
    """A check would take too long, or not end at all."""


class JsonSchemas:
    """Checks values."""

    def faults(self, schema: Mapping[str, Any]) -> Sequence[str]:
        """Say what is wrong with a schema."""
        if not isinstance(schema.get("$schema", ""), str):
            return ["`$schema` is the address of a draft, as a text."]
        refused = [
            f"`{name}` cannot be checked here: {instead}."
            for name, instead in _REFUSED.items()
            if _names(schema, name)
        ]
        if refused:
            return refused
        kind = _kind(schema)
        harmless = extend(_kind(kind.META_SCHEMA), {"pattern": _unchecked, "uniqueItems": _unique})
        return _told(harmless(kind.META_SCHEMA).iter_errors(schema))

    def misfits(self, schema: Mapping[str, Any], value: Any) -> Sequence[str]:
        """Say where a value does not fit."""
        kind = _kind(schema)
        left = [_CHECKS_MAX]
        harmless = {**kind.VALIDATORS, "pattern": _unchecked, "uniqueItems": _unique}
        bounded = extend(kind, {name: _counted(check, left) for name, check in harmless.items()})
        try:
            return _told(bounded(schema, registry=Registry()).iter_errors(value))
        except (Unresolvable, RecursionError):
            return ["A `$ref` of the schema leads nowhere, or in circles."]
        except _TooMuch:
            return ["To check it against the schema takes too long, or never ends: write a simpler one."]


def _kind(schema: Mapping[str, Any]) -> Any:
    usual = jsonschema.Draft202012Validator
    try:
        return validator_for(schema, default=usual)
    except ValueError:  # an address that is none
        return usual


def _unchecked(*_: object) -> Iterator[jsonschema.ValidationError]:
    """Find nothing: a stranger's regular expression could take for ever."""
    return iter(())


def _unique(validator: Any, wanted: Any, items: Any, _: object) -> Iterator[jsonschema.ValidationError]:
    """Find items that are there twice, in linear time."""
    if wanted and validator.is_type(items, "array"):
        texts = {json.dumps(_plain(each), sort_keys=True) for each in items}
        if len(texts) < len(items):
            yield jsonschema.ValidationError("The same item is there twice.")


def _plain(value: Any) -> Any:
    """Give a value in which equal numbers are written the same."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _counted(check: Check, left: list[int]) -> Check:
    def counted(validator: Any, wanted: Any, *more: Any) -> Iterator[jsonschema.ValidationError]:
        left[0] -= 1 + (len(wanted) if isinstance(wanted, Mapping | list) else 0)
        if left[0] < 0:
            raise _TooMuch
        yield from check(validator, wanted, *more) or ()

    return counted


def _names(schema: object, name: str) -> bool:
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            if name in each:
                return True
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return False


def _told(errors: Iterator[jsonschema.ValidationError]) -> list[str]:
    return [f"{each.json_path}: {each.message[:_WORDS_MAX]}" for each in islice(errors, _TOLD_MAX)]
