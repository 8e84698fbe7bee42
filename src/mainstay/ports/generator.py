"""What we ask of a generator: answers made from the evidence it is given, and texts made of a source."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mainstay.kit.errors import Unavailable


class GeneratorUnavailable(Unavailable):
    """The generator cannot be reached, or broke off."""

    title = "The answer generator cannot answer now"


@dataclass(frozen=True)
class Evidence:
    """A piece of source text; `number` is how the answer cites it: `[3]`. Best evidence comes first."""

    number: int
    text: str
    score: float


class Generator(Protocol):
    """Writes answers, and texts such as translations."""

    @property
    def name(self) -> str:
        """Give the name shown to users."""
        ...

    @property
    def extractive(self) -> bool:
        """Say whether the sentences are the sources' own, word for word."""
        ...

    def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[str]:
        """Stream an answer in pieces of text; after a sentence stand its sources, such as `[1][3]`.

        An extractive one gives one quotation a piece, with the number of its source last.
        """
        ...

    async def compose(self, task: str, source: str, tokens_max: int) -> str:
        """Write a text by a task upon a source, which is shown as it is; the whole text or none.

        Raises GeneratorUnavailable, also where it was cut off at `tokens_max`; an extractive one always.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
