"""The command `mainstay`: everything that can be typed."""

from collections.abc import Callable

from mainstay.app.cli import build, late
from mainstay.transports.cli.door import Late, Loaded

_SERVER = "The server and its data"
_COMMANDS = (
    ("serve", "Run the server.", "serve:serve"),
    ("encoder", "Fetch and build the encoder before the first start.", "encoder:encoder"),
    (
        "train-heads",
        "Teach the reader names, sentiments or moderation from your own texts.",
        "heads:train_heads",
    ),
    ("rebuild", "Build the search index again from the database.", "maintain:rebuild"),
    ("backup", "Copy everything that is kept while the server goes on.", "maintain:backup"),
    ("restore", "Make a data folder out of a backup.", "maintain:restore"),
)


def _loading(target: str) -> Callable[[], Loaded]:
    def load() -> Loaded:
        loaded: Loaded = late(f"mainstay.app.commands.{target}")
        return loaded

    return load


def main() -> None:
    """Run the command line; its parts are imported when they are needed."""
    extra = [Late(name, summary, _loading(target), panel=_SERVER) for name, summary, target in _COMMANDS]
    build(extra)(prog_name="mainstay")
