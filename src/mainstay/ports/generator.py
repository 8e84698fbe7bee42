"""What we ask of a generator: an answer in words, made from the evidence it is given."""

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
    """Writes answers."""

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

    async def close(self) -> None:
        """Give connections back."""
        ...
