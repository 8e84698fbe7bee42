"""What we ask of a reranker: a second, closer look at the best candidates."""

from collections.abc import Sequence
from typing import Protocol

from mainstay.kit.errors import Unavailable


class RerankerUnavailable(Unavailable):
    """The reranker cannot be reached or loaded."""

    title = "The reranker cannot answer now"


class Reranker(Protocol):
    """Scores texts against a query."""

    @property
    def name(self) -> str:
        """Give the name shown to users."""
        ...

    async def score(self, query: str, texts: Sequence[str], first: Sequence[float]) -> list[float]:
        """Give one score a text, higher is better; `first` are the scores of the first stage."""
        ...

    async def close(self) -> None:
        """Give connections and memory back."""
        ...
