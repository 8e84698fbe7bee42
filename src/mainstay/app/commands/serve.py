"""`mainstay serve`: run the server."""

import asyncio
import contextlib
import importlib
import logging
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mainstay.app.engines import Progress as Step
from mainstay.app.foundations import picked
from mainstay.app.house import House
from mainstay.app.neighbours import neighbour, taken
from mainstay.app.placement import SettingsContradict
from mainstay.app.redaction import redact_logs
from mainstay.app.sample import COLLECTION, QUESTION, Told, ask_first
from mainstay.app.server import AddressTaken, certificate_of, listening
from mainstay.app.server import serve as serve_on
from mainstay.app.settings import Settings, misspelt
from mainstay.kernel.fields import in_words
from mainstay.kit.clock import SystemClock
from mainstay.kit.errors import Failure
from mainstay.kit.random import SystemRandom
from mainstay.services.people.interface import People
from mainstay.transports.cli.address import DATA_DEFAULT, URL_DEFAULT
from mainstay.transports.cli.printing import console

DataChoice = Annotated[Path | None, typer.Option(help="The folder of everything that is kept (./data).")]


@contextlib.contextmanager
def refusals_told() -> Iterator[None]:
    """Tell what hinders the start in words, and end."""
    try:
        yield
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in each["loc"]).upper()
            console(stderr=True).print(f"MAINSTAY_{name}: {in_words(each)}", style="red", markup=False)
        raise typer.Exit(2) from None
    except (SettingsContradict, AddressTaken) as error:
        console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    except OSError as error:
        told = f"{error.filename}: {error.strerror}. Choose another folder with --data."
        console(stderr=True).print(told, style="red", markup=False)
        raise typer.Exit(2) from None
    except Failure as failure:
        console(stderr=True).print(f"{failure.title}. {failure.detail}", style="red", markup=False)
        raise typer.Exit(6) from None


LINES = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
"""A line of the log; its time has the offset from UTC, so that those of several machines can be compared."""


def settings_of(**chosen: Any) -> Settings:
    """Give the settings of the environment, with what was chosen on the command line on top."""
    return Settings(**{name: value for name, value in chosen.items() if value is not None})


@contextlib.contextmanager
def encoder_progress(out: Console) -> Iterator[Step]:
    """Show the steps of fetching and building the encoder; nothing when it is there already."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=out, transient=True)
    tasks: dict[str, Any] = {}

    def step(name: str, done: int, total: int) -> None:
        if not tasks and out.is_terminal:
            bar.start()
        if name not in tasks:
            if not out.is_terminal:
                say(out, f"{name} …")
            tasks[name] = bar.add_task(name, total=total or None)
        bar.update(tasks[name], completed=done, total=total or None)

    try:
        yield step
    finally:
        if bar.live.is_started:
            bar.stop()


def _loop_factory() -> Any:
    try:
        return importlib.import_module("uvloop").new_event_loop
    except ModuleNotFoundError:  # Windows has none
        return asyncio.new_event_loop


def say(out: Console, line: str) -> None:
    """Print a line at once, in a pipe too."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.file.flush()


def _commands(house: House, url: str, *, sample: bool) -> list[str]:
    """Give the first commands of the tour as they can be typed here, to this very server."""
    program = "mainstay" if shutil.which("mainstay") else sys.argv[0]
    folder = house.settings.data
    where = ""
    if house.local_key:
        if folder.resolve() != Path(DATA_DEFAULT).resolve():
            where = f" --data {shlex.quote(str(folder))}"
    elif url != URL_DEFAULT:
        where = f" --url {url}"
    ask = f'ask "{QUESTION}" --collection {COLLECTION}'
    tour = [*([ask] if sample else []), "ingest ./my-folder --collection my-docs", "status"]
    return [f"{program} {each}{where}" for each in tour]


def _welcome(out: Console, house: House, url: str, *, sample: bool) -> None:
    out.print(f"Mainstay serves at [bold]{url}[/]", highlight=False)
    out.print(f"  Documentation   {url}/docs", highlight=False)
    if People in house.application.interfaces:
        out.print(f"  Sign-in page    {url}/account/sign-in", highlight=False)
    say(out, f"  Data            {house.settings.data.resolve()}")
    if house.new_key is not None:
        out.print(f"  API key         [bold]{house.new_key}[/]", highlight=False, soft_wrap=True)
        out.print("                  The first administrator's; it is shown this once and stored hashed.")
    elif house.settings.admin_key is not None:
        out.print("  API key         the one in MAINSTAY_ADMIN_KEY")
    else:
        out.print("  API key         the one shown at the first start (`mainstay keys create` makes more)")
    key = "without a key" if house.local_key else "with the API key in MAINSTAY_API_KEY"
    out.print(f"  Commands        in another terminal in this folder, {key}:", highlight=False)
    for command in _commands(house, url, sample=sample):
        say(out, f"    {command}")
    out.print("  Stop with Ctrl-C.")


def _answer(out: Console, told: Told) -> None:
    out.print()
    out.print(f"[bold]Question[/]  {told.question}", highlight=False)
    out.print(f"[bold]Answer[/]    {told.answer}", highlight=False)
    for number, (title, start, end) in enumerate(told.sources, 1):
        out.print(f"          [{number}] {title}, characters {start} to {end}", markup=False, highlight=False)
    out.print(f"          confidence {told.confidence:.0%}, {told.took_ms:.0f} ms", highlight=False)
    out.print()


def _listening(settings: Settings) -> socket.socket:
    try:
        return listening(settings.host, settings.port)
    except AddressTaken:
        other = neighbour(settings.data)
        if other is not None and other.listens_at(settings.port):
            raise taken(settings.data, other) from None
        raise


def _begin_log(settings: Settings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(LINES)
    logging.basicConfig(level=logging.INFO if settings.metrics_log else logging.WARNING, handlers=[handler])
    logging.getLogger("mainstay.mail").setLevel(logging.INFO)  # where a mail waits has to be seen
    redact_logs(settings)


def serve(
    data: DataChoice = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on (8080); 0 takes a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on (127.0.0.1).")] = None,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(help="The server's certificate chain (PEM), for TLS 1.3.", show_default=False),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="The certificate's key (PEM).", show_default=False)
    ] = None,
    only: Annotated[str | None, typer.Option(help="Services to run here, separated by commas.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load Mainstay's own handbook and answer a first question.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each request.")] = False,
) -> None:
    """Run the server: every service, or with `--only` a part of them.

    Everything is kept in the data folder; on an empty one the first start makes an administrator's API key
    (or takes MAINSTAY_ADMIN_KEY) and fetches and builds the encoder if there is none yet.
    """
    out = console()
    with refusals_told():
        settings = settings_of(
            data=data,
            port=port,
            host=host,
            tls_certificate=tls_certificate,
            tls_key=tls_key,
            only=only,
            metrics_log=verbose or None,
        )
        for warning in misspelt(os.environ):
            console(stderr=True).print(warning, style="yellow", markup=False, soft_wrap=True)
        certificate_of(settings)  # what is wrong with it is told before anything else is done
        _begin_log(settings)
        sock = _listening(settings)
        say(out, f"Starting on {settings.data.resolve()} …")
        with encoder_progress(out) as progress:
            house = House(settings, picked(settings, SystemClock(), SystemRandom(), progress))

        async def started(url: str) -> None:
            if sample:
                say(out, "Loading the sample workspace, Mainstay's handbook, and asking a first question …")
                try:
                    _answer(out, await ask_first(house))
                except Failure as failure:  # the server serves all the same
                    out.print(f"The sample was not loaded: {failure.detail}", style="red", markup=False)
            _welcome(out, house, url, sample=sample)
            out.file.flush()

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve_on(house, sock, started))
