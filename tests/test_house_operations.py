"""Every operation is described, limited, permitted, exemplified and tested; every service has its tests."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, JsonValue, StringConstraints

from mainstay.kernel.interface import Interface, Operation, Record, Upload, operations_of, reads, writes
from transports.samples import OPERATIONS

TESTS = Path(__file__).parent
_SCALARS = {"boolean", "null"}
_UNLIMITED = {
    "knowledge.add_documents: documents[]": "each document is checked by itself, so that one may fail alone",
}


def unlimited(schema: Mapping[str, Any], definitions: Mapping[str, Any], where: str) -> Iterator[str]:
    """Find where a JSON schema lets an input be as large as it likes.

    A value of any kind (an empty schema) is let pass inside of a limited container: the body's own limit and
    the limit on nesting bound it.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {other: each for other, each in definitions.items() if other != name}
        if name in definitions:  # what holds itself is looked at once
            yield from unlimited(definitions[name], rest, where)
    for variant in schema.get("anyOf", ()):
        yield from unlimited(variant, definitions, where)
    kind = schema.get("type")
    if kind in _SCALARS or "enum" in schema or "const" in schema:
        return
    counted = "maxLength" in schema or _counted(str(schema.get("pattern", "")))
    bounded = "maximum" in schema and "minimum" in schema
    if (kind == "string" and not counted) or (kind in {"integer", "number"} and not bounded):
        yield where
    elif kind == "array":
        if "maxItems" not in schema:
            yield where
        yield from unlimited(schema.get("items", {}), definitions, f"{where}[]")
    elif kind == "object":
        yield from _object(schema, definitions, where)


def _counted(pattern: str) -> bool:
    """Say whether a pattern has an end and no part that repeats without one."""
    return pattern.startswith("^") and pattern.endswith("$") and not set("*+,") & set(pattern)


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield from unlimited(inner, definitions, f"{where}.{name}")
    more = schema.get("additionalProperties", True)
    if more is False:
        return
    if "maxProperties" not in schema:
        yield where
    if not isinstance(more, dict):
        return
    anything = ("$ref" in more and definitions.get(str(more["$ref"]).rpartition("/")[2]) == {}) or more == {}
    if not anything:
        if "maxLength" not in schema.get("propertyNames", {}):
            yield f"{where} (its keys)"
        yield from unlimited(more, definitions, f"{where}.*")


def limitless_inputs(operation: Operation) -> list[str]:
    """Give the inputs of an operation that have no limit."""
    schema = operation.model.model_json_schema()
    definitions = schema.get("$defs", {})
    return [
        f"{operation.full_name}: {each}"
        for parameter in operation.parameters
        if not parameter.upload
        for each in unlimited(schema["properties"][parameter.name], definitions, parameter.name)
    ]


def badly_described(operation: Operation) -> list[str]:
    """Say what is missing in how an operation is written down."""
    wrong = [] if operation.may and operation.summary else ["has no permission or no docstring"]
    example = dict(operation.example)
    if operation.upload is not None:
        example[operation.upload.name] = Upload("a.txt", "text/plain", b"x")
    try:
        operation.model.model_validate(example, strict=True)
    except ValueError as error:
        wrong.append(f"has an example that is refused: {error}")
    return [f"{operation.full_name} {each}" for each in wrong]


def untested(names: list[str], texts: str) -> list[str]:
    """Give the operations that no test names, by their full name, as a call or as a tool."""
    return [
        name
        for name in names
        if not any(form in texts for form in (name, f".{name.split('.')[1]}(", name.replace(".", "_")))
    ]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_described_and_limited(name: str) -> None:
    assert badly_described(OPERATIONS[name]) == []
    assert [each for each in limitless_inputs(OPERATIONS[name]) if each not in _UNLIMITED] == []


def test_every_exception_is_still_needed() -> None:
    found = {each for operation in OPERATIONS.values() for each in limitless_inputs(operation)}
    assert set(_UNLIMITED) <= found


def test_every_operation_is_named_by_a_test() -> None:
    found = (path for form in ("test_*.py", "*samples.py") for path in TESTS.rglob(form))
    texts = "\n".join(path.read_text() for path in found)
    assert untested(list(OPERATIONS), texts) == []
    unnamed = "knowledge." + "forget_all"
    assert untested([unnamed], texts) == [unnamed]


def test_every_service_has_tests() -> None:
    for service in {operation.interface.__module__.split(".")[2] for operation in OPERATIONS.values()}:
        assert list((TESTS / "services" / service).glob("test_*.py")), (
            f"tests/services/{service} has no tests"
        )


_Short = Annotated[str, StringConstraints(max_length=5)]


class Loose(Interface):
    """Operations that break the law, each in its own way."""

    @reads("GET /a", may="x")
    async def text(self, value: str = "") -> Record:
        """Take any text."""

    @reads("GET /b", may="x")
    async def number(self, value: Annotated[int, Field(ge=0)] = 0) -> Record:
        """Take any number above."""

    @reads("POST /c", may="x")
    async def many(self, value: list[_Short]) -> Record:
        """Take any list."""

    @reads("POST /d", may="x")
    async def items(self, value: Annotated[list[str], Field(max_length=2)]) -> Record:
        """Take any texts in a list."""

    @reads("POST /e", may="x")
    async def mapping(self, value: dict[str, JsonValue]) -> Record:
        """Take any object."""

    @reads("POST /f", may="x")
    async def keys(self, value: Annotated[dict[str, _Short], Field(max_length=2)]) -> Record:
        """Take any keys."""

    @reads("GET /g", may="x")
    async def pattern(self, value: Annotated[str, StringConstraints(pattern="^a+$")] = "a") -> Record:
        """Take any number of letters."""

    @writes("POST /h", may="x", example={"value": "much too long"})
    async def example(self, value: _Short) -> Record:
        """Show an example that is refused."""


class Tight(Interface):
    """Operations that keep it."""

    @reads("POST /a", may="x", example={"text": "a", "facts": {"a": [1]}})
    async def fine(
        self,
        text: _Short,
        facts: Annotated[dict[_Short, JsonValue], Field(max_length=2)],
        code: Annotated[str, StringConstraints(pattern="^[a-z]{2}$")] = "de",
        number: Annotated[float, Field(ge=0, le=1)] | None = None,
    ) -> Record:
        """Take little."""


def test_a_planted_operation_is_found() -> None:
    for operation in operations_of(Loose):
        assert limitless_inputs(operation) or badly_described(operation), operation.name
    for operation in operations_of(Tight):
        assert limitless_inputs(operation) + badly_described(operation) == []
