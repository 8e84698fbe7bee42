"""The reranker that changes nothing: the first stage's scores stand."""

from collections.abc import Sequence


class NoReranker:
    """Keeps the first scores."""

    @property
    def name(self) -> str:
        """Give the name shown to users."""
        return "none"

    async def score(self, query: str, texts: Sequence[str], first: Sequence[float]) -> list[float]:
        """Give the first scores back."""
        return list(first)

    async def close(self) -> None:
        """Give nothing back: nothing is held."""
