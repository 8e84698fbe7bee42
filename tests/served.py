"""A house behind its doors on a free port, for clients that speak over the wire."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from mainstay.app.house import House
from mainstay.app.server import doors
from mainstay.transports.rest.door import RestDoor
from mainstay.transports.rest.protocol import protocol
from mainstay.transports.websocket.protocol import socket_protocol


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """Serve a house on a free port."""
    async with served_door(doors(house)) as url:
        try:
            yield url
        finally:
            house.closing.begin()


@asynccontextmanager
async def served_door(door: RestDoor, *, behind_proxy: bool = False) -> AsyncIterator[str]:
    """Serve what is behind a door on a free port."""
    # asyncio sends at once (TCP_NODELAY) only where the protocol is named; else each answer waits 40 ms.
    sock = socket.socket(proto=socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        door,
        http=protocol(door),
        ws=socket_protocol(),
        ws_per_message_deflate=False,
        log_config=None,
        proxy_headers=behind_proxy,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
