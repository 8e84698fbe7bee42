"""A house and a client at its REST door, for every test of the doors."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from mainstay.kernel.shedding import Shedding, SheddingSettings
from mainstay.kit.clock import SystemClock
from mainstay.transports.mcp.door import mcp_door
from mainstay.transports.rest.door import RestDoor, rest_app
from mainstay.transports.rest.settings import RestSettings
from transports.house import ADMIN, House, house

SETTINGS = RestSettings(
    json_bytes_max=1_000_000,
    upload_bytes_max=2_000_000,
    body_idle_s=0.05,
    body_total_s=0.2,
    watched_after_s=0.01,
    heartbeat_s=0.02,
)


@pytest.fixture
async def notes_house(tmp_path: Path) -> AsyncIterator[House]:
    """Open a house."""
    async with house(tmp_path) as opened:
        yield opened


@pytest.fixture
def states() -> dict[str, str]:
    """Give the states that the house reports; tests change them."""
    return {"database": "ok"}


@pytest.fixture
def shedding() -> Shedding:
    """Give who admits requests while there are not too many."""
    return Shedding(SystemClock(), SheddingSettings())


@pytest.fixture
async def door(notes_house: House, states: dict[str, str], shedding: Shedding) -> AsyncIterator[RestDoor]:
    """Open the REST door, with the MCP door in it."""

    async def ready() -> dict[str, str]:
        return states

    application, ids = notes_house.application, notes_house.ids
    mcp = mcp_door(application, ids=ids, shedding=shedding)
    app = rest_app(
        application,
        ids=ids,
        ready=ready,
        shedding=shedding,
        settings=SETTINGS,
        lifespan=mcp.running,
        extra_routes=mcp.routes,
    )
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def web(door: RestDoor) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client with an administrator's key."""
    transport = httpx2.ASGITransport(door, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://house", headers=headers) as client:
        yield client
