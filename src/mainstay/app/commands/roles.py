"""`mainstay roles`: make, list, change and delete roles, and see what can be permitted."""

from typing import Annotated, Any

import typer

from mainstay.app.commands.calling import Server, plain, run
from mainstay.services.identity.interface import Identity
from mainstay.transports.cli.commands import DataOption, JsonOption, KeyOption, UrlOption, address_of
from mainstay.transports.cli.printing import Output

roles = typer.Typer(help="Make, list, change and delete roles.", no_args_is_help=True, add_completion=False)

NameArgument = Annotated[str, typer.Argument(help="The role's name, from `mainstay roles list`.")]
PermissionOption = Annotated[
    list[str],
    typer.Option("--permission", help="What it may; may be given several times.", metavar="PERMISSION"),
]
DescriptionOption = Annotated[str, typer.Option(help="For people: whom the role is for.")]


@roles.command("list")
def list_(
    url: UrlOption = None, key: KeyOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List the roles: those that come with the server, then your own."""

    async def work(server: Server) -> None:
        found = plain(await server.of(Identity).list_roles())
        Output(as_json=as_json).value(found if as_json else [_row(each) for each in found])

    run(lambda: address_of(url, key, data), work, as_json=as_json)


@roles.command()
def permissions(
    url: UrlOption = None, key: KeyOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List what can be permitted, with the operations that each permission opens."""

    async def work(server: Server) -> None:
        found = plain(await server.of(Identity).list_permissions())
        rows = [
            {"permission": each["name"], "opens": " ".join(each["operations"]) or each["description"]}
            for each in found
        ]
        Output(as_json=as_json).value(found if as_json else rows)

    run(lambda: address_of(url, key, data), work, as_json=as_json)


@roles.command()
def create(
    name: Annotated[str, typer.Option(help="The role's name: small letters, digits, - and _.")],
    permission: PermissionOption,
    description: DescriptionOption = "",
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a role of your tenant.

    Example: `mainstay roles create --name support --permission documents:read --permission jobs:read`
    """

    async def work(server: Server) -> None:
        made = await server.of(Identity).create_role(name, permission, description)
        Output(as_json=as_json).value(plain(made))

    run(lambda: address_of(url, key, data), work, as_json=as_json)


@roles.command()
def change(
    name: NameArgument,
    permission: PermissionOption,
    description: DescriptionOption = "",
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace what a role may, for every key that has it, from the next request on.

    Example: `mainstay roles change support --permission documents:read`
    """

    async def work(server: Server) -> None:
        changed = await server.of(Identity).replace_role(name, permission, description)
        Output(as_json=as_json).value(plain(changed))

    run(lambda: address_of(url, key, data), work, as_json=as_json)


@roles.command()
def delete(
    name: NameArgument,
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a role that no key has."""

    async def work(server: Server) -> None:
        gone = await server.of(Identity).delete_role(name)
        out = Output(as_json=as_json)
        if as_json:
            out.json(plain(gone))
        else:
            out.say(f"Deleted the role {gone.name}.")

    run(lambda: address_of(url, key, data), work, as_json=as_json)


def _row(told: dict[str, Any]) -> dict[str, Any]:
    """Give what of a role fits on a line."""
    return {
        "name": told["name"],
        "built_in": told["built_in"],
        "permissions": " ".join(told["permissions"]),
        "description": told["description"],
    }
