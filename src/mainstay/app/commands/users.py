"""`mainstay users`: invite, list, change and deactivate users."""

from typing import Annotated, Any, Literal

import typer

from mainstay.app.commands.calling import Server, plain, served
from mainstay.services.people.interface import People
from mainstay.transports.cli.printing import Output

_COLUMNS = ("id", "email", "name", "role", "groups", "state")

users = typer.Typer(
    help="Invite, list, change and deactivate users.", no_args_is_help=True, add_completion=False
)

IdArgument = Annotated[str, typer.Argument(help="The user's id, from `mainstay users list`.")]
GroupOption = Annotated[
    list[str] | None,
    typer.Option("--group", help="A group of document permissions; may be given several times."),
]


@users.command()
@served
async def invite(
    server: Server,
    out: Output,
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    name: Annotated[str, typer.Option(help="What your tenant calls the person.")],
    role: Annotated[str, typer.Option(help="What the user may do, from `mainstay roles list`.")] = "user",
    group: GroupOption = None,
) -> None:
    """Invite a person into your tenant by mail.

    As long as the server has no mail server, it says where the mail lies.

    Example: `mainstay users invite ada@example.com --name Ada --role developer --group staff`
    """
    made = await server.of(People).create_user(email, name, role, group or [])
    out.value(plain(made))
    if server.address.mails:
        out.note(
            f"No mail server is set (MAINSTAY_MAIL): the mail with the link lies in {server.address.mails}."
        )


@users.command("list")
@served
async def list_(
    server: Server,
    out: Output,
    beginning: Annotated[
        str | None, typer.Argument(help="How the e-mail address, or a word of the name, begins.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Only users with this role.")] = None,
    state: Annotated[
        Literal["invited", "active", "deactivated"] | None, typer.Option(help="Only users in this state.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 100,
    after: Annotated[str | None, typer.Option(help="The last user of the page before.")] = None,
) -> None:
    """List the users of your tenant, or find some.

    Example: `mainstay users list ada --state active`
    """
    found = plain(await server.of(People).list_users(beginning, role, state, limit, after))
    out.value(found if out.as_json else [_row(each) for each in found])


@users.command()
@served
async def change(
    server: Server,
    out: Output,
    user_id: IdArgument,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    role: Annotated[str | None, typer.Option(help="Another role.")] = None,
    group: GroupOption = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Take all groups away.")] = False,
    activate: Annotated[bool, typer.Option("--activate", help="Let a deactivated user come back.")] = False,
) -> None:
    """Change a user, from the next request on; what is not given stays as it is.

    Example: `mainstay users change user_01k9z6q7h8e4v5c3x2b1n0m9a8 --role user --no-groups`
    """
    given: dict[str, Any] = {
        "name": name,
        "role": role,
        "groups": [] if no_groups else group,
        "state": "active" if activate else None,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    changed = await server.of(People).update_user(user_id, **changes)
    out.value(plain(changed))


@users.command()
@served
async def deactivate(server: Server, out: Output, user_id: IdArgument) -> None:
    """Deactivate a user: sessions end at once, and nothing is erased."""
    gone = await server.of(People).deactivate_user(user_id)
    out.done(plain(gone), f"Deactivated {gone.email}.")


def _row(told: dict[str, Any]) -> dict[str, Any]:
    """Give what of a user fits on a line."""
    return {column: told[column] for column in _COLUMNS}
