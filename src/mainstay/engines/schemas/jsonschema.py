"""JSON Schema (drafts 4 to 2020-12) by the jsonschema package; nothing is fetched, no pattern is run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

_TOLD_MAX = 5
_WORDS_MAX = 160
_REFERENCES_MAX = 10_000
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_PATTERNS = "patternProperties"

Check = Callable[..., Iterator[jsonschema.ValidationError]]


class _TooMuch(Exception):
    """A schema refers to itself so often that a check would not end."""


class JsonSchemas:
    """Checks values."""

    def faults(self, schema: Mapping[str, Any]) -> Sequence[str]:
        """Say what is wrong with a schema."""
        if _names(schema, _PATTERNS):
            return [f"`{_PATTERNS}` cannot be checked here: name the properties."]
        kind = _kind(schema)
        harmless = extend(_kind(kind.META_SCHEMA), {"pattern": _unchecked})
        return _told(harmless(kind.META_SCHEMA).iter_errors(schema))

    def misfits(self, schema: Mapping[str, Any], value: Any) -> Sequence[str]:
        """Say where a value does not fit."""
        kind = _kind(schema)
        left = [_REFERENCES_MAX]
        counted = {
            name: _counted(kind.VALIDATORS[name], left) for name in _REFERENCES if name in kind.VALIDATORS
        }
        bounded = extend(kind, {"pattern": _unchecked, **counted})
        try:
            return _told(bounded(schema, registry=Registry()).iter_errors(value))
        except (Unresolvable, RecursionError, _TooMuch):
            return ["A `$ref` of the schema leads nowhere, or in circles."]


def _kind(schema: Mapping[str, Any]) -> Any:
    return validator_for(schema, default=jsonschema.Draft202012Validator)


def _unchecked(*_: object) -> Iterator[jsonschema.ValidationError]:
    """Find nothing: a stranger's regular expression could take for ever."""
    return iter(())


def _counted(check: Check, left: list[int]) -> Check:
    def counted(*given: Any) -> Iterator[jsonschema.ValidationError]:
        left[0] -= 1
        if left[0] < 0:
            raise _TooMuch
        yield from check(*given)

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
