"""`mainstay audit`: carry the audit away, keep a checkpoint of it, and check it without a server."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mainstay.app import audits
from mainstay.app.audit_keys import rotate
from mainstay.app.audits import Checked
from mainstay.app.commands.calling import Server, plain, run
from mainstay.app.commands.serve import DataChoice, refusals_told, settings_of
from mainstay.kit.clock import SystemClock
from mainstay.kit.random import SystemRandom
from mainstay.services.observability.interface import AuditCheckpoints, Observability
from mainstay.transports.cli.commands import DataOption, JsonOption, KeyOption, UrlOption, address_of
from mainstay.transports.cli.printing import Output, console

audit = typer.Typer(
    help="Carry the audit away, keep checkpoints of it, and check it.",
    no_args_is_help=True,
    add_completion=False,
)

SinceOption = Annotated[str, typer.Option(help="From when on: RFC 3339, or milliseconds since 1970.")]
TenantOption = Annotated[
    str, typer.Option(help="Another tenant, or `nobody` (strangers); for the operator's administrators.")
]
UntilOption = Annotated[str, typer.Option(help="Until when, not included.")]


@contextmanager
def _progress(title: str, total: int | None) -> Iterator[audits.Progress]:
    out = console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn() if total is None else TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, advance=done)


@audit.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="What `mainstay audit export` wrote; without it, the data folder.")
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option(help="The public key, or a file with it; else the one in the export or data folder."),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="What `mainstay audit checkpoint` wrote earlier.")
    ] = None,
    data: DataChoice = None,
    as_json: JsonOption = False,
) -> None:
    """Check an export, or every chain in a data folder, without a server.

    Ends with exit code 1 and the first entry that is wrong, in words, when the audit is not whole. Only a
    checkpoint that was kept elsewhere can tell that the newest entries were cut off or that an older copy
    was put back.

    Example: `mainstay audit verify audit.jsonl --checkpoint checkpoint.json`
    """
    out = Output(as_json=as_json)
    with refusals_told():
        key = None if public_key is None else audits.public_key_of(public_key)
        anchors = None if checkpoint is None else audits.anchors_of(checkpoint)
        if file is not None:
            size = file.stat().st_size if file.is_file() else None
            with _progress("Checking", size) as progress:
                found = [audits.check_file(file, key, anchors, progress)]
        else:

            async def every() -> list[Checked]:
                chains = audits.check_data(settings_of(data=data), key, anchors, progress)
                return [each async for each in chains]

            with _progress("Checking", None) as progress:
                found = asyncio.run(every())
    if as_json:
        out.json([audits.as_json(each) for each in found])
    for checked in () if as_json else found:
        _tell(out, checked, anchors)
    if not as_json and not found:
        out.say("There are no sealed entries.")
    if any(checked.finding for checked in found):
        raise typer.Exit(1)


def _tell(out: Output, checked: Checked, anchors: AuditCheckpoints | None) -> None:
    if checked.finding:
        out.say(f"{checked.tenant_id} is NOT whole: {checked.finding}", "red")
        return
    out.say(
        f"{checked.tenant_id} is whole: {checked.checked} entries, {checked.begins + 1} to "
        f"{checked.last_place}, signed by the key {checked.key_id or 'of nobody yet'}.",
        "green",
    )
    if checked.unsigned or checked.waiting:
        out.say(f"{checked.unsigned} at the end are not signed yet, {checked.waiting} not sealed.")
    if anchors is None or anchors.tenant_id != checked.tenant_id:
        return
    place = max(each.place for each in anchors.checkpoints)
    if checked.anchored:
        out.say(f"The checkpoint fits: up to entry {place} all is as it was when it was made.", "green")
    else:
        out.say(
            f"The checkpoint tells nothing: entry {place}, where it stands, is not kept any more.", "yellow"
        )


@audit.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file that does not exist yet; else stdout.")
    ] = None,
    since: SinceOption = "",
    until: UntilOption = "",
    tenant: TenantOption = "",
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
) -> None:
    """Write the entries of a time, with all that checking them needs, as JSON lines.

    Example: `mainstay audit export --since 2026-11-01T00:00:00Z -o audit.jsonl`
    """
    wanted = {"since": since, "until": until, "tenant": tenant}

    async def work(server: Server) -> None:
        if output is None:
            await _write(server, sys.stdout, wanted)
            return
        draft = output.with_name(f"{output.name}.unfinished")
        if output.exists():
            raise typer.BadParameter(f"{output} exists already; name another file.")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            await _write(server, file, wanted)
        draft.rename(output)

    run(lambda: address_of(url, key, data), work, as_json=False)


async def _write(server: Server, file: TextIO, wanted: Mapping[str, str]) -> None:
    with _progress("Exporting", None) as progress:
        async for piece in server.of(Observability).export_entries(**wanted):
            file.write(audits.line_of(piece))
            progress(len(piece.entries))
    file.flush()


@audit.command("rotate-key")
def rotate_key(
    lost: Annotated[
        bool, typer.Option("--lost", help="The key is gone: go on with one that it has not signed.")
    ] = False,
    data: DataChoice = None,
    as_json: JsonOption = False,
) -> None:
    """Give the audit a new signing key, while no server runs on the data folder.

    The key before signs the new one, so that checks follow from either to the other. Copy the new audit.key
    to every other machine of this installation, and keep a copy with your backups.

    Example: `mainstay audit rotate-key --data /var/lib/mainstay`
    """
    out = Output(as_json=as_json)
    with refusals_told():
        rotated = asyncio.run(rotate(settings_of(data=data), SystemClock(), SystemRandom(), lost=lost))
    if as_json:
        out.json(vars(rotated))
        return
    signed = "which it could not sign" if lost else "which signed it"
    out.say(f"audit.key is now {rotated.key_id}, after {rotated.previous_id or 'no other'}, {signed}.")
    out.say(f"Its public key is {rotated.public_key}.")


@audit.command()
def checkpoint(
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print the public key alone, for `verify --public-key`.")
    ] = False,
    tenant: TenantOption = "",
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
) -> None:
    """Print the newest signed checkpoint as JSON, to be kept where nobody of this installation can change it.

    Example: `mainstay audit checkpoint > checkpoint.json`, and `mainstay audit checkpoint --public-key >
    audit.pub`
    """

    async def work(server: Server) -> None:
        newest = await server.of(Observability).list_checkpoints(limit=1, tenant=tenant)
        if public_key:
            Output(as_json=False).say(newest.public_key)
        else:
            Output(as_json=True).json(plain(newest))

    run(lambda: address_of(url, key, data), work, as_json=True)
