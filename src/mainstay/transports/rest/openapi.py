"""The OpenAPI document, written from the operations as a person would write it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.kernel.dispatch import Application
from mainstay.kernel.guard import STRANGER
from mainstay.kernel.interface import Interface, Operation, Parameter, Route
from mainstay.transports.rest import prose
from mainstay.transports.rest.refusals import (
    FIELD_PROBLEM_SCHEMA,
    PROBLEM_SCHEMA,
    Refusals,
    failures_of,
)
from mainstay.transports.rest.schemas import Schema, Schemas, without_null
from mainstay.transports.rest.streaming import MEDIA_TYPE
from mainstay.transports.rest.text_values import form_of_parameter, is_list

_FILE: Schema = {
    "type": "string",
    "contentMediaType": "application/octet-stream",
    "minLength": 1,
    "description": "The file.",
}


def tag_of(interface: type[Interface]) -> str:
    """Give the heading under which an interface's operations stand."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", interface.__name__)


def operation_id(operation: Operation, route: Route) -> str:
    """Give the name of an operation on a route; the main route has the operation's own."""
    name = operation.full_name.replace(".", "_")
    if route == operation.route:
        return name
    return f"{name}_{route.method.lower()}_{'_'.join(re.findall(r'[a-z0-9]+', route.path))}"


class _Writer:
    """Writes one document."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._schemas = Schemas(application.operations)
        self._refusals = Refusals()
        self._requests: dict[str, Schema] = {}

    def document(self, version: str) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        for (method, path), operations in self._by_place().items():
            route = Route(method, path)
            paths.setdefault(path, {})[method.lower()] = self._operation(operations, route)
        schemas = {
            **self._schemas.components,
            **self._requests,
            "Problem": PROBLEM_SCHEMA,
            "FieldProblem": FIELD_PROBLEM_SCHEMA,
        }
        return {
            "openapi": "3.1.0",
            "info": prose.info(version),
            "servers": prose.SERVERS,
            "tags": [
                {"name": tag_of(each), "description": " ".join((each.__doc__ or "").split())}
                for each in self._application.interfaces
            ],
            "security": [{"bearer": []}, {"apiKey": []}],
            "paths": paths,
            "components": {
                "schemas": dict(sorted(schemas.items())),
                "responses": dict(sorted(self._refusals.components.items())),
                "parameters": prose.PARAMETERS,
                "headers": prose.HEADERS,
                "securitySchemes": prose.SECURITY,
            },
        }

    def _by_place(self) -> dict[tuple[str, str], list[Operation]]:
        found: dict[tuple[str, str], list[Operation]] = {}
        for operation in self._application.operations:
            for route in operation.routes:
                found.setdefault((route.method, route.path), []).append(operation)
        for operations in found.values():
            operations.sort(key=lambda each: each.kind == "stream")
        return found

    def _operation(self, operations: Sequence[Operation], route: Route) -> dict[str, Any]:
        first = operations[0]
        summary, description = prose.words(operations, route)
        written: dict[str, Any] = {
            "operationId": operation_id(first, route),
            "tags": [tag_of(first.interface)],
            "summary": summary,
        }
        if description:
            written["description"] = description
        if first.deprecated is not None:
            written["deprecated"] = True
        if first.may == STRANGER:
            written["security"] = []
        parameters = self._parameters(first, route)
        if parameters:
            written["parameters"] = parameters
        body = self._body(first, route)
        if body:
            written["requestBody"] = body
        failures = [failure for each in operations for failure in failures_of(each, route)]
        written["responses"] = {
            **self._successes(operations, route),
            **self._refusals.responses(tuple(dict.fromkeys(failures))),
        }
        return written

    def _parameters(self, operation: Operation, route: Route) -> list[Schema]:
        schemas = self._schemas.parameters(operation)
        written = [
            self._parameter(each, place, schemas[each.name], operation.example)
            for each in operation.parameters
            if (place := each.place(route)) in {"path", "query"}
        ]
        if operation.own_key or (operation.kind == "write" and operation.may != STRANGER):
            written.append({"$ref": "#/components/parameters/IdempotencyKey"})
        if operation.keeps(route):
            written.append({"$ref": "#/components/parameters/IfNoneMatch"})
        return written

    def _parameter(
        self, parameter: Parameter, place: str, schema: Schema, example: Mapping[str, Any]
    ) -> Schema:
        schema = without_null(schema)
        written: Schema = {"name": parameter.name, "in": place}
        if parameter.required or place == "path":
            written["required"] = True
        description = schema.pop("description", None)
        if parameter.deprecated is not None:
            written["deprecated"] = schema.pop("deprecated")
            description = f"{description or ''} {parameter.deprecated.words}".strip()
        as_json = form_of_parameter(parameter) == "json"
        if as_json:
            description = f"{description or ''} Written as JSON.".strip()
        if description:
            written["description"] = description
        media: Schema = {"schema": schema}
        if parameter.name in example:
            media["example"] = example[parameter.name]
        return {**written, "content": {"application/json": media}} if as_json else {**written, **media}

    def _body(self, operation: Operation, route: Route) -> Schema | None:
        places = {each.name: each.place(route) for each in operation.parameters}
        inside = [each for each in operation.parameters if places[each.name] in {"body", "file"}]
        if not inside:
            return None
        schemas = self._schemas.parameters(operation)
        required = [each.name for each in inside if each.required]
        schema: Schema = {
            "type": "object",
            **({"required": required} if required else {}),
            "properties": {
                each.name: _FILE if each.upload else self._property(schemas[each.name], operation)
                for each in inside
            },
            "additionalProperties": False,
        }
        names = {each.name for each in inside}
        example = {name: value for name, value in operation.example.items() if name in names}
        media: Schema = {"schema": self._request(operation, schema)}
        if operation.upload is not None:
            media["encoding"] = {
                each.name: {"contentType": "application/json"}
                for each in inside
                if not each.upload and form_of_parameter(each) == "json" and not is_list(each)
            }
            return {"required": True, "content": {"multipart/form-data": media}}
        if example:
            media["example"] = example
        return {"required": bool(required), "content": {"application/json": media}}

    def _property(self, schema: Schema, operation: Operation) -> Schema:
        if operation.upload is not None:
            return without_null(schema)
        return {key: value for key, value in schema.items() if not (key == "default" and value is None)}

    def _request(self, operation: Operation, schema: Schema) -> Schema:
        """Name a request after its operation, or after its service too where that is taken."""
        name = "".join(part.title() for part in operation.name.split("_")) + "Request"
        taken = {**self._schemas.components, **self._requests}
        if name in taken and taken[name] != schema:
            name = tag_of(operation.interface).replace(" ", "") + name
        if name in taken and taken[name] != schema:
            return schema
        self._requests[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def _successes(self, operations: Sequence[Operation], route: Route) -> dict[str, Schema]:
        found: dict[str, Schema] = {}
        for operation in operations:
            answer = self._schemas.answer(operation)
            if operation.kind == "stream":
                media = {MEDIA_TYPE: prose.events(answer)}
            else:
                media = {"application/json": {"schema": answer}}
            status = str(operation.status)
            if status not in found:
                found[status] = prose.success(self._told(answer, operation))
            found[status].setdefault("content", {}).update(media)
            if operation.keeps(route):
                found[status]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
                found["304"] = prose.UNCHANGED
            if operation.pending:
                found["202"] = {**prose.success(prose.PENDING), "content": dict(media)}
        return dict(sorted(found.items()))

    def _told(self, answer: Schema, operation: Operation) -> str:
        if operation.kind == "stream":
            return "The pieces, as server-sent events."
        items = answer.get("items", {}) if answer.get("type") == "array" else {}
        told = str(self._schemas.resolved(items or answer).get("description", "")) or operation.summary
        name = str(items.get("$ref", "")).rpartition("/")[2]
        return f"A list of `{name}`. {told}" if name else told


def openapi(application: Application, version: str) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document of a house; the same operations give the same document."""
    return _Writer(application).document(version)
