"""The command line as a whole: commands for people, and every operation of every service."""

import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import typer

from mainstay.kernel.discovery import Found, found_in
from mainstay.transports.cli.address import Address
from mainstay.transports.cli.door import Late, Loaded, cli

PACKAGES = ("mainstay.services", "mainstay.verticals")

_SUMMARY = """Mainstay: search and grounded answers over a team's own documents.

Start a server with `mainstay serve`, fill it with `mainstay ingest`, then `mainstay search` and
`mainstay ask`. Every operation of the server is a command of its service below.
"""
_PEOPLE = (
    ("search", "Find the documents nearest to a query.", "search:search"),
    ("ask", "Ask a question; the answer comes with its sources.", "ask:ask"),
    ("ingest", "Send files and folders to the server.", "ingest:ingest"),
    ("eval", "Measure search and answers on your own questions.", "evaluate:evaluate"),
    ("status", "Show whether the server is well, its collections and its jobs.", "status:status"),
    ("keys", "Make, list, change, rotate and revoke API keys.", "keys:keys"),
    ("roles", "Make, list, change and delete roles.", "roles:roles"),
    ("users", "Invite, list, change and deactivate users.", "users:users"),
    ("audit", "Carry the audit away, keep checkpoints of it, and check it.", "audit:audit"),
)

_BESIDE = {"privacy": {"download-tenant-export": "takeout:download_tenant_export"}}
"""Commands beside those of a service's operations, for what takes several of them."""


def late(target: str) -> Any:
    """Import what a command needs when it is called: the one place of the command line that does.

    `target` is a module and a name, such as `mainstay.app.commands.search:search`. Keep it so: `mainstay
    --help` imports no pydantic model, no HTTP client and no engine.
    """
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


@asynccontextmanager
async def connect(interface: Any, address: Address) -> AsyncIterator[Any]:
    """Open the stand-in of a service for a block."""
    stand_in = late("mainstay.kernel.remote:remote")(
        interface, address.url, credential=address.key, certificate_sha256=address.certificate_sha256
    )
    try:
        yield stand_in
    finally:
        await late("mainstay.kernel.remote:close")(stand_in)


def _generated(found: Found) -> Callable[[], Loaded]:
    def load() -> Loaded:
        commands: typer.Typer = late("mainstay.transports.cli.commands:service_commands")(
            found.load(), connect
        )
        for name, target in _BESIDE.get(found.name, {}).items():
            commands.command(name)(late(f"mainstay.app.commands.{target}"))
        return commands

    return load


def _polished(target: str) -> Callable[[], Loaded]:
    def load() -> Loaded:
        loaded: Loaded = late(f"mainstay.app.commands.{target}")
        return loaded

    return load


def _version() -> str:
    """Read the version from what the installer wrote; done late, since no other command needs it."""
    version: str = late("importlib.metadata:version")("mainstay")
    return version


def build(extra: Sequence[Late | Loaded] = ()) -> typer.Typer:
    """Make the root command; `extra` are further commands, late ones or such as are there already."""
    people = [Late(name, summary, _polished(target)) for name, summary, target in _PEOPLE]
    services = [
        Late(name.replace("_", "-"), found.summary, _generated(found), panel="Every operation, by service")
        for package in PACKAGES
        for name, found in found_in(package).items()
    ]
    given = [each for each in extra if isinstance(each, Late)]
    ready = [each for each in extra if not isinstance(each, Late)]
    return cli([*people, *given, *services], ready, _SUMMARY, _version)
