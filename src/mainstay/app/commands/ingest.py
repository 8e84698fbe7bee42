"""`mainstay ingest`: send files and folders, with progress, on through failures."""

import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from mainstay.app.commands.calling import Server, run
from mainstay.app.commands.finding import Choice, Finding, clash, find
from mainstay.app.commands.sending import Sender, Tally, send_all, wait_for
from mainstay.kernel.connection import Patience
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.transports.cli.commands import DataOption, JsonOption, KeyOption, UrlOption, address_of
from mainstay.transports.cli.printing import Output, console

_FAILURES_SHOWN_MAX = 50
_PATIENCE = Patience(attempts_max=10, waits_s_max=600)
"""A folder may need more requests than a key has in a minute: wait for the next one."""


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Write the rate."""
        return Text(f"{task.finished_speed or task.speed or 0:.1f}/s")


def _bar() -> Progress:
    out = console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TextColumn("remaining"),
        TimeRemainingColumn(),
        console=out,
        disable=not out.is_terminal,
    )


async def _through(progress: Progress, title: str, total: int | None, steps: AsyncIterator[int]) -> None:
    bar = progress.add_task(title, total=total)
    async for done in steps:
        progress.update(bar, advance=done)


async def _send(
    server: Server, sender: Sender, finding: Finding, tally: Tally, abreast: int, wait: bool
) -> None:
    parcels = itertools.chain(
        (sender.file(found) for found in finding.files),
        itertools.chain.from_iterable(sender.lines(path) for path in finding.lines),
    )
    total = None if finding.lines else len(finding.files)
    with _bar() as progress:
        await _through(progress, "Sending", total, send_all(parcels, tally, abreast))
        if wait and tally.jobs:
            await _through(progress, "Indexing", len(tally.jobs), wait_for(server.of(Jobs), tally, abreast))


def _show(out: Output, tally: Tally, finding: Finding, seconds: float, waited: bool) -> None:
    skipped = dict(finding.skipped.most_common())
    if out.as_json:
        told = {"new": tally.new, "changed": tally.changed, "unchanged": tally.unchanged}
        told |= {"failed": len(tally.failures)}
        more = {"failures": tally.failures, "skipped": skipped, "moved_from": dict(tally.moved)}
        out.json(told | more | {"opened": tally.opened, "seconds": round(seconds, 3)})
        return
    parts = [f"{tally.new} new", f"{tally.changed} changed", f"{tally.unchanged} unchanged"]
    parts.append(f"{len(tally.failures)} failed")
    if skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
        parts.append(f"{sum(skipped.values())} skipped ({reasons})")
    out.say(f"{', '.join(parts)}, in {seconds:.1f} s.")
    for collection, count in tally.moved.items():
        out.say(f"{count} with ids of documents in “{collection}”: they were moved from there.")
    if tally.opened:
        out.say(f"{tally.opened} were kept to some groups, and are for everybody now; --group names groups.")
    if tally.jobs and not waited:
        out.say("They become searchable in the background; `mainstay status` shows the jobs.")
    if tally.failures:
        errors = Output(as_json=False)
        errors.console = console(stderr=True)
        errors.console.print()
        errors.table(tally.failures[:_FAILURES_SHOWN_MAX], "Failed")
        if len(tally.failures) > _FAILURES_SHOWN_MAX:
            errors.say(f"… and {len(tally.failures) - _FAILURES_SHOWN_MAX} more; --json lists all.")


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, or JSON lines with a `text` each.")],
    collection: Annotated[str, typer.Option("--collection", "-c", help="Where to; made if it is new.")],
    recursive: Annotated[bool, typer.Option(help="Folders inside folders too.")] = True,
    glob: Annotated[
        list[str] | None,
        typer.Option(help="Only these, whatever their kind, such as `*.png`; may be given several times."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Not these, such as `drafts/` or `*.tmp`; may be given several times."),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Who sees them: a group; may be given several times. Without it, everybody."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Until everything is searchable.")] = True,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many at a time.")] = 4,
    url: UrlOption = None,
    key: KeyOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send files and folders to the server.

    A document's id is the collection and its path below the folder, such as `handbook/setup/first.md`, so
    sending a folder again sends what changed: the server answers `unchanged` for the rest. Hidden files,
    links, `node_modules` and the like are passed over. A line of JSON may name `groups` of its own. Ends
    with exit code 1 when some files failed, and lists them with their reasons.

    Example: `mainstay ingest ./handbook --collection handbook --exclude drafts/`
    """
    finding = find(paths, Choice(recursive, glob or (), exclude or ()))
    if finding.missing:
        raise typer.BadParameter(f"There is no file or folder {finding.missing[0]}.")
    if not finding.files and not finding.lines:
        raise typer.BadParameter("These paths hold no documents; --glob names the files you mean.")
    if (two := clash(finding.files)) is not None:
        raise typer.BadParameter(
            f"{two[0]} and {two[1]} would have one id, and the second would replace the first: send the"
            " folder that holds both, or each to a collection of its own."
        )
    tally = Tally()

    async def work(server: Server) -> None:
        server.connection.patience = _PATIENCE
        started = time.monotonic()
        sender = Sender(server.of(Knowledge), collection, group or None, tally)
        await _send(server, sender, finding, tally, concurrency, wait)
        _show(Output(as_json=as_json), tally, finding, time.monotonic() - started, wait)

    run(lambda: address_of(url, key, data), work, as_json=as_json)
    if tally.failures:
        raise typer.Exit(1)
