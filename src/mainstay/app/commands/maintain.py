"""`mainstay rebuild`, `backup` and `restore`: looking after a data folder."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from mainstay.app import backups
from mainstay.app.commands.calling import Server, run
from mainstay.app.commands.serve import DataChoice, encoder_progress, refusals_told, settings_of
from mainstay.app.foundations import picked
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.kernel.caller import Caller
from mainstay.kernel.caller import house as house_caller
from mainstay.kit.clock import SystemClock
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM
from mainstay.ports.vectors import Space
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.records import Rebuilt
from mainstay.transports.cli.address import find_address, local_server
from mainstay.transports.cli.printing import Output, console

_LOOK_EVERY_S = 10.0


def rebuild(data: DataChoice = None) -> None:
    """Build the search index again from the database.

    With a running server your tenant's index is built anew while searches go on; without one, the index of
    every tenant is erased and built from the ground up. With PostgreSQL nothing is erased first: a server on
    another machine may be serving. Ends with exit code 1 when something failed.
    """
    with refusals_told():
        settings = settings_of(data=data)
        if local_server(settings.data).url is not None:
            run(lambda: find_address(None, None, str(settings.data)), _rebuild_there, as_json=False)
            return
        if not settings.database and not (settings.data / backups.DATABASE).exists():
            raise typer.BadParameter(f"{settings.data} holds no data; name the data folder with --data.")
        how = "while searches go on" if settings.database else "from the ground up"
        console().print(f"No server runs on {settings.data}: rebuilding every tenant's index {how}.")
        documents = asyncio.run(_rebuild_here(settings))
        if documents is None:
            console().print("Not everything was rebuilt. Mend the cause, then run `mainstay rebuild` again.")
            raise typer.Exit(1)
        console().print(f"Rebuilt: {documents} documents are searchable.")


async def _rebuild_there(server: Server) -> None:
    out = Output(as_json=False)
    rebuilt = await server.of(Knowledge).rebuild()
    if rebuilt.job_id is not None:
        out.say(f"Rebuilding the index of {rebuilt.documents} documents (job {rebuilt.job_id}) …")
        job = await server.of(Jobs).get_job(rebuilt.job_id, wait_s=_LOOK_EVERY_S)
        while not job.ended():
            job = await server.of(Jobs).get_job(rebuilt.job_id, wait_s=_LOOK_EVERY_S)
        out.say(f"The job is {job.state}." + "".join(f" {failure.detail}" for failure in job.failures))
        if job.state != "done":
            raise typer.Exit(1)


async def _rebuild_here(settings: Settings) -> int | None:
    """Rebuild every tenant's index and count the documents; None when a job did not end well."""
    out = console()
    asked: list[tuple[Caller, Rebuilt]] = []

    async def asked_for(house: House) -> None:
        # Before any event is taken up: the first one fills an empty index, and that must be after we asked.
        encoder = house.engines.encoder
        for row in await house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM tenants"):
            caller = house_caller(str(row["tenant_id"]), "rebuild")
            if not settings.database:  # else another machine may be searching it
                await house.engines.vectors.drop(Space(caller.tenant_id, encoder.name, encoder.dimensions))
            asked.append((caller, await _called(house, caller, "knowledge.rebuild")))

    with encoder_progress(out) as progress:
        engines = picked(settings, SystemClock(), SystemRandom(), progress)
        house = House(settings, engines, first=asked_for)
    well = True
    async with house:
        for caller, rebuilt in asked:
            waited = {"job_id": rebuilt.job_id, "wait_s": _LOOK_EVERY_S}
            job = await _called(house, caller, "jobs.get_job", **waited)
            while not job.ended():
                out.print(f"Still rebuilding {rebuilt.documents} documents of {caller.tenant_id} …")
                job = await _called(house, caller, "jobs.get_job", **waited)
            for failure in job.failures:
                out.print(f"{failure.subject}: {failure.detail}", markup=False)
            well = well and job.state == "done"
    return None if not well else sum(rebuilt.documents for _, rebuilt in asked)


async def _called(house: House, caller: Caller, name: str, **values: Any) -> Any:
    operation = next(each for each in house.application.operations if each.full_name == name)
    return await house.application.call(operation, values, caller, {"door": "command"})


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    data: DataChoice = None,
    with_key: Annotated[
        bool,
        typer.Option("--with-key", help="Put the keys that open the texts beside them; keep it safe."),
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option(help="A folder, elsewhere, where a copy of the keys replaces the one before."),
    ] = None,
) -> None:
    """Copy everything that is kept into a folder while the server goes on serving.

    The copy is consistent: it holds all that was acknowledged when it began. Its texts and files stay
    encrypted, and their keys are not in it: copy those with `--keys` each time, to a place that keeps one
    copy only, or nobody can read what was added since. A key that was destroyed, to erase a tenant or a
    person, makes what it sealed unreadable in every backup, but for those made with `--with-key`. The
    search index is not copied: it is built again from the database.
    """
    with refusals_told():
        settings = settings_of(data=data)
        told = backups.backup(settings, folder, with_key=with_key, keys=keys)
        console().print(
            f"Copied {told.megabytes:.1f} MB ({told.blobs} files) to {folder}", markup=False, highlight=False
        )
        if keys is not None:
            console().print(f"The keys are in {keys}, in place of those before.", markup=False)
        elif not with_key:
            console().print(
                "The keys are not in it: keep secret.key, keys.db and audit.key apart, with --keys FOLDER."
            )


def restore(
    folder: Annotated[
        Path, typer.Argument(help="What `mainstay backup` made.", exists=True, file_okay=False)
    ],
    data: DataChoice = None,
    key: Annotated[
        Path | None, typer.Option(help="The folder with the keys, or its secret.key, if not in the copy.")
    ] = None,
) -> None:
    """Make a data folder out of a backup; the folder must be new or empty."""
    with refusals_told():
        settings = settings_of(data=data)
        told = backups.restore(settings, folder, key)
        console().print(
            f"Restored {told.megabytes:.1f} MB to {settings.data}. `mainstay serve` builds the search index "
            "at the first question.",
            markup=False,
            highlight=False,
        )
