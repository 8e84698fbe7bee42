"""The root of the command line: commands that are loaded when they are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

Loaded = typer.Typer | Callable[..., None]


@dataclass(frozen=True)
class Late:
    """A command that is listed with its summary, and loaded when it is called or its help is asked for."""

    name: str
    summary: str
    load: Callable[[], Loaded]
    panel: str = "Commands"


def _made(late: Late) -> Any:
    loaded = late.load()
    if isinstance(loaded, typer.Typer):
        command = get_command(loaded)
    else:
        app = _typer()
        app.command(late.name)(loaded)
        command = get_command(app)
    command.name = late.name
    return command


def _typer(**settings: Any) -> typer.Typer:
    return typer.Typer(
        add_completion=settings.pop("add_completion", False),
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )


def _group(late: Sequence[Late]) -> type[TyperGroup]:
    by_name = {each.name: each for each in late}

    @cache
    def made(name: str) -> Any:
        return _made(by_name[name])

    class LateGroup(TyperGroup):
        """Lists late commands by their summaries and loads the one that is called."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for each in late:
                listed = TyperCommand(each.name, help=each.summary, rich_help_panel=each.panel)
                self.add_command(listed, each.name)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args == ["help"]:
                typer.echo(ctx.get_help())
                raise typer.Exit
            if args[:1] == ["help"]:
                args = [*args[1:], "--help"]
            if args and args[0] in by_name:
                self.add_command(made(args[0]), args[0])
            return super().resolve_command(ctx, args)

    return LateGroup


def _root(version: Callable[[], str]) -> Callable[..., None]:
    """Make what comes before every command; that it is there makes typer keep a lone command's name."""

    def tell(wanted: bool) -> None:
        if wanted:
            typer.echo(f"mainstay {version()}")
            raise typer.Exit

    option = typer.Option("--version", callback=tell, is_eager=True, help="Tell the version.")

    def root(*, version: Annotated[bool, option] = False) -> None:
        del version

    return root


def cli(
    late: Sequence[Late],
    extra: Sequence[Loaded] = (),
    summary: str = "",
    version: Callable[[], str] = str,
) -> typer.Typer:
    """Make the root command of late commands, and of others that are there already.

    `version` is asked only where somebody wants to know it.
    """
    app = _typer(name="mainstay", help=summary, cls=_group(late), add_completion=True, no_args_is_help=True)
    app.callback(help=summary)(_root(version))
    for each in extra:
        if isinstance(each, typer.Typer):
            app.add_typer(each)
        else:
            app.command()(each)
    return app
