"""JSON Schema by strangers: checked, and harmless."""

import time
from typing import Any

import pytest

from mainstay.engines.schemas.jsonschema import JsonSchemas
from mainstay.ports.schemas import Schemas

PERSON = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer", "minimum": 0}}}


@pytest.fixture
def schemas() -> Schemas:
    return JsonSchemas()


@pytest.mark.parametrize(
    ("value", "fits"), [({"age": 3}, True), ({"age": -1}, False), ({}, False), ([], False), ("3", False)]
)
def test_a_value_fits_or_does_not(schemas: Schemas, value: Any, fits: bool) -> None:
    assert (not schemas.misfits(PERSON, value)) is fits


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"required": 5}, {"properties": []}, {"$ref": 5}, {"$schema": {}}]
)
def test_what_is_no_schema_is_told(schemas: Schemas, schema: dict[str, Any]) -> None:
    assert schemas.faults(schema)


def test_a_draft_whose_address_is_none_is_the_usual_one(schemas: Schemas) -> None:
    schemas.faults({"$schema": "http://["})
    assert schemas.misfits({"$schema": "http://[", "type": "object"}, [])


def test_misfits_say_where(schemas: Schemas) -> None:
    [told] = schemas.misfits(PERSON, {"age": "x" * 10_000})
    assert told.startswith("$.age:")
    assert len(told) < 200


def test_no_pattern_is_run(schemas: Schemas) -> None:
    evil = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}
    assert schemas.faults(evil) == []
    began = time.monotonic()
    assert schemas.misfits(evil, {"a": "a" * 50 + "!"}) == []
    assert time.monotonic() - began < 1
    assert schemas.faults({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False})


@pytest.mark.parametrize("ref", ["http://127.0.0.1:9/x", "file:///etc/passwd", "#/$defs/nowhere", "#"])
def test_references_lead_nowhere_outside_and_never_for_ever(schemas: Schemas, ref: str) -> None:
    assert schemas.misfits({"$ref": ref}, {"a": 1})


def test_references_that_multiply_end(schemas: Schemas) -> None:
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, 40):
        defs[f"d{number}"] = {"allOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 2}
    began = time.monotonic()
    assert schemas.misfits({"$defs": defs, "$ref": "#/$defs/d39"}, "x")
    assert time.monotonic() - began < 5


def test_what_is_checked_again_and_again_ends(schemas: Schemas) -> None:
    """Each level would be checked twice for the level above it, and so on."""
    for keyword in ("unevaluatedProperties", "unevaluatedItems"):
        chain: dict[str, Any] = {"type": "object"}
        for _ in range(30):
            chain = {keyword: False, "anyOf": [chain]}
        assert schemas.faults(chain)
    wide = {"items": {"allOf": [{}] * 20_000}}
    began = time.monotonic()
    assert schemas.misfits(wide, [1] * 20_000)
    assert time.monotonic() - began < 5


def test_items_are_compared_in_linear_time(schemas: Schemas) -> None:
    mixed = [each for number in range(7_000) for each in (number, f"a{number}")]
    began = time.monotonic()
    assert not schemas.faults({"$schema": "http://json-schema.org/draft-04/schema#", "enum": mixed})
    assert not schemas.misfits({"uniqueItems": True}, mixed)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("items", "unique"),
    [([1, "1", True, [1], {"a": 1}], True), ([1, 1.0], False), ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], False)],
)
def test_the_same_item_is_there_once(schemas: Schemas, items: list[Any], unique: bool) -> None:
    assert (not schemas.misfits({"uniqueItems": True}, items)) is unique
