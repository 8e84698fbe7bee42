"""How operations look as tools: names, schemas, hints, and values on their way in and out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool, ToolAnnotations

from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import ANYBODY, SignInNeeded
from mainstay.kernel.interface import Operation
from mainstay.transports.rest.files_in_json import FILE, with_file
from mainstay.transports.rest.schemas import plain, without_null

Schema = dict[str, Any]

_WRAP = "result"


def _input_schema(operation: Operation) -> Schema:
    schema: Schema = plain(operation.model.model_json_schema())
    schema["properties"] = {name: without_null(each) for name, each in schema.get("properties", {}).items()}
    if operation.upload is not None:
        schema["properties"][operation.upload.name] = FILE
    return schema


def _output_schema(operation: Operation) -> tuple[Schema, bool]:
    """Give the schema of the answer, and whether it has to be wrapped to be an object."""
    schema: Schema = plain(operation.adapter.json_schema(mode="serialization"))
    if schema.get("type") == "object":
        return schema, False
    definitions = schema.pop("$defs", None)
    wrapped: Schema = {"type": "object", "required": [_WRAP], "properties": {_WRAP: schema}}
    return ({**wrapped, "$defs": definitions} if definitions else wrapped), True


@dataclass(frozen=True)
class OperationTool:
    """An operation as a tool."""

    operation: Operation
    tool: Tool
    wrapped: bool

    def offered_to(self, caller: Caller) -> bool:
        """Say whether a caller may use it; what takes a person who signed in is for nobody else."""
        for_people = any(issubclass(each, SignInNeeded) for each in self.operation.fails)
        if for_people and caller.signed_in_ms is None:
            return False
        return self.operation.may == ANYBODY or caller.may(self.operation.may)

    def waits(self, arguments: Mapping[str, Any]) -> bool:
        """Say whether a call takes its time by what it is: an upload, or one that asks to wait."""
        late = self.operation.late
        return self.operation.upload is not None or (late is not None and bool(arguments.get(late)))

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give an operation's raw values from a tool call's arguments; raises RequestInvalid."""
        return with_file(self.operation, arguments)

    def answer(self, value: Any) -> tuple[str, Any]:
        """Give an answer as text and as structured content."""
        text = self.operation.adapter.dump_json(value).decode()
        structured = json.loads(text)
        return text, {_WRAP: structured} if self.wrapped else structured


def operation_tool(operation: Operation) -> OperationTool:
    """Describe an operation as a tool."""
    output, wrapped = _output_schema(operation)
    reading = operation.kind != "write"
    destructive = operation.route.method == "DELETE"
    description = " ".join(f"{operation.summary}. {operation.description}".split())
    tool = Tool(
        name=operation.full_name.replace(".", "_"),
        title=operation.summary,
        description=description,
        input_schema=_input_schema(operation),
        output_schema=output,
        annotations=ToolAnnotations(
            title=operation.summary,
            read_only_hint=reading,
            destructive_hint=None if reading else destructive,
            idempotent_hint=None if reading else destructive,
            open_world_hint=False,
        ),
    )
    return OperationTool(operation, tool, wrapped)
