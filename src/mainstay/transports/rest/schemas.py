"""The JSON schemas of what goes in and what comes out, named as a person would name them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from mainstay.kernel.interface import Operation

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/"
_FIRST = ("$ref", "type", "format", "description", "required")
_DATA = frozenset({"default", "example", "examples", "enum", "const"})


def _lifted(schema: Schema) -> Schema:
    """Move the description of something optional out of its alternatives, to where readers look for it."""
    for each in schema.get("anyOf", ()):
        if "description" in each and "description" not in schema:
            rest = {key: value for key, value in each.items() if key != "description"}
            others = [rest if other is each else other for other in schema["anyOf"]]
            return {"description": each["description"], **schema, "anyOf": others}
    return schema


def plain(value: Any) -> Any:
    """Write a schema as a person would: no titles that repeat a field's name, first things first."""
    if isinstance(value, dict):
        kept = {
            key: each if key in _DATA else plain(each)
            for key, each in value.items()
            if not (key == "title" and isinstance(each, str))
        }
        if "patternProperties" in kept:
            kept.setdefault("additionalProperties", False)  # names that no pattern knows are refused
        lifted = _lifted(kept)
        first = {key: lifted[key] for key in _FIRST if not isinstance(lifted.get(key, {}), dict)}
        return {**first, **lifted}
    return [plain(each) for each in value] if isinstance(value, list) else value


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: REFERENCE + names.get(each.removeprefix(REFERENCE), each.removeprefix(REFERENCE))
            if key == "$ref" and isinstance(each, str)
            else _renamed(each, names)
            for key, each in value.items()
        }
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


def without_null(schema: Schema) -> Schema:
    """Take null out of a schema's alternatives, for places where leaving out says the same."""
    kept = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    rest = {
        key: value
        for key, value in schema.items()
        if key != "anyOf" and not (key == "default" and value is None)
    }
    if not kept:
        return rest
    return {**kept[0], **rest} if len(kept) == 1 else {**rest, "anyOf": kept}


class Schemas:
    """The schemas of many operations under one set of names."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Work out every schema at once, so that equal names can be told apart."""
        self.components: dict[str, Schema] = {}
        inputs = [(index, each, TypeAdapter[Any](each.model)) for index, each in enumerate(operations)]
        outputs = [(index, each, each.adapter) for index, each in enumerate(operations)]
        self._inputs = self._collected(inputs, "validation", "Input")
        self._outputs = self._collected(outputs, "serialization", "")
        self._index = {id(operation): index for index, operation in enumerate(operations)}

    def _collected(
        self,
        adapters: Sequence[tuple[int, Operation, TypeAdapter[Any]]],
        mode: JsonSchemaMode,
        suffix: str,
    ) -> list[Schema]:
        given = [(index, mode, adapter) for index, _, adapter in adapters]
        found, definitions = TypeAdapter.json_schemas(
            given, ref_template=REFERENCE + "{model}", schema_generator=GenerateJsonSchema
        )
        schemas = [plain(found[index, mode]) for index, _, _ in adapters]
        components = {name: plain(each) for name, each in definitions.get("$defs", {}).items()}
        if "JsonValue" in components:
            components["JsonValue"] = {"description": "Any JSON value."}
        requests = {self._top(schema) for schema in schemas} if mode == "validation" else set()
        names = {
            name: f"{name}{suffix}"
            for name, schema in components.items()
            if suffix and name in self.components and self.components[name] != schema
        }
        whole = [_renamed(self._followed(schema, components, requests), names) for schema in schemas]
        for name, schema in components.items():
            if name not in requests:
                self.components[names.get(name, name)] = _renamed(schema, names)
        return whole

    @staticmethod
    def _top(schema: Schema) -> str:
        return str(schema.get("$ref", "")).removeprefix(REFERENCE)

    def _followed(self, schema: Schema, components: Mapping[str, Schema], requests: set[str]) -> Schema:
        top = self._top(schema)
        return components[top] if top and top in requests else schema

    def parameters(self, operation: Operation) -> dict[str, Schema]:
        """Give the schema of each parameter by its name."""
        properties: dict[str, Schema] = self._inputs[self._index[id(operation)]].get("properties", {})
        return properties

    def answer(self, operation: Operation) -> Schema:
        """Give the schema of what an operation answers, or of one piece of it."""
        return self._outputs[self._index[id(operation)]]

    def resolved(self, schema: Schema) -> Schema:
        """Follow a reference to its component."""
        return self.components[self._top(schema)] if "$ref" in schema else schema
