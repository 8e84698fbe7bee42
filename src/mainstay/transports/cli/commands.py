"""The commands of a service: one for each operation, with its parameters as options."""

import asyncio
import copy
import inspect
import json
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, get_args

import typer
from pydantic import TypeAdapter

from mainstay.kernel.interface import Interface, Operation, operations_of
from mainstay.transports.cli.address import Address, find_address
from mainstay.transports.cli.failing import failures_told
from mainstay.transports.cli.options import Choice, choices_of
from mainstay.transports.cli.printing import Output

Connect = Callable[[type[Interface], Address], AbstractAsyncContextManager[Any]]
"""Opens the stand-in of a service for a block."""

_PANEL = "Connection and output"
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="The server's address; else MAINSTAY_URL, or the data folder's own server.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Your API key; else MAINSTAY_API_KEY, or the data folder's own key.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="The data folder of a server on this machine; else MAINSTAY_DATA, or ./data.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs.", rich_help_panel=_PANEL, show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.", show_default=False)]
_COMMON = {"url_": UrlOption, "key_": KeyOption, "data_": DataOption, "json_": JsonOption}
_PREFIX = "--server-"
_YES = "yes_"
_LONG_VALUES = "`@path` reads a long value from a file, `-` from standard input; `@@` stands for an at sign."


def address_of(url: str | None, key: str | None, data: str | None) -> Address:
    """Find the server that these options and the environment name."""
    return find_address(url, key, data)


def _typed(choice: Choice, value: object) -> list[str]:
    if isinstance(value, bool):
        return [choice.flag if value else f"--no-{choice.flag[2:]}"]
    if isinstance(value, str):
        return [choice.flag, "@" + value if value.startswith("@") else value]
    return [choice.flag, json.dumps(value, ensure_ascii=False)]


def example_of(operation: Operation, options: Sequence[Choice]) -> str:
    """Write an operation's example as it would be typed."""
    choices = {choice.parameter.name: choice for choice in options}
    words = ["mainstay", operation.interface.service, operation.name.replace("_", "-")]
    if operation.upload is not None:
        words += [choices[operation.upload.name].flag, "handbook.pdf"]
    for name, value in operation.example.items():
        words += _typed(choices[name], value)
    return shlex.join(words + ["--yes"] * operation.final)


async def _call(
    operation: Operation, values: dict[str, Any], address: Address, connect: Connect, out: Output
) -> None:
    async with connect(operation.interface, address) as service:
        method = getattr(service, operation.name)
        if operation.kind != "stream":
            out.value(operation.adapter.dump_python(await method(**values), mode="json"))
            return
        adapter: TypeAdapter[Any] = operation.adapter
        pieces: AsyncIterator[Any] = method(**values)
        async for piece in pieces:
            out.json(adapter.dump_python(piece, mode="json"), one_line=True)


def _common(choices: list[Choice]) -> dict[str, Any]:
    """Give the options of every command; one whose flag the operation has itself becomes `--server-…`."""
    taken = {choice.flag for choice in choices}
    found = dict(_COMMON)
    for name, annotation in _COMMON.items():
        kind, option = get_args(annotation)
        flag = f"--{name[:-1]}"
        if flag in taken:
            renamed = copy.copy(option)
            renamed.default = _PREFIX + flag[2:]  # beside a type, typer takes the flag from here
            found[name] = Annotated[kind, renamed]
    return found


def _parameters(choices: list[Choice], *, asks: bool) -> list[inspect.Parameter]:
    keyword = inspect.Parameter.KEYWORD_ONLY
    found = []
    default: Any
    for choice in choices:
        default = inspect.Parameter.empty if choice.parameter.required else None
        found.append(
            inspect.Parameter(choice.parameter.name, keyword, default=default, annotation=choice.annotation())
        )
    if asks:
        found.append(inspect.Parameter(_YES, keyword, default=False, annotation=YesOption))
    for name, annotation in _common(choices).items():
        default = False if name == "json_" else None
        found.append(inspect.Parameter(name, keyword, default=default, annotation=annotation))
    return found


def _somebody_there() -> bool:
    return sys.stdin.isatty()


def _agreed(operation: Operation) -> None:
    """Ask whether what cannot be undone is wanted; raises typer.Abort or BadParameter."""
    if not _somebody_there():
        raise typer.BadParameter(
            "This cannot be undone, so it asks before; add --yes where nobody can answer."
        )
    typer.confirm(f"{operation.summary}.\nThis cannot be undone. Go on?", abort=True, err=True)


def _command(operation: Operation, choices: list[Choice], connect: Connect) -> Callable[..., None]:
    def run(**given: Any) -> None:
        as_json = given["json_"]
        values = {
            choice.parameter.name: choice.read(given[choice.parameter.name])
            for choice in choices
            if given[choice.parameter.name] is not None and given[choice.parameter.name] != []
        }
        if operation.final and not given[_YES]:
            _agreed(operation)
        with failures_told(as_json=as_json, options=[choice.flag for choice in choices]):
            address = address_of(given["url_"], given["key_"], given["data_"])
            asyncio.run(_call(operation, values, address, connect, Output(as_json=as_json)))

    parameters = _parameters(choices, asks=operation.final)
    run.__name__ = operation.name
    run.__doc__ = f"{operation.summary}.\n\n{operation.description}".strip()
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def service_commands(interface: type[Interface], connect: Connect) -> typer.Typer:
    """Make the commands of a service: `mainstay <service> <operation> --parameter …`."""
    app = typer.Typer(
        name=interface.service,
        help=inspect.getdoc(interface),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=inspect.getdoc(interface))(lambda: None)
    for operation in operations_of(interface):
        choices = choices_of(operation)
        epilog = f"Example: `{example_of(operation, choices)}`\n\n{_LONG_VALUES}"
        old = operation.deprecated is not None
        command = app.command(operation.name.replace("_", "-"), epilog=epilog, deprecated=old)
        command(_command(operation, choices, connect))
    return app
