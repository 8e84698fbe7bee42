"""`mainstay privacy download-tenant-export`: all parts of an export of a tenant as one file."""

import asyncio
import base64
import binascii
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from pydantic import BaseModel, ValidationError
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from mainstay.app.commands.calling import Server, plain, served
from mainstay.kit.errors import Conflict, NotFound
from mainstay.services.privacy.interface import Privacy
from mainstay.services.privacy.records import TenantExport, TenantExportPart
from mainstay.transports.cli.printing import Output, console

_LOOK_EVERY_S = 1.0


class DownloadUnlike(Conflict):
    """What arrived is not what the server says of it."""

    title = "The download is not whole"


class DownloadExpired(Conflict):
    """The export was erased before all of it was fetched."""

    title = "The export has expired"


class _Done(BaseModel):
    """How far a download has come: the whole parts of an export, and their bytes."""

    export_id: str
    parts: int = 0
    size: int = 0


class _Draft:
    """A download that is not complete, and beside it a note of how far it has come."""

    def __init__(self, target: Path) -> None:
        """Take the name that it gets in the end."""
        self._target = target
        self._path = target.with_name(f"{target.name}.unfinished")
        self._note = target.with_name(f"{target.name}.unfinished.json")

    def done(self) -> _Done | None:
        """Tell how far it has come; None: there is nothing to go on with."""
        try:
            found = _Done.model_validate_json(self._note.read_bytes())
            return found if found.size <= self._path.stat().st_size else None
        except (OSError, ValidationError):
            return None

    @contextmanager
    def behind(self, done: _Done) -> Iterator[BinaryIO]:
        """Open it behind its last whole part, for this user alone."""
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(done.size)
            file.seek(done.size)
            self.note(done)
            yield file

    def note(self, done: _Done) -> None:
        """Note how far it has come, for the next time."""
        fresh = self._note.with_name(f"{self._note.name}.new")
        fresh.write_text(done.model_dump_json())
        fresh.replace(self._note)

    def finish(self) -> None:
        """Give it its name."""
        self._path.rename(self._target)
        self._note.unlink()

    def forget(self) -> None:
        """Remove it."""
        self._note.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)


@served
async def download_tenant_export(
    server: Server,
    out: Output,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A file that does not exist yet: a `.tar.gz` archive.")
    ],
    export_id: Annotated[
        str | None,
        typer.Option(help="An export that there is; else the one that is being made, or a new one."),
    ] = None,
) -> None:
    """Write an export of your tenant into a file: it is waited for, and what arrives is checked.

    Broken off, the same command goes on behind the last whole part.

    Example: `mainstay privacy download-tenant-export -o tenant.tar.gz`
    """
    if output.exists():
        raise typer.BadParameter(f"{output} exists already; name another file.")
    privacy, draft = server.of(Privacy), _Draft(output)
    done = draft.done()
    if done is None or export_id not in {None, done.export_id}:
        done = _Done(export_id=export_id or (await _begun(privacy)).export_id)
    try:
        with draft.behind(done) as file, _bar() as bar:
            export = await _made(privacy, done.export_id, bar)
            await _fetch(privacy, export, done, file, draft, bar)
    except (NotFound, DownloadExpired):  # no other call could go on with it
        draft.forget()
        raise
    draft.finish()
    out.done(
        {**plain(export), "file": str(output)},
        f"{output} holds all of {export.export_id}: {export.bytes:,} bytes.",
    )


async def _begun(privacy: Privacy) -> TenantExport:
    running = [each for each in await privacy.list_tenant_exports() if each.state == "running"]
    return running[0] if running else await privacy.export_tenant()


async def _made(privacy: Privacy, export_id: str, bar: Progress) -> TenantExport:
    """Wait until an export is made; raises DownloadExpired."""
    task = bar.add_task("Being made", total=None)
    while (export := await privacy.get_tenant_export(export_id)).state == "running":
        bar.update(task, completed=export.bytes)
        await asyncio.sleep(_LOOK_EVERY_S)
    bar.remove_task(task)
    if export.state == "expired":
        raise DownloadExpired("Call this again without --export-id, and another one is made.")
    return export


async def _fetch(
    privacy: Privacy, export: TenantExport, done: _Done, file: BinaryIO, draft: _Draft, bar: Progress
) -> None:
    """Fetch the parts that are missing, each durable before it is noted; raises DownloadUnlike."""
    task = bar.add_task("Downloading", total=export.bytes, completed=done.size)
    size = done.size
    for number in range(done.parts + 1, export.parts + 1):
        content = _content(await privacy.read_tenant_export(export.export_id, number))
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        size += len(content)
        draft.note(_Done(export_id=export.export_id, parts=number, size=size))
        bar.update(task, completed=size)
    if size != export.bytes:
        draft.forget()
        raise DownloadUnlike(f"{size} bytes arrived of {export.bytes}. Call this again.")


def _content(part: TenantExportPart) -> bytes:
    try:
        content = base64.b64decode(part.content, validate=True)
    except binascii.Error:
        content = b""
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise DownloadUnlike(
            f"Part {part.number} does not have its SHA-256. Call this again to go on with it."
        )
    return content


@contextmanager
def _bar() -> Iterator[Progress]:
    out = console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        yield bar
