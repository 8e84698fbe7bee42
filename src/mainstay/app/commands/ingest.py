"""`mainstay ingest`: send files and folders, with progress, on through failures."""

import itertools
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
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

from mainstay.app.commands.calling import Server, served
from mainstay.app.commands.finding import Choice, Finding, clash, find
from mainstay.app.commands.pruning import Beneath, delete, look
from mainstay.app.commands.sending import Sender, Tally, send_all, wait_for
from mainstay.kernel.connection import Patience
from mainstay.kernel.problems import ServerFault
from mainstay.kit.errors import Failure
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.permissions import EVERYBODY
from mainstay.transports.cli.printing import Output, console

_FAILURES_SHOWN_MAX = 50
_GONE_SHOWN_MAX = 3
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


@dataclass(frozen=True)
class _Order:
    """What was asked for."""

    finding: Finding
    collection: str
    groups: list[str] | None
    abreast: int
    wait: bool
    prune: bool
    unasked: bool


async def _look(knowledge: Knowledge, order: _Order, tally: Tally) -> Beneath:
    """Look for what is gone; that it cannot be told is a failure only to who asked."""
    try:
        return await look(knowledge, order.collection, order.finding)
    except (Failure, ServerFault) as problem:
        if order.prune:
            tally.failed("--prune", str(problem))
        return Beneath()


def _wanted(order: _Order, beneath: Beneath, tally: Tally) -> bool:
    """Say whether what is gone is to be deleted: only after everything else succeeded, and was agreed to."""
    if not (order.prune and beneath.gone) or tally.failures:
        return False
    return order.unasked or typer.confirm(
        f"Delete {len(beneath.gone)} of {beneath.files} documents, whose files are not there"
        f" ({_few(beneath.gone)})?",
        err=True,
    )


def _few(names: list[str]) -> str:
    return ", ".join(names[:_GONE_SHOWN_MAX]) + (" …" if len(names) > _GONE_SHOWN_MAX else "")


async def _send(server: Server, order: _Order, tally: Tally) -> Beneath:
    finding, abreast, knowledge = order.finding, order.abreast, server.of(Knowledge)
    sender = Sender(knowledge, order.collection, order.groups, tally)
    parcels = itertools.chain(
        (sender.file(found) for found in finding.files),
        itertools.chain.from_iterable(sender.lines(path) for path in finding.lines),
    )
    total = None if finding.lines else len(finding.files)
    with _bar() as progress:
        await _through(progress, "Sending", total, send_all(parcels, tally, abreast))
        if order.wait and tally.jobs:
            await _through(progress, "Indexing", len(tally.jobs), wait_for(server.of(Jobs), tally, abreast))
    beneath = await _look(knowledge, order, tally)
    if _wanted(order, beneath, tally):
        with _bar() as progress:
            deleting = delete(knowledge, beneath.gone, tally, abreast)
            await _through(progress, "Deleting", len(beneath.gone), deleting)
    return beneath


def _show_beneath(out: Output, tally: Tally, order: _Order, beneath: Beneath) -> None:
    if tally.new and order.groups is None and beneath.kept_to:
        groups = _few(sorted(beneath.kept_to))
        out.say(
            f"New ones are for everybody; others here are kept to groups ({groups}). --group names groups."
        )
    if tally.deleted:
        out.say(f"{tally.deleted} deleted, whose files are not there.")
    elif beneath.gone:
        told = f"{len(beneath.gone)} from files that are not in the folder ({_few(beneath.gone)})"
        kept = "kept, because some files failed" if order.prune and tally.failures else "kept"
        out.say(f"{told}: {kept if order.prune else '--prune deletes them'}.")


def _show(out: Output, tally: Tally, order: _Order, beneath: Beneath, seconds: float) -> None:
    skipped = dict(order.finding.skipped.most_common())
    if out.as_json:
        out.json(
            {
                "new": tally.new,
                "changed": tally.changed,
                "unchanged": tally.unchanged,
                "failed": len(tally.failures),
                "failures": tally.failures,
                "skipped": skipped,
                "moved_from": dict(tally.moved),
                "opened": tally.opened,
                "gone": beneath.gone,
                "deleted": tally.deleted,
                "seconds": round(seconds, 3),
            }
        )
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
        out.say(f"{tally.opened} were kept to some groups, and are for everybody now.")
    _show_beneath(out, tally, order, beneath)
    if tally.jobs and not order.wait:
        out.say("They become searchable in the background; `mainstay status` shows the jobs.")
    if tally.failures:
        errors = Output(as_json=False)
        errors.console = console(stderr=True)
        errors.console.print()
        errors.table(tally.failures[:_FAILURES_SHOWN_MAX], "Failed")
        if len(tally.failures) > _FAILURES_SHOWN_MAX:
            errors.say(f"… and {len(tally.failures) - _FAILURES_SHOWN_MAX} more; --json lists all.")


def _found(paths: list[Path], choice: Choice) -> Finding:
    """Find what is to be sent; raises typer.BadParameter where that cannot be what was meant."""
    finding = find(paths, choice)
    if finding.missing:
        raise typer.BadParameter(f"There is no file or folder {finding.missing[0]}.")
    if not finding.files and not finding.lines:
        raise typer.BadParameter("These paths hold no documents; --glob names the files you mean.")
    if (two := clash(finding.files)) is not None:
        raise typer.BadParameter(
            f"{two[0]} and {two[1]} would have one id, and the second would replace the first: send the"
            " folder that holds both, or each to a collection of its own."
        )
    return finding


def _answers() -> bool:
    """Say whether somebody is there to answer."""
    return sys.stdin.isatty()


def _check_prune(finding: Finding, *, asks: bool, answers: bool) -> None:
    """Refuse to tell what is gone from where nothing is; raises typer.BadParameter."""
    if not finding.folders:
        raise typer.BadParameter("--prune needs the folder: files alone do not tell what is gone from it.")
    for folder in finding.folders:
        if not any(file.path.is_relative_to(folder.path) for file in finding.files):
            raise typer.BadParameter(
                f"{folder.path} holds no documents, so that --prune would delete all that came from it. Is a"
                " disk missing?"
            )
    if asks and not answers:
        raise typer.BadParameter("--prune asks before it deletes; add --yes where nobody can answer.")


@served
async def ingest(
    server: Server,
    out: Output,
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
        typer.Option(
            help="Who sees them: a group; may be given several times. Without it, who could see them before;"
            " new ones are for everybody."
        ),
    ] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Open them to everybody.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete documents whose files are not in the folder; asks before.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    wait: Annotated[bool, typer.Option(help="Until everything is searchable.")] = True,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many at a time.")] = 4,
) -> None:
    """Send files and folders to the server.

    A document's id is the collection and its path below the folder, such as `handbook/setup/first.md`, so
    sending a folder again sends what changed: the server answers `unchanged` for the rest. Hidden files,
    links, `node_modules` and the like are passed over. A line of JSON may name `groups` of its own. Ends
    with exit code 1 when some files failed, and lists them with their reasons.

    Example: `mainstay ingest ./handbook --collection handbook --exclude drafts/`
    """
    if group and everybody:
        raise typer.BadParameter("--group and --everybody say the opposite; give one of them.")
    finding = _found(paths, Choice(recursive, glob or (), exclude or ()))
    if prune:
        _check_prune(finding, asks=not yes, answers=_answers() and not out.as_json)
    groups = [EVERYBODY] if everybody else group or None
    order = _Order(finding, collection, groups, concurrency, wait, prune, yes)
    tally = Tally()
    server.connection.patience = _PATIENCE
    started = time.monotonic()
    beneath = await _send(server, order, tally)
    _show(out, tally, order, beneath, time.monotonic() - started)
    if tally.failures:
        raise typer.Exit(1)
