"""What a caller holds when the service is in another process: the same interface, over the wire."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from pydantic import ValidationError

from mainstay.kernel.connection import Connection, Patience
from mainstay.kernel.guard import CredentialsMissing, CredentialsUnknown
from mainstay.kernel.interface import Interface, Operation, operations_of
from mainstay.kernel.problems import ServerFault, ServerUnreachable, parsed, raised
from mainstay.kernel.server_sent import server_sent
from mainstay.kernel.wire import request_of
from mainstay.kernel.work import Work, current, forbid_in_unit

Kind = TypeVar("Kind", bound=Interface)
Value = TypeVar("Value")

_EVENT_BYTES_MAX = 32 << 20


class Line:
    """A connection together with the credential that is sent on it."""

    def __init__(self, connection: Connection, credential: str | None) -> None:
        """Take both; raises CredentialsUnknown when the credential cannot be one."""
        if credential is not None and not (
            credential and credential.isascii() and credential.isprintable() and " " not in credential
        ):
            raise CredentialsUnknown("An API key is printable ASCII without spaces; check how it was copied.")
        self.connection = connection
        self._credential = credential

    def __repr__(self) -> str:
        """Name the server, never the key."""
        return f"Line({self.connection.url!r})"

    def headers(self, operation: Operation, *, in_body: bool) -> dict[str, str]:
        """Say who asks: inside the house the present operation's caller, else the holder of the key.

        The house never lends its own key to a caller: that would answer one tenant with another's rights.
        """
        headers = {"Accept": "text/event-stream" if operation.kind == "stream" else "application/json"}
        work = _present()
        secret = self._credential if work is None else work.caller.secret
        if work is not None:
            if not secret:
                raise CredentialsMissing(
                    f"{operation.full_name} runs in another process, and {work.caller.subject} has no key "
                    "to carry there; run both services in one process."
                )
            headers["X-Request-Id"] = work.request_id
            if work.traceparent:
                headers["traceparent"] = work.traceparent
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        if operation.kind == "write":
            headers["Idempotency-Key"] = self.connection.new_key()
        if in_body:
            headers["Content-Type"] = "application/json"
        return headers


def _present() -> Work | None:
    try:
        return current()
    except RuntimeError:
        return None


def _value(operation: Operation, body: bytes) -> Any:
    try:
        return operation.adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise ServerFault(
            f"The answer to {operation.full_name} is not as its interface says ({where}: {first['msg']}); "
            "client and server may be of different versions"
        ) from None


async def _call(operation: Operation, line: Line, arguments: Mapping[str, Any]) -> Any:
    request = request_of(operation, arguments)
    headers = line.headers(operation, in_body=request.body is not None)
    return _value(operation, await line.connection.send(request, headers, operation.fails))


async def _pieces(operation: Operation, line: Line, arguments: Mapping[str, Any]) -> AsyncGenerator[Any]:
    request = request_of(operation, arguments)
    headers = line.headers(operation, in_body=request.body is not None)
    chunks = line.connection.stream(request, headers, operation.fails)
    async with aclosing(chunks):
        async for event in server_sent(chunks, _EVENT_BYTES_MAX):
            if event.name == "piece":
                yield _value(operation, event.data)
            elif event.name == "problem":
                problem = parsed(event.data)
                raise raised(_status(problem), problem, operation.fails)
            elif event.name == "end":
                return
    raise ServerUnreachable(f"{line.connection.url} broke off in the middle of its answer. Try again.")


def _status(problem: Mapping[str, Any]) -> int:
    status = problem.get("status")
    return status if isinstance(status, int) else 500


def _method(operation: Operation, line: Line) -> Any:
    async def call(_: object, *given: Any, **named: Any) -> Any:
        forbid_in_unit(operation.full_name)
        return await _call(operation, line, operation.bind(given, named))

    async def stream(_: object, *given: Any, **named: Any) -> AsyncIterator[Any]:
        forbid_in_unit(operation.full_name)
        async with aclosing(_pieces(operation, line, operation.bind(given, named))) as pieces:
            async for piece in pieces:
                yield piece

    method = stream if operation.kind == "stream" else call
    method.__name__ = operation.name
    method.__doc__ = getattr(operation.interface, operation.name).__doc__
    return method


def over(interface: type[Kind], connection: Connection, credential: str | None = None) -> Kind:
    """Make a stand-in for an interface on a connection that several may share."""
    line = Line(connection, credential)
    methods: dict[str, Any] = {
        operation.name: _method(operation, line) for operation in operations_of(interface)
    }
    methods["__repr__"] = lambda _: f"<{interface.__name__} at {connection.url}>"
    methods["__connection__"] = connection
    kind: type[Kind] = type(f"{interface.__name__}Remote", (interface,), methods)
    return kind()


def remote(
    interface: type[Kind],
    url: str,
    *,
    credential: str | None = None,
    patience: Patience | None = None,
    certificate_sha256: str | None = None,
) -> Kind:
    """Make a stand-in for an interface whose service answers at a URL, such as `http://127.0.0.1:8080`.

    Calls raise what they would raise in the same process, and Unavailable when the server cannot be
    reached. Reads, and writes under a key made for each, are repeated when trouble passes. Inside the house
    the present operation's caller and request id are carried along, and a call is refused while a unit of
    work is open. `close(stand_in)` closes its connections.
    """
    connection = Connection(url, patience, certificate_sha256=certificate_sha256)
    return over(interface, connection, credential)


async def close(stand_in: Interface) -> None:
    """Close the connections of a stand-in that `remote` made; a later call opens them anew."""
    connection = getattr(stand_in, "__connection__", None)
    if isinstance(connection, Connection):
        await connection.close()
