"""Calling a server from a command: one connection for the services that it needs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter

from mainstay.kernel.connection import Connection
from mainstay.kernel.interface import Interface
from mainstay.kernel.remote import over
from mainstay.transports.cli.address import Address
from mainstay.transports.cli.failing import failures_told

Kind = TypeVar("Kind", bound=Interface)

CollectionOption = Annotated[
    str | None, typer.Option("--collection", "-c", help="Only this collection.", show_default=False)
]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help='A condition on metadata: `year=2026`, or JSON such as `{"price": {"lt": 10}}`; all must hold.',
        metavar="NAME=VALUE",
        show_default=False,
    ),
]


class Server:
    """A server to which several services of a command share one connection."""

    def __init__(self, address: Address, connection: Connection) -> None:
        """Take where it is."""
        self.address = address
        self.connection = connection

    def of(self, interface: type[Kind]) -> Kind:
        """Give the stand-in of a service."""
        return over(interface, self.connection, self.address.key)


@asynccontextmanager
async def calling(address: Address) -> AsyncIterator[Server]:
    """Open a connection for a block."""
    connection = Connection(address.url, certificate_sha256=address.certificate_sha256)
    try:
        yield Server(address, connection)
    finally:
        await connection.close()


def run(
    address: Callable[[], Address], work: Callable[[Server], Coroutine[Any, Any, None]], *, as_json: bool
) -> None:
    """Run a command's work with a server; failures are told and become exit codes."""

    async def connected() -> None:
        async with calling(address()) as server:
            await work(server)

    with failures_told(as_json=as_json):
        asyncio.run(connected())


def plain(value: object) -> Any:
    """Give a record, or a list of such, as JSON values."""
    return TypeAdapter(Any).dump_python(value, mode="json")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def filters_of(given: list[str] | None) -> dict[str, Any] | None:
    """Read `--filter` options."""
    if not given:
        return None
    conditions: list[dict[str, Any]] = []
    for text in given:
        whole = _value(text) if text.lstrip().startswith("{") else None
        name, sign, value = text.partition("=")
        if isinstance(whole, dict):
            conditions.append(whole)
        elif sign and name:
            conditions.append({name: _value(value)})
        else:
            raise typer.BadParameter(f"--filter: {text!r} is neither NAME=VALUE nor a JSON object.")
    return conditions[0] if len(conditions) == 1 else {"and": conditions}
