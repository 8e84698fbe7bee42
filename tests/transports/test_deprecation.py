"""What should be used no longer says so at every door, and goes on working."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from pydantic import Field, StringConstraints
from typer.main import get_command
from typer.testing import CliRunner

from mainstay.app.spec import operations_page
from mainstay.kernel.dispatch import Application
from mainstay.kernel.interface import Deprecated, Interface, Record, operations_of, reads
from mainstay.kernel.shedding import Shedding, SheddingSettings
from mainstay.kit.clock import SystemClock
from mainstay.transports.cli.commands import service_commands
from mainstay.transports.mcp.tools import operation_tool
from mainstay.transports.rest.door import rest_app
from mainstay.transports.rest.openapi import openapi
from transports.house import ADMIN, house

OLD = Deprecated(date(2027, 1, 31), date(2028, 1, 31), "boats.get_boat")
FORGOTTEN = Deprecated(date(2027, 3, 1), instead="oars")
Name = Annotated[str, StringConstraints(max_length=20)]


class Boat(Record):
    """A boat."""

    name: str


class Boats(Interface):
    """Boats, old and new."""

    @reads("GET /boats/{name}", may="documents:read", example={"name": "Ferry"})
    async def get_boat(
        self,
        name: Name,
        sail: Annotated[int, Field(ge=0, le=9, description="How many sails."), FORGOTTEN] = 0,
        oars: Annotated[int, Field(ge=0, le=9)] = 0,
    ) -> Boat:
        """Give a boat."""

    @reads(
        "GET /ships/{name}",
        may="documents:read",
        example={"name": "Ferry"},
        deprecated=OLD,
    )
    async def get_ship(self, name: Name) -> Boat:
        """Give a ship."""

    @reads("GET /ships", may="documents:read", deprecated=replace(OLD, until=None))
    async def list_ships(self) -> list[Boat]:
        """List the ships."""


class Fleet(Boats):
    """Boats that are as they are called."""

    async def get_boat(self, name: str, sail: int = 0, oars: int = 0) -> Boat:
        """Give a boat."""
        return Boat(name=name)

    async def get_ship(self, name: str) -> Boat:
        """Give a ship."""
        return Boat(name=name)

    async def list_ships(self) -> list[Boat]:
        """List the ships."""
        return []


async def ready() -> dict[str, str]:
    return {}


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with house(tmp_path) as opened:
        application = Application(opened.parts, {Boats: Fleet()})
        shedding = Shedding(SystemClock(), SheddingSettings())
        door = rest_app(application, ids=opened.ids, ready=ready, shedding=shedding)
        transport = httpx2.ASGITransport(door)
        headers = {"Authorization": f"Bearer {ADMIN}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://house", headers=headers
        ) as asking:
            yield asking


def told(answer: httpx2.Response) -> dict[str, str]:
    names = ("deprecation", "sunset", "link")
    return {name: answer.headers[name] for name in names if name in answer.headers}


async def test_an_operation_says_since_when_until_when_and_what_instead(web: httpx2.AsyncClient) -> None:
    for base in ("/v1", "/api/v1"):
        answer = await web.get(f"{base}/ships/a%2Fb")
        assert answer.json() == {"name": "a/b"}
        assert told(answer) == {
            "deprecation": "@1801353600",
            "sunset": "Mon, 31 Jan 2028 00:00:00 GMT",
            "link": '</v1/boats/a%2Fb>; rel="successor-version"',
        }
    assert told(await web.get("/v1/ships")) == {"deprecation": "@1801353600"}  # its successor wants a name


async def test_failures_say_it_too_and_what_is_not_old_says_nothing(web: httpx2.AsyncClient) -> None:
    assert "sunset" in told(await web.get(f"/v1/ships/{'x' * 21}"))
    assert told(await web.get("/v1/boats/a?oars=2")) == {}


async def test_a_parameter_says_it_when_it_is_sent(web: httpx2.AsyncClient) -> None:
    assert told(await web.get("/v1/boats/a?sail=1")) == {"deprecation": "@1803859200"}


def test_descriptions_say_it_at_every_door() -> None:
    behind: Any = {Boats: None}
    document = openapi(Application(None, behind), "1")  # type: ignore[arg-type]  # it describes and is never asked
    ship = document["paths"]["/ships/{name}"]["get"]
    words = "Deprecated since 2027-01-31, works until 2028-01-31 at least: use `boats.get_boat` instead."
    assert (ship["deprecated"], ship["description"]) == (True, words)
    boat = document["paths"]["/boats/{name}"]["get"]
    assert "deprecated" not in boat
    (sail,) = [each for each in boat["parameters"] if each.get("name") == "sail"]
    assert sail["deprecated"]
    assert sail["description"] == "How many sails. Deprecated since 2027-03-01: use `oars` instead."
    operation = operations_of(Boats)[1]
    assert words in operations_page([operation])
    assert words in str(operation_tool(operation).tool.description)


def test_the_command_line_says_it() -> None:
    def connect(*_: Any) -> Any:
        raise AssertionError("nobody asked for an answer")

    commands = service_commands(Boats, connect)
    assert "Deprecated since 2027-01-31" in CliRunner().invoke(commands, ["get-ship", "--help"]).output
    assert "2027-03-01" in CliRunner().invoke(commands, ["get-boat", "--help"]).output
    ships: Any = get_command(commands)
    assert ships.commands["get-ship"].deprecated
    assert not ships.commands["get-boat"].deprecated
