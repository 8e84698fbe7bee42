"""The MCP door, opened once the server answers: its library takes longest to import."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

PATH = "/mcp"


class LateMcp:
    """Stands at the door's path; whoever comes before it is open waits for it."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        """Take how the door is made from its module."""
        self._make = make
        self._open = asyncio.Event()
        self._door: Any = None
        self._failed: BaseException | None = None

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Give the route to put into the REST door."""
        return [Route(PATH, self, include_in_schema=False)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the door in the background, and close it at the end."""
        over = asyncio.Event()
        task = asyncio.create_task(self._run(over), name="mcp-door")
        try:
            yield
        finally:
            over.set()
            with suppress(asyncio.CancelledError):
                await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._open.wait()
        if self._failed is not None:
            raise RuntimeError("The MCP door could not be opened") from self._failed
        await self._door(scope, receive, send)

    async def _run(self, over: asyncio.Event) -> None:
        try:
            module = await asyncio.to_thread(importlib.import_module, "mainstay.transports.mcp.door")
            self._door = self._make(module)
            async with self._door.running():
                self._open.set()
                await over.wait()
        except Exception as error:
            self._failed = error
            self._open.set()
            raise
