"""`mainstay keys`: make, list and revoke API keys."""

from typing import Annotated, Any

import typer

from mainstay.app.commands.calling import Server, plain, run
from mainstay.services.identity.interface import Identity
from mainstay.transports.cli.commands import DataOption, JsonOption, KeyOption, UrlOption, address_of
from mainstay.transports.cli.printing import Output, console

_ROLES = ["admin", "developer", "user"]

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True, add_completion=False)


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="For people: what the key is for.")],
    role: Annotated[
        str,
        typer.Option(
            help="What it may do: everything; documents and evaluations; search and ask.",
            metavar="|".join(_ROLES),
            autocompletion=lambda: _ROLES,
        ),
    ] = "user",
    group: Annotated[
        list[str] | None, typer.Option(help="A group of document permissions; may be given several times.")
    ] = None,
    limit_per_minute: Annotated[int | None, typer.Option(help="Requests a minute.")] = None,
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key; it is shown this once.

    In a pipe only the key is printed: `KEY=$(mainstay keys create --role developer --name Website)`
    """
    chosen: Any = role

    async def work(server: Server) -> None:
        made = await server.of(Identity).create_key(
            name, role=chosen, groups=group or None, limit_per_minute=limit_per_minute
        )
        out = Output(as_json=as_json)
        if as_json:
            out.json(plain(made))
        elif out.console.is_terminal:
            out.record({name: value for name, value in plain(made).items() if name != "start"})
            console(stderr=True).print("Keep the key now: it is stored as a hash, and never shown again.")
        else:
            out.say(made.key)

    run(lambda: address_of(url, key, data), work, as_json=as_json)


@keys.command("list")
def list_(
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the API keys, oldest first."""

    async def work(server: Server) -> None:
        Output(as_json=as_json).value(plain(await server.of(Identity).list_keys()))

    run(lambda: address_of(url, key, data), work, as_json=as_json)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, from `mainstay keys list`.")],
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke an API key; the next request with it is refused."""

    async def work(server: Server) -> None:
        gone = await server.of(Identity).revoke_key(key_id)
        out = Output(as_json=as_json)
        if as_json:
            out.json(plain(gone))
        else:
            out.say(f"Revoked {gone.key_id} ({gone.name}).")

    run(lambda: address_of(url, key, data), work, as_json=as_json)
