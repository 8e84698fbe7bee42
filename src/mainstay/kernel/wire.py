"""How an operation's arguments become an HTTP request."""

import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.interface import Operation, Parameter, Place, Route, Upload

BASE_PATH = "/v1"
_QUERY_LENGTH_MAX = 4000
_DOTS = {".": "%2E", "..": "%2E%2E"}

Value = TypeVar("Value")


class FileUpload(Upload):
    """A file on disk that is sent piece by piece, without being read as a whole."""

    def __init__(self, path: Path, media_type: str | None = None, name: str | None = None) -> None:
        """Take the file's path, and the name to send if it is not the file's own."""
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "name", name or path.name)
        object.__setattr__(self, "media_type", media_type)

    path: Path

    def __getattr__(self, attribute: str) -> bytes:
        """Give `content` by reading the file; it may be large."""
        if attribute == "content":
            return self.path.read_bytes()
        raise AttributeError(attribute)

    def __repr__(self) -> str:
        """Name the file."""
        return f"FileUpload({str(self.path)!r})"


@dataclass(frozen=True)
class Part:
    """One part of a multipart body; `open` gives its content anew for each attempt."""

    name: str
    open: Callable[[], BufferedIOBase | str]
    media_type: str
    file_name: str | None = None


@dataclass(frozen=True)
class Request:
    """What goes over the wire: `target` is path and query, percent-encoded, below the server's address."""

    method: str
    target: str
    body: bytes | None = None
    parts: tuple[Part, ...] = field(default=())


def _refused(name: str, problem: str) -> RequestInvalid:
    return RequestInvalid(f"Check these fields: {name}.", problems=[{"field": name, "problem": problem}])


def _encoded(name: str, value: object, encode: Callable[[object], Value]) -> Value:
    try:
        return encode(value)
    except (PydanticSerializationError, UnicodeEncodeError, RecursionError):
        raise _refused(name, f"A {type(value).__name__} like this cannot be sent as JSON.") from None


def _text(name: str, value: object) -> str:
    plain = _encoded(name, value, to_jsonable_python)
    if isinstance(plain, str):
        _encoded(name, plain, lambda text: str(text).encode())
        return plain
    return json.dumps(plain, ensure_ascii=False)


def _segment(name: str, value: object) -> str:
    text = _text(name, value)
    if not text:
        raise _refused(name, "This field must not be empty.")
    return _DOTS.get(text) or quote(text, safe="")


def _path(route: Route, values: Mapping[str, object]) -> str:
    path = route.path
    for name in route.names:
        if values.get(name) is None:
            raise _refused(name, "This field is required.")
        path = path.replace(f"{{{name}}}", _segment(name, values[name]))
    return BASE_PATH + path


def _opened(value: object, name: str) -> Callable[[], BufferedIOBase | str]:
    if isinstance(value, FileUpload):
        path = value.path
        return lambda: path.open("rb")
    content = value.content if isinstance(value, Upload) else value
    if not isinstance(content, bytes):
        raise _refused(name, "A file is an Upload, a path, or bytes.")
    return lambda: BytesIO(content)


def _guessed(file_name: str) -> str:
    return mimetypes.guess_type(file_name)[0] or "application/octet-stream"


def _file(name: str, value: object) -> Part:
    if isinstance(value, Path):
        value = FileUpload(value)
    if isinstance(value, FileUpload) and not value.path.is_file():
        raise _refused(name, f"There is no file {value.path}.")
    known = value if isinstance(value, Upload) else Upload(name, None, b"")
    _encoded(name, known.name, lambda text: str(text).encode())
    return Part(name, _opened(value, name), known.media_type or _guessed(known.name), known.name)


def _field(name: str, value: object) -> Part:
    text = _text(name, value)
    return Part(
        name, lambda: text, "text/plain; charset=utf-8" if isinstance(value, str) else "application/json"
    )


def _sorted(
    operation: Operation, route: Route, arguments: Mapping[str, Any]
) -> dict[Place, dict[str, object]]:
    """Put each argument where it travels; an unknown one goes to the server, which refuses it by name."""
    places: dict[Place, dict[str, object]] = {"path": {}, "query": {}, "body": {}, "file": {}}
    known: dict[str, Parameter] = {parameter.name: parameter for parameter in operation.parameters}
    rest: Place = "body" if route.method in {"POST", "PUT", "PATCH"} else "query"
    for name, value in arguments.items():
        parameter = known.get(name)
        if value is None and parameter is not None and parameter.default is None:
            continue
        places[parameter.place(route) if parameter is not None else rest][name] = value
    return places


def _on(operation: Operation, route: Route, arguments: Mapping[str, Any]) -> Request:
    places = _sorted(operation, route, arguments)
    target = _path(route, places["path"])
    if places["query"]:
        pairs = {name: _text(name, value) for name, value in places["query"].items()}
        target = f"{target}?{urlencode(pairs, quote_via=quote)}"
    if operation.upload is not None:
        parts = [_field(name, value) for name, value in places["body"].items()]
        parts += [_file(name, value) for name, value in places["file"].items()]
        return Request(route.method, target, parts=tuple(parts))
    in_body = any(parameter.place(route) == "body" for parameter in operation.parameters)
    if in_body or places["body"]:
        for name, value in places["body"].items():
            _encoded(name, value, to_json)
        return Request(route.method, target, to_json(places["body"]))
    return Request(route.method, target)


def request_of(operation: Operation, arguments: Mapping[str, Any]) -> Request:
    """Encode a call; a question too long for a URL goes by an alias with a body, if there is one.

    Raises RequestInvalid for what no request can carry; everything else is the server's to judge.
    """
    request = _on(operation, operation.route, arguments)
    if len(request.target) <= _QUERY_LENGTH_MAX:
        return request
    for route in operation.aliases:
        if route.method == "POST" and operation.route.method == "GET":
            return _on(operation, route, arguments)
    return request
