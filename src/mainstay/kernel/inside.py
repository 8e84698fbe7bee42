"""What a service holds when it holds another's interface: the same road, without the wire."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, cast

from mainstay.kernel.caller import Caller
from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.interface import Interface, Operation, operations_of
from mainstay.kernel.work import caller, current, forbid_in_unit

Kind = TypeVar("Kind", bound=Interface)


def _origin() -> dict[str, str]:
    work = current()
    return {"door": "inside", "request_id": work.request_id, "traceparent": work.traceparent}


def _asking(also: frozenset[str]) -> Caller:
    who = caller()
    return replace(who, permissions=who.permissions | also) if also else who


class _Inside:
    """What all stand-ins share: where the operations are, and what the caller may besides."""

    def __init__(self, application: Callable[[], Application], also: frozenset[str]) -> None:
        self._application = application
        self._also = also

    async def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        return await self._application().call(operation, arguments, _asking(self._also), _origin())


def _method(operation: Operation) -> Any:
    async def call(self: _Inside, *given: Any, **named: Any) -> Any:
        forbid_in_unit(operation.full_name)
        return await self._call(operation, operation.bind(given, named))

    async def stream(self: _Inside, *given: Any, **named: Any) -> AsyncIterator[Any]:
        forbid_in_unit(operation.full_name)
        coming = await self._call(operation, operation.bind(given, named))
        async with aclosing(coming) as pieces:  # whoever leaves early ends it here, not when it is collected
            async for piece in pieces:
                yield piece

    return stream if operation.kind == "stream" else call


@cache
def _standing_in(interface: type[Interface]) -> type[Any]:
    methods = {operation.name: _method(operation) for operation in operations_of(interface)}
    return type(f"{interface.__name__}Inside", (_Inside, interface), methods)


def inside(
    interface: type[Kind], application: Callable[[], Application], also: frozenset[str] = frozenset()
) -> Kind:
    """Make a stand-in for an interface that leads to the service in this process.

    The caller is carried along; each call has its own unit of work and span, and is refused while the
    caller's own unit of work is open. `application` is asked late: stand-ins are made before it.
    The caller may also what `also` names: where what he was permitted brings that along.
    """
    return cast("Kind", _standing_in(interface)(application, also))


class Operations:
    """Any operation of this process by its full name, for the present caller, who needs its permission.

    For services whose users choose what is called. Values are checked as those from outside are, each call
    has its own unit of work, and is refused while the caller's own one is open.
    """

    def __init__(self, application: Callable[[], Application]) -> None:
        """Take where the operations are, which is asked late."""
        self._application = application

    def named(self, full_name: str) -> Operation | None:
        """Give an operation; None where this process has none of that name."""
        every = self._application().operations
        return next((operation for operation in every if operation.full_name == full_name), None)

    async def call(self, operation: Operation, values: Mapping[str, Any], key: str) -> Any:
        """Call an operation with raw values; with the same `key` a write happens once."""
        forbid_in_unit(operation.full_name)

        async def read() -> Mapping[str, Any]:
            return values

        origin = _origin()
        message = Message(
            caller(),
            read,
            request_id=origin["request_id"],
            door=origin["door"],
            strict=False,
            idempotency_key=key,
            traceparent=origin["traceparent"],
        )
        return (await self._application().dispatch(operation, message)).value


class Outside:
    """Wraps an engine so that no operation calls it while its unit of work is open."""

    def __init__(self, engine: object, name: str) -> None:
        """Take the engine and the name by which a mistake is told."""
        self._engine = engine
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Give the engine's attribute; calling it inside an open unit of work is refused."""
        value = getattr(self._engine, attribute)
        if not callable(value):
            return value
        function: Callable[..., Awaitable[Any]] = value

        def call(*given: Any, **named: Any) -> Any:
            forbid_in_unit(f"{self._name}.{attribute}")
            return function(*given, **named)

        return call
