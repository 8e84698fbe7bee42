"""`mainstay keys`: make, list, change, rotate and revoke API keys."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mainstay.app.commands.calling import Server, plain, served
from mainstay.app.commands.durations import moment, seconds
from mainstay.kit.clock import SystemClock
from mainstay.services.identity.interface import Identity
from mainstay.transports.cli.printing import Output, console

_ROLES = ["admin", "developer", "user", "researcher", "operations", "compliance_officer"]
_PAGE = 500
_COLUMNS = ("key_id", "name", "may", "groups", "state", "expires_at", "last_used_ms", "start")

keys = typer.Typer(
    help="Make, list, change, rotate and revoke API keys.", no_args_is_help=True, add_completion=False
)

KeyIdArgument = Annotated[str, typer.Argument(help="The key's id, from `mainstay keys list`.")]
GroupOption = Annotated[
    list[str] | None,
    typer.Option("--group", help="A group of document permissions; may be given several times."),
]
LimitOption = Annotated[int | None, typer.Option(help="Requests a minute.")]
ExpiresOption = Annotated[
    str | None,
    typer.Option(help="When it ends: 90d, a moment as 2027-01-31T12:00:00Z, or never.", metavar="WHEN"),
]


@keys.command()
@served
async def create(
    server: Server,
    out: Output,
    name: Annotated[str, typer.Option(help="For people: what the key is for.")],
    role: Annotated[
        str | None,
        typer.Option(
            help="What it may do; `mainstay roles list` shows your own roles too. `user` if nothing is said.",
            metavar="ROLE",
            autocompletion=lambda: _ROLES,
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A permission in place of a role; may be given several times.", metavar="SCOPE"),
    ] = None,
    group: GroupOption = None,
    limit_per_minute: LimitOption = None,
    expires: ExpiresOption = None,
) -> None:
    """Make an API key; it is shown this once.

    In a pipe only the key is printed: `KEY=$(mainstay keys create --role developer --name Website)`

    Example: `mainstay keys create --name "Nightly check" --scope jobs:read --expires 90d`
    """
    if role is not None and scope:
        raise typer.BadParameter("Give either --role or --scope.")
    ends = None if expires is None else moment(expires, SystemClock().now_ms(), "--expires")
    made = await server.of(Identity).create_key(
        name,
        role=role,
        scopes=scope or None,
        groups=group or None,
        limit_per_minute=limit_per_minute,
        expires_at=ends,
    )
    _secret(plain(made), out)


@keys.command("list")
@served
async def list_(server: Server, out: Output) -> None:
    """List the API keys, oldest first, with their state and last use."""
    identity = server.of(Identity)
    found: list[Any] = []
    while page := await identity.list_keys(limit=_PAGE, after=found[-1]["key_id"] if found else None):
        found += plain(page)
        if len(page) < _PAGE:
            break
    out.value(found if out.as_json else [_row(each) for each in found])


@keys.command()
@served
async def change(
    server: Server,
    out: Output,
    key_id: KeyIdArgument,
    name: Annotated[str | None, typer.Option(help="For people: what the key is for.")] = None,
    group: GroupOption = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Take all groups away.")] = False,
    limit_per_minute: LimitOption = None,
    no_limit: Annotated[
        bool, typer.Option("--no-limit", help="Take its own limit away: the tenant's or the server's holds.")
    ] = False,
    expires: ExpiresOption = None,
) -> None:
    """Change an API key's name, groups, limit or end; what is not given stays as it is.

    Example: `mainstay keys change KEY_ID --expires 90d`
    """
    changed: dict[str, Any] = {"name": name, "groups": [] if no_groups else group or None}
    if no_limit and limit_per_minute is not None:
        raise typer.BadParameter("Give either --limit-per-minute or --no-limit.")
    if no_limit or limit_per_minute is not None:
        changed["limit_per_minute"] = limit_per_minute
    if expires is not None:
        changed["expires_at"] = moment(expires, SystemClock().now_ms(), "--expires")
    out.value(plain(await server.of(Identity).update_key(key_id, **changed)))


@keys.command()
@served
async def rotate(
    server: Server,
    out: Output,
    key_id: KeyIdArgument,
    overlap: Annotated[
        str,
        typer.Option(
            help="How long the secret before goes on working: 0, 30m, 24h, up to 30d.", metavar="SPAN"
        ),
    ] = "24h",
) -> None:
    """Give an API key a new secret; it is shown this once, and in a pipe nothing else is printed.

    Example, after a leak: `mainstay keys rotate KEY_ID --overlap 0`
    """
    overlap_s = seconds(overlap, "--overlap")
    made = await server.of(Identity).rotate_key(key_id, overlap_s=overlap_s)
    _secret(plain(made), out)


@keys.command()
@served
async def revoke(server: Server, out: Output, key_id: KeyIdArgument) -> None:
    """Revoke an API key; the next request with it is refused."""
    gone = await server.of(Identity).revoke_key(key_id)
    out.done(plain(gone), f"Revoked {gone.key_id} ({gone.name}).")


def _secret(made: Mapping[str, Any], out: Output) -> None:
    """Show a secret: alone in a pipe, with its key on a terminal."""
    if out.as_json:
        out.json(made)
    elif out.console.is_terminal:
        out.record({name: value for name, value in made.items() if name != "start"})
        console(stderr=True).print("Keep the key now: it is stored as a hash, and never shown again.")
    else:
        out.say(made["key"])


def _row(told: Mapping[str, Any]) -> dict[str, Any]:
    """Give what of a key fits on a line; what it may is its role, or its scopes."""
    whole = {**told, "may": told["role"] or " ".join(told["scopes"] or ())}
    whole["groups"] = " ".join(told["groups"])
    return {name: whole[name] for name in _COLUMNS}
