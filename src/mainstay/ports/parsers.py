"""What we ask of a parser: a file of any kind becomes text with its structure in Markdown."""

from dataclasses import dataclass, field
from typing import Protocol

from mainstay.kit.errors import Invalid, Unavailable


class FileUnreadable(Invalid):
    """The file is empty, damaged, encrypted, or not what its name says."""

    title = "The file cannot be read"


class FileTooLarge(Invalid):
    """The file, or what unfolds from it, is over a limit."""

    title = "The file is too large"


class FileKindUnsupported(Invalid):
    """No parser reads this kind of file."""

    title = "This kind of file is not supported"


class ParserUnavailable(Unavailable):
    """The parser cannot be started."""

    title = "The file reader cannot work now"


@dataclass(frozen=True)
class Parsed:
    """A file's text: headings as `#`, tables as Markdown tables; plain text stays as it is."""

    text: str
    title: str | None
    media_type: str
    metadata: dict[str, str | int | float | bool | list[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Parser(Protocol):
    """Reads files, away from this process, within limits of time, memory and output."""

    async def parse(self, content: bytes, name: str, media_type: str | None = None) -> Parsed:
        """Read a file; the kind is told from its bytes, and `name` and `media_type` must not lie.

        Raises FileUnreadable, FileTooLarge, FileKindUnsupported, ParserUnavailable.
        """
        ...

    async def close(self) -> None:
        """End the child processes."""
        ...
