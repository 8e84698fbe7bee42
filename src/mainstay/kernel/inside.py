"""What a service holds when it holds another's interface: the same road, without the wire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from mainstay.kernel.dispatch import Application
from mainstay.kernel.interface import Interface, Operation, operations_of
from mainstay.kernel.work import caller, current, forbid_in_unit

Kind = TypeVar("Kind", bound=Interface)


def _origin() -> dict[str, str]:
    work = current()
    return {"door": "inside", "request_id": work.request_id, "traceparent": work.traceparent}


def _method(operation: Operation, application: Callable[[], Application]) -> Any:
    async def call(_: object, *given: Any, **named: Any) -> Any:
        forbid_in_unit(operation.full_name)
        arguments = operation.bind(given, named)
        return await application().call(operation, arguments, caller(), _origin())

    async def stream(_: object, *given: Any, **named: Any) -> AsyncIterator[Any]:
        forbid_in_unit(operation.full_name)
        arguments = operation.bind(given, named)
        async for piece in await application().call(operation, arguments, caller(), _origin()):
            yield piece

    return stream if operation.kind == "stream" else call


def inside(interface: type[Kind], application: Callable[[], Application]) -> Kind:
    """Make a stand-in for an interface that leads to the service in this process.

    The caller is carried along; each call has its own unit of work and span, and is refused while the
    caller's own unit of work is open. `application` is asked late: stand-ins are made before it.
    """
    methods: dict[str, Any] = {
        operation.name: _method(operation, application) for operation in operations_of(interface)
    }
    kind: type[Kind] = type(f"{interface.__name__}Inside", (interface,), methods)
    return kind()


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
