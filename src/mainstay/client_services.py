"""The services as a client holds them: found by themselves, with their types in the generated stub."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mainstay.client_loop import Pieces, background
from mainstay.kernel.connection import Connection
from mainstay.kernel.discovery import Found, found_in
from mainstay.kernel.interface import Interface, operations_of
from mainstay.kernel.remote import over

PACKAGES = ("mainstay.services", "mainstay.verticals")


@functools.cache
def services() -> Mapping[str, Found]:
    """Give every service that is installed, by name."""
    return {name: found for package in PACKAGES for name, found in found_in(package).items()}


class _Services:
    """Makes the stand-in of a service when it is asked for the first time."""

    def __init__(self, connection: Connection, key: str | None) -> None:
        self._connection = connection
        self._key = key

    def __getattr__(self, name: str) -> Any:
        """Give a service by its name."""
        if name.startswith("_") or name not in services():
            raise AttributeError(f"There is no service {name!r}; there are: {', '.join(services())}")
        found = services()[name].load()
        stand_in = self._held(found, over(found, self._connection, self._key))
        setattr(self, name, stand_in)
        return stand_in

    def __dir__(self) -> Iterator[str]:
        """Name the services too, for completion."""
        yield from super().__dir__()
        yield from services()

    def _held(self, _: type[Interface], stand_in: Interface) -> Any:
        return stand_in


class AsyncServices(_Services):
    """The services for asynchronous code: each attribute is the interface itself."""


def _waiting(call: Callable[..., Any], connection: Connection) -> Callable[..., Any]:
    @functools.wraps(call)
    def wait(*given: Any, **named: Any) -> Any:
        background.hold(connection)
        return background.run(call(*given, **named))

    return wait


def _streaming(call: Callable[..., Any], connection: Connection) -> Callable[..., Any]:
    @functools.wraps(call)
    def stream(*given: Any, **named: Any) -> Any:
        background.hold(connection)
        return Pieces(call(*given, **named))

    return stream


class _Sync:
    """One service for synchronous code."""

    def __init__(self, interface: type[Interface], stand_in: Interface, connection: Connection) -> None:
        self._stand_in = stand_in
        for operation in operations_of(interface):
            wrap = _streaming if operation.kind == "stream" else _waiting
            setattr(self, operation.name, wrap(getattr(stand_in, operation.name), connection))

    def __repr__(self) -> str:
        return repr(self._stand_in)


class SyncServices(_Services):
    """The services for synchronous code: the same operations, waited for."""

    def _held(self, interface: type[Interface], stand_in: Interface) -> Any:
        return _Sync(interface, stand_in, self._connection)
