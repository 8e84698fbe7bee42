"""Connections that doors are asked over, kept while the same few keys ask."""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from typing import Any, Generic, TypeVar

import httpx2
from anyio.from_thread import start_blocking_portal
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from websockets.sync.client import ClientConnection, connect

from transports.real_house import bearer

Opened = TypeVar("Opened")
CallTool = Callable[[str, Mapping[str, Any]], Any]
_MAX = 4  # each is a thread or two here, and looked at again and again by the house
_TLS = ssl.create_default_context()  # to read all certificates anew for each client takes longer than a call


class Connections(Generic[Opened]):
    """Open connections by their keys; what was not used for longest is closed for a new one."""

    def __init__(self, connected: Callable[[str], AbstractContextManager[Opened]]) -> None:
        self._connected = connected
        self._open: dict[str, tuple[Opened, ExitStack]] = {}

    def of(self, key: str) -> Opened:
        """Give the connection of a key."""
        made = self._open.pop(key, None)
        if made is None:
            if len(self._open) == _MAX:
                self._open.pop(next(iter(self._open)))[1].close()
            opened = ExitStack()
            made = opened.enter_context(self._connected(key)), opened
        self._open[key] = made
        return made[0]

    def close(self) -> None:
        """Close them."""
        for _, opened in self._open.values():
            opened.close()
        self._open.clear()


def sockets(url: str) -> Connections[ClientConnection]:
    """Give WebSockets to a house."""
    address = url.replace("http", "ws", 1) + "/v1/socket"
    return Connections(lambda key: connect(address, additional_headers=[bearer(key)], compression=None))


def tool_clients(url: str) -> Connections[CallTool]:
    """Give what calls tools by the protocol's own client, which reads their list before its first call."""

    @asynccontextmanager
    async def client(key: str) -> AsyncIterator[Client]:
        async with (
            httpx2.AsyncClient(headers=[bearer(key)], timeout=30, verify=_TLS) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as made,
        ):
            yield made

    @contextmanager
    def connected(key: str) -> Any:
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(client(key)) as made,
        ):
            yield lambda tool, arguments: portal.call(made.call_tool, tool, arguments)

    return Connections(connected)
