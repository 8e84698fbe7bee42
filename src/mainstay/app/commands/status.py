"""`mainstay status`: whether the server is well, and what it holds."""

import asyncio
import json
from typing import Any

from mainstay.app.commands.calling import Server, plain, run
from mainstay.kernel.wire import Request
from mainstay.kit.errors import Failure, Unavailable
from mainstay.services.identity.interface import Identity
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.transports.cli.commands import DataOption, JsonOption, KeyOption, UrlOption, address_of
from mainstay.transports.cli.printing import Output

_JOBS_MAX = 10


async def _asked(server: Server, path: str) -> dict[str, Any]:
    """Ask one of the routes that need no key; a server that is not ready tells why all the same."""
    told = json.loads(await server.connection.send(Request("GET", path), {"Accept": "application/json"}, ()))
    return told if isinstance(told, dict) else {}


async def _ready(server: Server) -> dict[str, Any]:
    try:
        return await _asked(server, "/readyz")
    except Unavailable as failure:
        await _asked(server, "/healthz")
        return {"status": "not ready", "parts": {"reason": failure.detail}}


async def _version(server: Server) -> str:
    try:
        return str((await _asked(server, "/openapi.json")).get("info", {}).get("version", ""))
    except (Failure, ValueError):
        return ""


async def _gathered(server: Server) -> dict[str, Any]:
    ready = await _ready(server)
    version, collections, jobs, me = await asyncio.gather(
        _version(server),
        server.of(Knowledge).list_collections(),
        server.of(Jobs).list_jobs(limit=_JOBS_MAX),
        _me(server),
    )
    return {
        "server": server.connection.url,
        "version": version,
        "status": ready.get("status", "unknown"),
        "parts": ready.get("parts", {}),
        **me,
        "collections": plain(collections),
        "jobs": plain(jobs),
    }


async def _me(server: Server) -> dict[str, Any]:
    me = await server.of(Identity).whoami()
    return {"tenant": me.tenant_id, "roles": me.roles}


def _show(out: Output, told: dict[str, Any]) -> None:
    unwell = {name: state for name, state in told["parts"].items() if state != "ok"}
    facts = {name: told[name] for name in ("server", "version", "status", "tenant", "roles")}
    out.record(facts | unwell)
    columns = ("name", "documents", "passages", "languages", "description")
    out.console.print()
    if told["collections"]:
        rows = [{name: row[name] for name in columns} for row in told["collections"]]
        out.table(rows, "Collections")
    else:
        out.say("No collections yet: `mainstay ingest FOLDER --collection NAME` makes one.")
    if told["jobs"]:
        names = ("job_id", "state", "done", "total", "created_ms")
        rows = [
            {name: row[name] for name in names} | {"failed": len(row["failures"])} for row in told["jobs"]
        ]
        out.console.print()
        out.table(rows, "Latest jobs")


def status(
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show whether the server is well, its collections and its jobs."""

    async def work(server: Server) -> None:
        told = await _gathered(server)
        out = Output(as_json=as_json)
        if as_json:
            out.json(told)
        else:
            _show(out, told)

    run(lambda: address_of(url, key, data), work, as_json=as_json)
