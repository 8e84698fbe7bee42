"""Calling a server from a command: one connection for the services that it needs."""

import asyncio
import functools
import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar, get_type_hints

import typer
from pydantic import TypeAdapter

from mainstay.kernel.connection import Connection
from mainstay.kernel.interface import Interface
from mainstay.kernel.remote import over
from mainstay.transports.cli.address import Address
from mainstay.transports.cli.commands import DataOption, JsonOption, KeyOption, UrlOption, address_of
from mainstay.transports.cli.failing import failures_told
from mainstay.transports.cli.printing import Output

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
    """A server to which several services of a command share one connection.

    It is looked for when it is first asked, so that a wrong option is told before a missing server.
    """

    def __init__(self, find: Callable[[], Address]) -> None:
        """Take how it is found."""
        self._find = find

    @functools.cached_property
    def address(self) -> Address:
        """Give where it is; raises Unavailable."""
        return self._find()

    @functools.cached_property
    def connection(self) -> Connection:
        """Give the connection to it."""
        return Connection(self.address.url, certificate_sha256=self.address.certificate_sha256)

    def of(self, interface: type[Kind]) -> Kind:
        """Give the stand-in of a service."""
        return over(interface, self.connection, self.address.key)

    async def close(self) -> None:
        """Close the connection if there is one."""
        if "connection" in vars(self):
            await self.connection.close()


def run(
    find: Callable[[], Address],
    work: Callable[[Server], Coroutine[Any, Any, None]],
    *,
    as_json: bool,
    options: Sequence[str] = (),
) -> None:
    """Run a command's work with a server; failures are told, by its `options`, and become exit codes."""

    async def connected() -> None:
        server = Server(find)
        try:
            await work(server)
        finally:
            await server.close()

    with failures_told(as_json=as_json, options=options):
        asyncio.run(connected())


def served(work: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command of what is done with a `server`, and printed `out`: the options say which and how."""
    hints = get_type_hints(work, include_extras=True)
    own = [each for name, each in inspect.signature(work).parameters.items() if name not in {"server", "out"}]
    options = [f"--{each.name.replace('_', '-')}" for each in own]

    @functools.wraps(work, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def command(
        *,
        url: UrlOption = None,
        key: KeyOption = None,
        data: DataOption = None,
        as_json: JsonOption = False,
        **given: Any,
    ) -> None:
        async def printed(server: Server) -> None:
            await work(server, Output(as_json=as_json), **given)

        run(lambda: address_of(url, key, data), printed, as_json=as_json, options=options)

    common = [
        each
        for each in inspect.signature(command, follow_wrapped=False).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    typed = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints.get(each.name, each.annotation))
        for each in (*own, *common)
    ]
    command.__signature__ = inspect.Signature(typed)  # type: ignore[attr-defined]  # typer reads it
    command.__annotations__ = {each.name: each.annotation for each in typed}
    return command


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
