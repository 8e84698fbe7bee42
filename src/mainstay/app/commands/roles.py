"""`mainstay roles`: make, list, change and delete roles, and see what can be permitted."""

from typing import Annotated, Any

import typer

from mainstay.app.commands.calling import Server, plain, served
from mainstay.services.identity.interface import Identity
from mainstay.transports.cli.printing import Output

roles = typer.Typer(help="Make, list, change and delete roles.", no_args_is_help=True, add_completion=False)

NameArgument = Annotated[str, typer.Argument(help="The role's name, from `mainstay roles list`.")]
PermissionOption = Annotated[
    list[str],
    typer.Option("--permission", help="What it may; may be given several times.", metavar="PERMISSION"),
]
DescriptionOption = Annotated[str, typer.Option(help="For people: whom the role is for.")]


@roles.command("list")
@served
async def list_(server: Server, out: Output) -> None:
    """List the roles: those that come with the server, then your own."""
    found = plain(await server.of(Identity).list_roles())
    out.value(found if out.as_json else [_row(each) for each in found])


@roles.command()
@served
async def permissions(server: Server, out: Output) -> None:
    """List what can be permitted, with the operations that each permission opens."""
    found = plain(await server.of(Identity).list_permissions())
    rows = [
        {"permission": each["name"], "opens": " ".join(each["operations"]) or each["description"]}
        for each in found
    ]
    out.value(found if out.as_json else rows)


@roles.command()
@served
async def create(
    server: Server,
    out: Output,
    name: Annotated[str, typer.Option(help="The role's name: small letters, digits, - and _.")],
    permission: PermissionOption,
    description: DescriptionOption = "",
) -> None:
    """Make a role of your tenant.

    Example: `mainstay roles create --name support --permission documents:read --permission jobs:read`
    """
    made = await server.of(Identity).create_role(name, permission, description)
    out.value(plain(made))


@roles.command()
@served
async def change(
    server: Server,
    out: Output,
    name: NameArgument,
    permission: PermissionOption,
    description: DescriptionOption = "",
) -> None:
    """Replace what a role may, for every key that has it, from the next request on.

    Example: `mainstay roles change support --permission documents:read`
    """
    changed = await server.of(Identity).replace_role(name, permission, description)
    out.value(plain(changed))


@roles.command()
@served
async def delete(server: Server, out: Output, name: NameArgument) -> None:
    """Delete a role that no key has."""
    gone = await server.of(Identity).delete_role(name)
    out.done(plain(gone), f"Deleted the role {gone.name}.")


def _row(told: dict[str, Any]) -> dict[str, Any]:
    """Give what of a role fits on a line."""
    return {
        "name": told["name"],
        "built_in": told["built_in"],
        "permissions": " ".join(told["permissions"]),
        "description": told["description"],
    }
