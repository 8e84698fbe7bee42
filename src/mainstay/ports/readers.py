"""What we ask of a reader: one look at a text, and several opinions of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mainstay.kit.errors import Unavailable

Part = Literal["sentiment", "mentions", "moderation"]
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
class Concern:
    """How likely a text is of a kind that somebody may not want (0 to 1), and from where on it counts."""

    score: float
    threshold: float


@dataclass(frozen=True)
class Reading:
    """What was read out of a text.

    `sentiment` gives each label's probability, calibrated. `mentions` stand in the text's order and do not
    overlap. `concerns` has each kind that the reader can judge. None is what was not asked for, or what the
    reader was not trained for in the text's language.
    """

    sentiment: Mapping[str, float] | None
    mentions: tuple[Mention, ...] | None
    concerns: Mapping[str, Concern] | None = None


class Reader(Protocol):
    """Reads texts."""

    async def read(
        self, texts: Sequence[str], languages: Sequence[str], parts: Sequence[Part]
    ) -> list[Reading]:
        """Give one reading a text, by one pass of the model; `languages` has one code a text.

        A long text is read in windows: mentions of all of them, the mean sentiment, weighted by length, and
        each concern where it is greatest.
        Raises ReaderUnavailable.
        """
        ...

    async def languages(self, parts: Sequence[Part]) -> frozenset[str]:
        """Give the languages in which it reads any of some parts; raises ReaderUnavailable."""
        ...

    async def close(self) -> None:
        """Give threads and memory back."""
        ...
