"""Parameters that travel as text (path, query string, form): which form each has, and reading it."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.fields import in_words
from mainstay.kernel.interface import Parameter
from mainstay.transports.rest.json_text import parse_json
from mainstay.transports.rest.problems import MessageMalformed

Form = Literal["string", "integer", "number", "boolean", "json"]
Convert = Callable[[str], Any]

_SCALARS: Mapping[str, Form] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_INTEGER = re.compile(r"(-?(?:0|[1-9][0-9]{0,40}))(?:\.0+)?")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")


class TextUnfit(Exception):
    """A text has not the form that its parameter has."""


def form_of(schema: Mapping[str, Any]) -> Form:
    """Tell from a JSON schema how a value is written as text: a scalar plainly, all else as JSON."""
    schema = resolved(schema, schema.get("$defs", {}))
    kinds = {form_of({**each, "$defs": schema.get("$defs", {})}) for each in variants(schema)}
    if len(kinds) > 1:
        return "number" if kinds == {"integer", "number"} else "json"
    if kinds:
        return kinds.pop()
    return _SCALARS.get(str(schema.get("type")), "json")


def resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to its definition, keeping the definitions at hand."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**definitions[str(reference).rpartition("/")[2]], "$defs": definitions}


def variants(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the alternatives of a schema, null left out."""
    found = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [each for each in found if each.get("type") != "null"]


def _boolean(text: str) -> bool:
    value = {"true": True, "false": False}.get(text.lower())
    if value is None:
        raise TextUnfit("Write `true` or `false`.")
    return value


def _integer(text: str) -> int:
    found = _INTEGER.fullmatch(text)
    if found is None:
        raise TextUnfit("Write a whole number.")
    return int(found[1])


def _number(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    if not math.isfinite(value):
        raise TextUnfit("Write a number.")
    return value


def _json(text: str) -> Any:
    try:
        return parse_json(text.encode())
    except MessageMalformed as failure:
        raise TextUnfit(f"Write the value as JSON. {failure.detail}") from None


_CONVERT: Mapping[Form, Convert] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "json": _json,
}


def _through(convert: Convert, adapter: TypeAdapter[Any]) -> Convert:
    def typed(text: str) -> Any:
        try:
            return adapter.validate_python(convert(text), strict=False)
        except ValidationError as error:
            raise TextUnfit(in_words(error.errors(include_url=False)[0])) from None

    return typed


def is_list(parameter: Parameter) -> bool:
    """Tell whether a parameter is a list."""
    schema = TypeAdapter[Any](parameter.annotation).json_schema()
    return any(each.get("type") == "array" for each in (schema, *schema.get("anyOf", ())))


def form_of_parameter(parameter: Parameter) -> Form:
    """Tell how a parameter is written as text."""
    try:
        return form_of(TypeAdapter[Any](parameter.annotation).json_schema())
    except PydanticInvalidForJsonSchema:
        return "string"


def converter(parameter: Parameter) -> Convert:
    """Give what turns a parameter's text into a value that strict validation takes; raises TextUnfit."""
    adapter = TypeAdapter[Any](parameter.annotation)
    schema = adapter.json_schema()
    convert = _CONVERT[form_of(schema)]
    # Dates, UUIDs and the like are text on the wire and objects inside: strict validation wants the object.
    exotic = '"format"' in str(schema).replace("'", '"')
    return _through(convert, adapter) if exotic else convert


def converted(texts: Mapping[str, str], converters: Mapping[str, Convert]) -> dict[str, Any]:
    """Turn texts into values; raises RequestInvalid naming each field that does not fit."""
    values: dict[str, Any] = {}
    problems: list[dict[str, str]] = []
    for name, text in texts.items():
        try:
            values[name] = converters[name](text)
        except TextUnfit as unfit:
            problems.append({"field": name, "problem": str(unfit), "got": "text"})
    if problems:
        fields = ", ".join(problem["field"] for problem in problems)
        raise RequestInvalid(f"Check these fields: {fields}.", problems=problems)
    return values
