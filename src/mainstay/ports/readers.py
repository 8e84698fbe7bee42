"""What we ask of a reader: one look at a text, and several opinions of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mainstay.kit.errors import Unavailable

Part = Literal["sentiment", "mentions"]
"""What may be read out of a text."""


class ReaderUnavailable(Unavailable):
    """The reader cannot be loaded, or has too much to do."""

    title = "Texts cannot be read now"


@dataclass(frozen=True)
class Mention:
    """A name in a text: what kind of thing it names, where, and how likely that is right (0 to 1)."""

    kind: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Reading:
    """What was read out of a text.

    `sentiment` gives each label's probability, calibrated. `mentions` stand in the text's order and do not
    overlap. None is what was not asked for, or what the reader was not trained for in the text's language.
    """

    sentiment: Mapping[str, float] | None
    mentions: tuple[Mention, ...] | None


class Reader(Protocol):
    """Reads texts."""

    async def read(
        self, texts: Sequence[str], languages: Sequence[str], parts: Sequence[Part]
    ) -> list[Reading]:
        """Give one reading a text, by one pass of the model; `languages` has one code a text.

        A long text is read in windows: mentions of all of them, and the mean sentiment, weighted by length.
        Raises ReaderUnavailable.
        """
        ...

    async def close(self) -> None:
        """Give threads and memory back."""
        ...
