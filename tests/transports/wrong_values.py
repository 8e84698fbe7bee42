"""Wrong values for a field, made from its JSON schema: one family for each way to be wrong."""

from collections.abc import Iterator, Mapping
from typing import Any

MARK = "hunter2-never-told"
_LONG_MAX = 100_000
_ANY = {"string": "text", "integer": 7, "number": 0.5, "boolean": True, "array": [], "object": {}}
Schema = Mapping[str, Any]


def _variants(schema: Schema, definitions: Schema) -> list[Schema]:
    if "$ref" in schema:
        followed = definitions.get(schema["$ref"].rpartition("/")[2])
        return [] if followed is None else _variants(followed, definitions)
    if "anyOf" in schema:
        return [each for variant in schema["anyOf"] for each in _variants(variant, definitions)]
    return [schema]


def _typed(schema: Schema, kinds: set[str]) -> Iterator[tuple[str, Any]]:
    """Give values of other types, holding the mark where they can."""
    for kind, value in _ANY.items():
        close = (kind == "integer" and "number" in kinds) or not kinds
        if kind in kinds or close or schema.get("enum"):
            continue
        marked = {"string": MARK, "array": [MARK], "object": {MARK: MARK}}.get(kind, value)
        yield f"{kind} in place of {'|'.join(sorted(kinds))}", marked


def _strings(schema: Schema) -> Iterator[tuple[str, Any]]:
    yield "a NUL", f"{MARK}\0"
    if "enum" in schema or "const" in schema:
        yield "not one of the choices", MARK
    if schema.get("minLength"):
        yield "empty", ""
    longest = schema.get("maxLength")
    if longest is not None and longest < _LONG_MAX:
        yield "too long", (MARK + "x" * longest)[: longest + 1]


def _numbers(schema: Schema) -> Iterator[tuple[str, Any]]:
    if "maximum" in schema:
        yield "too large", schema["maximum"] + 1
        yield "huge", 10**30
    if "minimum" in schema:
        yield "too small", schema["minimum"] - 1
    if schema.get("type") == "integer":
        yield "not whole", 1.5


def _containers(schema: Schema, definitions: Schema) -> Iterator[tuple[str, Any]]:
    items = schema.get("items", {})
    if "maxItems" in schema:
        filler = {"documents": {}}.get(str(items.get("type")), "a" if items.get("type") == "string" else {})
        yield "too many items", [filler] * (schema["maxItems"] + 1)
    if schema.get("minItems"):
        yield "no items", []
    if schema.get("type") == "array" and items:
        yield from ((f"item: {label}", [value]) for label, value in wrong(items, definitions))
    if "maxProperties" in schema:
        yield "too many keys", {f"k{n}": {"type": "text"} for n in range(schema["maxProperties"] + 1)}
    names = schema.get("propertyNames", {})
    if "maxLength" in names:
        yield "a key that is too long", {"k" * (names["maxLength"] + 1): 1}
        yield "a key with a NUL", {"k\0": 1}
    if schema.get("additionalProperties") is False:
        yield "an unknown inner field", {"nope": MARK}
    for name, inner in schema.get("properties", {}).items():
        yield from ((f"{name}: {label}", {name: value}) for label, value in wrong(inner, definitions))


def wrong(schema: Schema, definitions: Schema) -> Iterator[tuple[str, Any]]:
    """Give wrong values of a field, each with what is wrong about it."""
    variants = _variants(schema, definitions)
    # What holds itself is gone into once.
    inside = {name: each for name, each in definitions.items() if all(each is not one for one in variants)}
    kinds = {str(variant.get("type")) for variant in variants if "type" in variant}
    if not kinds:
        return
    if "null" not in kinds:
        yield "null", None
    yield from _typed(schema, kinds)
    for variant in variants:
        kind = variant.get("type")
        if kind == "string":
            yield from _strings(variant)
        elif kind in {"integer", "number"}:
            yield from _numbers(variant)
        elif kind in {"array", "object"}:
            yield from _containers(variant, inside)
