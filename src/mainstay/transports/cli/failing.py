"""How failures are told on a command line, and with which exit code."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer
from rich.text import Text

from mainstay.kernel.problems import ServerFault, ServerUnreachable
from mainstay.kit.errors import (
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from mainstay.transports.cli.printing import console, harmless

EXIT_CODES: Mapping[type[Failure], int] = {
    Invalid: 2,
    Unauthenticated: 3,
    Forbidden: 3,
    NotFound: 4,
    Conflict: 5,
    TooMany: 6,
    Unavailable: 6,
}
"""The one table; a failure has the code of its kind. 1 is a bug, 130 an interrupt."""

_FIELD = re.compile(r"`([a-z][a-z_]*)`")
_KEY_HINT = (
    "Give a key with --key or the environment variable MAINSTAY_API_KEY. On the server's machine none is "
    "needed: name its data folder with --data or MAINSTAY_DATA."
)
_PLACE_HINT = (
    "If it runs elsewhere, name its data folder on this machine with --data or MAINSTAY_DATA, "
    "or its address with --url or MAINSTAY_URL."
)


def exit_code(failure: Failure) -> int:
    """Give the exit code of a failure."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(failure, kind)), 1)


def _hints(failure: Failure) -> list[str]:
    """Give what this program's own options can do about it."""
    if isinstance(failure, Unauthenticated):
        return [_KEY_HINT]
    return [_PLACE_HINT] if isinstance(failure, ServerUnreachable) else []


def _option(field: str, options: Sequence[str]) -> str:
    """Give the option by which a field is given: its own, or one with the beginning of its name."""
    own = f"--{field.replace('_', '-')}"
    return own if own in options else next((each for each in options if own.startswith(f"{each}-")), own)


def _typed(text: str, options: Sequence[str]) -> str:
    """Name this command's options in a text as they are typed, where it names fields."""

    def option(found: re.Match[str]) -> str:
        typed = f"--{found[1].replace('_', '-')}"
        return f"`{typed}`" if typed in options else found[0]

    return _FIELD.sub(option, text)


def tell(failure: Failure, *, as_json: bool, options: Sequence[str] = ()) -> None:
    """Print a failure on standard error: what is wrong, with which options, and what to do next."""
    out = console(stderr=True)
    notes: list[str] = getattr(failure, "__notes__", [])
    if as_json:
        told = {"code": failure.code(), "title": failure.title, "detail": failure.detail}
        more = {"errors": failure.problems, "retry_after_s": failure.retry_after_s, "notes": notes}
        more["hints"] = _hints(failure)
        out.file.write(json.dumps(told | {name: value for name, value in more.items() if value}) + "\n")
        return
    out.print(Text.assemble(("Error: ", "bold red"), (harmless(failure.title), "bold")))
    if failure.detail not in {failure.title, *(problem.get("problem") for problem in failure.problems)}:
        out.print(Text(harmless(_typed(failure.detail, options))))
    for problem in failure.problems:
        field = _option(problem.get("field", "?"), options)
        out.print(Text(harmless(f"  {field}: {_typed(problem.get('problem', ''), options)}")))
    if failure.retry_after_s:
        out.print(Text(f"Try again in {failure.retry_after_s:.0f} s."))
    for hint in _hints(failure):
        out.print(Text(hint))
    for note in notes:
        out.print(Text(harmless(note), style="dim"))


def tell_fault(fault: ServerFault, *, as_json: bool) -> None:
    """Print that the server itself is at fault, and how its log is searched."""
    out = console(stderr=True)
    if as_json:
        told = {"code": "ServerFault", "detail": fault.detail, "request_id": fault.request_id}
        out.file.write(json.dumps(told) + "\n")
        return
    out.print(Text.assemble(("Error: ", "bold red"), ("The server is at fault", "bold")))
    out.print(Text(harmless(fault.detail)))
    if fault.request_id:
        out.print(
            Text(harmless(f"Request: {fault.request_id} (look for it in the server's log)"), style="dim")
        )


@contextmanager
def failures_told(*, as_json: bool, options: Sequence[str] = ()) -> Iterator[None]:
    """Turn failures into messages and exit codes; a bug of this program itself shows its trace.

    `options` are the command's, as they are typed, so that they are named so.
    """
    try:
        yield
    except ServerFault as fault:
        tell_fault(fault, as_json=as_json)
        raise typer.Exit(1) from None
    except Failure as failure:
        tell(failure, as_json=as_json, options=options)
        raise typer.Exit(exit_code(failure)) from None
