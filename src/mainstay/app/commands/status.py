"""`mainstay status`: whether the server is well, and what it holds."""

import asyncio
import json
from typing import Annotated, Any

import typer

from mainstay.app.commands.calling import Server, plain, served
from mainstay.kernel.wire import Request
from mainstay.kit.errors import Failure, Unavailable
from mainstay.services.identity.interface import Identity
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.transports.cli.printing import Output

_JOBS_MAX = 200
_FINISHED = frozenset({"done", "cancelled"})


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


def _show(out: Output, told: dict[str, Any], *, every: bool) -> None:
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
    _show_jobs(out, told["jobs"], every=every)


def _show_jobs(out: Output, jobs: list[dict[str, Any]], *, every: bool) -> None:
    """Show what runs, waits and failed, and how many others there are."""
    shown = [job for job in jobs if every or job["state"] not in _FINISHED]
    if shown:
        names = ("job_id", "state", "done", "total", "created_ms")
        rows = [{name: job[name] for name in names} | {"failed": len(job["failures"])} for job in shown]
        out.console.print()
        out.table(rows, "Jobs")
    if any(job["state"] == "failed" for job in shown):
        out.say("`mainstay jobs get-job --job-id JOB_ID` tells why one failed, `retry-job` tries it again.")
    if len(jobs) > len(shown):
        count = len(jobs) - len(shown)
        among = f" among the latest {_JOBS_MAX}" if len(jobs) == _JOBS_MAX else ""
        out.console.print()
        out.say(f"{count} finished {'job' if count == 1 else 'jobs'}{among}; --all lists them.", "dim")


@served
async def status(
    server: Server,
    out: Output,
    every: Annotated[bool, typer.Option("--all", help="List the finished jobs too.")] = False,
) -> None:
    """Show whether the server is well, its collections and its jobs.

    Of the jobs it lists those that run, wait or failed.

    Example: `mainstay status --all`
    """
    told = await _gathered(server)
    if out.as_json:
        out.json(told)
    else:
        _show(out, told, every=every)
